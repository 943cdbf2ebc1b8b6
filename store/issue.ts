/** Owns issuing: the release gate, the snapshot, and the number given under the series' lock, in blocks. */
import { createHash } from 'node:crypto';
import { type ApprovalPolicy, billableApprovals } from '../domain/approval.ts';
import { whyNotByItself } from '../domain/auto-invoicing.ts';
import { changed } from '../domain/changed.ts';
import { addDays, laterDay, localDay } from '../domain/day.ts';
import { whyTooLate } from '../domain/latest-invoice-date.ts';
import { Decimal } from '../domain/money.ts';
import { counterStart, formatNumber, type NumberLimits, type SeriesReset } from '../domain/numbering.ts';
import type { TaxPointRule } from '../domain/tax.ts';
import { needsCreditNote } from '../domain/too-little.ts';
import { beforeGoLive, outsideContractDates } from '../domain/validation/contract-dates.ts';
import type { RuleSettings } from '../domain/validation/rule.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import {
  findPostedRates,
  type PostedRates,
  postedColumns,
  postedTypes,
  setPosted,
  usedRates,
} from './books-currency.ts';
import { atBuiltInPrice, saysUnconfirmed, unconfirmedCurrencies } from './built-in-prices.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { raiseFindings } from './exceptions.ts';
import {
  finishSnapshot,
  snapshotColumn,
  type TermsTemplate,
  termsTemplateColumn,
} from './invoice-snapshot.ts';
import { enqueueLooks } from './outbox.ts';
import { saysShut, shutPeriods } from './periods.ts';
import { releaseFinal } from './project-triggers.ts';
import { holdOrders, orderReasons, ordersOf } from './purchase-order-gate.ts';
import { tellNearlyUsed } from './purchase-orders.ts';
import { beyondBounds } from './safety-bounds.ts';
import { closeNumberFindings, type numberRules } from './series.ts';
import { askSignOffs, type SignOffTerms, unsigned } from './sign-offs.ts';
import { taxReasons } from './tax-gate.ts';
import { addDeltas } from './totals.ts';
import { movedParties, parties } from './uncompile.ts';

interface Draft {
  id: string;
  status: string;
  sellerId: string;
  clientId: string;
  contractId: string;
  currency: string;
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
  /** What its discounts take of its lines. */
  discounted: DecimalText;
  itemCount: number;
  taxPointRule: TaxPointRule;
  draftedTaxPoint: Day | null;
  quantitySeconds: number;
  serviceFrom: Day;
  serviceTo: Day;
  clientCode: string;
  /** The client is the own company. */
  internal: boolean;
  termsDays: number;
  approvalPolicy: ApprovalPolicy;
  contractStatus: string;
  startsOn: Day;
  endsBefore: Day | null;
  goLiveOn: Day;
  /** By the versions of the contract that count on the first and on the last day of service. */
  severitiesFrom: RuleSettings;
  severitiesTo: RuleSettings;
  purchaseOrderId: string | null;
  retentionPercentage: DecimalText | null;
  zone: string;
  /** Null where the seller has no series for invoices. */
  seriesId: string | null;
  lastIssueDate: Day | null;
  /** Of the platform that the contract's invoices go to. */
  targetConnector: string | null;
  snapshot: Record<string, unknown>;
  /** Of the seller's books, and of its tax office where that wants another. */
  functionalCurrency: string;
  taxCurrency: string | null;
  termsTemplate: TermsTemplate | null;
  /** Where the contract asks for the client's sign-off. */
  signOff: SignOffTerms | null;
  autoSync: boolean;
  /** The client's, where no person pulled the trigger. */
  autoLimit: DecimalText | null;
  clientCurrency: string;
  /** The seller's, where no person pulled the trigger. */
  autoLatestDays: number | null;
}
export interface IssuedBlock {
  issued: number;
  held: number;
  net: Record<string, string>;
}

/**
 * Drafts and ready invoices of a run that may still be issued, oldest first. Held ones wait for a person, and where nobody
 * pulled the trigger by hand, so do those of a client that is not active or has auto-invoicing off.
 */
