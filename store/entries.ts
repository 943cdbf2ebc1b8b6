/** Owns reading work entries: lists, one with everything that became of it, and the facts that decide its billing. */
import type { InvoiceStatus } from '../domain/invoice.ts';
import type { ClaimFacts } from '../domain/why-not-billed.ts';
import type { ApprovalState, Day, DecimalText, EntryKind } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { RunScope } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';

/**
 * Where an entry stands: `open` may be claimed by the next run, `excepted` would be but for an open exception,
 * `claimed` is priced, `billed` is on an issued invoice, `not_billable` offers nothing.
 */
export const entryStatuses = ['open', 'excepted', 'claimed', 'billed', 'not_billable', 'deleted'] as const;
export type EntryStatus = (typeof entryStatuses)[number];

export interface EntryRow {
  id: string;
  status: EntryStatus;
  version: number;
  externalId: string;
  sourceId: string;
  sourceName: string;
  kind: EntryKind;
  workDate: Day;
  zone: string | null;
  startedAt: string | null;
  endedAt: string | null;
  /** Raw units by kind: seconds, metres, cents, counts. */
  quantity: number;
  /** Raw units that a run may still claim, signed. */
  open: number;
  /** Raw units claimed over all versions, signed. */
  claimed: number;
  billable: boolean;
  running: boolean;
  approval: ApprovalState;
  settledElsewhere: boolean;
  notes: string | null;
  position: string | null;
  personId: string | null;
  personName: string | null;
  clientId: string | null;
  clientName: string | null;
  projectId: string | null;
  projectName: string | null;
  taskId: string | null;
  taskName: string | null;
}

const openException = `exists (select from exception_entries x
  where x.workspace_id = e.workspace_id and x.entry_id = e.id and x.version = e.current_version and x.open)`;
// What a void gives back counts no more: the sum over one invoice's allocations is then zero.
const onIssuedLine = `exists (
  select from claims i cross join lateral (
    select from allocations a join client_invoices n on n.workspace_id = a.workspace_id and n.id = a.invoice_id and n.number is not null
    where a.workspace_id = i.workspace_id and a.item_id = i.item_id group by a.invoice_id having sum(a.quantity) <> 0) held
  where i.workspace_id = e.workspace_id and i.entry_id = e.id)`;

// Every table is reached by its key (lateral, not flattened), whatever the statistics know of a new workspace yet.
const selectEntries = (ids: string) => `
  select e.id, st.status, e.current_version as version, e.external_id, e.source_id, s.name as source_name, v.kind, v.work_date, v.zone,
    v.started_at, v.ended_at, v.quantity, b.quantity - b.claimed as open, k.claimed, v.billable, v.running, v.approval, v.settled_elsewhere,
    v.notes, v.position, v.person_id, p.name as person_name, v.client_id, c.name as client_name, v.project_id, j.name as project_name,
    v.task_id, t.name as task_name
  from (${ids}) w
  cross join lateral (select x.* from work_entries x where x.workspace_id = $1 and x.id = w.id offset 0) e
  cross join lateral (select x.* from entry_versions x
    where x.workspace_id = $1 and x.entry_id = w.id and x.version = e.current_version offset 0) v
  cross join lateral (select x.* from entry_balance x
    where x.workspace_id = $1 and x.entry_id = w.id and x.version = e.current_version offset 0) b
  cross join lateral (select coalesce(sum(x.claimed), 0)::bigint as claimed from entry_balance x
    where x.workspace_id = $1 and x.entry_id = w.id) k
  cross join lateral (select case
    when e.deleted_at is not null then 'deleted'
    when b.claimed <> b.quantity and ${openException} then 'excepted'
    when b.claimed <> b.quantity then 'open'
    when k.claimed = 0 then 'not_billable'
    when ${onIssuedLine} then 'billed'
    else 'claimed' end as status offset 0) st
  join sources s on s.workspace_id = $1 and s.id = e.source_id
  left join people p on p.workspace_id = $1 and p.id = v.person_id
  left join clients c on c.workspace_id = $1 and c.id = v.client_id
  left join projects j on j.workspace_id = $1 and j.id = v.project_id
  left join tasks t on t.workspace_id = $1 and t.id = v.task_id`;

