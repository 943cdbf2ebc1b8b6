/** Owns what the contract pass and the priced pass read: each fact once a chunk, and only where a clause asks for it. */
import type { ContractTimeline } from '../domain/contract-terms.ts';
import { addDays } from '../domain/day.ts';
import type { PriceBook } from '../domain/pricing/price-books.ts';
import { capPeriod } from '../domain/validation/cap-period.ts';
import type { Usage } from '../domain/validation/cap-use.ts';
import { type ContractFacts, contractPass, releaseKey } from '../domain/validation/contract-pass.ts';
import type { Finding } from '../domain/validation/entry-rules.ts';
import { sharedSeconds } from '../domain/validation/overlap.ts';
import { moneyCaps, type PricedFacts, pricedPass } from '../domain/validation/priced-pass.ts';
import type {
  ContractEntry,
  PricedEntry,
  PurchaseOrderUse,
  RuleSettings,
} from '../domain/validation/rule.ts';
import type { Day, DecimalText, EntryKind, Instant } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { ContractForBilling } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';
import { findReleased, type RaisedFinding } from './exceptions.ts';
import { historyKeys, historyOf, toHistory } from './item-history.ts';
import type { WorkedHours } from './overtime.ts';
import { shutPeriods } from './periods.ts';
import { usedOfOrder } from './purchase-orders.ts';
import { toRuleSettings } from './rule-settings.ts';
import type { TermsInUse } from './terms-in-use.ts';
import { workspaceNow } from './workspaces.ts';

/** What is the same for all chunks of a contract. */
export interface ContractChecks {
  contract: ContractForBilling;
  timeline: ContractTimeline;
  /** As events and overrides name who compiles. */
  actor: string;
  settings: RuleSettings;
  isHoliday: (day: Day) => boolean;
  budgets: PricedFacts['budgets'];
  purchaseOrder: PurchaseOrderUse | null;
  history: PricedFacts['history'];
  bookOf: (projectId: string) => PriceBook;
  /** Into the contract's currency; null where no rate is known. */
  rateOf: NonNullable<PriceBook['rateOf']>;
  /** A clause that bounds sums: one compile of the contract at a time, or two together would go beyond it. */
  hasLimits: boolean;
  /** Earlier runs found something that is open. */
  hasFindings: boolean;
}

export async function openChecks(
  tx: WorkspaceTx,
  opened: Pick<ContractChecks, 'contract' | 'timeline' | 'bookOf' | 'rateOf' | 'isHoliday' | 'actor'> & {
    inUse: TermsInUse;
  },
): Promise<ContractChecks> {
  const { inUse, ...known } = opened;
  const { contract, timeline } = known;
  const stored = await readStored(tx, contract.id, inUse);
  const budgets = new Map(stored.budgets.map(({ id, ...limits }) => [id, limits]));
  return {
    ...known,
    settings: toRuleSettings(stored.settings),
    budgets,
    purchaseOrder: stored.purchaseOrder,
    history: toHistory(stored.history),
    hasLimits:
      budgets.size > 0 || timeline.some((terms) => terms.caps.length > 0 || moneyCaps(terms).length > 0),
    hasFindings: stored.hasFindings,
  };
}

interface Stored {
  settings: Record<string, string> | null;
  budgets: { id: string; limitAmount: DecimalText | null; limitSeconds: number | null }[];
  /** The order that the contract names, with what invoices took of it. */
  purchaseOrder: PurchaseOrderUse | null;
  history: Parameters<typeof toHistory>[0];
  hasFindings: boolean;
}

/** In one statement: a run over many small contracts waits for each answer. */
async function readStored(tx: WorkspaceTx, contractId: string, inUse: TermsInUse): Promise<Stored> {
  const row = await tx.row<Stored>(
    `select (select w.settings -> 'ruleSettings' from workspaces w where w.id = $1) as settings,
       ${
         inUse.budgets
           ? `(select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'limitAmount', p.budget_amount::text, 'limitSeconds', p.budget_seconds)), '[]')
        from projects p where p.workspace_id = $1 and p.contract_id = $2 and (p.budget_amount is not null or p.budget_seconds is not null))`
           : `'[]'::jsonb`
       } as budgets,
       ${
         inUse.purchaseOrders
           ? `(select jsonb_build_object('number', o.number, 'currency', o.currency, 'limitAmount', o.limit_amount::text, 'usedAmount', ${usedOfOrder}::text)
        from contracts k join purchase_orders o on o.workspace_id = $1 and o.id = k.purchase_order_id
        where k.workspace_id = $1 and k.id = $2)`
           : 'null::jsonb'
       } as purchase_order,
       ${historyOf('$3')} as history,
       exists (select 1 from exceptions x where x.workspace_id = $1 and x.contract_id = $2 and x.status = 'open') as has_findings`,
    [tx.workspaceId, contractId, textArray(historyKeys(contractId))],
  );
  return row!;
}