export async function issuableInvoices(tx: WorkspaceTx, runId: string, limit: number): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select i.id from client_invoices i
     join runs r on r.workspace_id = $1 and r.id = i.run_id
     join clients c on c.workspace_id = $1 and c.id = i.client_id
     where i.workspace_id = $1 and i.run_id = $2 and i.status in ('draft', 'ready')
       and (r.trigger = 'by_hand' or c.auto_invoicing and c.status = 'active')
     order by i.id limit $3`,
    [tx.workspaceId, runId, limit],
  );
  return rows.map((row) => row.id);
}

/**
 * Issues the given drafts. Lock order: entry balances by id, invoices by id, purchase orders by id, series last. An invoice
 * that fails the gate is held with the reason; the others are issued. Repeating it issues nothing twice: only drafts and ready
 * invoices are taken.
 *
 * What its client has to sign off first is asked for instead, and waits in sign-off.
 *
 * With a `releaseReason` held invoices are taken too, and items without a price go out at 0.00, as does what a contract that
 * is no longer active or a purchase order does not cover: that is a person's to decide. What changed, lost its approval, lies
 * outside the contract's dates or falls into closed books is never released, nor is a number that its platform would refuse
 * (`limits`) or that another document has.
 *
 * `byItself`: no person looks at them one by one. Beyond its client's limit, and past a latest invoice date, an invoice is then held, where nobody
 * asked for its run.
 */
export async function issueInvoices(
  tx: WorkspaceTx,
  invoiceIds: string[],
  actor: string,
  now: Instant,
  releaseReason: string | null = null,
  limits: NumberLimits = new Map(),
  byItself = false,
): Promise<IssuedBlock> {
  const ids = plainArray(invoiceIds);
  // Every row that a block looks up is another one: remembering them costs more than it finds again.
  await tx.run('set local enable_memoize = off');
  await tx.run(
    `select count(*) from (
       select 1 from (
         select distinct i.entry_id from allocations a
         cross join lateral (
           select x.entry_id from billable_items x where x.workspace_id = $1 and x.id = a.item_id and x.entry_id is not null offset 0) i
         where a.workspace_id = $1 and a.invoice_id = any($2::uuid[]) order by 1) e
       cross join lateral (
         select 1 from entry_balance b where b.workspace_id = $1 and b.entry_id = e.entry_id order by b.version for no key update) l) locked`,
    [tx.workspaceId, ids],
  );
  const taken = await readDrafts(tx, ids, releaseReason === null ? takenByRuns : takenOnRelease);
  // Whoever releases answers for the client too.
  const asking = releaseReason === null ? await unsigned(tx, taken) : [];
  await askSignOffs(tx, asking, actor, now);
  const drafts = taken.filter((draft) => !asking.includes(draft));
  const reasons = await gateReasons(tx, drafts, actor, now, releaseReason !== null);
  for (const draft of drafts)
    if (draft.seriesId === null) reasons.set(draft.id, draft.internal ? noInternalSeries : noSeries);
  addReasons(reasons, await taxReasons(tx, drafts, (draft) => issueDateOf(draft as Draft, now)));
  if (releaseReason === null) addReasons(reasons, await beyondBounds(tx, drafts));
  if (byItself)
    addReasons(
      reasons,
      new Map(
        drafts.map((draft) => [
          draft.id,
          [whyNotByItself(draft) ?? [], whyTooLate(draft, issueDateOf(draft, now)) ?? []].flat(),
        ]),
      ),
    );
  await holdOrders(tx, drafts);
  if (releaseReason === null)
    addReasons(
      reasons,
      await orderReasons(
        tx,
        drafts.filter((draft) => !reasons.has(draft.id)),
      ),
    );
  const { rates, missing } = await findPostedRates(tx, drafts, (draft) => issueDateOf(draft, now));
  for (const [id, why] of missing)
    reasons.set(id, [reasons.get(id) ?? [], `${why}: enter it, then issue again`].flat().join('; '));
  const held = drafts.filter((draft) => reasons.has(draft.id));
  await holdInvoices(
    tx,
    held.map((draft) => ({ id: draft.id, reason: reasons.get(draft.id)! })),
    actor,
  );
  const numberable = drafts.filter((draft) => !reasons.has(draft.id));
  const bySeries = Map.groupBy(numberable, (draft) => draft.seriesId!);
  const unnumbered: Unnumbered[] = [];
  for (const seriesId of [...bySeries.keys()].sort())
    unnumbered.push(
      ...(await numberBlock(tx, seriesId, bySeries.get(seriesId)!, { rates, actor, now, limits })),
    );
  await holdUnnumbered(tx, unnumbered, actor);
  const refused = new Set(unnumbered.map(({ draft }) => draft));
  const passing = numberable.filter((draft) => !refused.has(draft));
  if (releaseReason !== null) await releaseHolds(tx, passing, actor, releaseReason);
  await releaseFinal(
    tx,
    passing.filter(isRetained).map((draft) => draft.contractId),
    actor,
  );
  await tellNearlyUsed(tx, ordersOf(passing));
  const net: Record<string, string> = {};
  for (const draft of passing)
    net[draft.currency] = new Decimal(net[draft.currency] ?? 0).plus(draft.net).toFixed();
  return { issued: passing.length, held: held.length + unnumbered.length, net };
}

function addReasons(reasons: Map<string, string>, more: ReadonlyMap<string, readonly string[]>): void {
  for (const [id, why] of more)
    if (why.length > 0) reasons.set(id, [reasons.get(id) ?? [], why].flat().join('; '));
}

const noSeries = 'the seller has no number series for invoices';
const noInternalSeries =
  'the seller has no number series named internal, which invoices to the own company need';
const takenByRuns = ['draft', 'ready'];
const takenOnRelease = [...takenByRuns, 'held'];

/** What the contract `k` makes of rules by its version that counts on the day. */
const severitiesOn = (day: string) => `(k.severities || coalesce((
         select v.clauses -> 'severities' from contract_versions v
         where v.workspace_id = $1 and v.contract_id = k.id and v.starts_on <= ${day} order by v.starts_on desc limit 1), k.clauses -> 'severities', '{}'))`;

async function readDrafts(tx: WorkspaceTx, ids: string, statuses: string[]): Promise<Draft[]> {
  return tx.rows<Draft>(
    `select i.id, i.status, i.seller_id, i.client_id, i.contract_id, i.currency, i.net, i.tax, i.total, i.discounted, i.item_count, s.tax_point_rule, i.terms ->> 'taxPoint' as drafted_tax_point, i.quantity_seconds, i.service_from, i.service_to,
       c.code as client_code, c.internal, coalesce((i.terms ->> 'paymentTermsDays')::int, c.payment_terms_days) as terms_days, k.approval_policy, k.status as contract_status, k.starts_on, k.ends_before, k.go_live_on,
       w.rules || ${severitiesOn('i.service_from')} as severities_from, w.rules || ${severitiesOn('i.service_to')} as severities_to,
       k.purchase_order_id, i.terms ->> 'retentionPercentage' as retention_percentage, s.zone, r.id as series_id, r.last_issue_date, k.target_connection_id is not null as auto_sync, t.connector as target_connector,
       s.functional_currency, s.tax_currency, ${snapshotColumn} as snapshot, ${termsTemplateColumn} as terms_template, i.terms -> 'signOff' as sign_off,
       c.currency as client_currency, case when c.auto_invoice_limit is not null and (
         select u.trigger from runs u where u.workspace_id = $1 and u.id = i.run_id) <> 'by_hand' then c.auto_invoice_limit end as auto_limit,
       case when s.latest_invoice_days is not null and (
         select u.trigger from runs u where u.workspace_id = $1 and u.id = i.run_id) <> 'by_hand' then s.latest_invoice_days end as auto_latest_days
     from client_invoices i
     join clients c on c.workspace_id = $1 and c.id = i.client_id
     join contracts k on k.workspace_id = $1 and k.id = i.contract_id
     join sellers s on s.workspace_id = $1 and s.id = i.seller_id
     cross join (select coalesce((select x.settings -> 'ruleSettings' from workspaces x where x.id = $1), '{}') as rules) w
     left join connections t on t.workspace_id = $1 and t.id = k.target_connection_id
     left join series r on r.workspace_id = $1 and r.seller_id = i.seller_id and r.document_type = 'invoice'
       and r.name = case when c.internal then 'internal' else 'default' end
     where i.workspace_id = $1 and i.id = any($2::uuid[]) and i.status = any($3::text[])
     order by i.id for no key update of i for key share of c`,
    [tx.workspaceId, ids, statuses],
  );
}

const partiesOf = parties.map((name) => `x.${name}`).join(', ');

/**
 * Why an invoice may not be issued now: read under the entries' locks, so no edit can slip in between. An entry that changed
 * after its item was compiled passes once its difference is released and compiled too: item and difference are its hours.
 * That holds for its quantity only: work that moved to another client, project, person or day would go out to the wrong one.
 */
async function gateReasons(
  tx: WorkspaceTx,
  drafts: Draft[],
  actor: string,
  now: Instant,
  isReleased: boolean,
): Promise<Map<string, string>> {
  const rows = await tx.rows<{
    invoiceId: string;
    stale: number;
    moved: number;
    unapproved: number;
    excepted: number;
    flagged: number;
    twice: number;
    atBuiltIn: boolean;
    allocated: DecimalText;
  }>(
    `select g.id as invoice_id,
       count(*) filter (where g.stale)::int as stale,
       count(*) filter (where g.moved)::int as moved,
       count(*) filter (where g.excepted)::int as excepted,
       count(*) filter (where g.unapproved)::int as unapproved,
       count(*) filter (where g.flagged)::int as flagged,
       -- Overtime and differences to what was billed before are items of the same entry by right.
       (count(g.entry_id) filter (where g.whole) - count(distinct g.entry_id) filter (where g.whole))::int as twice,
       bool_or(g.at_built_in) as at_built_in,
       sum(g.amount) as allocated
     from (
       -- Judged item by item, so that little of each is sorted.
       select d.id, i.entry_id, i.whole, i.flagged, i.at_built_in, a.amount,
         e.current_version <> i.entry_version and (x.open or b.claimed <> b.quantity) as stale,
         e.current_version <> i.entry_version and ${movedParties('v', 'w')} as moved,
         e.current_version = i.entry_version and x.open as excepted,
         i.entry_id is not null and (e.deleted or not $4::jsonb -> d.policy ? v.approval
           or d.policy = 'approved' and v.approved_hash is distinct from v.content_hash) as unapproved
     from unnest($2::uuid[], $3::text[]) as d(id, policy)
     cross join lateral (
       select x.item_id, sum(x.amount) as amount from allocations x where x.workspace_id = $1 and x.invoice_id = d.id
       group by 1 having sum(x.quantity) <> 0 offset 0) a
     cross join lateral (
       select x.entry_id, x.entry_version, x.flagged, x.kind <> 'labor_overtime' and x.replaces_version is null as whole, ${atBuiltInPrice} as at_built_in from billable_items x where x.workspace_id = $1 and x.id = a.item_id offset 0) i
     left join lateral (
       select x.current_version, x.deleted_at is not null as deleted from work_entries x where x.workspace_id = $1 and x.id = i.entry_id offset 0) e on true
     left join lateral (
       select ${partiesOf}, x.approval, x.approved_hash, x.content_hash from entry_versions x
       where x.workspace_id = $1 and x.entry_id = i.entry_id and x.version = e.current_version offset 0) v on true
     -- Looked up only for an entry that has a later version than its item.
     left join lateral (
       select ${partiesOf} from entry_versions x
       where e.current_version <> i.entry_version and x.workspace_id = $1 and x.entry_id = i.entry_id and x.version = i.entry_version offset 0) w on true
     left join lateral (
       select x.quantity, x.claimed from entry_balance x
       where e.current_version <> i.entry_version and x.workspace_id = $1 and x.entry_id = i.entry_id and x.version = e.current_version offset 0) b on true
     left join lateral (
       select true as open from exception_entries x
       where x.workspace_id = $1 and x.entry_id = i.entry_id and x.version = e.current_version and x.open limit 1) x on true
     offset 0) g
     group by 1`,
    [
      tx.workspaceId,
      plainArray(drafts.map((draft) => draft.id)),
      plainArray(drafts.map((draft) => draft.approvalPolicy)),
      JSON.stringify(billableApprovals),
    ],
  );
  const found = new Map(rows.map((row) => [row.invoiceId, row]));
  const moves = await firstMoves(
    tx,
    rows.filter((row) => row.moved > 0).map((row) => row.invoiceId),
  );
  const closed = await closedPeriods(tx, drafts, actor, now);
  const unconfirmed = await unconfirmedCurrencies(
    tx,
    drafts.filter((draft) => found.get(draft.id)?.atBuiltIn).map((draft) => draft.currency),
  );
  const reasons = new Map<string, string>();
  for (const draft of drafts) {
    const row = found.get(draft.id);
    if (!row) {
      reasons.set(draft.id, 'nothing is left on it');
      continue;
    }
    const why = contractReasons(draft, isReleased);
    const period = closed.get(draft.id);
    if (period) why.push(period);
    if (row.stale > 0) why.push(`${row.stale} entries changed after they were compiled`);
    if (row.moved > 0)
      why.push(
        `${row.moved} entries moved after they were compiled (${moves.get(draft.id)}): discard the draft, and the next run compiles them anew`,
      );
    if (row.excepted > 0) why.push(`${row.excepted} entries have an open exception`);
    if (row.unapproved > 0) why.push(`${row.unapproved} entries are no longer approved`);
    if (row.flagged > 0 && !isReleased) why.push(`${row.flagged} items have no price`);
    if (row.atBuiltIn && unconfirmed.has(draft.currency)) why.push(saysUnconfirmed(draft.currency));
    const ofLines = new Decimal(draft.net).plus(draft.discounted);
    if (!ofLines.eq(row.allocated))
      why.push(`lines add up to ${ofLines.toFixed()} but allocations to ${row.allocated}`);
    if (row.twice > 0) why.push(`${row.twice} entries are on it twice`);
    if (new Decimal(draft.total).lt(0)) why.push(needsCreditNote);
    if (why.length > 0) reasons.set(draft.id, why.join('; '));
  }
  return reasons;
}

/** As in the contract pass of a run: what changed in the contract since the draft counts too, and a warning was released there. */
function contractReasons(draft: Draft, isReleased: boolean): string[] {
  const why: string[] = [];
  const { contractStatus, serviceFrom, serviceTo, startsOn, endsBefore, goLiveOn } = draft;
  const isError = (rule: { code: string }, severities: RuleSettings) =>
    (severities[rule.code] ?? 'E') === 'E';
  if (contractStatus !== 'active' && !isReleased) why.push(`the contract is ${contractStatus}`);
  if (
    (serviceFrom < startsOn && isError(outsideContractDates, draft.severitiesFrom)) ||
    (endsBefore !== null && serviceTo >= endsBefore && isError(outsideContractDates, draft.severitiesTo))
  )
    why.push(`${serviceFrom} to ${serviceTo} is outside the contract's dates`);
  if (serviceFrom < goLiveOn && isError(beforeGoLive, draft.severitiesFrom))
    why.push(`${serviceFrom} is before the contract's go-live on ${goLiveOn}`);
  return why;
}