export interface EntryFilter {
  projectId?: string | undefined;
  personId?: string | undefined;
  /** First day. */
  from?: Day | undefined;
  /** First day that is no longer wanted. */
  before?: Day | undefined;
  status?: EntryStatus | undefined;
}

const onDays = (column: string) =>
  `({from}::date is null or ${column} >= {from}) and ({before}::date is null or ${column} < {before})`;

/** Where a page comes from: the narrowest index that the filter allows, else all entries by id. */
const idsOf = {
  everything: 'select o.id from work_entries o where o.workspace_id = $1',
  ofPerson: `select o.entry_id as id from entry_versions o
    where o.workspace_id = $1 and o.person_id = {personId} and ${onDays('o.work_date')} group by 1`,
  ofProject: `select o.entry_id as id from entry_versions o where o.workspace_id = $1 and o.project_id = {projectId} group by 1`,
  openOfProject: `select o.entry_id as id from entry_balance o
    where o.workspace_id = $1 and o.project_id = {projectId} and o.claimed <> o.quantity and ${onDays('o.work_date')} group by 1`,
  excepted:
    'select o.entry_id as id from exception_entries o where o.workspace_id = $1 and o.open group by 1',
  // Items that are on no document, or on one without a number.
  claimed: `select o.entry_id as id from (
      select item_id from item_balance where workspace_id = $1 and allocated <> quantity
      union select a.item_id from client_invoices n join allocations a on a.workspace_id = $1 and a.invoice_id = n.id
        where n.workspace_id = $1 and n.status in ('draft', 'in_sign_off', 'ready', 'held')) u
    cross join lateral (select x.entry_id from billable_items x
      where x.workspace_id = $1 and x.id = u.item_id and x.entry_id is not null offset 0) o group by 1`,
};

function sourceOf({ personId, projectId, status }: EntryFilter): keyof typeof idsOf {
  if (status === 'excepted' || status === 'claimed') return status;
  if (projectId !== undefined && status === 'open') return 'openOfProject';
  if (personId !== undefined) return 'ofPerson';
  return projectId === undefined ? 'everything' : 'ofProject';
}

/** `{name}` → a parameter, after $1. Postgres refuses parameters that a statement does not use. */
export function bind(tx: WorkspaceTx, sql: string, values: Record<string, unknown>): [string, unknown[]] {
  const params: unknown[] = [tx.workspaceId];
  const places = new Map<string, number>();
  const text = sql.replace(/\{(\w+)\}/g, (_, name: string) => {
    const place = places.get(name) ?? params.push(values[name] ?? null);
    places.set(name, place);
    return `$${place}`;
  });
  return [text, params];
}

/** A page looks at no more entries than this: a filter that hardly anything passes gives short pages, not slow ones. */
const maxLookedAt = 5_000;

/**
 * Newest first, after the id that the last page ended with. `next` is where to go on, or null at the end; a page may
 * be short, even empty, while there is a next one.
 */
export async function listEntries(
  tx: WorkspaceTx,
  filter: EntryFilter,
  page: { after: string | null; limit: number },
): Promise<{ entries: EntryRow[]; next: string | null }> {
  const ids = `select i.id from (${idsOf[sourceOf(filter)]}) i
    where {after}::uuid is null or i.id < {after} order by i.id desc limit ${maxLookedAt}`;
  const values = { ...filter, after: page.after, more: page.limit + 1 };
  const rows = await tx.rows<EntryRow>(
    ...bind(
      tx,
      `${selectEntries(ids)}
       where ({personId}::uuid is null or v.person_id = {personId}) and ({projectId}::uuid is null or v.project_id = {projectId})
         and ${onDays('v.work_date')} and ({status}::text is null or st.status = {status})
       order by w.id desc limit {more}`,
      values,
    ),
  );
  const entries = rows.slice(0, page.limit);
  if (rows.length > page.limit) return { entries, next: entries.at(-1)!.id };
  const last = await tx.row<{ id: string }>(
    ...bind(tx, `select l.id from (${ids}) l offset ${maxLookedAt - 1}`, values),
  );
  return { entries, next: last?.id ?? null };
}

