/** Owns compiling: open, approved entries of a contract become priced billable items and claims, in one transaction a chunk. */

import { type ApprovalPolicy, billableApprovals } from '../domain/approval.ts';
import { type ContractTerms, type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import type { Grouping } from '../domain/grouping/group-keys.ts';
import { Decimal, type Rounding } from '../domain/money.ts';
import { canBeOvertime } from '../domain/overtime/split-overtime.ts';
import { type MileageClause, mileageTerm } from '../domain/pricing/mileage-term.ts';
import {
  displayedQuantity,
  hasLongUnits,
  type PriceableEntry,
  type PriceBook,
  type PricedQuantity,
  priceEntry,
  rawPerUnit,
} from '../domain/pricing/price-entry.ts';
import type { ProductStep } from '../domain/pricing/resolve-product.ts';
import { roundDays } from '../domain/pricing/round-days.ts';
import { isPricedBy } from '../domain/task.ts';
import {
  beforeGoLive,
  nonBillableProject,
  outsideContractDates,
} from '../domain/validation/contract-dates.ts';
import { contractRules, pricedRules } from '../domain/validation/entry-rules.ts';
import type { ContractEntry, PricedEntry, RuleSetting } from '../domain/validation/rule.ts';
import type { Day, DecimalText, EntryKind, Instant } from '../domain/work-entry.ts';
import { asRows, plainArray } from './arrays.ts';
import {
  type ContractChecks,
  findInContract,
  findInPrices,
  noLongerFound,
  openChecks,
} from './contract-checks.ts';
import { lockContract, readTimeline } from './contract-versions.ts';
import { type CostBook, openCosts } from './cost-rates.ts';
import { conversionKey, keepConversions, openRates, type RateBook } from './currency-rates.ts';
import type { WorkspaceTx } from './database.ts';
import {
  closeFixed,
  closeFutureDates,
  type EntryVersionRef,
  type RaisedFinding,
  raiseFindings,
} from './exceptions.ts';
import { historyDeltas } from './item-history.ts';
import { compileMilestones } from './milestone-items.ts';
import { newId } from './new-id.ts';
import { type OvertimeBook, openOvertime, splitCandidates } from './overtime.ts';
import { type ContractPrices, readPriceBooks } from './price-books.ts';
import { learnProducts, openProductBook, type ProductBook, productOf } from './products.ts';
import { compileRetainerFees, hasRetainerFee } from './retainer-fees.ts';
import { addDeltas } from './totals.ts';
import { uncompile } from './uncompile.ts';

export interface ContractForBilling {
  id: string;
  clientId: string;
  sellerId: string;
  currency: string;
  zone: string;
  startsOn: Day;
  endsBefore: Day | null;
  goLiveOn: Day;
  approvalPolicy: ApprovalPolicy;
  grouping: Grouping;
  rounding: Rounding;
  severities: Record<string, RuleSetting>;
  projects: { id: string; billable: boolean }[];
}

export type RunScope = { type: 'contract' | 'client' | 'project' | 'workspace'; id: string };

/** Active contracts (or of these statuses) with the projects of them that the scope covers; contracts without one are left out. */
export async function contractsInScope(
  tx: WorkspaceTx,
  scope: RunScope,
  statuses: readonly string[] = ['active'],
): Promise<ContractForBilling[]> {
  return tx.rows<ContractForBilling>(
    `select c.id, c.client_id, c.seller_id, c.currency, c.zone, c.starts_on, c.ends_before, c.go_live_on, c.approval_policy, c.grouping,
       c.rounding, c.severities, jsonb_agg(jsonb_build_object('id', p.id, 'billable', p.billable) order by p.id) as projects
     from contracts c join projects p on p.workspace_id = c.workspace_id and p.contract_id = c.id
     where c.workspace_id = $1 and c.status = any($4::text[])
       and case $2 when 'contract' then c.id = $3 when 'client' then c.client_id = $3 when 'project' then p.id = $3 else true end
     group by c.workspace_id, c.id order by c.id`,
    [tx.workspaceId, scope.type, scope.id, plainArray(statuses)],
  );
}

/**
 * Before a run compiles: findings that no longer hold are closed, and what may be compiled anew goes back to its entries. True while there is more to do; call it again,
 * in another transaction. All contracts first, because an entry may have moved from one to another.
 */
export async function prepareCompile(
  tx: WorkspaceTx,
  contracts: ContractForBilling[],
  run: { id: string; cutoffOn: Day; taskIds?: readonly string[] | null },
): Promise<boolean> {
  await closeMended(tx, contracts);
  return uncompile(
    tx,
    contracts.map((contract) => contract.id),
    run,
  );
}

/**
 * Closes what the contract pass once found and would not find again, since a contract was extended or a project made billable.
 * A coarse copy of its rules: an entry that is freed here goes through them again when it is compiled.
 */
async function closeMended(tx: WorkspaceTx, contracts: ContractForBilling[]): Promise<void> {
  const projects = contracts.flatMap((contract) =>
    contract.projects.map((project) => ({ contract, project })),
  );
  await tx.run(
    `with closed as (
       update exceptions x set status = 'fixed', closed_at = now(), closed_by = 'system', close_reason = 'the contract covers it now'
       from (
         select o.id from (select id, rule, subject_id from exceptions
           where workspace_id = $1 and status = 'open' and rule in ($2, $3, $4) and subject_type = 'entry') o
         cross join lateral (select e.current_version from work_entries e where e.workspace_id = $1 and e.id = o.subject_id offset 0) e
         cross join lateral (select v.work_date, v.project_id from entry_versions v
           where v.workspace_id = $1 and v.entry_id = o.subject_id and v.version = e.current_version offset 0) v
         join unnest($5::uuid[], $6::boolean[], $7::date[], $8::date[], $9::date[]) as p(id, billable, starts_on, ends_before, go_live_on)
           on p.id = v.project_id
         where case o.rule
           when $2 then v.work_date >= p.starts_on and v.work_date < coalesce(p.ends_before, 'infinity')
           when $3 then v.work_date >= p.go_live_on
           else p.billable end) mended
       where x.workspace_id = $1 and x.id = mended.id and x.status = 'open'
       returning x.id)
     update exception_entries set open = false where workspace_id = $1 and exception_id in (select id from closed) and open`,
    [
      tx.workspaceId,
      outsideContractDates.code,
      beforeGoLive.code,
      nonBillableProject.code,
      plainArray(projects.map(({ project }) => project.id)),
      plainArray(projects.map(({ project }) => project.billable)),
      plainArray(projects.map(({ contract }) => contract.startsOn)),
      plainArray(projects.map(({ contract }) => contract.endsBefore)),
      plainArray(projects.map(({ contract }) => contract.goLiveOn)),
    ],
  );
}

/** Where a compile stands in the index it walks; null starts at the beginning. */
export interface CompileCursor {
  projectId: string;
  workDate: Day;
  entryId: string;
  version: number;
}
export interface Candidate {
  entryId: string;
  version: number;
  open: number;
  kind: EntryKind;
  workDate: Day;
  projectId: string;
  clientId: string | null;
  taskId: string | null;
  phaseId: string | null;
  personId: string | null;
  position: string | null;
  personPosition: string | null;
  notes: string | null;
  rate: DecimalText | null;
  costRate: DecimalText | null;
  currency: string | null;
  /** What the entry itself is sold as, and costs its client per unit: only work that was recorded here says so. */
  productId: string | null;
  ownPrice: DecimalText | null;
  taskProductId: string | null;
  taskUnitPrice: DecimalText | null;
  taskUnit: string | null;
  taskPriceListId: string | null;
  /** Raw units of the whole entry; only where its task has a price list. */
  wholeQuantity: number | null;
  /** Where its rate is from; null without one. */
  rateSourceId: string | null;
  /** Of an expense: the day, what is no input tax of it (null: all), and its cents in whole. */
  receipt: { on: Day | null; net: DecimalText | null; whole: number } | null;
  taskBillable: boolean | null;
  startedAt: Instant | null;
  endedAt: Instant | null;
  approvedAsIs: boolean;
  corrects: boolean;
  /** Of the whole entry, as its ticket has it; null where it has none. */
  ticketOvertimeSeconds: number | null;
}
/** What one item takes of an entry: all that is open, or its regular time or its overtime. */
interface Part {
  candidate: Candidate;
  /** Raw units. */
  quantity: number;
  isOvertime: boolean;
}
export interface CompileContext {
  contract: ContractForBilling;
  timeline: ContractTimeline;
  /** Null where no version of the contract knows overtime. */
  overtime: OvertimeBook | null;
  checks: ContractChecks;
  bookOf: (projectId: string) => PriceBook;
  pricingSources: ContractPrices['pricingSources'];
  /** Into the contract's currency. */
  rates: RateBook;
  /** What work costs that came without its cost. */
  costs: CostBook;
  /** Of the client, the latest first. */
  mileage: readonly MileageClause[];
  products: ProductBook;
  /** Null where no run asks: a write-off. */
  runId: string | null;
  /** Work dated before this day. */
  cutoffOn: Day;
  /** Only work on these tasks; null: all, and what is on none. */
  taskIds: readonly string[] | null;
}
/** Everything a compile of the contract looks up, read once. */
export async function openCompile(
  tx: WorkspaceTx,
  run: { id: string | null; cutoffOn: Day; taskIds?: readonly string[] | null },
  contract: ContractForBilling,
): Promise<CompileContext> {
  const timeline = await readTimeline(tx, contract.id);
  const overtime = await openOvertime(tx, timeline);
  const rates = openRates(contract.currency);
  const { bookOf, pricingSources, hasCostRates, mileage } = await readPriceBooks(tx, contract, rates);
  return {
    contract,
    timeline,
    overtime,
    checks: await openChecks(tx, {
      contract,
      timeline,
      bookOf,
      rateOf: rates.find,
      isHoliday: overtime?.isHoliday ?? (() => false),
      actor: `billing-run:${run.id}`,
    }),
    bookOf,
    pricingSources,
    rates,
    costs: openCosts(hasCostRates),
    mileage,
    products: await openProductBook(tx, contract.clientId),
    runId: run.id,
    cutoffOn: run.cutoffOn,
    taskIds: run.taskIds ?? null,
  };
}

export interface CompiledChunk {
  items: number;
  amount: DecimalText;
  seconds: number;
  exceptions: number;
  /** Null when the contract has no more candidates. */
  cursor: CompileCursor | null;
}

/**
 * Compiles at most `limit` entries after the cursor. Candidates are read under the ordered lock of their balances, so two
 * compiles at once claim each entry once; the second simply finds nothing left.
 */
export async function compileChunk(
  tx: WorkspaceTx,
  context: CompileContext,
  cursor: CompileCursor | null,
  limit: number,
): Promise<CompiledChunk> {
  const { contract } = context;
  // Hours split by what was billed of the week, and caps fill up: another compile of it is waited for.
  if (context.overtime !== null || context.checks.hasLimits || hasRetainerFee(context.timeline))
    await lockContract(tx, contract.id);
  if (cursor === null) {
    await closeFutureDates(tx, contract.zone);
    await compileMilestones(tx, contract, context.timeline, context);
    await compileRetainerFees(tx, contract, context.timeline, context);
  }
  const locked = await lockPage(tx, context, cursor, limit);
  const page = locked.length === limit ? wholeDays(locked) : locked;
  const next = locked.length === limit ? page.reduce(later) : null;
  const candidates = page.length === 0 ? [] : await readCandidates(tx, context, cursor, page);
  const findings = await findInContract(tx, context.checks, candidates.map(toEntry));
  const blocked = new Set(findings.map((finding) => finding.subjectId!));
  const billable = candidates.filter((candidate) => !blocked.has(candidate.entryId));
  const parts = await toParts(tx, context, billable, blocked);
  const shown = roundDays(
    parts.map(({ candidate, quantity }) => ({
      kind: candidate.kind,
      workDate: candidate.workDate,
      projectId: candidate.projectId,
      personId: candidate.personId,
      quantity,
      entryId: candidate.entryId,
      taskId: candidate.taskId,
      timeRounding: termsAt(context.timeline, candidate.workDate).timeRounding,
      rawPerUnit: unitOf(context, candidate),
    })),
    contract.rounding,
  );
  const priced: PricedPart[] = [];
  for (const [index, part] of parts.entries()) {
    const item = pricePart(context, part, shown[index]!);
    // Too small to show on a line: claimed it would be lost, so it stays open, to be seen and to be billed with more.
    if (new Decimal(item.priced.quantity).isZero()) continue;
    priced.push(item);
  }
  const ofPrices = await findInPrices(tx, context.checks, toPricedEntries(context, priced));
  const heldBack = new Set(
    ofPrices.filter((finding) => !finding.tellsOnly).map((finding) => finding.subjectId),
  );
  const items = priced.filter((item) => !heldBack.has(item.candidate.entryId));
  const exceptions = await raiseFindings(tx, [...findings, ...ofPrices]);
  await writeItems(tx, context, items);
  const amount = items.reduce((sum, { priced }) => sum.plus(priced.amount), new Decimal(0));
  const seconds = items.reduce(
    (sum, { candidate, quantity }) => sum + (candidate.kind === 'labor' ? quantity : 0),
    0,
  );
  return { items: items.length, amount: amount.toFixed(), seconds, exceptions, cursor: next };
}

export interface PricedPart extends Part {
  terms: ContractTerms;
  priced: PricedQuantity;
  productId: string | null;
  productStep: ProductStep;
  /** Under a fixed price: claimed and counted, without revenue. */
  included: boolean;
}

/** One part an entry; labor of a contract with overtime splits in two where some of it is. */
async function toParts(
  tx: WorkspaceTx,
  context: CompileContext,
  candidates: Candidate[],
  blocked: ReadonlySet<string>,
): Promise<Part[]> {
  if (context.overtime === null) return candidates.map(wholeOf);
  const splits = await splitCandidates(
    tx,
    context.contract,
    context.overtime,
    candidates.filter((candidate) => candidate.kind === 'labor'),
    blocked,
  );
  return candidates.flatMap((candidate): Part[] => {
    const split = splits.get(candidate.entryId);
    if (!split) return [wholeOf(candidate)];
    return [
      { candidate, quantity: split.regularSeconds, isOvertime: false },
      { candidate, quantity: split.overtimeSeconds, isOvertime: true },
    ].filter((part) => part.quantity !== 0);
  });
}

export function pricePart(context: CompileContext, part: Part, shown: DecimalText): PricedPart {
  const { candidate } = part;
  const terms = termsAt(context.timeline, candidate.workDate);
  const { product, step } = productOf(context.products, candidate);
  const priced = priceEntry(toPriceable(context, part), context.bookOf(candidate.projectId), shown);
  const included = terms.billingModel.type === 'fixed_price' && candidate.kind === 'labor';
  return {
    ...part,
    terms,
    priced: included ? { ...priced, ...ofFixedPrice } : priced,
    productId: product.id,
    productStep: step,
    included,
  };
}

/** Hours under a fixed price bring no revenue of their own; milestones and percentages do (BILLING §1). */
const ofFixedPrice = {
  unitPrice: '0.00',
  amount: '0',
  source: 'included in the fixed price',
  rule: {},
  flagged: false,
};

function toPriceable(context: CompileContext, { candidate, quantity, isOvertime }: Part): PriceableEntry {
  const { receipt } = candidate;
  const terms = termsAt(context.timeline, candidate.workDate);
  const position = candidate.position ?? candidate.personPosition;
  const cost =
    candidate.costRate === null ? context.costs.find({ ...candidate, position, isOvertime }) : null;
  return {
    kind: candidate.kind,
    workDate: candidate.workDate,
    quantity,
    position,
    rate: candidate.ownPrice ?? candidate.rate,
    ratePrices:
      candidate.ownPrice !== null ||
      (candidate.rateSourceId !== null && context.pricingSources.has(candidate.rateSourceId)),
    cost: cost?.rate ?? candidate.costRate,
    currency: candidate.currency,
    ...(cost && { costCurrency: cost.currency }),
    taskUnitPrice: isPricedBy(candidate.kind, candidate.taskUnit) ? candidate.taskUnitPrice : null,
    ...(candidate.taskPriceListId !== null && {
      priceListId: candidate.taskPriceListId,
      wholeQuantity: candidate.wholeQuantity!,
    }),
    ...(receipt && { receipt: { on: receipt.on, net: netOf(receipt, quantity) } }),
    product: productOf(context.products, candidate).product,
    mileage: mileageTerm(candidate.kind, candidate.workDate, terms, context.mileage),
    workCalendar: terms.workCalendar,
    ...(isOvertime && { overtime: { multiplier: terms.overtime?.multiplier ?? null } }),
  };
}

/** Of a difference to what was billed before, its part of the net. */
function netOf({ net, whole }: NonNullable<Candidate['receipt']>, quantity: number): DecimalText | null {
  if (net === null || whole === quantity) return net;
  return new Decimal(net).times(quantity).div(whole).toDecimalPlaces(4).toFixed();
}

/** Seconds of the day or shift that the labor is priced by; undefined where hours and kilometres are what they are. */
function unitOf(context: CompileContext, candidate: Candidate): number | undefined {
  const book = context.bookOf(candidate.projectId);
  if (candidate.kind !== 'labor' || !hasLongUnits(book)) return undefined;
  return rawPerUnit(toPriceable(context, wholeOf(candidate)), book);
}

/** A part that is priced and rounded by itself. */
export function priceAlone(context: CompileContext, part: Part): PricedPart {
  const { candidate, quantity } = part;
  const { rounding } = context.contract;
  return pricePart(
    context,
    part,
    displayedQuantity(candidate.kind, quantity, rounding, unitOf(context, candidate)),
  );
}
/** All that is open of the entry, as regular time. */
export const wholeOf = (candidate: Candidate): Part => ({
  candidate,
  quantity: candidate.open,
  isOvertime: false,
});

/** As the contract pass looks at it. */
function toEntry(candidate: Candidate): ContractEntry {
  const { position, personPosition, open } = candidate;
  return { ...candidate, position: position ?? personPosition, quantity: open, running: false };
}

/** As the priced pass looks at them. */
function toPricedEntries(context: CompileContext, parts: readonly PricedPart[]): PricedEntry[] {
  const splits = overtimeSplits(context, parts);
  return parts.map(({ candidate, quantity, priced, included, isOvertime }) => ({
    ...toEntry(candidate),
    costRate: priced.costPrice,
    receiptOn: candidate.receipt?.on ?? null,
    sourceRate: isOvertime || candidate.ownPrice !== null ? null : candidate.rate,
    quantity,
    priced,
    included,
    overtimeSplit: isSplit(candidate) ? (splits?.get(dayOf(candidate)) ?? null) : null,
  }));
}

/** Labor of a ticket that is billed whole. */
const isSplit = ({ ticketOvertimeSeconds, corrects }: Candidate) =>
  ticketOvertimeSeconds !== null && !corrects;
const dayOf = ({ personId, workDate }: Candidate) => `${personId}|${workDate}`;

/**
 * By person and day the overtime of tickets beside the contract's, of the same hours: which of its lines is the overtime is not
 * for a ticket to say. Null where the contract splits nothing.
 */
function overtimeSplits(
  { overtime }: CompileContext,
  parts: readonly PricedPart[],
): Map<string, { ticketSeconds: number; contractSeconds: number }> | null {
  if (overtime === null) return null;
  const splits = new Map<string, { ticketSeconds: number; contractSeconds: number }>();
  const counted = new Set<string>();
  for (const { candidate, quantity, isOvertime } of parts) {
    const { entryId, ticketOvertimeSeconds, workDate } = candidate;
    if (!isSplit(candidate) || !canBeOvertime(overtime.clauseOn(workDate))) continue;
    const key = dayOf(candidate);
    const split = splits.get(key) ?? { ticketSeconds: 0, contractSeconds: 0 };
    // Its own split is of the whole entry, which may be here in two parts.
    if (!counted.has(entryId)) split.ticketSeconds += ticketOvertimeSeconds!;
    counted.add(entryId);
    if (isOvertime) split.contractSeconds += quantity;
    splits.set(key, split);
  }
  return splits;
}

const recheckedRules = [...contractRules, ...pricedRules].map((rule) => rule.code);
const recheckPage = 5_000;

/**
 * Looks again at what earlier runs found in the contract: what no rule finds any more is closed, and may be compiled now; of
 * the rest the figures and the severity become today's. Before the entries of the run are compiled.
 */
export async function recheckContract(tx: WorkspaceTx, context: CompileContext): Promise<void> {
  const { contract, checks } = context;
  if (!checks.hasFindings) return;
  let after: string | null = null;
  for (;;) {
    const open: { id: string; rule: string; entryId: string }[] = await tx.rows(
      `select id, rule, subject_id as entry_id from exceptions
       where workspace_id = $1 and contract_id = $2 and status = 'open' and rule = any($3::text[]) and ($4::uuid is null or id > $4)
       order by id limit $5`,
      [tx.workspaceId, contract.id, plainArray(recheckedRules), after, recheckPage],
    );
    if (open.length > 0) await recheckPageOf(tx, context, open);
    if (open.length < recheckPage) return;
    after = open.at(-1)!.id;
  }
}

/** What both passes find in entries as they are now, and which of them the contract pass holds back. */
export async function findAgain(
  tx: WorkspaceTx,
  context: CompileContext,
  candidates: readonly Candidate[],
): Promise<{ found: RaisedFinding[]; held: Set<string | null> }> {
  await learnPricesOf(tx, context, candidates);
  const ofContract = await findInContract(tx, context.checks, candidates.map(toEntry));
  const held = new Set(ofContract.map((finding) => finding.subjectId));
  const free = candidates.filter((candidate) => !held.has(candidate.entryId));
  const blocked = new Set([...held].filter((id) => id !== null));
  const parts = (await toParts(tx, context, free, blocked)).map((part) => priceAlone(context, part));
  const ofPrices = await findInPrices(tx, context.checks, toPricedEntries(context, parts));
  return { found: [...ofContract, ...ofPrices], held };
}

async function recheckPageOf(
  tx: WorkspaceTx,
  context: CompileContext,
  open: readonly { rule: string; entryId: string }[],
): Promise<void> {
  const projectIds = new Set(context.contract.projects.map((project) => project.id));
  const entries = await readEntries(
    tx,
    open.map((row) => ({ entryId: row.entryId, version: null })),
  );
  // What a narrower scope leaves out is looked at by a run of its own.
  const outside = new Set(
    entries
      .filter((entry) => entry.contractId === context.contract.id && !projectIds.has(entry.projectId))
      .map((entry) => entry.entryId),
  );
  const { found, held } = await findAgain(
    tx,
    context,
    entries.filter((entry) => projectIds.has(entry.projectId)),
  );
  // A rule of the priced pass is not asked while the contract pass holds the entry: what it found stays.
  const pricedCodes = new Set(pricedRules.map((rule) => rule.code));
  const asked = open.filter(
    ({ rule, entryId }) => !outside.has(entryId) && !(held.has(entryId) && pricedCodes.has(rule)),
  );
  const mended = noLongerFound(asked, found);
  const byRule = Map.groupBy(
    asked.filter(({ rule, entryId }) => mended.has(`${rule}|entry:${entryId}`)),
    (row) => row.rule,
  );
  for (const [rule, rows] of byRule)
    await closeFixed(
      tx,
      rule,
      rows.map(({ entryId }) => `entry:${entryId}`),
      'the rule finds nothing any more',
    );
  const wasOpen = new Set(open.map(({ rule, entryId }) => `${rule}|entry:${entryId}`));
  await raiseFindings(
    tx,
    found.filter((finding) => wasOpen.has(`${finding.rule}|${finding.subjectKey}`)),
  );
}

/** The walk of a compile: parameters 1 to 7 of the two statements that use it. */
const openEntries = `workspace_id = $1 and project_id = any($2::uuid[]) and work_date < $3 and claimed <> quantity
       and ($4::uuid is null or (project_id, work_date, entry_id, version) > ($4, $5::date, $6::uuid, $7::int))`;
const walkParams = (
  tx: WorkspaceTx,
  { contract, cutoffOn }: CompileContext,
  cursor: CompileCursor | null,
) => [
  tx.workspaceId,
  plainArray(contract.projects.map((p) => p.id)),
  cutoffOn,
  cursor?.projectId ?? null,
  cursor?.workDate ?? null,
  cursor?.entryId ?? null,
  cursor?.version ?? null,
];

/** Finds the next open entries of the walk and locks their balances in id order; one claimed meanwhile is `taken`. */
function lockPage(
  tx: WorkspaceTx,
  context: CompileContext,
  cursor: CompileCursor | null,
  limit: number,
): Promise<(CompileCursor & { taken: boolean })[]> {
  return tx.rows(
    `with page as materialized (
       select project_id, work_date, entry_id, version from entry_balance where ${openEntries}
       order by project_id, work_date, entry_id, version limit $8)
     select p.project_id, p.work_date, p.entry_id, p.version, l.taken is null as taken
     from (select * from page order by entry_id, version) p
     left join lateral (
       select false as taken from entry_balance x
       where x.workspace_id = $1 and x.entry_id = p.entry_id and x.version = p.version and x.claimed <> x.quantity for no key update) l on true`,
    [...walkParams(tx, context, cursor), limit],
  );
}

const entryKey = (row: { entryId: string; version: number }) => `${row.entryId}:${row.version}`;

/** The later one in the order of the walk; ids compare as texts as they do in the database. */
function later<C extends CompileCursor>(a: C, b: C): C {
  if (a.projectId !== b.projectId) return a.projectId > b.projectId ? a : b;
  if (a.workDate !== b.workDate) return a.workDate > b.workDate ? a : b;
  if (a.entryId !== b.entryId) return a.entryId > b.entryId ? a : b;
  return a.version > b.version ? a : b;
}

/** A full page less the day of a project that it cuts: days are rounded whole. A day that fills the page is cut all the same. */
function wholeDays<C extends CompileCursor>(page: C[]): C[] {
  const last = page.reduce(later);
  const whole = page.filter((row) => row.projectId !== last.projectId || row.workDate !== last.workDate);
  return whole.length > 0 ? whole : page;
}

/** Of a balance `l`, its entry `e`, version `v`, task `t` and person `p`. */
const candidateColumns = `l.entry_id, l.version, l.open, v.kind, v.work_date, v.project_id, v.client_id, v.task_id, t.phase_id, v.person_id, v.position,
       p.position as person_position, v.notes, v.rate, v.cost_rate, v.currency,
       v.product_id, v.unit_price as own_price, t.product_id as task_product_id, t.unit_price as task_unit_price, t.unit as task_unit, t.billable as task_billable,
       t.price_list_id as task_price_list_id, case when t.price_list_id is not null then v.quantity end as whole_quantity,
       case when v.rate is not null then e.source_id end as rate_source_id,
       case when v.kind = 'expense' then jsonb_build_object('on', v.receipt_on, 'net', v.expense_net::text, 'whole', v.quantity) end as receipt,
       v.started_at, v.ended_at, v.overtime_seconds as ticket_overtime_seconds, v.approved_hash is not distinct from v.content_hash as approved_as_is,
       case when l.version > 1 then exists (select 1 from entry_balance b
         where b.workspace_id = $1 and b.entry_id = l.entry_id and b.version < l.version and b.claimed <> 0) else false end as corrects`;
const taskAndPerson = `left join lateral (
       select x.phase_id, x.product_id, x.price_list_id, x.unit, x.unit_price, x.billable from tasks x where x.workspace_id = $1 and x.id = v.task_id offset 0) t on true
     left join lateral (select x.position from people x where x.workspace_id = $1 and x.id = v.person_id offset 0) p on true`;

/** The named entries as they are now, whatever holds them back; those of no project are left out. A version that is not the current one too. */
export function readEntries(
  tx: WorkspaceTx,
  refs: readonly (Pick<EntryVersionRef, 'entryId'> & { version: number | null })[],
): Promise<(Candidate & { contractId: string | null })[]> {
  return tx.rows(
    `select ${candidateColumns}, j.contract_id
     from (select distinct * from unnest($2::uuid[], $3::int[]) as u(entry_id, version)) r
     cross join lateral (
       select x.current_version, x.source_id from work_entries x where x.workspace_id = $1 and x.id = r.entry_id and x.deleted_at is null
         and x.current_version = coalesce(r.version, x.current_version) offset 0) e
     cross join lateral (
       select x.entry_id, x.version, x.quantity - x.claimed as open from entry_balance x
       where x.workspace_id = $1 and x.entry_id = r.entry_id and x.version = e.current_version offset 0) l
     cross join lateral (
       select x.* from entry_versions x where x.workspace_id = $1 and x.entry_id = l.entry_id and x.version = l.version offset 0) v
     cross join lateral (select x.contract_id from projects x where x.workspace_id = $1 and x.id = v.project_id offset 0) j
     ${taskAndPerson}
     order by l.entry_id`,
    [
      tx.workspaceId,
      plainArray(refs.map((entry) => entry.entryId)),
      plainArray(refs.map((entry) => entry.version)),
    ],
  );
}

/**
 * What may be compiled of a locked page. Locked first, read after: a statement that waits for a lock goes on with its
 * older snapshot of the entry's approval and exceptions. It walks the same stretch again, which costs less than to send
 * the ids; what came into the stretch meanwhile is not locked, and waits for the next run.
 */
async function readCandidates(
  tx: WorkspaceTx,
  context: CompileContext,
  cursor: CompileCursor | null,
  page: (CompileCursor & { taken: boolean })[],
): Promise<Candidate[]> {
  const locked = new Set(page.filter((row) => !row.taken).map(entryKey));
  const last = page.reduce(later);
  const found = await tx.rows<Candidate>(
    `select ${candidateColumns}
     from (
       select entry_id, version, quantity - claimed as open from entry_balance where ${openEntries}
         and (project_id, work_date, entry_id, version) <= ($9::uuid, $10::date, $11::uuid, $12::int) offset 0) l
     cross join lateral (
       select x.source_id from work_entries x
       where x.workspace_id = $1 and x.id = l.entry_id and x.current_version = l.version and x.deleted_at is null offset 0) e
     cross join lateral (
       select x.* from entry_versions x where x.workspace_id = $1 and x.entry_id = l.entry_id and x.version = l.version
         and x.approval = any($8::text[]) and not x.running offset 0) v
     ${taskAndPerson}
     where coalesce(t.billable, true) and ($13::uuid[] is null or v.task_id = any($13))
       and not exists (
         select 1 from exception_entries x where x.workspace_id = $1 and x.entry_id = l.entry_id and x.version = l.version and x.open offset 0)
     order by l.entry_id, l.version`,
    [
      ...walkParams(tx, context, cursor),
      plainArray(billableApprovals[context.contract.approvalPolicy]),
      last.projectId,
      last.workDate,
      last.entryId,
      last.version,
      context.taskIds === null ? null : plainArray(context.taskIds),
    ],
  );
  await learnPricesOf(tx, context, found);
  return found.filter((row) => locked.has(entryKey(row)));
}

/** Before these are priced: what they name of products, costs and currencies is read, where there is any. */
export async function learnPricesOf(
  tx: WorkspaceTx,
  { products, costs, rates }: CompileContext,
  candidates: readonly Candidate[],
): Promise<void> {
  const named = candidates.flatMap(({ productId, taskProductId }) =>
    productId === null && taskProductId === null ? [] : [productId, taskProductId],
  );
  await learnProducts(tx, products, named);
  await costs.load(tx, candidates);
  const dated = candidates.flatMap(({ currency, workDate, receipt }) =>
    currency === null
      ? []
      : [{ currency, day: workDate }, ...(receipt?.on ? [{ currency, day: receipt.on }] : [])],
  );
  await rates.load(tx, [...dated, ...costs.currencies(candidates)]);
}

const itemKinds: Record<EntryKind, string> = {
  labor: 'labor',
  expense: 'expense',
  mileage_distance: 'transport_distance',
  mileage_time: 'transport_time',
  goods: 'goods',
};
const maxDescription = 500;

/** Answers the ids of the items, in the order given. */
export async function writeItems(
  tx: WorkspaceTx,
  context: CompileContext,
  items: PricedPart[],
): Promise<string[]> {
  if (items.length === 0) return [];
  const ids = items.map(() => newId());
  const { contract, runId } = context;
  const c = items.map((item) => item.candidate);
  const p = items.map((item) => item.priced);
  const conversions = await keepConversions(
    tx,
    p.flatMap((row) => row.costConversion ?? []),
  );
  const { from, params } = asRows(
    {
      id: { type: 'uuid', values: ids },
      kind: {
        type: 'text',
        values: items.map((item) => (item.isOvertime ? 'labor_overtime' : itemKinds[item.candidate.kind])),
      },
      entry_id: { type: 'uuid', values: c.map((row) => row.entryId) },
      version: { type: 'int', values: c.map((row) => row.version) },
      project_id: { type: 'uuid', values: c.map((row) => row.projectId) },
      phase_id: { type: 'uuid', values: c.map((row) => row.phaseId) },
      task_id: { type: 'uuid', values: c.map((row) => row.taskId) },
      person_id: { type: 'uuid', values: c.map((row) => row.personId) },
      product_id: { type: 'uuid', values: items.map((item) => item.productId) },
      product_step: { type: 'text', values: items.map((item) => item.productStep) },
      position: { type: 'text', values: c.map((row) => row.position ?? row.personPosition), text: true },
      work_date: { type: 'date', values: c.map((row) => row.workDate) },
      description: {
        type: 'text',
        values: c.map((row) => (row.notes ?? '').slice(0, maxDescription)),
        text: true,
      },
      unit: { type: 'text', values: p.map((row) => row.unit), text: true },
      raw_quantity: { type: 'bigint', values: items.map((item) => item.quantity) },
      quantity: { type: 'numeric', values: p.map((row) => row.quantity) },
      unit_price: { type: 'numeric', values: p.map((row) => row.unitPrice) },
      amount: { type: 'numeric', values: p.map((row) => row.amount) },
      cost_amount: { type: 'numeric', values: p.map((row) => row.costAmount) },
      cost_currency: { type: 'text', values: p.map((row) => row.costCurrency) },
      cost_conversion_id: {
        type: 'uuid',
        values: p.map(({ costConversion }) =>
          costConversion === null ? null : conversions.get(conversionKey(costConversion))!,
        ),
      },
      price_source: { type: 'text', values: p.map((row) => row.source), text: true },
      price_rule: { type: 'jsonb', values: p.map((row) => JSON.stringify(row.rule)), text: true },
      flagged: { type: 'boolean', values: p.map((row) => row.flagged) },
      included: { type: 'boolean', values: items.map((item) => item.included) },
      contract_version: { type: 'int', values: items.map((item) => item.terms.version) },
    },
    6,
  );
  await tx.run(
    `with r as materialized (select * from ${from}),
     balanced as (
       insert into item_balance (workspace_id, item_id, contract_id, quantity) select $1, id, $2, quantity from r),
     made as (
       insert into billable_items (workspace_id, id, kind, entry_id, entry_version, replaces_version, contract_id, client_id, project_id, phase_id, task_id,
         person_id, product_id, product_step, position, work_date, description, unit, raw_quantity, rounded_quantity, quantity, unit_price, amount, cost_amount, cost_currency, cost_conversion_id,
         currency, price_source, price_rule, flagged, included, contract_version, run_id)
       select $1, id, kind, entry_id, version,
         -- Versions that nothing was claimed of were never billed: the difference is to the last that was.
         case when version > 1 then (select max(b.version) from entry_balance b
           where b.workspace_id = $1 and b.entry_id = r.entry_id and b.version < r.version and b.claimed <> 0) end, $2, $3, project_id, phase_id, task_id, person_id, product_id, product_step,
         position, work_date, description, unit, raw_quantity, quantity, quantity, unit_price, amount, cost_amount, cost_currency, cost_conversion_id, $4, price_source, price_rule,
         flagged, included, contract_version, $5
       from r)
     insert into claims (workspace_id, entry_id, version, item_id, quantity, run_id)
     select $1, entry_id, version, id, raw_quantity, $5 from r`,
    [tx.workspaceId, contract.id, contract.clientId, contract.currency, runId, ...params],
  );
  const deltas = items
    .filter(({ candidate }) => candidate.kind === 'labor')
    .map(({ candidate, quantity }) => ({
      metric: 'open_seconds',
      key: candidate.projectId,
      value: String(-quantity),
    }));
  const pending = p.reduce((sum, row) => sum.plus(row.amount), new Decimal(0));
  await addDeltas(tx, [
    ...deltas,
    { metric: 'pending_amount', key: contract.currency, value: pending.toFixed() },
    ...historyDeltas(
      contract.id,
      items.map(({ candidate, priced }) => ({ kind: candidate.kind, amount: priced.amount })),
    ),
  ]);
  return ids;
}
