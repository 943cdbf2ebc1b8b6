/** Owns what of a contract's work a run would bill now: priced items on no document, and open entries at the price they would get. */
import { Decimal } from '../domain/money.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { type CompileContext, openCompile } from './compile-context.ts';
import type { ContractForBilling } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';
import { type CompileCursor, later, peekPage, readCandidates, wholeDays } from './open-entries.ts';
import { priceCandidates } from './price-candidates.ts';
import { readTermsInUse } from './terms-in-use.ts';

export interface UnbilledWork {
  /** Labor only. */
  seconds: number;
  /** Net, in the contract's currency. */
  amount: Decimal;
  /** Null: there is none. */
  oldestOn: Day | null;
  /** Open ones, as far as they were read. */
  entries: number;
}

/** Days of work, half-open; null: from the first on. */
interface WorkDays {
  from: Day | null;
  before: Day;
}

const pageSize = 2_000;
/** So many open entries that a run would bill are beyond any threshold: a look answers within seconds. */
export const mostEntries = 20_000;
/** Of entries that are held back no more are walked over. */
const mostPages = 20;

/**
 * Adds up what a run would bill of the work of these days, and stops where `isEnough` says so: of a long backlog only
 * as much is read as the answer needs. What a rule or an open exception holds back, what a person or a void holds, and what a
 * fixed price includes counts as nothing. Reads without a lock: the run itself decides.
 */
export async function measureUnbilled(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  days: WorkDays,
  isEnough: (work: UnbilledWork) => boolean,
): Promise<UnbilledWork> {
  const work = await readPriced(tx, contract.id, days);
  if (isEnough(work) || !(await hasOpenEntries(tx, contract, days))) return work;
  const run = { id: null, cutoffOn: days.before };
  const context = await openCompile(tx, run, contract, await readTermsInUse(tx));
  let cursor: CompileCursor | null = null;
  for (let page = 0; page < mostPages; page += 1) {
    cursor = await addPage(tx, context, cursor, days, work);
    if (cursor === null || work.entries >= mostEntries || isEnough(work)) break;
  }
  return work;
}

/** Adds the next entries of the walk; answers where it goes on. */
async function addPage(
  tx: WorkspaceTx,
  context: CompileContext,
  cursor: CompileCursor | null,
  { from }: WorkDays,
  work: UnbilledWork,
): Promise<CompileCursor | null> {
  const found = await peekPage(tx, context, cursor, pageSize);
  if (found.length === 0) return null;
  const page = found.length === pageSize ? wholeDays(found) : found;
  const { items } = await priceCandidates(tx, context, await readCandidates(tx, context, page));
  for (const { candidate, quantity, priced, included } of items) {
    if (included || (from !== null && candidate.workDate < from)) continue;
    work.entries += 1;
    if (candidate.kind === 'labor') work.seconds += quantity;
    work.amount = work.amount.plus(priced.amount);
    if (work.oldestOn === null || candidate.workDate < work.oldestOn) work.oldestOn = candidate.workDate;
  }
  return found.length === pageSize ? page.reduce(later) : null;
}

async function readPriced(
  tx: WorkspaceTx,
  contractId: string,
  { from, before }: WorkDays,
): Promise<UnbilledWork> {
  const row = await tx.row<{ seconds: number; amount: DecimalText; oldestOn: Day | null }>(
    `select coalesce(sum(round(i.raw_quantity * l.open / i.quantity)) filter (where i.kind in ('labor', 'labor_overtime')), 0)::bigint as seconds,
       coalesce(sum(case when l.open = i.quantity then i.amount else l.open * i.unit_price end), 0) as amount, min(i.work_date) as oldest_on
     from (select item_id, quantity - allocated as open from item_balance
       where workspace_id = $1 and contract_id = $2 and allocated <> quantity offset 0) l
     cross join lateral (
       select x.kind, x.raw_quantity, x.quantity, x.amount, x.unit_price, x.work_date from billable_items x
       where x.workspace_id = $1 and x.id = l.item_id and x.work_date < $3 and ($4::date is null or x.work_date >= $4)
         and x.held_reason is null and not x.included offset 0) i`,
    [tx.workspaceId, contractId, before, from],
  );
  return { ...row!, amount: new Decimal(row!.amount), entries: 0 };
}

/** No more hours than these are unbilled, in seconds: everything that is open, whatever it is and whatever holds it back. */
export async function mostUnbilledSeconds(
  tx: WorkspaceTx,
  { id, projects }: ContractForBilling,
  days: WorkDays,
): Promise<number> {
  const { seconds } = await readPriced(tx, id, days);
  const row = await tx.row<{ open: number }>(
    `select coalesce(sum(greatest(quantity - claimed, 0)), 0)::bigint as open from entry_balance
     where workspace_id = $1 and project_id = any($2::uuid[]) and work_date < $3 and ($4::date is null or work_date >= $4) and claimed <> quantity`,
    [tx.workspaceId, plainArray(projects.map((project) => project.id)), days.before, days.from],
  );
  return Math.max(0, seconds) + row!.open;
}

/** A contract without any costs one short question. */
async function hasOpenEntries(
  tx: WorkspaceTx,
  { projects }: ContractForBilling,
  { from, before }: WorkDays,
): Promise<boolean> {
  const row = await tx.row(
    `select 1 from entry_balance where workspace_id = $1 and project_id = any($2::uuid[]) and work_date < $3 and ($4::date is null or work_date >= $4)
       and claimed <> quantity limit 1`,
    [tx.workspaceId, plainArray(projects.map(({ id }) => id)), before, from],
  );
  return row !== null;
}

/** The earliest day on or after `from` that has work on no document, whatever holds it back; null: there is none. */
export async function nextUnbilledDay(
  tx: WorkspaceTx,
  { id, projects }: ContractForBilling,
  from: Day,
): Promise<Day | null> {
  const row = await tx.row<{ day: Day | null }>(
    `select least(
       (select min(b.work_date) from unnest($2::uuid[]) as p(id)
        cross join lateral (select x.work_date from entry_balance x
          where x.workspace_id = $1 and x.project_id = p.id and x.work_date >= $3 and x.claimed <> x.quantity
          order by x.work_date limit 1) b),
       (select min(i.work_date) from (select item_id from item_balance
          where workspace_id = $1 and contract_id = $4 and allocated <> quantity offset 0) l
        cross join lateral (select x.work_date from billable_items x
          where x.workspace_id = $1 and x.id = l.item_id and x.work_date >= $3 and not x.included offset 0) i)) as day`,
    [tx.workspaceId, plainArray(projects.map((project) => project.id)), from, id],
  );
  return row!.day;
}
