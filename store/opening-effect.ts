/** Owns what opening balances bring once they are signed off, kind by kind: documents, retainers, counters; and how each is undone. */
import { termsAt } from '../domain/contract-terms.ts';
import { laterDay, localDay } from '../domain/day.ts';
import type { Doer } from '../domain/duties.ts';
import { Decimal } from '../domain/money.ts';
import type { OpeningKind } from '../domain/opening-balance.ts';
import type { PeriodArea } from '../domain/period.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import { lockContract, readTimeline } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import type { OpeningBalance } from './opening-batches.ts';
import { enqueueLooks } from './outbox.ts';
import { type Posting, requireOpenPeriods } from './periods.ts';
import { bringRetainer } from './retainers.ts';
import { sellers } from './sellers.ts';
import { insertTermItems, withdrawTermItems } from './term-items.ts';
import { addDeltas } from './totals.ts';
import { workspaceNow } from './workspaces.ts';

export interface TakenBatch {
  id: string;
  asOf: Day;
  countersBatchId: string | null;
  rows: readonly OpeningBalance[];
}
type Effect = (
  tx: WorkspaceTx,
  batch: TakenBatch,
  rows: readonly OpeningBalance[],
  doer: Doer,
) => Promise<void>;

/** Uses of caps are read where they count, and have no effect of their own. */
const effects: Record<OpeningKind, { bring: Effect; undo: Effect } | null> = {
  receivable: { bring: bringReceivables, undo: undoReceivables },
  payable: { bring: bringPayables, undo: undoPayables },
  wip: { bring: bringWork, undo: undoWork },
  retainer: { bring: moveRetainers, undo: moveRetainers },
  cap_used: null,
  last_number: { bring: setLastNumbers, undo: resetLastNumbers },
};
/** Series last: they are the locks that everybody waits for. */
const order: readonly OpeningKind[] = ['retainer', 'receivable', 'payable', 'wip', 'cap_used', 'last_number'];
const areas: Partial<Record<OpeningKind, PeriodArea>> = { receivable: 'billing', payable: 'payables' };

/** All of the batch, in the caller's transaction. Refuses where something of it cannot be any more. */
export async function takeEffect(tx: WorkspaceTx, batch: TakenBatch, doer: Doer): Promise<void> {
  const now = await workspaceNow(tx);
  const byKind = Map.groupBy(batch.rows, (row) => row.kind);
  for (const kind of order) {
    const rows = byKind.get(kind) ?? [];
    if (rows.length === 0) continue;
    const area = areas[kind];
    if (area !== undefined)
      await requireOpenPeriods(tx, area, await postingsOf(tx, batch, rows, now), doer.id, now);
    const effect = effects[kind];
    await (batch.countersBatchId === null ? effect?.bring : effect?.undo)?.(tx, batch, rows, doer);
  }
}

/** With the day that the balances are of; a correction posts today (BILLING §3). */
async function postingsOf(
  tx: WorkspaceTx,
  { asOf, countersBatchId }: TakenBatch,
  rows: readonly OpeningBalance[],
  now: Instant,
): Promise<Posting[]> {
  const postings: Posting[] = [];
  for (const sellerId of new Set(rows.map((row) => row.sellerId!))) {
    const { zone } = (await sellers.find(tx, sellerId))!;
    postings.push({ sellerId, day: countersBatchId === null ? asOf : localDay(now, zone) });
  }
  return postings;
}

/** Their content is the batch's rows: a document of before has no lines and no items here. */
async function bringReceivables(
  tx: WorkspaceTx,
  { id, asOf }: TakenBatch,
  rows: readonly OpeningBalance[],
  doer: Doer,
): Promise<void> {
  await refuseTaken(tx, 'client_invoices', 'void', rows);
  await tx.run(
    `insert into client_invoices (workspace_id, id, seller_id, client_id, group_key, status, number_given_by, number, currency, issue_date,
       due_date, tax_point, posting_date, net, total, internal, snapshot, content_hash, issued_at)
     select $1, o.subject_id, o.seller_id, o.client_id, 'opening', 'issued', 'opening', o.number, o.currency, o.issue_date,
       o.due_date, o.issue_date, $3, o.amount, o.amount, c.internal,
       jsonb_build_object('number', o.number, 'issueDate', o.issue_date, 'issuedBy', $4::text, 'currency', o.currency,
         'paymentTermsDays', o.due_date - o.issue_date, 'mail', case when c.mail_notifications then 'on' else 'off' end,
         'seller', jsonb_build_object('id', s.id, 'name', s.name, 'address', s.address, 'country', s.country),
         'client', jsonb_build_object('id', c.id, 'name', c.name, 'code', c.code, 'email', c.email, 'address', c.address, 'taxId', c.tax_id,
           'language', c.language, 'internal', c.internal),
         'opening', jsonb_build_object('batchId', o.batch_id, 'asOf', $3::date, 'total', o.total::text)),
       sha256(convert_to(o.id || o.number || o.amount, 'UTF8')), now()
     from opening_balances o
     join clients c on c.workspace_id = $1 and c.id = o.client_id
     join sellers s on s.workspace_id = $1 and s.id = o.seller_id
     where o.workspace_id = $1 and o.batch_id = $2 and o.kind = 'receivable'`,
    [tx.workspaceId, id, asOf, doer.id],
  );
  await moveReceivables(tx, rows);
}

