/** Owns previews of billing runs: the run itself, in a transaction that is always rolled back. */
import { Refusal } from '../domain/refusal.ts';
import type { BilledFigures } from '../domain/run-approval.ts';
import { type Reason, whyNotClaimed } from '../domain/why-not-billed.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { contractsOfItems, requireItems, type WantedDrafts } from './chosen-items.ts';
import { compileChunk } from './compile.ts';
import { openCompile } from './compile-context.ts';
import { type ContractForBilling, contractsInScope } from './contract-scope.ts';
import type { Database, WorkspaceTx } from './database.ts';
import { draftContract } from './draft.ts';
import { countOpenEntries, type EntryFacts, projectsInScope, readOpenFacts } from './entries.ts';
import { countBlockingExceptions, type RuleCount } from './exceptions.ts';
import { type InvoiceLineRow, type InvoiceRow, listInvoices, readInvoiceLines } from './invoices.ts';
import { type LeftOutGroup, type LeftOutItem, LeftOutItems } from './left-out-items.ts';
import type { CompileCursor } from './open-entries.ts';
import { prepareCompile, recheckContract } from './prepare-compile.ts';
import { sumToBill } from './run-figures.ts';
import { requestRun, sumRunInvoices } from './runs.ts';
import { readTermsInUse } from './terms-in-use.ts';

export interface StayingBack extends Pick<Reason, 'code' | 'message' | 'whatToDo'> {
  entries: number;
  /** Labor only. */
  seconds: number;
}
export interface RunPreview {
  totals: BilledFigures[];
  /** What is held against the limit of who asks: as `totals`, without what is owed back. */
  toBill: BilledFigures[];
  /** The first of them, each with its first lines. */
  invoices: (InvoiceRow & { lines: InvoiceLineRow[] })[];
  /** What the drafts come to by tax. */
  taxes: { currency: string; category: string; rate: DecimalText; net: DecimalText; tax: DecimalText }[];
  margin: PreviewMargin[];
  /** Priced items that carry forward, by reason; and the first of them. */
  leftOut: LeftOutGroup[];
  leftOutItems: LeftOutItem[];
  exceptions: RuleCount[];
  /** Open work before the cutoff that the run would leave, by its first reason. */
  staysBack: StayingBack[];
}

export interface PreviewMargin {
  currency: string;
  net: DecimalText;
  cost: DecimalText;
  margin: DecimalText;
  /** Their cost is not known in the currency of the invoice. */
  itemsWithoutCost: number;
}

/** A preview holds locks until it is done and answers a person who waits: beyond this, run to drafts and look at those. */
export const previewLimit = 20_000;
export const tooLargeToPreview = 'billing_run.preview_too_large';
const compileChunkSize = 5_000;
const shownInvoices = 100;
const shownLines = 50;

/** Has no effect, not even an event. Refuses more than `previewLimit` open entries and items. */
export async function previewRun(
  database: Database,
  workspaceId: string,
  wanted: WantedDrafts,
): Promise<RunPreview> {
  const computed: { preview?: RunPreview } = {};
  const rolledBack = new Error('a preview is rolled back');
  try {
    await database.inWorkspace(workspaceId, async (tx) => {
      computed.preview = await compute(tx, wanted);
      throw rolledBack;
    });
  } catch (error) {
    if (error !== rolledBack) throw error;
  }
  return computed.preview!;
}

/**
 * What the run would bill, by currency, as it is held against limits; nothing of it stays, and the transaction goes on. Refuses as
 * `previewRun` does.
 */
export async function previewTotals(tx: WorkspaceTx, wanted: WantedDrafts): Promise<BilledFigures[]> {
  await tx.run('savepoint preview');
  try {
    return (await compute(tx, wanted)).toBill;
  } finally {
    await tx.run('rollback to savepoint preview');
  }
}

async function compute(tx: WorkspaceTx, wanted: WantedDrafts): Promise<RunPreview> {
  const { itemIds, cutoffOn } = wanted;
  const inScope = await contractsInScope(tx, wanted.scope);
  const contracts = itemIds === null ? inScope : await contractsOfItems(tx, inScope, itemIds);
  const projectIds = itemIds === null ? await projectsInScope(tx, wanted.scope) : [];
  await requireBounded(tx, cutoffOn, projectIds, itemIds === null ? contracts : []);
  if (itemIds !== null) await requireItems(tx, itemIds);
  const run = await requestRun(tx, { ...wanted, trigger: 'by_hand' });
  if (itemIds === null) await compileAll(tx, contracts, run);
  const leftOut = new LeftOutItems();
  for (const contract of contracts)
    await draftContract(
      tx,
      contract,
      {
        id: run.id,
        actor: wanted.pulledBy,
        projectIds: wanted.scope.type === 'project' ? [wanted.scope.id] : null,
        cutoffOn,
        itemIds,
        grouping: wanted.grouping,
      },
      (item, code) => leftOut.add({ ...item, currency: contract.currency }, code),
    );
  if (itemIds !== null)
    for (const item of await readUndrafted(tx, run.id, itemIds))
      leftOut.addIfNew(item, contracts.some(({ id }) => id === item.contractId) ? 'not_open' : 'not_active');
  const rows = await listInvoices(tx, { runId: run.id, limit: shownInvoices });
  const invoices: RunPreview['invoices'] = [];
  for (const invoice of rows)
    invoices.push({ ...invoice, lines: await readInvoiceLines(tx, invoice.id, 0, shownLines) });
  const sums = await sumRunInvoices(tx, run.id);
  return {
    totals: sums.map(({ currency, invoices: count, net, total, seconds }) => ({
      currency,
      invoices: count,
      net,
      total,
      seconds,
    })),
    toBill: await sumToBill(tx, run.id),
    invoices,
    taxes: await sumTaxes(tx, run.id),
    margin: await sumMargin(tx, run.id),
    leftOut: leftOut.groups(),
    leftOutItems: leftOut.first(),
    exceptions: await countBlockingExceptions(tx, projectIds, wanted.cutoffOn),
    staysBack: groupByReason(await readOpenFacts(tx, projectIds, wanted.cutoffOn, previewLimit)),
  };
}

