/** Owns the documents of a client: contracts, agreements, specifications. Each is an uploaded file (store/attachments.ts). */
import type { clientDocumentKinds } from '../domain/client.ts';
import { found, Refusal } from '../domain/refusal.ts';
import { bindAttachments, type Uploader } from './attachments.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';

export interface ClientDocument {
  id: string;
  clientId: string;
  kind: (typeof clientDocumentKinds)[number];
  name: string;
  attachmentId: string;
  fileName: string;
  mediaType: string;
  bytes: number;
  sha256: string;
  /** As events name actors. */
  uploadedBy: string;
  createdAt: string;
}

export const maxClientDocuments = 500;

const select = `select d.id, d.client_id, d.kind, d.name, d.attachment_id, a.file_name, a.media_type, a.bytes,
    encode(a.sha256, 'hex') as sha256, d.uploaded_by, d.created_at
  from client_documents d join attachments a on a.workspace_id = $1 and a.id = d.attachment_id where d.workspace_id = $1`;

/** By when they were added. */
export function listClientDocuments(tx: WorkspaceTx, clientId: string): Promise<ClientDocument[]> {
  return tx.rows<ClientDocument>(`${select} and d.client_id = $2 order by d.id limit $3`, [
    tx.workspaceId,
    clientId,
    maxClientDocuments,
  ]);
}

export function findClientDocument(tx: WorkspaceTx, id: string): Promise<ClientDocument | null> {
  return tx.row<ClientDocument>(`${select} and d.id = $2`, [tx.workspaceId, id]);
}

/** The caller holds the client. Binds the upload; refuses as `bindAttachments` does, and with 409 one too many. */
export async function addClientDocument(
  tx: WorkspaceTx,
  values: Pick<ClientDocument, 'clientId' | 'kind' | 'name' | 'attachmentId'>,
  by: Uploader,
): Promise<ClientDocument> {
  const { clientId, kind, name, attachmentId } = values;
  const present = await listClientDocuments(tx, clientId);
  if (present.length >= maxClientDocuments)
    throw new Refusal({
      code: 'client_document.too_many',
      message: `A client has at most ${maxClientDocuments} documents.`,
      whatToDo: 'Delete those that are no longer needed.',
      details: { limit: maxClientDocuments },
    });
  const known = present.find((document) => document.attachmentId === attachmentId);
  if (known)
    throw new Refusal({
      code: 'client_document.present',
      message: `This file is the document "${known.name}" already.`,
      details: { documentId: known.id },
    });
  await bindAttachments(
    tx,
    [attachmentId],
    { subjectType: 'client_document', subjectId: clientId, personId: null },
    by,
  );
  const id = newId();
  await tx.run(
    `insert into client_documents (workspace_id, id, client_id, kind, name, attachment_id, uploaded_by) values ($1, $2, $3, $4, $5, $6, $7)`,
    [tx.workspaceId, id, clientId, kind, name, attachmentId, by.id],
  );
  return found(await findClientDocument(tx, id), 'client_document');
}

/** The file itself goes with the next pruning, where nothing else is the same file. */
export async function removeClientDocument(
  tx: WorkspaceTx,
  { id, attachmentId }: ClientDocument,
): Promise<void> {
  await tx.run('delete from client_documents where workspace_id = $1 and id = $2', [tx.workspaceId, id]);
  await tx.run('delete from attachments where workspace_id = $1 and id = $2', [tx.workspaceId, attachmentId]);
}