const issueDateOf = (draft: Draft, now: Instant): Day => {
  const today = localDay(now, draft.zone);
  return draft.lastIssueDate ? laterDay(today, draft.lastIssueDate) : today;
};

/** By invoice, the billing period of its seller that does not take the day of issue from this actor. */
async function closedPeriods(
  tx: WorkspaceTx,
  drafts: Draft[],
  actor: string,
  now: Instant,
): Promise<Map<string, string>> {
  const postings = drafts.map((draft) => ({ sellerId: draft.sellerId, day: issueDateOf(draft, now) }));
  const shut = await shutPeriods(tx, 'billing', postings, actor, now);
  return new Map(
    drafts.flatMap((draft, index) => {
      const { sellerId, day } = postings[index]!;
      const period = shut.find((row) => row.sellerId === sellerId && row.day === day);
      return period ? [[draft.id, saysShut(period)]] : [];
    }),
  );
}

/** Of each invoice the first entry that moved, as "client, project, person, day → the same now". */
async function firstMoves(tx: WorkspaceTx, invoiceIds: string[]): Promise<Map<string, string>> {
  if (invoiceIds.length === 0) return new Map();
  const named = (version: string) =>
    `(select concat_ws(', ', c.name, p.code, h.name, ${version}.position, ${version}.work_date) from (select) o
       left join clients c on c.workspace_id = $1 and c.id = ${version}.client_id
       left join projects p on p.workspace_id = $1 and p.id = ${version}.project_id
       left join people h on h.workspace_id = $1 and h.id = ${version}.person_id)`;
  const rows = await tx.rows<{ invoiceId: string; move: string }>(
    `select d.id as invoice_id, m.move from unnest($2::uuid[]) as d(id)
     cross join lateral (
       select ${named('w')} || ' → ' || ${named('v')} as move
       from allocations a
       join billable_items i on i.workspace_id = $1 and i.id = a.item_id
       join work_entries e on e.workspace_id = $1 and e.id = i.entry_id and e.current_version <> i.entry_version
       join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
       join entry_versions w on w.workspace_id = $1 and w.entry_id = e.id and w.version = i.entry_version
       where a.workspace_id = $1 and a.invoice_id = d.id and ${movedParties('v', 'w')} order by i.id limit 1) m`,
    [tx.workspaceId, plainArray(invoiceIds)],
  );
  return new Map(rows.map((row) => [row.invoiceId, row.move]));
}

