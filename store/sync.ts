/** Owns a document's state at a platform, and the intents that make every vendor write repeatable (invariant 6). */
import type { Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { closeFixed, raiseFindings } from './exceptions.ts';
import { newId } from './new-id.ts';

export type SyncedSubject =
  | 'client'
  | 'product'
  | 'client_invoice'
  | 'credit_note'
  | 'payment'
  | 'contractor_invoice'
  | 'credit_application'
  | 'bad_debt'
  | 'refund'
  | 'contractor_payment'
  | 'invoice_mail'
  | 'person'
  | 'payee'
  | 'entry';

export const syncStatuses = ['not_synced', 'queued', 'syncing', 'synced', 'failed', 'drifted'] as const;

export interface SyncRecord {
  id: string;
  connectionId: string;
  status: (typeof syncStatuses)[number];
  failedStep: string | null;
  reason: string | null;
  generation: number;
  externalId: string | null;
  versionToken: string | null;
  wanted: 'create' | 'void' | 'update';
}
export interface Intent {
  id: string;
  idempotencyKey: string;
  deadlineAt: Instant;
  status: 'open' | 'done' | 'abandoned';
  externalId: string | null;
  /** Tries that have posted under it, or are about to. */
  attempts: number;
  /** True when this call made the row: nobody can have posted under it before. */
  fresh: boolean;
}

export async function readSyncRecord(
  tx: WorkspaceTx,
  subjectType: SyncedSubject,
  subjectId: string,
): Promise<SyncRecord | null> {
  return tx.row<SyncRecord>(
    `select id, connection_id, status, failed_step, reason, generation, external_id, version_token, wanted from sync_records
     where workspace_id = $1 and subject_type = $2 and subject_id = $3 order by id limit 1`,
    [tx.workspaceId, subjectType, subjectId],
  );
}

/** The platform's id of one of our records, once it was found or made there. */
export async function readExternalId(
  tx: WorkspaceTx,
  connectionId: string,
  subjectType: SyncedSubject,
  subjectId: string,
): Promise<string | null> {
  const row = await tx.row<{ externalId: string | null }>(
    'select external_id from sync_records where workspace_id = $1 and connection_id = $2 and subject_type = $3 and subject_id = $4',
    [tx.workspaceId, connectionId, subjectType, subjectId],
  );
  return row?.externalId ?? null;
}

/** Which of our documents the platform's ids stand for. */
export async function findByExternalIds(
  tx: WorkspaceTx,
  connectionId: string,
  subjectType: SyncedSubject,
  externalIds: string[],
): Promise<Map<string, string>> {
  const rows = await tx.rows<{ externalId: string; subjectId: string }>(
    `select external_id, subject_id from sync_records where workspace_id = $1 and connection_id = $2 and subject_type = $3 and external_id = any($4::text[])`,
    [tx.workspaceId, connectionId, subjectType, externalIds],
  );
  return new Map(rows.map((row) => [row.externalId, row.subjectId]));
}

/**
 * Commits the intention to write before the request goes out. A second call with the same subject, action and generation
 * answers the first one's row: then wait until its deadline has passed, look, and only then post.
 */
export async function openIntent(
  tx: WorkspaceTx,
  wanted: {
    connectionId: string;
    subjectType: SyncedSubject;
    subjectId: string;
    action: string;
    generation: number;
    deadlineMs: number;
  },
): Promise<Intent> {
  const inserted = await tx.row<Intent>(
    `insert into intents (workspace_id, id, connection_id, subject_type, subject_id, action, generation, idempotency_key, deadline_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 millisecond')
     on conflict (workspace_id, connection_id, subject_type, subject_id, action, generation) do nothing
     returning id, idempotency_key, deadline_at, status, external_id, attempts, true as fresh`,
    [
      tx.workspaceId,
      newId(),
      wanted.connectionId,
      wanted.subjectType,
      wanted.subjectId,
      wanted.action,
      wanted.generation,
      newId(),
      wanted.deadlineMs,
    ],
  );
  if (inserted) return inserted;
  const known = await tx.row<Intent>(
    `select id, idempotency_key, deadline_at, status, external_id, attempts, false as fresh from intents
     where workspace_id = $1 and connection_id = $2 and subject_type = $3 and subject_id = $4 and action = $5 and generation = $6`,
    [
      tx.workspaceId,
      wanted.connectionId,
      wanted.subjectType,
      wanted.subjectId,
      wanted.action,
      wanted.generation,
    ],
  );
  return known!;
}

export async function readIntent(
  tx: WorkspaceTx,
  intentId: string,
): Promise<Pick<Intent, 'status' | 'deadlineAt' | 'attempts'>> {
  const row = await tx.row<Pick<Intent, 'status' | 'deadlineAt' | 'attempts'>>(
    'select status, deadline_at, attempts from intents where workspace_id = $1 and id = $2',
    [tx.workspaceId, intentId],
  );
  if (!row) throw new Error(`intent ${intentId} does not exist`);
  return row;
}

/**
 * A repeat is about to post under the same intent: a new deadline, the same idempotency key. Null, and nothing has changed:
 * another one that waited for the same deadline is about to. Else how many tries that makes.
 */
export async function extendIntent(
  tx: WorkspaceTx,
  intentId: string,
  tried: number,
  deadlineMs: number,
): Promise<number | null> {
  const row = await tx.row<{ attempts: number }>(
    `update intents set status = 'open', deadline_at = now() + $4 * interval '1 millisecond', attempts = attempts + 1
     where workspace_id = $1 and id = $2 and attempts = $3 and status in ('open', 'done') returning attempts`,
    [tx.workspaceId, intentId, tried, deadlineMs],
  );
  return row?.attempts ?? null;
}

/** The request of this try was refused before anything was made: the next try may post at once. */
export async function expireIntent(tx: WorkspaceTx, intentId: string, tried: number): Promise<void> {
  await tx.run(
    `update intents set deadline_at = now() where workspace_id = $1 and id = $2 and attempts = $3 and status = 'open'`,
    [tx.workspaceId, intentId, tried],
  );
}

export async function closeIntent(tx: WorkspaceTx, intentId: string, externalId: string): Promise<void> {
  await tx.run(
    `update intents set status = 'done', external_id = $3, done_at = now() where workspace_id = $1 and id = $2`,
    [tx.workspaceId, intentId, externalId],
  );
}

export async function markSyncing(
  tx: WorkspaceTx,
  subjectType: SyncedSubject,
  subjectId: string,
  connectionId: string,
): Promise<void> {
  await tx.run(
    `insert into sync_records (workspace_id, id, connection_id, subject_type, subject_id, status) values ($1, $2, $3, $4, $5, 'syncing')
     on conflict (workspace_id, connection_id, subject_type, subject_id)
       do update set status = 'syncing', updated_at = now()
         where sync_records.status <> 'synced' and not (sync_records.status = 'not_synced' and sync_records.reason = 'void')`,
    [tx.workspaceId, newId(), connectionId, subjectType, subjectId],
  );
}

export async function markSynced(
  tx: WorkspaceTx,
  synced: {
    connectionId: string;
    subjectType: SyncedSubject;
    subjectId: string;
    externalId: string;
    versionToken: string | null;
    total: string | null;
    /** Where the platform counts. */
    remoteNumber?: string | null;
    actor: string;
  },
): Promise<void> {
  await tx.run(
    `insert into sync_records (workspace_id, id, connection_id, subject_type, subject_id, status, external_id, version_token, remote_total, remote_number, synced_at)
     values ($1, $2, $3, $4, $5, 'synced', $6, $7, $8, $9, now())
     on conflict (workspace_id, connection_id, subject_type, subject_id) do update set status = 'synced', external_id = excluded.external_id,
       version_token = excluded.version_token, remote_total = excluded.remote_total, remote_number = excluded.remote_number, failed_step = null, reason = null,
       wanted = case sync_records.wanted when 'update' then 'create' else sync_records.wanted end, difference = null, synced_at = now(), updated_at = now()`,
    [
      tx.workspaceId,
      newId(),
      synced.connectionId,
      synced.subjectType,
      synced.subjectId,
      synced.externalId,
      synced.versionToken,
      synced.total,
      synced.remoteNumber ?? null,
    ],
  );
  if (!isDocument(synced.subjectType)) return;
  await closeFixed(tx, 'sync.failed', [`${synced.subjectType}:${synced.subjectId}`], 'synced');
  await recordEvents(tx, [
    {
      type: synced.subjectType === 'client_invoice' ? 'invoice.synced' : 'document.synced',
      subjectType: synced.subjectType,
      subjectId: synced.subjectId,
      actor: synced.actor,
      permission: 'invoices.read',
      payload: { connectionId: synced.connectionId, externalId: synced.externalId, total: synced.total },
    },
  ]);
}

/** Names, people and time entries are no documents: thousands of them say nothing by themselves. */
const isDocument = (type: SyncedSubject) => !['client', 'product', 'person', 'payee', 'entry'].includes(type);

/** A push that no repeat will mend: the record names the step, and an exception asks a person. */
export async function markSyncFailed(
  tx: WorkspaceTx,
  failed: {
    connectionId: string;
    subjectType: SyncedSubject;
    subjectId: string;
    step: string;
    reason: string;
    externalId?: string | null;
    actor: string;
  },
): Promise<void> {
  await tx.run(
    `update sync_records set status = 'failed', failed_step = $5, reason = $6, external_id = coalesce($7, external_id), updated_at = now()
     where workspace_id = $1 and connection_id = $2 and subject_type = $3 and subject_id = $4`,
    [
      tx.workspaceId,
      failed.connectionId,
      failed.subjectType,
      failed.subjectId,
      failed.step,
      failed.reason,
      failed.externalId ?? null,
    ],
  );
  await raiseFindings(tx, [
    {
      rule: 'sync.failed',
      severity: 'E',
      subjectKey: `${failed.subjectType}:${failed.subjectId}`,
      fingerprint: `${failed.step}:${failed.reason}`,
      ...aboutOf(failed.connectionId, failed.subjectType, failed.subjectId),
      detail: {
        step: failed.step,
        reason: failed.reason,
        connectionId: failed.connectionId,
        document: failed.subjectType,
      },
      entries: [],
    },
  ]);
  await recordEvents(tx, [
    {
      type: failed.subjectType === 'client_invoice' ? 'invoice.sync_failed' : 'document.sync_failed',
      subjectType: failed.subjectType,
      subjectId: failed.subjectId,
      actor: failed.actor,
      permission: 'invoices.read',
      payload: { step: failed.step, reason: failed.reason },
    },
  ]);
}

/** Where a person is led to: the invoice itself, else its connection's documents. */
export function aboutOf(connectionId: string, subjectType: SyncedSubject, subjectId: string) {
  return subjectType === 'client_invoice'
    ? ({ subjectType: 'client_invoice', subjectId } as const)
    : ({ subjectType: 'connection', subjectId: connectionId } as const);
}

/**
 * A person asks for another try after mending the cause: a new generation, so a new intent under a new key; the old key
 * would only bring the platform's first answer again, even where that document was deleted since.
 */
export async function retrySync(
  tx: WorkspaceTx,
  subjectType: SyncedSubject,
  subjectId: string,
): Promise<boolean> {
  const changed = await tx.run(
    `update sync_records set status = 'queued', failed_step = null, reason = null, updated_at = now(), generation = generation + 1
     where workspace_id = $1 and subject_type = $2 and subject_id = $3 and status = 'failed'`,
    [tx.workspaceId, subjectType, subjectId],
  );
  return changed > 0;
}

/**
 * A person asks for it: queued where nothing was asked of the platform yet, or after a failure, as in `retrySync`. Answers
 * false where it is on its way or there already.
 */
export async function requestSync(
  tx: WorkspaceTx,
  connectionId: string,
  subjectType: SyncedSubject,
  subjectId: string,
): Promise<boolean> {
  const changed = await tx.run(
    `insert into sync_records (workspace_id, id, connection_id, subject_type, subject_id, status) values ($1, $2, $3, $4, $5, 'queued')
     on conflict (workspace_id, connection_id, subject_type, subject_id) do update set status = 'queued', failed_step = null, reason = null,
       updated_at = now(), generation = sync_records.generation + case sync_records.status when 'failed' then 1 else 0 end
     where sync_records.status in ('not_synced', 'failed')`,
    [tx.workspaceId, newId(), connectionId, subjectType, subjectId],
  );
  return changed > 0;
}