/** What the contract's rules find, less what a person released: a warning blocks only until then. */
export async function findInContract(
  tx: WorkspaceTx,
  checks: ContractChecks,
  entries: readonly ContractEntry[],
  hours: readonly WorkedHours[],
): Promise<RaisedFinding[]> {
  if (entries.length === 0) return [];
  const facts = await readFacts(tx, checks, entries, hours);
  return afterReleases(tx, checks.contract.id, entries, (released) => contractPass(entries, facts, released));
}

/** What the rules find about prices, before anything is claimed. */
export async function findInPrices(
  tx: WorkspaceTx,
  checks: ContractChecks,
  parts: readonly PricedEntry[],
): Promise<RaisedFinding[]> {
  if (parts.length === 0) return [];
  const { contract, timeline, settings, budgets, purchaseOrder, history, bookOf } = checks;
  const facts: PricedFacts = {
    timeline,
    settings,
    currency: contract.currency,
    methodOf: (projectId, kind) => bookOf(projectId).methods[categoryOf[kind]] ?? null,
    hasCurrencyRate: (currency, day) => checks.rateOf(currency, day) !== null,
    usage: checks.hasLimits ? await readUsage(tx, checks, parts) : [],
    budgets,
    purchaseOrder,
    history,
  };
  return afterReleases(tx, contract.id, parts, (released) => pricedPass(parts, facts, released));
}

const categoryOf: Record<EntryKind, 'labor' | 'expenses' | 'mileage'> = {
  labor: 'labor',
  expense: 'expenses',
  goods: 'expenses',
  mileage_distance: 'mileage',
  mileage_time: 'mileage',
};

/** Runs a pass; where warnings of it were released as they are now, once more with these let in. */
async function afterReleases(
  tx: WorkspaceTx,
  contractId: string,
  entries: readonly Pick<ContractEntry, 'entryId' | 'version'>[],
  pass: (released: ReadonlySet<string>) => Map<string, Finding[]>,
): Promise<RaisedFinding[]> {
  const versions = new Map(entries.map((entry) => [entry.entryId, entry.version]));
  const released = new Set<string>();
  for (;;) {
    const found = toRaised(contractId, pass(released), versions);
    const again = await findReleased(
      tx,
      found.filter((finding) => finding.severity === 'W'),
    );
    if (again.size === 0) return found;
    // Letting one in may uncover a warning of the next, which may be released too: each round knows more, and so it ends.
    for (const key of again) released.add(key);
  }
}

function toRaised(
  contractId: string,
  found: Map<string, Finding[]>,
  versions: ReadonlyMap<string, number>,
): RaisedFinding[] {
  return [...found].flatMap(([entryId, findings]) =>
    findings.map(({ rule, severity, detail, tellsOnly }): RaisedFinding => {
      const version = versions.get(entryId)!;
      return {
        rule,
        severity,
        detail,
        subjectKey: `entry:${entryId}`,
        fingerprint: String(version),
        subjectType: 'entry',
        subjectId: entryId,
        contractId,
        tellsOnly,
        entries: [{ entryId, version }],
      };
    }),
  );
}

async function readFacts(
  tx: WorkspaceTx,
  checks: ContractChecks,
  entries: readonly ContractEntry[],
  hours: readonly WorkedHours[],
): Promise<ContractFacts> {
  const { contract, timeline } = checks;
  const hasCaps = timeline.some((terms) => terms.caps.some((cap) => cap.hours !== null));
  return {
    timeline,
    settings: checks.settings,
    approvalPolicy: contract.approvalPolicy,
    notBillableProjectIds: new Set(contract.projects.filter((row) => !row.billable).map((row) => row.id)),
    shutPeriods: await readShutPeriods(tx, checks, entries),
    closedPhases: await readClosedPhases(tx, entries),
    overlaps: await readOverlaps(tx, entries),
    invoicedThrough: timeline.some((terms) => terms.lateEntries === 'exception')
      ? await readInvoicedThrough(tx, contract)
      : new Map(),
    worked: timeline.some((terms) => terms.overtime?.needsPermission) ? hours : [],
    isHoliday: checks.isHoliday,
    withReceipt: timeline.some((terms) => terms.receiptFromAmount !== null)
      ? await readReceipts(tx, entries)
      : new Set(),
    usage: hasCaps ? await readUsage(tx, checks, entries) : [],
  };
}

