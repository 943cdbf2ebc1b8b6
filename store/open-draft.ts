/**
 * Owns adding to a draft that is open already, where approvals come one by one. Such a draft is made anew from all of its
 * items, so that its rounding, tax and terms are those of a draft made at once. Only a draft that nobody touched is added to: an
 * edit, a discount, a hold or a sign-off leaves an event on it, and what comes later goes onto a new draft beside it.
 */
import { Decimal } from '../domain/money.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { ContractForBilling } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';
import { lockDraft } from './edit-draft.ts';
import { recordEvents } from './events.ts';
import { readPlaced, relineDraft, takeOff } from './reline-draft.ts';
import type { Run } from './runs.ts';
import { addDeltas } from './totals.ts';

export interface OpenDraft {
  id: string;
  /** Of the run that made it. */
  runId: string;
  /** As the grouping names it: what belongs onto the same invoice has the same. */
  key: string;
  net: DecimalText;
  seconds: number;
}

/** A larger one is left as it is: making it anew for each approval would cost more than a second draft. */
const mostItems = 5_000;

/** By key, the drafts that a run may add to; the newest where there are several. The caller holds the contract. */
export async function findOpenDrafts(
  tx: WorkspaceTx,
  contract: ContractForBilling,
): Promise<Map<string, OpenDraft>> {
  const rows = await tx.rows<OpenDraft & { groupKey: string }>(
    `select i.id, i.run_id, i.group_key, i.net, i.quantity_seconds as seconds from client_invoices i
     join runs r on r.workspace_id = $1 and r.id = i.run_id and r.trigger = 'entry'
     where i.workspace_id = $1 and i.client_id = $2 and i.contract_id = $3 and i.status = 'draft' and i.item_count <= $4
     order by i.id for no key update of i`,
    [tx.workspaceId, contract.clientId, contract.id, mostItems],
  );
  if (rows.length === 0) return new Map();
  // Asked once they are held: an edit that was under way is seen.
  const touched = await tx.rows<{ id: string }>(
    `select distinct subject_id as id from events where workspace_id = $1 and subject_id = any($2::uuid[])
       and type not in ('invoice.added_to', 'invoice.taken_from')`,
    [tx.workspaceId, plainArray(rows.map(({ id }) => id))],
  );
  const isTouched = new Set(touched.map(({ id }) => id));
  return new Map(
    rows
      .filter(({ id }) => !isTouched.has(id))
      .map(({ groupKey, ...row }) => {
        const key = groupKey.slice(contract.id.length + 1);
        return [key, { ...row, key }];
      }),
  );
}

/** Takes all items off the draft, to be drafted anew with what came; answers them. It stays, without lines. */
export async function emptyDraft(
  tx: WorkspaceTx,
  { id, net }: OpenDraft,
  currency: string,
): Promise<string[]> {
  const back = await tx.rows<{ itemId: string; amount: DecimalText }>(
    `with back as (
       select a.item_id, a.target_id, sum(a.quantity) as quantity, sum(a.amount) as amount
       from allocations a where a.workspace_id = $1 and a.invoice_id = $2 group by 1, 2 having sum(a.quantity) <> 0),
     gone as (
       insert into allocations (workspace_id, item_id, kind, invoice_id, target_id, quantity, amount, reason)
       select $1, item_id, 'discard', $2, target_id, -quantity, -amount, 'more came onto the draft' from back)
     select b.item_id, case when b.quantity = i.quantity then i.amount else b.quantity * i.unit_price end as amount
     from back b join billable_items i on i.workspace_id = $1 and i.id = b.item_id order by b.item_id`,
    [tx.workspaceId, id],
  );
  await tx.run('delete from invoice_lines where workspace_id = $1 and invoice_id = $2', [tx.workspaceId, id]);
  const pending = back.reduce((sum, row) => sum.plus(row.amount), new Decimal(0));
  await addDeltas(tx, [
    { metric: 'pending_amount', key: currency, value: pending.toFixed() },
    { metric: 'drafted_net', key: currency, value: new Decimal(net).negated().toFixed() },
  ]);
  return back.map(({ itemId }) => itemId);
}

/** One made anew: what it comes to now, or null where nothing is left of it. */
export interface AddedTo {
  draft: OpenDraft;
  net: DecimalText | null;
}

/** Tells of the drafts that a run added to. What nothing is left of, such as below the minimum by a correction, is discarded. */
export async function recordAddedTo(
  tx: WorkspaceTx,
  run: { id: string; actor: string },
  added: readonly AddedTo[],
): Promise<void> {
  const gone = added.filter(({ net }) => net === null).map(({ draft }) => draft.id);
  if (gone.length > 0)
    await tx.run(
      `update client_invoices set status = 'discarded' where workspace_id = $1 and id = any($2::uuid[])`,
      [tx.workspaceId, plainArray(gone)],
    );
  await recordEvents(
    tx,
    added.map(({ draft, net }) => ({
      type: net === null ? 'invoice.discarded' : 'invoice.added_to',
      subjectType: 'client_invoice',
      subjectId: draft.id,
      actor: run.actor,
      permission: 'invoices.read',
      payload: net === null ? { reason: 'nothing is left of it', net: draft.net } : { runId: run.id },
      before: net === null ? { status: 'draft' } : { net: draft.net },
      after: net === null ? { status: 'discarded' } : { net },
    })),
  );
}

/** The drafts of other runs that this one added to, and that have no number. */
export async function draftsAddedTo(tx: WorkspaceTx, run: Run): Promise<string[]> {
  if (run.trigger !== 'entry') return [];
  const rows = await tx.rows<{ id: string }>(
    `select i.id from client_invoices i join contracts c on c.workspace_id = $1 and c.id = i.contract_id
     where i.workspace_id = $1 and i.status in ('draft', 'in_sign_off', 'ready', 'held') and i.run_id <> $2
       and case $3 when 'contract' then c.id = $4 when 'client' then c.client_id = $4 else true end
       and exists (select from events e where e.workspace_id = $1 and e.subject_id = i.id and e.type = 'invoice.added_to' and e.payload ->> 'runId' = $2::text)
     order by i.id`,
    [tx.workspaceId, run.id, run.scopeType, run.scopeId],
  );
  return rows.map(({ id }) => id);
}

/** Takes back what the run added to a draft of another; a repeat finds nothing of it there. */
export async function takeFromDraft(
  tx: WorkspaceTx,
  invoiceId: string,
  { id: runId }: Run,
  actor: string,
  reason: string,
): Promise<void> {
  const draft = await lockDraft(tx, invoiceId);
  const lines = await tx.rows<{ id: string }>(
    'select id from invoice_lines where workspace_id = $1 and invoice_id = $2',
    [tx.workspaceId, invoiceId],
  );
  const lineIds = lines.map(({ id }) => id);
  const added = await tx.rows<{ itemId: string }>(
    `select item_id from allocations where workspace_id = $1 and invoice_id = $2 and run_id = $3 and kind = 'draft'`,
    [tx.workspaceId, invoiceId, runId],
  );
  const ids = new Set(added.map(({ itemId }) => itemId));
  const placed = (await readPlaced(tx, invoiceId, lineIds)).filter((item) => ids.has(item.id));
  if (placed.length === 0) return;
  await takeOff(tx, draft, placed, reason);
  await relineDraft(tx, draft, [...new Set(placed.map(({ lineId }) => lineId))]);
  await recordEvents(tx, [
    {
      type: 'invoice.taken_from',
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      actor,
      permission: 'invoices.read',
      payload: { runId, reason, items: placed.length },
    },
  ]);
}
