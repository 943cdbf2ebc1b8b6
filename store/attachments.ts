/** Owns attachments: which uploaded file is whose, what it is for, and what holds it. The files are runtime/file-store.ts's. */
import type { AttachmentSubject, MediaType } from '../domain/file-type.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { Tx, WorkspaceTx } from './database.ts';

export interface Attachment {
  id: string;
  subjectType: AttachmentSubject;
  /** Null: nothing holds it yet. */
  subjectId: string | null;
  fileName: string;
  mediaType: MediaType;
  bytes: number;
  /** Hex; also the file's address in the file store. */
  sha256: string;
  /** As events name actors. */
  uploadedBy: string;
  /** Whose own it is. */
  personId: string | null;
  createdAt: Instant;
}
/** Who uploads or binds. */
export interface Uploader {
  /** As events name it: `member:<id>` or `key:<id>`. */
  id: string;
  personId: string | null;
}

const columns = `id, subject_type, subject_id, file_name, media_type, bytes, encode(sha256, 'hex') as sha256, uploaded_by, person_id, created_at`;

/** Uploads that nothing holds, per uploader; older ones are pruned (store/prune.ts). */
export const maxUnbound = 200;

/** Refuses with 409 somebody who has too many uploads that nothing holds. */
export async function requireRoomForUpload(tx: WorkspaceTx, uploaderId: string): Promise<void> {
  const row = await tx.row<{ unbound: number }>(
    'select count(*) as unbound from attachments where workspace_id = $1 and uploaded_by = $2 and subject_id is null',
    [tx.workspaceId, uploaderId],
  );
  if ((row?.unbound ?? 0) < maxUnbound) return;
  throw new Refusal({
    code: 'attachment.too_many_unbound',
    message: `${maxUnbound} of your uploads belong to nothing yet.`,
    whatToDo: 'Put them where they belong, or delete those that you do not need.',
    details: { limit: maxUnbound },
  });
}

export type NewAttachment = Pick<Attachment, 'subjectType' | 'fileName' | 'mediaType' | 'bytes' | 'sha256'>;

