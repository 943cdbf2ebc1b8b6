/** Owns comparing synced invoices with what their platform says of them now, and keeping what differs until a person decides. */
import { type Drift, driftOf, saysDrift } from '../domain/drift.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { closeFixed, raiseFindings } from './exceptions.ts';

export interface SyncedInvoice {
  recordId: string;
  invoiceId: string;
  externalId: string;
  status: 'synced' | 'drifted';
  number: string;
  remoteNumber: string | null;
  customerExternalId: string | null;
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
  isVoid: boolean;
  difference: Drift | null;
  acceptedBy: string | null;
}
/** As it stands there; null: it is gone. */
export interface ThereNow {
  externalId: string;
  versionToken: string | null;
  now: {
    number: string;
    customerExternalId: string;
    net: DecimalText;
    tax: DecimalText;
    total: DecimalText;
    isVoid: boolean;
  } | null;
}

const select = `select s.id as record_id, i.id as invoice_id, s.external_id, s.status, i.number, s.remote_number, c.external_id as customer_external_id,
    i.net, i.tax, i.total, i.status = 'void' as is_void, s.difference, s.accepted_by
  from sync_records s
  join client_invoices i on i.workspace_id = $1 and i.id = s.subject_id
  left join sync_records c on c.workspace_id = $1 and c.connection_id = s.connection_id and c.subject_type = 'client' and c.subject_id = i.client_id
  where s.workspace_id = $1 and s.connection_id = $2 and s.subject_type = 'client_invoice' and s.status in ('synced', 'drifted') and s.external_id is not null`;

/** Ours among these ids, held until the transaction ends. */
export function lockSynced(
  tx: WorkspaceTx,
  connectionId: string,
  externalIds: readonly string[],
): Promise<SyncedInvoice[]> {
  return tx.rows<SyncedInvoice>(
    `${select} and s.external_id = any($3::text[]) order by s.id for no key update of s`,
    [tx.workspaceId, connectionId, textArray(externalIds)],
  );
}

/** Those that were looked at longest ago, of the last year: for platforms that tell of no changes, or not of deletions. */
export async function readLongestUnseen(
  tx: WorkspaceTx,
  connectionId: string,
  limit: number,
  of: 'all' | 'unpaid' = 'all',
): Promise<string[]> {
  const rows = await tx.rows<{ externalId: string }>(
    `${select} and i.issued_at > now() - interval '366 days' and (s.looked_at is null or s.looked_at < now() - interval '20 hours')
       and ($4 = 'all' or i.applied = 0)
     order by s.looked_at nulls first, s.id limit $3`,
    [tx.workspaceId, connectionId, limit, of],
  );
  return rows.map(({ externalId }) => externalId);
}

/** Whether anything is at the platform that could have changed there. */
export async function hasSynced(tx: WorkspaceTx, connectionId: string): Promise<boolean> {
  const row = await tx.row<{ has: boolean }>(
    `select exists (select from sync_records where workspace_id = $1 and connection_id = $2 and subject_type = 'client_invoice' and status in ('synced', 'drifted')) as has`,
    [tx.workspaceId, connectionId],
  );
  return row!.has;
}

/** What differs is kept and asked about once; what agrees again is synced again. Answers how many drifted anew. */
export async function noteSeen(
  tx: WorkspaceTx,
  connectionId: string,
  seen: readonly ThereNow[],
  actor: string,
): Promise<number> {
  const byId = new Map(seen.map((one) => [one.externalId, one]));
  const synced = await lockSynced(tx, connectionId, [...byId.keys()]);
  await tx.run('update sync_records set looked_at = now() where workspace_id = $1 and id = any($2::uuid[])', [
    tx.workspaceId,
    plainArray(synced.map(({ recordId }) => recordId)),
  ]);
  let drifted = 0;
  for (const ours of synced) {
    const there = byId.get(ours.externalId)!;
    const drift = driftOf(
      { ...ours, number: ours.remoteNumber ?? ours.number },
      there.now === null ? null : there.now,
    );
    if (drift === null) await agree(tx, ours, there.versionToken);
    else if (JSON.stringify(drift) !== JSON.stringify(inOrder(drift, ours.difference))) {
      await keepDrift(tx, connectionId, ours, drift, actor);
      drifted += 1;
    }
  }
  return drifted;
}

/** jsonb keeps its own order of keys. */
function inOrder(drift: Drift, known: Drift | null): Record<string, unknown> | null {
  if (known === null || Object.keys(known).length !== Object.keys(drift).length) return null;
  return Object.fromEntries(
    Object.keys(drift).map((key) => {
      const value = known[key];
      return [key, value === undefined || value === true ? value : { here: value.here, there: value.there }];
    }),
  );
}

async function agree(
  tx: WorkspaceTx,
  { recordId, invoiceId, status }: SyncedInvoice,
  versionToken: string | null,
): Promise<void> {
  await tx.run(
    `update sync_records set status = 'synced', version_token = coalesce($3, version_token), difference = null, reason = null, accepted_by = null,
       accepted_reason = null where workspace_id = $1 and id = $2`,
    [tx.workspaceId, recordId, versionToken],
  );
  if (status === 'drifted')
    await closeFixed(tx, 'sync.drifted', [`client_invoice:${invoiceId}`], 'it stands there as here again');
}

async function keepDrift(
  tx: WorkspaceTx,
  connectionId: string,
  { recordId, invoiceId, number }: SyncedInvoice,
  drift: Drift,
  actor: string,
): Promise<void> {
  const reason = saysDrift(drift);
  await tx.run(
    `update sync_records set status = 'drifted', difference = $3, reason = $4, accepted_by = null, accepted_reason = null, updated_at = now()
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, recordId, JSON.stringify(drift), reason],
  );
  await raiseFindings(tx, [
    {
      rule: 'sync.drifted',
      severity: 'E',
      subjectKey: `client_invoice:${invoiceId}`,
      fingerprint: JSON.stringify(drift),
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      detail: { number, reason, difference: drift, connectionId, documentId: recordId },
      entries: [],
    },
  ]);
  await recordEvents(tx, [
    {
      type: 'invoice.drifted',
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      actor,
      permission: 'invoices.read',
      payload: { connectionId, number, reason, difference: drift },
    },
  ]);
}