async function undoReceivables(
  tx: WorkspaceTx,
  _: TakenBatch,
  rows: readonly OpeningBalance[],
): Promise<void> {
  const undone = await tx.rows<{ id: string }>(
    `update client_invoices i set status = 'void' where i.workspace_id = $1 and i.id = any($2::uuid[]) and i.status in ('issued', 'sent')
       and i.applied = 0 and i.credited = 0 and i.bad_debt = 0 returning i.id`,
    [tx.workspaceId, plainArray(rows.map((row) => row.subjectId!))],
  );
  requireUndone(rows, undone, 'is paid, credited or written off in part');
  await moveReceivables(tx, rows);
}

/** The amounts are signed: those that undo lower what clients owe. */
async function moveReceivables(tx: WorkspaceTx, rows: readonly OpeningBalance[]): Promise<void> {
  await addDeltas(
    tx,
    rows.map((row) => ({ metric: 'receivable', key: row.currency!, value: row.amount })),
  );
  await wake(tx, 'client_invoice', rows);
}

async function bringPayables(
  tx: WorkspaceTx,
  { id, asOf }: TakenBatch,
  rows: readonly OpeningBalance[],
  doer: Doer,
): Promise<void> {
  await refuseTaken(tx, 'contractor_invoices', 'cancelled', rows);
  await tx.run(
    `insert into contractor_invoices (workspace_id, id, person_id, kind, status, seller_id, number_given_by, number, currency, issue_date,
       due_date, tax_point, posting_date, net, total, created_by, approved_by, approved_at, snapshot)
     select $1, o.subject_id, o.person_id, 'payment_request', 'approved', o.seller_id, 'opening', o.number, o.currency, o.issue_date,
       o.due_date, o.issue_date, $3, o.amount, o.amount, b.proposed_by, $4, now(),
       jsonb_build_object('opening', jsonb_build_object('batchId', o.batch_id, 'asOf', $3::date, 'total', o.total::text))
     from opening_balances o join opening_batches b on b.workspace_id = $1 and b.id = o.batch_id
     where o.workspace_id = $1 and o.batch_id = $2 and o.kind = 'payable'`,
    [tx.workspaceId, id, asOf, doer.id],
  );
  await wake(tx, 'contractor_invoice', rows);
}

async function undoPayables(
  tx: WorkspaceTx,
  _: TakenBatch,
  rows: readonly OpeningBalance[],
  doer: Doer,
): Promise<void> {
  const undone = await tx.rows<{ id: string }>(
    `update contractor_invoices i set status = 'cancelled', cancelled_at = ${sqlNow}, cancelled_by = $3, cancel_reason = 'countered'
     where i.workspace_id = $1 and i.id = any($2::uuid[]) and i.status = 'approved' and i.applied = 0 returning i.id`,
    [tx.workspaceId, plainArray(rows.map((row) => row.subjectId!)), doer.id],
  );
  requireUndone(rows, undone, 'is paid in part');
  await wake(tx, 'contractor_invoice', rows);
}