/** Holds off whoever prunes the file of this hash until the transaction ends: call it before the file is put in its place. */
export async function holdFile(tx: WorkspaceTx, sha256: string): Promise<void> {
  await tx.run('select pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [lockName(sha256)]);
}
const lockName = (sha256: string) => `slipway.file.${sha256}`;

/** The row of a file that is in its place; `holdFile` first. */
export async function insertAttachment(
  tx: WorkspaceTx,
  attachment: NewAttachment,
  by: Uploader,
): Promise<Attachment> {
  const row = await tx.row<Attachment>(
    `insert into attachments (workspace_id, subject_type, file_name, media_type, bytes, sha256, uploaded_by, person_id)
     values ($1, $2, $3, $4, $5, decode($6, 'hex'), $7, $8) returning ${columns}`,
    [
      tx.workspaceId,
      attachment.subjectType,
      attachment.fileName,
      attachment.mediaType,
      attachment.bytes,
      attachment.sha256,
      by.id,
      by.personId,
    ],
  );
  if (!row) throw new Error('an attachment was not inserted');
  return row;
}

/** `ownPersonId`: only if it is that person's; what is somebody else's does not exist. */
export function readAttachment(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<Attachment | null> {
  return tx.row<Attachment>(
    `select ${columns} from attachments where workspace_id = $1 and id = $2 and ($3::uuid is null or person_id = $3)`,
    [tx.workspaceId, id, ownPersonId],
  );
}

/** Deletes an upload that nothing holds; its file goes with the next pruning. Refuses with 409 where something holds it. */
export async function deleteAttachment(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<Attachment | null> {
  const row = await tx.row<Attachment>(
    `select ${columns} from attachments
     where workspace_id = $1 and id = $2 and ($3::uuid is null or person_id = $3) for update`,
    [tx.workspaceId, id, ownPersonId],
  );
  if (!row) return null;
  if (row.subjectId !== null) throw alreadyBound(row);
  await tx.run('delete from attachments where workspace_id = $1 and id = $2', [tx.workspaceId, id]);
  return row;
}

/** What attachments are to belong to. */
export interface AttachmentHolder {
  subjectType: AttachmentSubject;
  subjectId: string;
  /** Whom the subject is about: the attachment is their own from then on. Null: it stays the uploader's. */
  personId: string | null;
}

/**
 * Binds uploads to their subject, for good; those that it has already stay as they are. An actor binds what they
 * uploaded themselves or what is of their person. Refuses with 422 what does not exist for them or is for something
 * else, and with 409 what another subject holds. Answers them in the order of their ids.
 */
export async function bindAttachments(
  tx: WorkspaceTx,
  ids: readonly string[],
  holder: AttachmentHolder,
  by: Uploader,
): Promise<Attachment[]> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return [];
  const rows = await tx.rows<Attachment>(
    `select ${columns} from attachments where workspace_id = $1 and id = any($2::uuid[]) order by id for no key update`,
    [tx.workspaceId, plainArray(wanted)],
  );
  const isHeld = (row: Attachment) =>
    row.subjectType === holder.subjectType && row.subjectId === holder.subjectId;
  const isOwn = (row: Attachment) =>
    row.uploadedBy === by.id || (row.personId !== null && row.personId === by.personId);
  const usable = new Map(rows.filter((row) => isHeld(row) || isOwn(row)).map((row) => [row.id, row]));
  const missing = wanted.find((id) => !usable.has(id));
  if (missing !== undefined)
    throw new Refusal({
      code: 'attachment.unknown',
      status: 422,
      message: `There is no attachment ${missing} that you uploaded.`,
      whatToDo: 'Upload the file first (POST /attachments), then name the id of the answer.',
      details: { attachmentId: missing },
    });
  for (const row of usable.values()) {
    if (row.subjectType !== holder.subjectType)
      throw new Refusal({
        code: 'attachment.other_purpose',
        status: 422,
        message: `The attachment "${row.fileName}" was uploaded as ${row.subjectType}, not as ${holder.subjectType}.`,
        whatToDo: 'Upload the file again, for what it is to be.',
        details: { attachmentId: row.id, subjectType: row.subjectType },
      });
    if (row.subjectId !== null && !isHeld(row)) throw alreadyBound(row);
  }
  return tx.rows<Attachment>(
    `with bound as (
       update attachments set subject_id = $3, bound_at = coalesce(bound_at, now()), person_id = coalesce($4, person_id)
       where workspace_id = $1 and id = any($2::uuid[]) returning *
     ) select ${columns} from bound order by id`,
    [tx.workspaceId, plainArray(wanted), holder.subjectId, holder.personId],
  );
}

const alreadyBound = (row: Attachment) =>
  new Refusal({
    code: 'attachment.bound',
    message: `The attachment "${row.fileName}" belongs to something already.`,
    whatToDo: 'Upload the file again where it is needed twice.',
    details: { attachmentId: row.id, subjectType: row.subjectType },
  });

/**
 * Runs `remove` where no row of any workspace names the file, while nobody can add one; answers whether it ran. A file
 * that somebody is about to add is left alone.
 */
export async function pruneFile(tx: Tx, sha256: string, remove: () => Promise<void>): Promise<boolean> {
  const free = await tx.row<{ got: boolean }>(
    'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as got',
    [lockName(sha256)],
  );
  if (free?.got !== true) return false;
  const named = await tx.row<{ named: boolean }>(
    `select exists (select sha256 from attachments where sha256 = decode($1, 'hex'))
       or exists (select sha256 from document_files where sha256 = decode($1, 'hex')) as named`,
    [sha256],
  );
  if (named?.named !== false) return false;
  await remove();
  return true;
}
