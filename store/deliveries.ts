/** Owns what becomes of documents on their way to a client: queued with their mail, delivered or rejected as the mail was. */
import type { WorkspaceTx } from './database.ts';
import type { DocumentFile, KeptType } from './document-files.ts';
import { recordEvents } from './events.ts';
import { queueMail } from './mails.ts';

export interface Delivery {
  id: string;
  channel: string;
  address: string;
  status: 'queued' | 'delivered' | 'rejected' | 'cleared';
  rejectionReason: string | null;
  createdAt: string;
  deliveredAt: string | null;
}

export function listDeliveries(tx: WorkspaceTx, type: KeptType, documentId: string): Promise<Delivery[]> {
  return tx.rows<Delivery>(
    `select id, channel, address, status, rejection_reason, created_at, delivered_at from document_deliveries
     where workspace_id = $1 and document_type = $2 and document_id = $3 order by id limit 100`,
    [tx.workspaceId, type, documentId],
  );
}

export interface DocumentMail {
  type: 'client_invoice' | 'credit_note' | 'late_fee' | 'client_report';
  id: string;
  to: string;
  /** Tells a mail that is sent again from the first. */
  again?: string;
  title: string;
  body: string;
  files: readonly Pick<DocumentFile, 'sha256' | 'fileName' | 'mediaType'>[];
}

const keyStart = (type: DocumentMail['type']) => `document:${type}:`;

/** Queues the mail with the files and its delivery, once a document and address; of what is void meanwhile there is none. */
export async function mailDocument(tx: WorkspaceTx, mail: DocumentMail): Promise<void> {
  if (mail.type === 'client_invoice' && (await isVoid(tx, mail.id))) return;
  if (mail.type === 'late_fee' && (await isWaived(tx, mail.id))) return;
  if (mail.type === 'client_invoice' && mail.again === undefined && (await isMailedThere(tx, mail.id)))
    return;
  const which = mail.again === undefined ? mail.id : `${mail.id}:${mail.again}`;
  const key = `${keyStart(mail.type)}${which}:${mail.to}`.slice(0, 300);
  const queued = await queueMail(tx, {
    to: mail.to,
    template: 'document.sent',
    params: { title: mail.title, body: mail.body },
    key,
    link: null,
    attachments: mail.files.map(({ sha256, fileName, mediaType }) => ({ sha256, fileName, mediaType })),
  });
  if (!queued) return;
  await tx.run(
    `insert into document_deliveries (workspace_id, document_type, document_id, channel, address, external_id)
     values ($1, $2, $3, 'email', $4, $5)`,
    [tx.workspaceId, mail.type, mail.id, mail.to, key],
  );
}

/** The platform's own mail tells the client, by the ownership card. What a person sends again goes out all the same. */
async function isMailedThere(tx: WorkspaceTx, invoiceId: string): Promise<boolean> {
  const row = await tx.row<{ theirs: boolean }>(
    `select exists (select from sync_records r join connections c on c.workspace_id = $1 and c.id = r.connection_id
       where r.workspace_id = $1 and r.subject_type = 'client_invoice' and r.subject_id = $2 and c.ownership ->> 'mail' = 'theirs') as theirs`,
    [tx.workspaceId, invoiceId],
  );
  return row!.theirs;
}

/** The platform's mail left for the client: an issued invoice is a sent one from now on. */
export async function noteDeliveredThere(tx: WorkspaceTx, invoiceId: string, address: string): Promise<void> {
  await tx.run(
    `insert into document_deliveries (workspace_id, document_type, document_id, channel, address, status, delivered_at, external_id)
     values ($1, 'client_invoice', $2, 'platform', $3, 'delivered', now(), $4) on conflict do nothing`,
    [tx.workspaceId, invoiceId, address, `platform:${invoiceId}`],
  );
  await tx.run(
    `update client_invoices set status = 'sent' where workspace_id = $1 and id = $2 and status = 'issued'`,
    [tx.workspaceId, invoiceId],
  );
}

/** Held until the transaction ends: whoever voids it after this finds the delivery. */
async function isVoid(tx: WorkspaceTx, invoiceId: string): Promise<boolean> {
  const row = await tx.row<{ status: string }>(
    'select status from client_invoices where workspace_id = $1 and id = $2 for share',
    [tx.workspaceId, invoiceId],
  );
  return row?.status === 'void';
}

/** True of a mail with a late fee that was waived while it waited. */
export async function isOfWaivedFee(tx: WorkspaceTx, mailKey: string): Promise<boolean> {
  const start = keyStart('late_fee');
  if (!mailKey.startsWith(start)) return false;
  const [lateFeeId = ''] = mailKey.slice(start.length).split(':');
  return isWaived(tx, lateFeeId);
}

/** Held until the transaction ends, as an invoice is. */
async function isWaived(tx: WorkspaceTx, lateFeeId: string): Promise<boolean> {
  const row = await tx.row<{ status: string }>(
    'select status from late_fees where workspace_id = $1 and id = $2 for share',
    [tx.workspaceId, lateFeeId],
  );
  return row?.status === 'waived';
}

/** The mail left for the client: an issued invoice is a sent one from now on. */
export async function noteDelivered(tx: WorkspaceTx, mailKey: string, actor: string): Promise<void> {
  const sent = await tx.rows<{ id: string; number: string }>(
    `with delivered as (
       update document_deliveries set status = 'delivered', delivered_at = now()
       where workspace_id = $1 and channel = 'email' and external_id = $2 and status = 'queued' returning document_type, document_id)
     update client_invoices i set status = 'sent' from delivered d
     where i.workspace_id = $1 and d.document_type = 'client_invoice' and i.id = d.document_id and i.status = 'issued'
     returning i.id, i.number`,
    [tx.workspaceId, mailKey],
  );
  await recordEvents(
    tx,
    sent.map(({ id, number }) => ({
      type: 'invoice.sent',
      subjectType: 'client_invoice',
      subjectId: id,
      actor,
      permission: 'invoices.read' as const,
      payload: { number, channel: 'email' },
      before: { status: 'issued' },
      after: { status: 'sent' },
    })),
  );
}

/** It never will: who looks after the invoice sees it there. */
export async function noteRejected(tx: WorkspaceTx, mailKey: string, reason: string): Promise<void> {
  await tx.run(
    `update document_deliveries set status = 'rejected', rejection_reason = $3
     where workspace_id = $1 and channel = 'email' and external_id = $2 and status = 'queued'`,
    [tx.workspaceId, mailKey, reason],
  );
}