async function readShutPeriods(
  tx: WorkspaceTx,
  { contract, actor }: ContractChecks,
  entries: readonly ContractEntry[],
): Promise<ContractFacts['shutPeriods']> {
  // Nearly always the books of time are open: one short question then.
  const shutting = await tx.row(
    `select 1 from periods where workspace_id = $1 and seller_id = $2 and area = 'time' and status <> 'open' limit 1`,
    [tx.workspaceId, contract.sellerId],
  );
  if (!shutting) return new Map();
  const days = [...new Set(entries.map((entry) => entry.workDate))];
  const postings = days.map((day) => ({ sellerId: contract.sellerId, day }));
  const shut = await shutPeriods(tx, 'time', postings, actor, await workspaceNow(tx));
  return new Map(
    shut.map(({ day, startsOn, endsBefore, status }) => [day, { startsOn, endsBefore, status }]),
  );
}

async function readClosedPhases(
  tx: WorkspaceTx,
  entries: readonly ContractEntry[],
): Promise<Map<string, string>> {
  const ids = [...new Set(entries.flatMap((entry) => entry.phaseId ?? []))];
  if (ids.length === 0) return new Map();
  const rows = await tx.rows<{ id: string; name: string }>(
    `select id, name from phases where workspace_id = $1 and id = any($2::uuid[]) and status = 'closed'`,
    [tx.workspaceId, plainArray(ids)],
  );
  return new Map(rows.map((row) => [row.id, row.name]));
}

/**
 * Of entries with a start and an end, another of the same person at the same time. Of two the later one is found: the
 * earlier goes on; unless the later was billed already.
 */
async function readOverlaps(
  tx: WorkspaceTx,
  entries: readonly ContractEntry[],
): Promise<ContractFacts['overlaps']> {
  const timed = entries.filter(
    (entry) =>
      entry.kind === 'labor' && entry.personId !== null && entry.startedAt !== null && entry.endedAt !== null,
  );
  if (timed.length === 0) return new Map();
  const { first, last } = stretchOf(timed);
  const suspects = new Set(
    (
      await tx.rows<{ entryId: string }>(
        // One walk along the hours of each person: nearly nobody is at two places at once.
        `select w.entry_id from unnest($2::uuid[]) as p(id)
         cross join lateral (
           select x.entry_id, x.started_at < max(x.ended_at) over before or x.ended_at > min(x.started_at) over after as meets
           from entry_versions x
           where x.workspace_id = $1 and x.person_id = p.id and x.work_date between $3::date - 1 and $4::date + 1 and x.kind = 'labor'
             and x.started_at is not null and x.ended_at is not null
           window before as (order by x.started_at, x.entry_id, x.version rows between unbounded preceding and 1 preceding),
             after as (order by x.started_at, x.entry_id, x.version rows between 1 following and 1 following) offset 0) w
         where w.meets`,
        [tx.workspaceId, plainArray([...new Set(timed.map((entry) => entry.personId))]), first, last],
      )
    ).map((row) => row.entryId),
  );
  const asked = timed.filter((entry) => suspects.has(entry.entryId));
  if (asked.length === 0) return new Map();
  const rows = await tx.rows<{ entryId: string; otherId: string; startedAt: Instant; endedAt: Instant }>(
    `select c.entry_id, o.entry_id as other_id, o.started_at, o.ended_at
     from unnest($2::uuid[], $3::uuid[], $4::date[], $5::timestamptz[], $6::timestamptz[]) as c(entry_id, person_id, work_date, started_at, ended_at)
     cross join lateral (
       select v.entry_id, v.started_at, v.ended_at from (
         select x.entry_id, x.version, x.started_at, x.ended_at from entry_versions x
         where x.workspace_id = $1 and x.person_id = c.person_id and x.work_date between c.work_date - 1 and c.work_date + 1
           and x.kind = 'labor' and x.entry_id <> c.entry_id and x.started_at < c.ended_at and x.ended_at > c.started_at offset 0) v
       cross join lateral (select 1 from work_entries e
         where e.workspace_id = $1 and e.id = v.entry_id and e.current_version = v.version and e.deleted_at is null offset 0) e
       where ((v.started_at, v.entry_id) < (c.started_at, c.entry_id) or exists (
           select 1 from entry_balance b where b.workspace_id = $1 and b.entry_id = v.entry_id and b.version = v.version and b.claimed <> 0))
       order by v.started_at, v.entry_id limit 1) o`,
    [
      tx.workspaceId,
      plainArray(asked.map((entry) => entry.entryId)),
      plainArray(asked.map((entry) => entry.personId)),
      plainArray(asked.map((entry) => entry.workDate)),
      plainArray(asked.map((entry) => entry.startedAt)),
      plainArray(asked.map((entry) => entry.endedAt)),
    ],
  );
  const byId = new Map(asked.map((entry) => [entry.entryId, entry]));
  return new Map(
    rows.map(({ entryId, otherId, ...other }) => {
      const { startedAt, endedAt } = byId.get(entryId)!;
      return [
        entryId,
        { entryId: otherId, seconds: sharedSeconds({ startedAt: startedAt!, endedAt: endedAt! }, other) },
      ];
    }),
  );
}

