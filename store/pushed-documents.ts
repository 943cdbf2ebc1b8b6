/** Owns documents that follow an invoice or a bill to a platform: queued in their commands, pushed by their owner's workflow. */
import type { DecimalText, Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFixed } from './exceptions.ts';
import { enqueueLook } from './outbox.ts';
import type { SyncedSubject, SyncRecord } from './sync.ts';

export type OwnerType = 'client_invoice' | 'contractor_invoice' | 'connection';
export interface QueuedDocument {
  connectionId: string;
  subjectType: SyncedSubject;
  subjectId: string;
  ownerType: OwnerType;
  ownerId: string;
  facts?: Record<string, string>;
}
/** In the command's own transaction, once per document; the caller asks for the owner's look. */
export async function queueDocument(tx: WorkspaceTx, wanted: QueuedDocument): Promise<void> {
  await tx.run(
    `insert into sync_records (workspace_id, connection_id, subject_type, subject_id, status, owner_type, owner_id, facts)
     values ($1, $2, $3, $4, 'queued', $5, $6, $7)
     on conflict (workspace_id, connection_id, subject_type, subject_id) do nothing`,
    [
      tx.workspaceId,
      wanted.connectionId,
      wanted.subjectType,
      wanted.subjectId,
      wanted.ownerType,
      wanted.ownerId,
      JSON.stringify(wanted.facts ?? {}),
    ],
  );
}

/** The connection that an invoice goes to, or is at; null: to none. */
export async function targetOfInvoice(tx: WorkspaceTx, invoiceId: string): Promise<string | null> {
  const row = await tx.row<{ connectionId: string | null }>(
    `select coalesce((select s.connection_id from sync_records s where s.workspace_id = $1 and s.subject_type = 'client_invoice' and s.subject_id = i.id
         order by s.id limit 1), k.target_connection_id) as connection_id
     from client_invoices i left join contracts k on k.workspace_id = $1 and k.id = i.contract_id
     where i.workspace_id = $1 and i.id = $2`,
    [tx.workspaceId, invoiceId],
  );
  return row?.connectionId ?? null;
}

/** Queues it where the invoice is at a platform, or on its way to one. */
export async function queueOfInvoice(
  tx: WorkspaceTx,
  invoiceId: string,
  subjectType: SyncedSubject,
  subjectId: string,
  facts: Record<string, string> = {},
): Promise<void> {
  const connectionId = await targetOfInvoice(tx, invoiceId);
  if (connectionId === null) return;
  const owner = { ownerType: 'client_invoice', ownerId: invoiceId } as const;
  await queueDocument(tx, { connectionId, subjectType, subjectId, facts, ...owner });
}

export interface PushedDocument extends SyncRecord {
  subjectType: SyncedSubject;
  subjectId: string;
  ownerType: OwnerType;
  ownerId: string;
  wanted: 'create' | 'void' | 'update';
  facts: Record<string, string>;
}
const columns = `s.id, s.connection_id, s.status, s.failed_step, s.reason, s.generation, s.external_id, s.version_token, s.subject_type, s.subject_id,
  s.owner_type, s.owner_id, s.wanted, s.facts`;
/** More are pushed at the next look. */
const mostAtOnce = 100;

/** What its owner has to push now, the oldest first: on connections that are open. */
export function queuedOf(tx: WorkspaceTx, ownerId: string): Promise<PushedDocument[]> {
  return tx.rows<PushedDocument>(
    `select ${columns} from sync_records s
     join connections c on c.workspace_id = $1 and c.id = s.connection_id and c.status = 'active'
     where s.workspace_id = $1 and s.owner_id = $2 and s.status in ('queued', 'syncing') order by s.id limit $3`,
    [tx.workspaceId, ownerId, mostAtOnce],
  );
}

/** `open`: to push now; `blocked`: as soon as a connection is active again. */
export async function pushState(tx: WorkspaceTx, ownerId: string): Promise<'open' | 'blocked' | 'none'> {
  const row = await tx.row<{ open: boolean; blocked: boolean }>(
    `select coalesce(bool_or(c.status = 'active'), false) as open, count(*) > 0 as blocked from sync_records s
     join connections c on c.workspace_id = $1 and c.id = s.connection_id
     where s.workspace_id = $1 and s.owner_id = $2 and s.status in ('queued', 'syncing')`,
    [tx.workspaceId, ownerId],
  );
  if (row?.open) return 'open';
  return row?.blocked ? 'blocked' : 'none';
}

/** It cannot be pushed before `waitsFor` is there, and is queued then. */
export async function waitFor(
  tx: WorkspaceTx,
  recordId: string,
  waitsFor: string,
  reason: string,
): Promise<void> {
  await tx.run(
    `update sync_records set status = 'not_synced', waits_for = $3, reason = $4, updated_at = now() where workspace_id = $1 and id = $2`,
    [tx.workspaceId, recordId, waitsFor, reason],
  );
}

/** What waited for this document goes on. Answers whether anything did. */
export async function releaseWaiting(tx: WorkspaceTx, subjectId: string): Promise<boolean> {
  const owners = await tx.rows<{ ownerType: OwnerType; ownerId: string }>(
    `update sync_records set status = 'queued', waits_for = null, reason = null, updated_at = now()
     where workspace_id = $1 and waits_for = $2 and status = 'not_synced' returning owner_type, owner_id`,
    [tx.workspaceId, subjectId],
  );
  for (const { ownerType, ownerId } of owners)
    await enqueueLook(tx, {
      subjectType: ownerType,
      subjectId: ownerId,
      lane: 'interactive',
      reason: 'what it waited for is at the platform',
    });
  return owners.length > 0;
}

