/** Owns reading the open entries of a contract for its compile: the walk over their balances, and its locks. */
import { billableApprovals } from '../domain/approval.ts';
import type { Day, DecimalText, EntryKind, Instant } from '../domain/work-entry.ts';
import { asRows, plainArray } from './arrays.ts';
import type { CompileContext } from './compile-context.ts';
import type { WorkspaceTx } from './database.ts';
import type { EntryVersionRef } from './exceptions.ts';

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
  /** Only where it has no position of its own. */
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
  /** Raw units of the whole entry. */
  wholeQuantity: number;
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

/** The walk of a compile: parameters 1 to 7 of the statements that use it. */
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

/** An entry of the walk, with what is open of it. */
export interface OpenEntry extends CompileCursor {
  /** Signed raw units; null where another compile claimed it meanwhile. */
  open: number | null;
}

/** Finds the next open entries of the walk and locks their balances in id order, which is the order of the answer. */
export function lockPage(
  tx: WorkspaceTx,
  context: CompileContext,
  cursor: CompileCursor | null,
  limit: number,
): Promise<OpenEntry[]> {
  return tx.rows(
    `with page as materialized (
       select project_id, work_date, entry_id, version from entry_balance where ${openEntries}
       order by project_id, work_date, entry_id, version limit $8)
     select p.project_id, p.work_date, p.entry_id, p.version, l.open
     from (select * from page order by entry_id, version) p
     left join lateral (
       select x.quantity - x.claimed as open from entry_balance x
       where x.workspace_id = $1 and x.entry_id = p.entry_id and x.version = p.version and x.claimed <> x.quantity for no key update) l on true`,
    [...walkParams(tx, context, cursor), limit],
  );
}

/** The next open entries of the walk as they stand, for whoever only looks: nothing is locked. */
export function peekPage(
  tx: WorkspaceTx,
  context: CompileContext,
  cursor: CompileCursor | null,
  limit: number,
): Promise<OpenEntry[]> {
  return tx.rows(
    `select project_id, work_date, entry_id, version, quantity - claimed as open from entry_balance where ${openEntries}
     order by project_id, work_date, entry_id, version limit $8`,
    [...walkParams(tx, context, cursor), limit],
  );
}

/** The later one in the order of the walk; ids compare as texts as they do in the database. */
export function later<C extends CompileCursor>(a: C, b: C): C {
  if (a.projectId !== b.projectId) return a.projectId > b.projectId ? a : b;
  if (a.workDate !== b.workDate) return a.workDate > b.workDate ? a : b;
  if (a.entryId !== b.entryId) return a.entryId > b.entryId ? a : b;
  return a.version > b.version ? a : b;
}

/** A full page less the day of a project that it cuts: days are rounded whole. A day that fills the page is cut all the same. */
export function wholeDays<C extends CompileCursor>(page: C[]): C[] {
  const last = page.reduce(later);
  const whole = page.filter((row) => row.projectId !== last.projectId || row.workDate !== last.workDate);
  return whole.length > 0 ? whole : page;
}

/** Of a balance `l`, its entry `e`, version `v` and task `t`; the position of its person comes after (`withPositions`). */
const candidateColumns = `l.entry_id, l.version, l.open, v.kind, v.work_date, v.project_id, v.client_id, v.task_id, t.phase_id, v.person_id, v.position,
       null::text as person_position, v.notes, v.rate, v.cost_rate, v.currency,
       v.product_id, v.unit_price as own_price, t.product_id as task_product_id, t.unit_price as task_unit_price, t.unit as task_unit, t.billable as task_billable,
       t.price_list_id as task_price_list_id, v.quantity as whole_quantity,
       case when v.rate is not null then e.source_id end as rate_source_id,
       case when v.kind = 'expense' then jsonb_build_object('on', v.receipt_on, 'net', v.expense_net::text, 'whole', v.quantity) end as receipt,
       v.started_at, v.ended_at, v.overtime_seconds as ticket_overtime_seconds, v.approved_hash is not distinct from v.content_hash as approved_as_is,
       case when l.version > 1 then exists (select 1 from entry_balance b
         where b.workspace_id = $1 and b.entry_id = l.entry_id and b.version < l.version and b.claimed <> 0) else false end as corrects`;
/** What `candidateColumns` reads of a version `x`. */
const versionColumns = `x.kind, x.work_date, x.project_id, x.client_id, x.task_id, x.person_id, x.position, x.notes, x.rate, x.cost_rate, x.currency, x.product_id,
       x.unit_price, x.quantity, x.receipt_on, x.expense_net, x.started_at, x.ended_at, x.overtime_seconds, x.approved_hash, x.content_hash`;