export function readEntry(tx: WorkspaceTx, entryId: string): Promise<EntryRow | null> {
  return tx.row<EntryRow>(selectEntries('select $2::uuid as id'), [tx.workspaceId, entryId]);
}

/** Histories are short; a source that writes more versions than this shows its latest. */
const historyLimit = 200;

export interface EntryVersionRow {
  version: number;
  workDate: Day;
  quantity: number;
  /** What of this version was ever open to claims. */
  claimable: number;
  claimed: number;
  billable: boolean;
  approval: ApprovalState;
  contentHash: string;
  operationId: string | null;
  createdAt: string;
}
/** Newest first. */
export function readEntryVersions(tx: WorkspaceTx, entryId: string): Promise<EntryVersionRow[]> {
  return tx.rows<EntryVersionRow>(
    `select v.version, v.work_date, v.quantity, b.quantity as claimable, b.claimed, v.billable, v.approval,
       encode(v.content_hash, 'hex') as content_hash, v.operation_id, v.created_at
     from entry_versions v
     join entry_balance b on b.workspace_id = v.workspace_id and b.entry_id = v.entry_id and b.version = v.version
     where v.workspace_id = $1 and v.entry_id = $2 order by v.version desc limit $3`,
    [tx.workspaceId, entryId, historyLimit],
  );
}

export interface ClaimRow {
  version: number;
  itemId: string;
  quantity: number;
  runId: string | null;
  createdAt: string;
}
/** Oldest first. */
export function readEntryClaims(tx: WorkspaceTx, entryId: string): Promise<ClaimRow[]> {
  return tx.rows<ClaimRow>(
    `select version, item_id, quantity, run_id, created_at from claims
     where workspace_id = $1 and entry_id = $2 order by id limit $3`,
    [tx.workspaceId, entryId, historyLimit],
  );
}

export interface EntryItemRow {
  id: string;
  version: number;
  kind: string;
  quantity: DecimalText;
  unit: string;
  unitPrice: DecimalText;
  amount: DecimalText;
  currency: string;
  priceSource: string;
  priceRule: Record<string, unknown>;
  flagged: boolean;
  included: boolean;
  heldReason: string | null;
  /** Quantity on documents now. */
  allocated: DecimalText;
  /** True while some of it is on none. */
  unallocated: boolean;
  lines: EntryLine[];
}
/** Where quantity of an item stands now: a line of a draft or of an issued invoice. */
export interface EntryLine {
  invoiceId: string;
  invoiceStatus: InvoiceStatus;
  invoiceNumber: string | null;
  holdReason: string | null;
  lineId: string;
  lineNo: number | null;
  quantity: DecimalText;
  amount: DecimalText;
}
/** Oldest first. */
export function readEntryItems(tx: WorkspaceTx, entryId: string): Promise<EntryItemRow[]> {
  return tx.rows<EntryItemRow>(
    `select i.id, i.entry_version as version, i.kind, i.quantity, i.unit, i.unit_price, i.amount, i.currency, i.price_source, i.price_rule,
       i.flagged, i.included, i.held_reason, b.allocated, b.allocated <> b.quantity as unallocated,
       (select coalesce(jsonb_agg(jsonb_build_object('invoiceId', n.id, 'invoiceStatus', n.status, 'invoiceNumber', n.number,
           'holdReason', n.hold_reason, 'lineId', h.target_id, 'lineNo', l.line_no, 'quantity', h.quantity::text, 'amount', h.amount::text)
           order by h.target_id), '[]')
        from (select a.invoice_id, a.target_id, sum(a.quantity) as quantity, sum(a.amount) as amount from allocations a
              where a.workspace_id = i.workspace_id and a.item_id = i.id and a.invoice_id is not null group by 1, 2 having sum(a.quantity) <> 0) h
        join client_invoices n on n.workspace_id = i.workspace_id and n.id = h.invoice_id
        left join invoice_lines l on l.workspace_id = i.workspace_id and l.id = h.target_id) as lines
     from (select distinct item_id from claims where workspace_id = $1 and entry_id = $2) k
     cross join lateral (select x.* from billable_items x where x.workspace_id = $1 and x.id = k.item_id offset 0) i
     cross join lateral (select x.* from item_balance x where x.workspace_id = $1 and x.item_id = k.item_id offset 0) b
     order by i.id limit $3`,
    [tx.workspaceId, entryId, historyLimit],
  );
}