async function releaseHolds(
  tx: WorkspaceTx,
  released: Draft[],
  actor: string,
  reason: string,
): Promise<void> {
  if (released.length === 0) return;
  await tx.run(
    `update exceptions set status = 'released', closed_at = ${sqlNow}, closed_by = $3, close_reason = $4
     where workspace_id = $1 and rule = 'invoice.held' and subject_key = any($2::text[]) and status = 'open'`,
    [tx.workspaceId, textArray(released.map((draft) => `invoice:${draft.id}`)), actor, reason],
  );
  await closeNumberFindings(
    tx,
    [...new Set(released.map((draft) => draft.seriesId!))],
    'its invoices have numbers now',
  );
  await recordEvents(
    tx,
    released.map((draft) => ({
      type: 'invoice.released',
      subjectType: 'client_invoice',
      subjectId: draft.id,
      actor,
      permission: 'invoices.read',
      payload: { reason, was: draft.status },
    })),
  );
}

/** Whatever has no number by now; what somebody discarded or issued meanwhile stays as it is. */
export async function holdInvoices(
  tx: WorkspaceTx,
  wanted: { id: string; reason: string }[],
  actor: string,
): Promise<void> {
  if (wanted.length === 0) return;
  const was = await tx.rows<{ id: string; status: string; holdReason: string | null }>(
    `update client_invoices i set status = 'held', hold_reason = r.reason from unnest($2::uuid[], $3::text[]) as r(id, reason)
     where i.workspace_id = $1 and i.id = r.id and i.number is null and i.status <> 'discarded' returning i.id, old.status, old.hold_reason`,
    [tx.workspaceId, plainArray(wanted.map((h) => h.id)), textArray(wanted.map((h) => h.reason))],
  );
  const wasOf = new Map(was.map(({ id, ...row }) => [id, row]));
  const held = wanted.filter(({ id }) => wasOf.has(id));
  await raiseFindings(
    tx,
    held.map((h) => ({
      rule: 'invoice.held',
      severity: 'W',
      subjectKey: `invoice:${h.id}`,
      fingerprint: h.reason,
      subjectType: 'client_invoice',
      subjectId: h.id,
      detail: { reason: h.reason },
      entries: [],
    })),
  );
  await recordEvents(
    tx,
    held.map((h) => ({
      type: 'invoice.held',
      subjectType: 'client_invoice',
      subjectId: h.id,
      actor,
      permission: 'invoices.read',
      payload: { reason: h.reason },
      ...changed(wasOf.get(h.id) ?? {}, { status: 'held', holdReason: h.reason }),
    })),
  );
}

