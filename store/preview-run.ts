/** Owns previews of billing runs: the run itself, in a transaction that is always rolled back. */
import { Refusal } from '../domain/refusal.ts';
import { type Reason, whyNotClaimed } from '../domain/why-not-billed.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import {
  type CompileCursor,
  type ContractForBilling,
  compileChunk,
  contractsInScope,
  openCompile,
  prepareCompile,
  type RunScope,
  recheckContract,
} from './compile.ts';
import type { Database, WorkspaceTx } from './database.ts';
import { draftContract } from './draft.ts';
import { countOpenEntries, type EntryFacts, projectsInScope, readOpenFacts } from './entries.ts';
import { countBlockingExceptions, type RuleCount } from './exceptions.ts';
import { type InvoiceLineRow, type InvoiceRow, listInvoices, readInvoiceLines } from './invoices.ts';
import { requestRun, sumRunInvoices } from './runs.ts';

export interface WantedRun {
  scope: RunScope;
  pulledBy: string;
  reason: string;
  cutoffOn: Day;
  finishAt: 'draft' | 'issue';
}
export interface StayingBack extends Pick<Reason, 'code' | 'message' | 'whatToDo'> {
  entries: number;
  /** Labor only. */
  seconds: number;
}
export interface RunPreview {
  totals: { currency: string; invoices: number; net: DecimalText; total: DecimalText; seconds: number }[];
  /** The first of them, each with its first lines. */
  invoices: (InvoiceRow & { lines: InvoiceLineRow[] })[];
  exceptions: RuleCount[];
  /** Open work before the cutoff that the run would leave, by its first reason. */
  staysBack: StayingBack[];
}

/** A preview holds locks until it is done and answers a person who waits: beyond this, run to drafts and look at those. */
export const previewLimit = 20_000;
const compileChunkSize = 5_000;
const shownInvoices = 100;
const shownLines = 50;

/** Has no effect, not even an event. Refuses more than `previewLimit` open entries and items. */
export async function previewRun(
  database: Database,
  workspaceId: string,
  wanted: WantedRun,
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

async function compute(tx: WorkspaceTx, wanted: WantedRun): Promise<RunPreview> {
  const contracts = await contractsInScope(tx, wanted.scope);
  const projectIds = await projectsInScope(tx, wanted.scope);
  await requireBounded(tx, wanted.cutoffOn, projectIds, contracts);
  const run = await requestRun(tx, { ...wanted, trigger: 'by_hand' });
  while (await prepareCompile(tx, contracts, run));
  for (const contract of contracts) {
    const context = await openCompile(tx, run, contract);
    await recheckContract(tx, context);
    let cursor: CompileCursor | null = null;
    do {
      cursor = (await compileChunk(tx, context, cursor, compileChunkSize)).cursor;
    } while (cursor);
    await draftContract(tx, contract, {
      id: run.id,
      actor: wanted.pulledBy,
      projectIds: wanted.scope.type === 'project' ? [wanted.scope.id] : null,
      cutoffOn: wanted.cutoffOn,
    });
  }
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
    invoices,
    exceptions: await countBlockingExceptions(tx, projectIds, wanted.cutoffOn),
    staysBack: groupByReason(await readOpenFacts(tx, projectIds, wanted.cutoffOn, previewLimit)),
  };
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
    code: 'billing_run.preview_too_large',
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