/** Billed by the next run, of the first day that the contract may be billed for; earned before, as reports go by when it was made. */
async function bringWork(
  tx: WorkspaceTx,
  { asOf }: TakenBatch,
  rows: readonly OpeningBalance[],
): Promise<void> {
  for (const [contractId, ofContract] of byContract(rows)) {
    await lockContract(tx, contractId);
    const timeline = await readTimeline(tx, contractId);
    const { startsOn, goLiveOn, currency } = timeline[0];
    const workDate = laterDay(asOf, laterDay(startsOn, goLiveOn));
    await insertTermItems(
      tx,
      { id: contractId, clientId: ofContract[0]!.clientId!, currency },
      null,
      ofContract.map((row) => ({
        id: row.subjectId!,
        kind: 'opening',
        projectId: row.projectId,
        phaseId: null,
        workDate,
        description: `Work before ${asOf}`,
        amount: row.amount,
        rule: { openingBalanceId: row.id },
        version: termsAt(timeline, workDate).version,
      })),
    );
  }
  await tx.run(
    `update billable_items set created_at = ($3::date - 1)::timestamp at time zone 'UTC' + interval '12 hours'
     where workspace_id = $1 and id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(rows.map((row) => row.subjectId!)), asOf],
  );
}

async function undoWork(tx: WorkspaceTx, _: TakenBatch, rows: readonly OpeningBalance[]): Promise<void> {
  const undone: { id: string }[] = [];
  for (const [contractId, ofContract] of byContract(rows)) {
    await lockContract(tx, contractId);
    const ids = ofContract.map((row) => row.subjectId!);
    undone.push(...(await withdrawTermItems(tx, { currency: ofContract[0]!.currency! }, ids)));
  }
  requireUndone(
    rows.map((row) => ({ ...row, number: `of line ${row.lineNo}` })),
    undone,
    'is on a draft or an invoice',
  );
}

const byContract = (rows: readonly OpeningBalance[]) =>
  [...Map.groupBy(rows, (row) => row.contractId!)].sort(([a], [b]) => (a < b ? -1 : 1));

async function moveRetainers(
  tx: WorkspaceTx,
  { id, asOf }: TakenBatch,
  rows: readonly OpeningBalance[],
): Promise<void> {
  for (const { contractId, amount } of rows.toSorted((a, b) => (a.contractId! < b.contractId! ? -1 : 1))) {
    await lockContract(tx, contractId!);
    await bringRetainer(tx, await readTimeline(tx, contractId!), asOf, amount, `opening:${id}`);
  }
}

/** The series goes on after the number that the other system gave last, its dates too. */
async function setLastNumbers(
  tx: WorkspaceTx,
  _: TakenBatch,
  rows: readonly OpeningBalance[],
): Promise<void> {
  for (const row of inOrder(rows)) {
    const set = await tx.run(
      `update series set next_number = $3::numeric::bigint + 1, last_issue_date = $4
       where workspace_id = $1 and id = $2 and next_number = $5::numeric::bigint + 1 and last_issue_date is null`,
      [tx.workspaceId, row.subjectId, row.amount, row.issueDate, row.total],
    );
    if (set === 0) throw seriesMoved(row, 'has moved since its last number was proposed');
  }
}

async function resetLastNumbers(
  tx: WorkspaceTx,
  _: TakenBatch,
  rows: readonly OpeningBalance[],
): Promise<void> {
  for (const row of inOrder(rows)) {
    const set = await tx.run(
      `update series set next_number = $5::numeric::bigint + 1, last_issue_date = null
       where workspace_id = $1 and id = $2 and next_number = $3::numeric::bigint + 1 and last_issue_date is not distinct from $4`,
      [tx.workspaceId, row.subjectId, new Decimal(row.amount).negated().toFixed(), row.issueDate, row.total],
    );
    if (set === 0) throw seriesMoved(row, 'has given numbers since');
  }
}

const inOrder = (rows: readonly OpeningBalance[]) =>
  rows.toSorted((a, b) => (a.subjectId! < b.subjectId! ? -1 : 1));

function seriesMoved({ lineNo, subjectId }: OpeningBalance, why: string): Refusal {
  return new Refusal({
    code: 'opening.series_moved',
    message: `Line ${lineNo}: the series ${why}.`,
    whatToDo: 'Refuse this batch, and look at the series first.',
    details: { lineNo, seriesId: subjectId },
  });
}

async function refuseTaken(
  tx: WorkspaceTx,
  table: 'client_invoices' | 'contractor_invoices',
  undone: string,
  rows: readonly OpeningBalance[],
): Promise<void> {
  const taken = await tx.row<{ number: string }>(
    `select i.number from unnest($2::uuid[]) as u(id)
     join opening_balances o on o.workspace_id = $1 and o.id = u.id
     join ${table} i on i.workspace_id = $1 and i.seller_id = o.seller_id and i.number = o.number
       and not (i.number_given_by = 'opening' and i.status = '${undone}') limit 1`,
    [tx.workspaceId, plainArray(rows.map((row) => row.id))],
  );
  if (!taken) return;
  throw new Refusal({
    code: 'opening.number_taken',
    message: `The number ${taken.number} is another document's of this seller by now.`,
    whatToDo: 'Refuse this batch, and bring the rest in without it.',
    details: { number: taken.number },
  });
}

function requireUndone(
  rows: readonly OpeningBalance[],
  undone: readonly { id: string }[],
  because: string,
): void {
  const done = new Set(undone.map((row) => row.id));
  const first = rows.find((row) => !done.has(row.subjectId!));
  if (!first) return;
  throw new Refusal({
    code: 'opening.in_use',
    message: `Document ${first.number} ${because}, so it cannot be taken back.`,
    whatToDo: 'Reverse what was booked on it first.',
    details: { number: first.number },
  });
}

const wake = (
  tx: WorkspaceTx,
  subjectType: 'client_invoice' | 'contractor_invoice',
  rows: readonly OpeningBalance[],
) =>
  enqueueLooks(
    tx,
    rows.map((row) => ({
      subjectType,
      subjectId: row.subjectId!,
      lane: 'bulk' as const,
      reason: 'opening balance',
    })),
  );