/** A draft that its series could not number. */
interface Unnumbered {
  draft: Draft;
  rule: (typeof numberRules)[number];
  reason: string;
  detail: Record<string, string | number>;
}

/** Holds them, with one exception a series: what is wrong is the pattern, for all of its invoices. */
async function holdUnnumbered(tx: WorkspaceTx, unnumbered: Unnumbered[], actor: string): Promise<void> {
  if (unnumbered.length === 0) return;
  await holdInvoices(
    tx,
    unnumbered.map(({ draft, reason }) => ({ id: draft.id, reason })),
    actor,
  );
  const oneASeries = new Map(unnumbered.map((each) => [`${each.rule} ${each.draft.seriesId}`, each]));
  await raiseFindings(
    tx,
    [...oneASeries.values()].map(({ draft, rule, detail }) => ({
      rule,
      severity: 'E' as const,
      subjectKey: `series:${draft.seriesId}`,
      fingerprint: '',
      subjectType: 'series' as const,
      subjectId: draft.seriesId,
      detail,
      entries: [],
    })),
  );
}

interface LockedSeries {
  sellerId: string;
  pattern: string;
  nextNumber: number;
  lastIssueDate: Day | null;
  prefix: string;
  reset: SeriesReset;
  counterBase: number;
  counterPeriod: string | null;
}