/** Of these expenses, those from a line of a ticket with a receipt. */
async function readReceipts(tx: WorkspaceTx, entries: readonly ContractEntry[]): Promise<Set<string>> {
  const expenses = entries.filter((entry) => entry.kind === 'expense');
  if (expenses.length === 0) return new Set();
  const rows = await tx.rows<{ entryId: string }>(
    `select x.entry_id from ticket_entries x
     join ticket_lines l on l.workspace_id = $1 and l.id = x.line_id and l.receipt_id is not null
     where x.workspace_id = $1 and x.entry_id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(expenses.map((entry) => entry.entryId))],
  );
  return new Set(rows.map((row) => row.entryId));
}

/** By project the last day that an issued invoice of the contract covers. */
async function readInvoicedThrough(tx: WorkspaceTx, contract: ContractForBilling): Promise<Map<string, Day>> {
  const rows = await tx.rows<{ projectId: string; through: Day }>(
    // A line over several projects names none: it may cover the days of any.
    `select p.project_id, max(l.service_to) as through from client_invoices i
     join invoice_lines l on l.workspace_id = $1 and l.invoice_id = i.id and l.service_to is not null
     cross join lateral unnest(case when l.project_id is not null then array[l.project_id]
       when l.item_count > 1 and l.kind in ('time', 'expense', 'mileage', 'goods', 'lump_sum') then $4::uuid[] end) as p(project_id)
     where i.workspace_id = $1 and i.client_id = $2 and i.contract_id = $3 and i.number is not null and i.status not in ('void', 'credited')
     group by 1`,
    [tx.workspaceId, contract.clientId, contract.id, plainArray(contract.projects.map(({ id }) => id))],
  );
  return new Map(rows.map((row) => [row.projectId, row.through]));
}

function stretchOf(entries: readonly { workDate: Day }[]): { first: Day; last: Day } {
  const days = entries.map((entry) => entry.workDate).sort();
  return { first: days[0]!, last: days.at(-1)! };
}

/**
 * What was compiled before, by day, project, phase and position, less what was written off; and what was used before go-live.
 * Only the days of the periods that these entries fall into, unless a limit is for the whole.
 */
function readUsage(
  tx: WorkspaceTx,
  { contract, timeline, budgets }: ContractChecks,
  entries: readonly { workDate: Day }[],
): Promise<Usage[]> {
  const caps = timeline.flatMap((terms) => [...terms.caps, ...moneyCaps(terms)]);
  const periods = caps.flatMap((cap) => (cap.per === 'period' ? [cap.period] : []));
  const isBounded = budgets.size === 0 && periods.length === caps.length;
  const { first, last } = stretchOf(entries);
  const from = periods.map((period) => capPeriod(first, period).startsOn).sort()[0] ?? first;
  const before =
    periods
      .map((period) => capPeriod(last, period).endsBefore)
      .sort()
      .at(-1) ?? addDays(last, 1);
  return tx.rows<Usage>(
    `select work_date, project_id, phase_id, position,
       coalesce(sum(raw_quantity) filter (where kind in ('labor', 'labor_overtime')), 0)::bigint as seconds, sum(amount) as amount
     from billable_items
     where workspace_id = $1 and contract_id = $2 and withdrawn_at is null and write_off_id is null
       and ($3::date is null or work_date >= $3 and work_date < $4) and project_id is not null
     group by 1, 2, 3, 4
     union all
     select o.used_on, o.project_id, o.phase_id, o.position,
       coalesce(sum(round(o.amount * 3600)) filter (where o.currency is null), 0)::bigint,
       coalesce(sum(o.amount) filter (where o.currency is not null), 0)
     from opening_balances o join opening_batches b on b.workspace_id = $1 and b.id = o.batch_id and b.status = 'in_effect'
     where o.workspace_id = $1 and o.contract_id = $2 and o.kind = 'cap_used' and ($3::date is null or o.used_on >= $3 and o.used_on < $4)
     group by 1, 2, 3, 4`,
    [tx.workspaceId, contract.id, isBounded ? from : null, before],
  );
}

/** Of open findings about these entries, those that no rule would make any more: `rule|entry:<id>`. */
export function noLongerFound(
  open: readonly { rule: string; entryId: string }[],
  found: readonly RaisedFinding[],
): Set<string> {
  const still = new Set(found.map((finding) => `${finding.rule}|${finding.subjectKey}`));
  return new Set(open.map(({ rule, entryId }) => releaseKey(rule, entryId)).filter((key) => !still.has(key)));
}