/** It is not for this platform: `reason` says why. */
export async function markNotPushed(tx: WorkspaceTx, recordId: string, reason: string): Promise<void> {
  await tx.run(
    `update sync_records set status = 'not_synced', reason = $3, failed_step = null, updated_at = now() where workspace_id = $1 and id = $2`,
    [tx.workspaceId, recordId, reason],
  );
}

/** A void or cancellation is carried over: the document that is there is voided too. False: it is not there. */
export async function queueVoid(
  tx: WorkspaceTx,
  subjectType: 'client_invoice' | 'contractor_invoice',
  subjectId: string,
): Promise<boolean> {
  const changed = await tx.run(
    `update sync_records set status = 'queued', wanted = 'void', owner_type = $3, owner_id = $2, failed_step = null, reason = 'void',
       generation = generation + 1, updated_at = now()
     where workspace_id = $1 and subject_type = $3 and subject_id = $2 and external_id is not null and status <> 'syncing'`,
    [tx.workspaceId, subjectId, subjectType],
  );
  return changed > 0;
}

/** A document as it stands at a platform, for people. */
export interface DocumentAtPlatform {
  id: string;
  subjectType: SyncedSubject;
  subjectId: string;
  number: string | null;
  status: SyncRecord['status'];
  failedStep: string | null;
  reason: string | null;
  externalId: string | null;
  remoteNumber: string | null;
  remoteTotal: DecimalText | null;
  generation: number;
  difference: Record<string, unknown> | null;
  acceptedBy: string | null;
  acceptedReason: string | null;
  syncedAt: Instant | null;
}
const shown = `s.id, s.subject_type, s.subject_id, coalesce(i.number, n.number, b.number) as number, s.status, s.failed_step, s.reason, s.external_id,
  s.remote_number, s.remote_total, s.generation, s.difference, s.accepted_by, s.accepted_reason, s.synced_at`;
const joined = `sync_records s
  left join client_invoices i on i.workspace_id = $1 and i.id = s.subject_id and s.subject_type in ('client_invoice', 'invoice_mail')
  left join credit_notes n on n.workspace_id = $1 and n.id = s.subject_id and s.subject_type in ('credit_note', 'credit_application')
  left join contractor_invoices b on b.workspace_id = $1 and b.id = s.subject_id and s.subject_type = 'contractor_invoice'`;

/** Newest first. Names (clients, products, people) are left out. */
export function listDocumentsAt(
  tx: WorkspaceTx,
  connectionId: string,
  filter: { status?: SyncRecord['status'] | undefined; after: string | null; limit: number },
): Promise<DocumentAtPlatform[]> {
  return tx.rows<DocumentAtPlatform>(
    `select ${shown} from ${joined}
     where s.workspace_id = $1 and s.connection_id = $2 and s.subject_type not in ('client', 'product', 'person', 'payee')
       and ($3::text is null or s.status = $3) and ($4::uuid is null or s.id < $4) order by s.id desc limit $5`,
    [tx.workspaceId, connectionId, filter.status ?? null, filter.after, filter.limit],
  );
}

/** Holds it until the transaction ends. */
export async function lockDocumentAt(
  tx: WorkspaceTx,
  connectionId: string,
  recordId: string,
): Promise<(DocumentAtPlatform & { ownerType: OwnerType | null; ownerId: string | null }) | null> {
  await tx.run(
    'select 1 from sync_records where workspace_id = $1 and connection_id = $2 and id = $3 for no key update',
    [tx.workspaceId, connectionId, recordId],
  );
  return tx.row(
    `select ${shown}, s.owner_type, s.owner_id from ${joined} where s.workspace_id = $1 and s.connection_id = $2 and s.id = $3`,
    [tx.workspaceId, connectionId, recordId],
  );
}

/**
 * A person asks for another push of what failed or drifted: a new generation, so a new intent. What stands there otherwise is
 * replaced; what is gone there is made anew.
 */
export async function pushAgain(
  tx: WorkspaceTx,
  {
    id,
    subjectType,
    subjectId,
    status,
    difference,
    ...owner
  }: NonNullable<Awaited<ReturnType<typeof lockDocumentAt>>>,
): Promise<void> {
  const isGone = difference?.deleted === true;
  const replaces = status === 'drifted' && subjectType === 'client_invoice' && !isGone;
  await tx.run(
    `update sync_records set status = 'queued', failed_step = null, reason = null, difference = null, accepted_by = null, accepted_reason = null,
       generation = generation + 1, updated_at = now(), external_id = case when $3 then null else external_id end,
       wanted = case when $4 then 'update' when wanted = 'update' and $3 then 'create' else wanted end,
       owner_type = case when $4 then 'client_invoice' else owner_type end, owner_id = case when $4 then subject_id else owner_id end
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, id, isGone, replaces],
  );
  await closeFixed(tx, 'sync.drifted', [`${subjectType}:${subjectId}`], 'pushed again');
  await enqueueLook(tx, {
    subjectType: owner.ownerType ?? 'client_invoice',
    subjectId: owner.ownerId ?? subjectId,
    lane: 'interactive',
    reason: 'sync retried',
  });
}

/** A person says that what stands there is right: it stays drifted, says by whom and why, and is no longer asked about. */
export async function acceptDrift(
  tx: WorkspaceTx,
  { id, subjectType, subjectId }: DocumentAtPlatform,
  { reason, actor }: { reason: string; actor: string },
): Promise<void> {
  await tx.run(
    'update sync_records set accepted_by = $3, accepted_reason = $4, updated_at = now() where workspace_id = $1 and id = $2',
    [tx.workspaceId, id, actor, reason],
  );
  await closeFixed(tx, 'sync.drifted', [`${subjectType}:${subjectId}`], reason);
}