/**
 * Numbers for the drafts in their order, without a gap: where a draft cannot have its number, the next one is given it.
 * A number may be another invoice's: of a series whose pattern meets this one, or of this one before its pattern changed.
 */
async function giveNumbers(
  tx: WorkspaceTx,
  series: LockedSeries,
  drafts: Draft[],
  limits: NumberLimits,
  at: { issueDate: Day; counterBase: number },
): Promise<{ numbered: { draft: Draft; sequence: number; number: string }[]; unnumbered: Unnumbered[] }> {
  const unnumbered: Unnumbered[] = [];
  let left = drafts;
  for (;;) {
    const numbered: { draft: Draft; sequence: number; number: string }[] = [];
    for (const draft of left) {
      const sequence = series.nextNumber + numbered.length;
      const number = formatNumber(series.pattern, {
        prefix: series.prefix,
        clientCode: draft.clientCode,
        issueDate: at.issueDate,
        sequence: sequence - at.counterBase,
      });
      const limit = draft.targetConnector === null ? undefined : limits.get(draft.targetConnector);
      if (limit === undefined || number.length <= limit) numbered.push({ draft, sequence, number });
      else unnumbered.push(tooLong(draft, series.pattern, number, limit));
    }
    const rows = await tx.rows<{ number: string }>(
      'select number from client_invoices where workspace_id = $1 and seller_id = $2 and number = any($3::text[])',
      [tx.workspaceId, series.sellerId, textArray(numbered.map((each) => each.number))],
    );
    if (rows.length === 0) return { numbered, unnumbered };
    const taken = new Set(rows.map((row) => row.number));
    for (const { draft, number } of numbered)
      if (taken.has(number)) unnumbered.push(numberTaken(draft, series.pattern, number));
    left = numbered.filter(({ number }) => !taken.has(number)).map(({ draft }) => draft);
  }
}