async function compileAll(
  tx: WorkspaceTx,
  contracts: ContractForBilling[],
  run: { id: string; cutoffOn: Day },
): Promise<void> {
  while (await prepareCompile(tx, contracts, run));
  const inUse = await readTermsInUse(tx);
  for (const contract of contracts) {
    const context = await openCompile(tx, run, contract, inUse);
    await recheckContract(tx, context);
    let cursor: CompileCursor | null = null;
    do {
      cursor = (await compileChunk(tx, context, cursor, compileChunkSize)).cursor;
    } while (cursor);
  }
}

/** Chosen items that no draft of the run holds. */
function readUndrafted(
  tx: WorkspaceTx,
  runId: string,
  itemIds: readonly string[],
): Promise<{ id: string; contractId: string; currency: string }[]> {
  return tx.rows(
    `select i.id, i.contract_id, i.currency from billable_items i
     where i.workspace_id = $1 and i.id = any($3::uuid[]) and not exists (
       select from allocations a join client_invoices n on n.workspace_id = $1 and n.id = a.invoice_id and n.run_id = $2
       where a.workspace_id = $1 and a.item_id = i.id)
     order by i.id`,
    [tx.workspaceId, runId, plainArray(itemIds)],
  );
}

function sumTaxes(tx: WorkspaceTx, runId: string): Promise<RunPreview['taxes']> {
  return tx.rows(
    `select n.currency, t.category, t.rate::text as rate, sum(t.net) as net, sum(t.tax) as tax
     from client_invoices n cross join lateral jsonb_to_recordset(n.tax_subtotals) as t(category text, rate numeric, net numeric, tax numeric)
     where n.workspace_id = $1 and n.run_id = $2 group by 1, 2, t.rate order by 1, 2, t.rate`,
    [tx.workspaceId, runId],
  );
}

/** Costs at the rates that were taken when they were priced. */
function sumMargin(tx: WorkspaceTx, runId: string): Promise<PreviewMargin[]> {
  return tx.rows(
    `with held as (
       select n.currency, a.item_id, a.quantity from client_invoices n join allocations a on a.workspace_id = $1 and a.invoice_id = n.id
       where n.workspace_id = $1 and n.run_id = $2),
     costs as (
       select h.currency, case when coalesce(i.cost_currency, i.currency) = h.currency then i.cost_amount else i.cost_amount * c.rate end * h.quantity / i.quantity as cost
       from held h join billable_items i on i.workspace_id = $1 and i.id = h.item_id
       left join conversions c on c.workspace_id = $1 and c.id = i.cost_conversion_id and c.to_currency = h.currency),
     nets as (select currency, sum(net) as net from client_invoices where workspace_id = $1 and run_id = $2 group by 1)
     select n.currency, n.net, round(coalesce(sum(k.cost), 0), 6) as cost, round(n.net - coalesce(sum(k.cost), 0), 6) as margin,
       count(*) filter (where k.cost is null)::int as items_without_cost
     from nets n left join costs k on k.currency = n.currency group by n.currency, n.net order by 1`,
    [tx.workspaceId, runId],
  );
}

async function requireBounded(
  tx: WorkspaceTx,
  cutoffOn: Day,
  projectIds: string[] | null,
  contracts: ContractForBilling[],
): Promise<void> {
  const entries = await countOpenEntries(tx, projectIds, cutoffOn, previewLimit + 1);
  const items = await tx.row<{ count: number }>(
    `select count(*) as count from (select from item_balance
       where workspace_id = $1 and contract_id = any($2::uuid[]) and allocated <> quantity limit $3) o`,
    [tx.workspaceId, plainArray(contracts.map((contract) => contract.id)), previewLimit + 1],
  );
  if (entries + (items?.count ?? 0) <= previewLimit) return;
  throw new Refusal({
    code: tooLargeToPreview,
    message: `More than ${previewLimit.toLocaleString('en')} entries are open in this scope.`,
    whatToDo:
      'Preview one contract, client or project, or an earlier cutoff; or run to drafts, look at those, and cancel.',
    details: { limit: previewLimit },
  });
}

function groupByReason(open: EntryFacts[]): StayingBack[] {
  const groups = new Map<string, StayingBack>();
  for (const facts of open) {
    const reason = whyNotClaimed(facts)[0];
    if (!reason) continue;
    const { code, message, whatToDo } = reason;
    const group = groups.get(code) ?? { code, message, whatToDo, entries: 0, seconds: 0 };
    group.entries += 1;
    group.seconds += facts.openSeconds;
    groups.set(code, group);
  }
  return [...groups.values()].sort((a, b) => b.entries - a.entries || a.code.localeCompare(b.code));
}