const taskOfVersion = `left join lateral (
       select x.phase_id, x.product_id, x.price_list_id, x.unit, x.unit_price, x.billable from tasks x where x.workspace_id = $1 and x.id = v.task_id offset 0) t on true`;

/** Entries without a position of their own go by their person's: few people did many entries, so they are asked for apart. */
async function withPositions<C extends Candidate>(tx: WorkspaceTx, found: C[]): Promise<C[]> {
  const people = new Set(
    found.flatMap(({ position, personId }) => (position === null ? (personId ?? []) : [])),
  );
  if (people.size === 0) return found;
  const rows = await tx.rows<{ id: string; position: string }>(
    'select id, position from people where workspace_id = $1 and id = any($2::uuid[]) and position is not null',
    [tx.workspaceId, plainArray([...people])],
  );
  if (rows.length === 0) return found;
  const positions = new Map(rows.map(({ id, position }) => [id, position]));
  for (const row of found)
    if (row.position === null && row.personId !== null)
      row.personPosition = positions.get(row.personId) ?? null;
  return found;
}

/** The named entries as they are now, whatever holds them back; those of no project are left out. A version that is not the current one too. */
export async function readEntries(
  tx: WorkspaceTx,
  refs: readonly (Pick<EntryVersionRef, 'entryId'> & { version: number | null })[],
): Promise<(Candidate & { contractId: string | null })[]> {
  const found = await tx.rows<Candidate & { contractId: string | null }>(
    `select ${candidateColumns}, j.contract_id
     from (select distinct * from unnest($2::uuid[], $3::int[]) as u(entry_id, version)) r
     cross join lateral (
       select x.current_version, x.source_id from work_entries x where x.workspace_id = $1 and x.id = r.entry_id and x.deleted_at is null
         and x.current_version = coalesce(r.version, x.current_version) offset 0) e
     cross join lateral (
       select x.entry_id, x.version, x.quantity - x.claimed as open from entry_balance x
       where x.workspace_id = $1 and x.entry_id = r.entry_id and x.version = e.current_version offset 0) l
     cross join lateral (
       select ${versionColumns} from entry_versions x where x.workspace_id = $1 and x.entry_id = l.entry_id and x.version = l.version offset 0) v
     cross join lateral (select x.contract_id from projects x where x.workspace_id = $1 and x.id = v.project_id offset 0) j
     ${taskOfVersion}
     order by l.entry_id`,
    [
      tx.workspaceId,
      plainArray(refs.map((entry) => entry.entryId)),
      plainArray(refs.map((entry) => entry.version)),
    ],
  );
  return withPositions(tx, found);
}

/**
 * What may be compiled of a locked page. Locked first, read after: a statement that waits for a lock goes on with its
 * older snapshot of the entry's approval and exceptions. What is open was read with the lock, and stays so under it.
 */
export async function readCandidates(
  tx: WorkspaceTx,
  context: CompileContext,
  page: readonly OpenEntry[],
): Promise<Candidate[]> {
  const ours = page.filter((row) => row.open !== null);
  if (ours.length === 0) return [];
  const { from, params } = asRows(
    {
      entry_id: { type: 'uuid', values: ours.map((row) => row.entryId) },
      version: { type: 'int', values: ours.map((row) => row.version) },
      open: { type: 'bigint', values: ours.map((row) => row.open) },
    },
    4,
  );
  const found = await tx.rows<Candidate>(
    `select ${candidateColumns}
     from (select r.entry_id, r.version, r.open from ${from} offset 0) l
     cross join lateral (
       select x.source_id from work_entries x
       where x.workspace_id = $1 and x.id = l.entry_id and x.current_version = l.version and x.deleted_at is null offset 0) e
     cross join lateral (
       select ${versionColumns} from entry_versions x where x.workspace_id = $1 and x.entry_id = l.entry_id and x.version = l.version
         and x.approval = any($2::text[]) and not x.running offset 0) v
     ${taskOfVersion}
     where coalesce(t.billable, true) and ($3::uuid[] is null or v.task_id = any($3))
       and not exists (
         select 1 from exception_entries x where x.workspace_id = $1 and x.entry_id = l.entry_id and x.version = l.version and x.open offset 0)
     order by l.entry_id, l.version`,
    [
      tx.workspaceId,
      plainArray(billableApprovals[context.contract.approvalPolicy]),
      context.taskIds === null ? null : plainArray(context.taskIds),
      ...params,
    ],
  );
  return withPositions(tx, found);
}