const tooLong = (draft: Draft, pattern: string, number: string, limit: number): Unnumbered => ({
  draft,
  rule: 'number.too_long',
  reason: `its number ${number} has ${number.length} characters, and ${draft.targetConnector} takes ${limit}: shorten the pattern ${pattern}`,
  detail: { number, length: number.length, limit, connector: draft.targetConnector!, pattern },
});
const numberTaken = (draft: Draft, pattern: string, number: string): Unnumbered => ({
  draft,
  rule: 'number.taken',
  reason: `its number ${number} is another invoice's of this seller: change the pattern ${pattern}`,
  detail: { number, pattern },
});

const isRetained = ({ retentionPercentage, net }: Draft) =>
  new Decimal(retentionPercentage ?? 0).gt(0) && new Decimal(net).gt(0);

/** Held back until the work is complete: receivable, but not due (BILLING §1). */
async function holdRetentions(tx: WorkspaceTx, drafts: readonly Draft[]): Promise<void> {
  const held = drafts.filter(isRetained);
  if (held.length === 0) return;
  await tx.run(
    `insert into retentions (workspace_id, invoice_id, amount)
     select $1, i.id, round(i.net * (i.terms ->> 'retentionPercentage')::numeric / 100, (i.terms #>> '{rounding,moneyPlaces}')::int)
     from client_invoices i where i.workspace_id = $1 and i.id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(held.map((draft) => draft.id))],
  );
}

/** Of an invoice `i` that is issued on `$3`: as `taxPointOf` (domain/tax.ts). */
const taxPoints: Record<TaxPointRule, string> = {
  service_to: 'i.service_to',
  issue_date: '$3',
  earlier_of_both: 'least(i.service_to, $3)',
  payment: '$3',
};

/**
 * The series row is the last lock: numbers are gap-free and dates never run backwards, whoever else is issuing. Answers the
 * drafts that it could not number, which stay as they are.
 */
async function numberBlock(
  tx: WorkspaceTx,
  seriesId: string,
  drafts: Draft[],
  at: { rates: ReadonlyMap<string, PostedRates>; actor: string; now: Instant; limits: NumberLimits },
): Promise<Unnumbered[]> {
  const { rates, actor, now, limits } = at;
  const series = (await tx.row<LockedSeries>(
    `select seller_id, pattern, next_number, last_issue_date, prefix, reset, counter_base, counter_period
     from series where workspace_id = $1 and id = $2 for update`,
    [tx.workspaceId, seriesId],
  ))!;
  const today = localDay(now, drafts[0]!.zone);
  const issueDate = series.lastIssueDate ? laterDay(today, series.lastIssueDate) : today;
  const start = counterStart(series, series.reset, series.nextNumber, issueDate);
  const given = await giveNumbers(tx, series, drafts, limits, { issueDate, counterBase: start.counterBase });
  if (given.numbered.length === 0) return given.unnumbered;
  const numbered = given.numbered.map(({ draft, sequence, number }) => {
    const dueDate = addDays(issueDate, draft.termsDays);
    const used = rates.get(draft.id);
    const drawn = used ? { ...draft, snapshot: { ...draft.snapshot, rates: usedRates(used) } } : draft;
    const snapshot = JSON.stringify(finishSnapshot(drawn, { number, issueDate, dueDate, issuedBy: actor }));
    const contentHash = createHash('sha256')
      .update(`${number}|${issueDate}|${draft.net}|${draft.tax}|${draft.total}|${snapshot}`)
      .digest('hex');
    return { draft, sequence, number, dueDate, snapshot, contentHash };
  });
  const posted = await postedColumns(
    tx,
    numbered.map((n) => n.draft),
    rates,
  );
  await tx.run(
    // What comes to nothing is owed by nobody.
    `update client_invoices i set status = case when i.total = 0 then 'settled' else 'issued' end, settled_at = case when i.total = 0 then $4::timestamptz end, hold_reason = null, series_id = $2, number = r.number, sequence = r.sequence, issue_date = $3, tax_point = ${taxPoints[drafts[0]!.taxPointRule]},
       posting_date = $3, due_date = r.due_date, internal = r.internal, purchase_order_id = r.purchase_order_id, snapshot = r.snapshot, content_hash = decode(r.content_hash, 'hex'), issued_at = $4,
       ${setPosted}
     from unnest($5::uuid[], $6::text[], $7::bigint[], $8::date[], $9::jsonb[], $10::text[], $11::uuid[], $12::boolean[],
         ${Object.values(postedTypes)
           .map((type, index) => `$${13 + index}::${type}[]`)
           .join(', ')})
       as r(id, number, sequence, due_date, snapshot, content_hash, purchase_order_id, internal, ${Object.keys(postedTypes).join(', ')})
     where i.workspace_id = $1 and i.id = r.id`,
    [
      tx.workspaceId,
      seriesId,
      issueDate,
      now,
      plainArray(numbered.map((n) => n.draft.id)),
      textArray(numbered.map((n) => n.number)),
      plainArray(numbered.map((n) => n.sequence)),
      plainArray(numbered.map((n) => n.dueDate)),
      textArray(numbered.map((n) => n.snapshot)),
      plainArray(numbered.map((n) => n.contentHash)),
      plainArray(numbered.map((n) => n.draft.purchaseOrderId)),
      plainArray(numbered.map((n) => n.draft.internal)),
      ...posted,
    ],
  );
  await holdRetentions(
    tx,
    numbered.map((n) => n.draft),
  );
  await tx.run(
    `update series set next_number = next_number + $3, last_issue_date = $4, counter_base = $5, counter_period = $6
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, seriesId, numbered.length, issueDate, start.counterBase, start.counterPeriod],
  );
  await tx.run(
    `insert into sync_records (workspace_id, connection_id, subject_type, subject_id, status)
     select $1, k.target_connection_id, 'client_invoice', i.id, 'queued'
     from client_invoices i join contracts k on k.workspace_id = $1 and k.id = i.contract_id
     where i.workspace_id = $1 and i.id = any($2::uuid[]) and k.target_connection_id is not null
     on conflict (workspace_id, connection_id, subject_type, subject_id) do nothing`,
    [tx.workspaceId, plainArray(numbered.map((n) => n.draft.id))],
  );
  await recordEvents(
    tx,
    numbered.map((n) => ({
      type: 'invoice.issued',
      subjectType: 'client_invoice',
      subjectId: n.draft.id,
      actor,
      permission: 'invoices.read',
      payload: {
        number: n.number,
        issueDate,
        dueDate: n.dueDate,
        net: n.draft.net,
        total: n.draft.total,
        currency: n.draft.currency,
      },
      before: { status: n.draft.status },
      after: { status: 'issued', number: n.number },
    })),
  );
  await addDeltas(
    tx,
    numbered.flatMap(({ draft }) => [
      { metric: 'drafted_net', key: draft.currency, value: new Decimal(draft.net).negated().toFixed() },
      // What the own company is charged is no revenue.
      { metric: draft.internal ? 'internal_net' : 'issued_net', key: draft.currency, value: draft.net },
      { metric: 'receivable', key: draft.currency, value: draft.total },
      { metric: 'issued_invoices', key: '', value: '1' },
    ]),
  );
  await enqueueLooks(
    tx,
    numbered.map(({ draft }) => ({
      subjectType: 'client_invoice' as const,
      subjectId: draft.id,
      lane: 'interactive' as const,
      reason: 'issued',
    })),
  );
  return given.unnumbered;
}