export interface EntryFacts extends ClaimFacts {
  id: string;
  /** Zero unless the entry is labor. */
  openSeconds: number;
}
const selectFacts = (chosen: string) => `
  select e.id, v.kind, v.work_date, e.deleted_at is not null as deleted,
    coalesce(e.gone_reason = 'out_of_scope', false) as out_of_scope, v.billable, v.settled_elsewhere, v.running, v.approval,
    b.quantity - b.claimed as open, case v.kind when 'labor' then b.quantity - b.claimed else 0 end as open_seconds,
    (select coalesce(sum(o.claimed), 0)::bigint from entry_balance o where o.workspace_id = e.workspace_id and o.entry_id = e.id) as claimed,
    j.billable as project_billable, t.billable as task_billable, k.status as contract_status, k.approval_policy, k.rounding,
    (select coalesce(jsonb_agg(jsonb_build_object('id', x.id, 'rule', x.rule, 'severity', x.severity) order by x.id), '[]')
     from exception_entries l join exceptions x on x.workspace_id = l.workspace_id and x.id = l.exception_id
     where l.workspace_id = e.workspace_id and l.entry_id = e.id and l.version = e.current_version and l.open) as open_exceptions
  from (select * from entry_balance x where x.workspace_id = $1 and ${chosen}) b
  cross join lateral (select x.* from work_entries x
    where x.workspace_id = $1 and x.id = b.entry_id and x.current_version = b.version offset 0) e
  cross join lateral (select x.* from entry_versions x
    where x.workspace_id = $1 and x.entry_id = b.entry_id and x.version = b.version offset 0) v
  left join projects j on j.workspace_id = $1 and j.id = b.project_id
  left join contracts k on k.workspace_id = $1 and k.id = j.contract_id
  left join tasks t on t.workspace_id = $1 and t.id = v.task_id`;

/** What decides whether a run would claim the entry. */
export function readEntryFacts(tx: WorkspaceTx, entryId: string): Promise<EntryFacts | null> {
  return tx.row<EntryFacts>(selectFacts('x.entry_id = $2'), [tx.workspaceId, entryId]);
}

/** Projects that a scope covers, with or without a contract; null: everything, also entries without a project. */
export async function projectsInScope(tx: WorkspaceTx, scope: RunScope): Promise<string[] | null> {
  if (scope.type === 'workspace') return null;
  const column = { contract: 'contract_id', client: 'client_id', project: 'id' }[scope.type];
  const rows = await tx.rows<{ id: string }>(
    `select id from projects where workspace_id = $1 and ${column} = $2`,
    [tx.workspaceId, scope.id],
  );
  return rows.map((row) => row.id);
}

const openBefore =
  '($2::uuid[] is null or x.project_id = any($2)) and x.claimed <> x.quantity and x.work_date < $3';
const projectsParam = (projectIds: string[] | null) => (projectIds ? plainArray(projectIds) : null);

/** The facts of what is still open there before the cutoff, in no order; at most `limit`. */
export function readOpenFacts(
  tx: WorkspaceTx,
  projectIds: string[] | null,
  cutoffOn: Day,
  limit: number,
): Promise<EntryFacts[]> {
  return tx.rows<EntryFacts>(`${selectFacts(openBefore)} limit $4`, [
    tx.workspaceId,
    projectsParam(projectIds),
    cutoffOn,
    limit,
  ]);
}

/** How many entries are open there before the cutoff, counted up to `limit`. */
export async function countOpenEntries(
  tx: WorkspaceTx,
  projectIds: string[] | null,
  cutoffOn: Day,
  limit: number,
): Promise<number> {
  const row = await tx.row<{ count: number }>(
    `select count(*) as count from (select from entry_balance x where x.workspace_id = $1 and ${openBefore} limit $4) o`,
    [tx.workspaceId, projectsParam(projectIds), cutoffOn, limit],
  );
  return row?.count ?? 0;
}
