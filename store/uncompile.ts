/** Owns un-compiling: what a run claimed and no document holds goes back to its entry, to be compiled anew. */
import { Decimal } from '../domain/money.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFixed } from './exceptions.ts';
import { withdrawnHistory } from './item-history.ts';
import { firstIdAt } from './new-id.ts';
import { addDeltas } from './totals.ts';

/** What a price or a party comes from: an item is compiled anew where its entry now says otherwise. */
export const parties = [
  'kind',
  'work_date',
  'client_id',
  'project_id',
  'person_id',
  'position',
  'rate',
  'currency',
];
/** True where version `v` of an entry moved to other parties than version `was` named: not where only its quantity or note changed. */
export const movedParties = (v: string, was: string) =>
  `(${parties.map((name) => `${v}.${name}`).join(', ')}) is distinct from (${parties.map((name) => `${was}.${name}`).join(', ')})`;

const batchSize = 5_000;

interface Withdrawn {
  itemId: string;
  entryId: string;
  version: number;
  raw: number;
}

/**
 * Takes back the items of these contracts that are on no document and have no price, whose day an amendment covers since, or
 * whose entry has moved on to other parties. Items of the run itself stay, so that a repeat counts nothing twice; so does what is held back.
 * At most `batchSize` items; true while there may be more.
 */
export async function uncompile(
  tx: WorkspaceTx,
  contractIds: string[],
  run: { id: string; cutoffOn: Day; taskIds?: readonly string[] | null },
): Promise<boolean> {
  const found = await withdrawable(tx, contractIds, run, null);
  if (found.length === 0) return false;
  await lock(tx, found);
  // Locked first, read after: a draft may have taken some of it meanwhile.
  const items = await withdrawable(
    tx,
    contractIds,
    run,
    found.map((row) => row.itemId),
  );
  if (items.length > 0) await withdraw(tx, items);
  return items.length >= batchSize;
}

/** First the entries, as everything that bills, edits or approves one does; then the items, as everything that drafts does. */
async function lock(tx: WorkspaceTx, items: readonly { entryId: string; itemId: string }[]): Promise<void> {
  await tx.run(
    `select 1 from (select distinct u.id from unnest($2::uuid[]) as u(id) order by 1) e
     cross join lateral (
       select 1 from entry_balance x where x.workspace_id = $1 and x.entry_id = e.id order by x.version for no key update) l`,
    [tx.workspaceId, plainArray(items.map((row) => row.entryId))],
  );
  await tx.run(
    `select 1 from (select u.id from unnest($2::uuid[]) as u(id) order by 1) i
     cross join lateral (select 1 from item_balance x where x.workspace_id = $1 and x.item_id = i.id for no key update) l`,
    [tx.workspaceId, plainArray(items.map((row) => row.itemId))],
  );
}

export interface UndonePage {
  /** Went back to their entries. */
  withdrawn: number;
  /** On a document, held back, or what a later version differs from: they stay. */
  left: number;
  /** The item to go on after; null at the end of the contract. */
  after: string | null;
}

/** Takes back what the run compiled of one contract and no document holds, a page at a time; what came from no entry stays. */
export async function undoPage(
  tx: WorkspaceTx,
  run: { id: string },
  contractId: string,
  after: string | null,
): Promise<UndonePage> {
  // An item on a document in full has left the index of open ones: it is not seen, and stays.
  const page = await tx.rows<{ itemId: string; entryId: string | null }>(
    `select b.item_id, i.entry_id from (
       select item_id from item_balance where workspace_id = $1 and contract_id = $2 and allocated <> quantity
         and ($3::uuid is null or item_id > $3) order by item_id limit $5) b
     cross join lateral (select case when x.run_id = $4 then x.entry_id end as entry_id from billable_items x
       where x.workspace_id = $1 and x.id = b.item_id offset 0) i order by b.item_id`,
    [tx.workspaceId, contractId, after, run.id, batchSize],
  );
  const chosen = page.flatMap(({ itemId, entryId }) => (entryId === null ? [] : [{ itemId, entryId }]));
  if (chosen.length > 0) await lock(tx, chosen);
  const items = chosen.length === 0 ? [] : await returnable(tx, chosen);
  if (items.length > 0) await withdraw(tx, items);
  return {
    withdrawn: items.length,
    left: chosen.length - items.length,
    after: page.length === batchSize ? page.at(-1)!.itemId : null,
  };
}

/** Of these items, those that nothing holds; while a later version is claimed, an earlier one is what that differs from. */
function returnable(tx: WorkspaceTx, chosen: readonly { itemId: string }[]): Promise<Withdrawn[]> {
  return tx.rows<Withdrawn>(
    `select item_id, entry_id, version, raw from (
       select x.id as item_id, x.entry_id, x.entry_version as version, x.raw_quantity as raw,
         coalesce(sum(x.raw_quantity) filter (where x.entry_version = e.current_version) over entry, 0) = c.claimed
           or not bool_or(x.entry_version <> e.current_version) over entry as whole
       from unnest($2::uuid[]) as u(id)
       cross join lateral (select y.* from billable_items y where y.workspace_id = $1 and y.id = u.id
         and y.withdrawn_at is null and y.held_reason is null offset 0) x
       cross join lateral (select y.allocated from item_balance y where y.workspace_id = $1 and y.item_id = u.id
         and y.allocated = 0 offset 0) a
       cross join lateral (select y.current_version from work_entries y where y.workspace_id = $1 and y.id = x.entry_id offset 0) e
       cross join lateral (select y.claimed from entry_balance y
         where y.workspace_id = $1 and y.entry_id = x.entry_id and y.version = e.current_version offset 0) c
       window entry as (partition by x.entry_id)) i
     where whole order by item_id`,
    [tx.workspaceId, plainArray(chosen.map(({ itemId }) => itemId))],
  );
}

/** Slack for clocks that differ: an item's id says when it was made. */
const clockSlackMs = 600_000;

/** How many items of an ended run are on a document, in part or in full. Reads the items made in its time. */
export async function countAllocated(
  tx: WorkspaceTx,
  run: { id: string; createdAt: Instant; finishedAt: Instant | null },
): Promise<number> {
  const row = await tx.row<{ items: number }>(
    `select count(*)::int as items from (
       select id from billable_items where workspace_id = $1 and id between $3 and $4 and run_id = $2 and withdrawn_at is null) i
     cross join lateral (select 1 from item_balance b where b.workspace_id = $1 and b.item_id = i.id and b.allocated <> 0 offset 0) b`,
    [
      tx.workspaceId,
      run.id,
      firstIdAt(Date.parse(run.createdAt) - clockSlackMs),
      firstIdAt((run.finishedAt === null ? Date.now() : Date.parse(run.finishedAt)) + clockSlackMs),
    ],
  );
  return row!.items;
}

function withdrawable(
  tx: WorkspaceTx,
  contractIds: string[],
  run: { id: string; cutoffOn: Day; taskIds?: readonly string[] | null },
  among: string[] | null,
): Promise<Withdrawn[]> {
  // All of an entry that is on no document goes back together. While a later version holds a difference on a document, the
  // earlier one stays: it is what that differs from.
  return tx.rows<Withdrawn>(
    `with found as materialized (
       select i.entry_id, e.current_version from item_balance b
       cross join lateral (
         select x.entry_id, x.entry_version, x.flagged, x.work_date, x.contract_version from billable_items x
         where x.workspace_id = $1 and x.id = b.item_id and x.entry_id is not null and x.run_id is distinct from $3
           and x.held_reason is null and not x.included and x.work_date < $4
           and ($6::uuid[] is null or x.task_id = any($6)) offset 0) i
       cross join lateral (
         select x.current_version from work_entries x where x.workspace_id = $1 and x.id = i.entry_id and x.deleted_at is null offset 0) e
       where b.workspace_id = $1 and b.contract_id = any($2::uuid[]) and b.allocated <> b.quantity and b.allocated = 0
         and ($5::uuid[] is null or b.item_id = any($5))
         and (i.flagged
           or i.contract_version <> (select coalesce(max(k.version), 0) from contract_versions k
             where k.workspace_id = $1 and k.contract_id = b.contract_id and k.starts_on <= i.work_date)
           or i.entry_version <> e.current_version and exists (
           select 1 from entry_versions v join entry_versions w on w.workspace_id = $1 and w.entry_id = v.entry_id and w.version = i.entry_version
           where v.workspace_id = $1 and v.entry_id = i.entry_id and v.version = e.current_version and ${movedParties('v', 'w')}))
       limit ${batchSize}),
     of_entry as (
       select i.*, coalesce(sum(i.raw) filter (where i.version = f.current_version) over entry, 0) = c.claimed
           or not bool_or(i.version <> f.current_version) over entry as whole
       from (select distinct * from found) f
       cross join lateral (
         select x.claimed from entry_balance x where x.workspace_id = $1 and x.entry_id = f.entry_id and x.version = f.current_version offset 0) c
       cross join lateral (
         select x.id as item_id, x.entry_id, x.entry_version as version, x.raw_quantity as raw
         from (select distinct k.item_id from claims k where k.workspace_id = $1 and k.entry_id = f.entry_id) k
         cross join lateral (select y.* from billable_items y where y.workspace_id = $1 and y.id = k.item_id offset 0) x
         cross join lateral (select y.allocated from item_balance y where y.workspace_id = $1 and y.item_id = k.item_id offset 0) a
         where a.allocated = 0 and x.withdrawn_at is null and x.held_reason is null and not x.included and x.run_id is distinct from $3
           and ($5::uuid[] is null or x.id = any($5)) offset 0) i
       window entry as (partition by f.entry_id))
     select item_id, entry_id, version, raw from of_entry where whole order by item_id`,
    [
      tx.workspaceId,
      plainArray(contractIds),
      run.id,
      run.cutoffOn,
      among === null ? null : plainArray(among),
      run.taskIds ? plainArray(run.taskIds) : null,
    ],
  );
}

interface Gone {
  currency: string;
  contractId: string;
  kind: string;
  items: number;
  amount: DecimalText;
}

async function withdraw(tx: WorkspaceTx, items: Withdrawn[]): Promise<void> {
  const ids = plainArray(items.map((item) => item.itemId));
  await tx.run(
    `insert into claims (workspace_id, entry_id, version, item_id, quantity)
     select $1, r.* from unnest($2::uuid[], $3::int[], $4::uuid[], $5::bigint[]) as r(entry_id, version, item_id, quantity)`,
    [
      tx.workspaceId,
      plainArray(items.map((item) => item.entryId)),
      plainArray(items.map((item) => item.version)),
      ids,
      plainArray(items.map((item) => -item.raw)),
    ],
  );
  const gone = await tx.rows<Gone>(
    `with gone as (
       update item_balance b set quantity = 0 from unnest($2::uuid[]) as r(id)
       where b.workspace_id = $1 and b.item_id = r.id returning b.item_id),
     marked as (
       update billable_items i set withdrawn_at = ${sqlNow} from gone g where i.workspace_id = $1 and i.id = g.item_id
       returning i.currency, i.contract_id, i.kind, i.amount)
     select currency, contract_id, kind, count(*) filter (where amount <> 0)::int as items, sum(amount) as amount from marked group by 1, 2, 3`,
    [tx.workspaceId, ids],
  );
  const opened = await reopen(tx, items);
  await addDeltas(tx, [
    ...opened.map(({ projectId, seconds }) => ({
      metric: 'open_seconds',
      key: projectId ?? 'unmatched',
      value: String(seconds),
    })),
    ...gone.flatMap(({ currency, contractId, kind, items, amount }) => [
      { metric: 'pending_amount', key: currency, value: new Decimal(amount).negated().toFixed() },
      ...withdrawnHistory(contractId, kind, items, amount),
    ]),
  ]);
  const free = await tx.rows<{ key: string }>(
    `select 'entry:' || r.id as key from (select distinct u.id from unnest($2::uuid[]) as u(id)) r
     where not exists (select 1 from entry_balance b where b.workspace_id = $1 and b.entry_id = r.id and b.claimed <> 0)`,
    [tx.workspaceId, plainArray(items.map((item) => item.entryId))],
  );
  await closeFixed(
    tx,
    'entry.changed_after_claim',
    free.map((row) => row.key),
    'nothing of the entry is claimed any more',
  );
}

/**
 * What went back to an earlier version is offered by the current one; what was settled elsewhere meanwhile offers nothing.
 * Answers by project how many seconds of labor are open for it.
 */
function reopen(
  tx: WorkspaceTx,
  items: Withdrawn[],
): Promise<{ projectId: string | null; seconds: number }[]> {
  return tx.rows(
    `with back as (
       select r.entry_id, e.current_version, sum(r.raw)::bigint as raw, coalesce(sum(r.raw) filter (where r.version <> e.current_version), 0)::bigint as earlier,
         coalesce(sum(r.raw) filter (where r.version = e.current_version), 0)::bigint as current
       from unnest($2::uuid[], $3::int[], $4::bigint[]) as r(entry_id, version, raw)
       cross join lateral (select x.current_version from work_entries x where x.workspace_id = $1 and x.id = r.entry_id offset 0) e
       group by 1, 2),
     closed as (
       update entry_balance b set quantity = b.claimed from back k
       where b.workspace_id = $1 and b.entry_id = k.entry_id and b.version <> k.current_version and b.quantity <> b.claimed),
     offered as (
       update entry_balance b set quantity = case
           when v.billable and not v.settled_elsewhere or b.quantity <> b.claimed + k.current then b.quantity + k.earlier
           else b.claimed end
       from back k join entry_versions v on v.workspace_id = $1 and v.entry_id = k.entry_id and v.version = k.current_version
       where b.workspace_id = $1 and b.entry_id = k.entry_id and b.version = k.current_version
       returning b.project_id, v.kind,
         b.quantity - old.quantity + k.current as seconds)
     select project_id, sum(seconds)::bigint as seconds from offered where kind = 'labor' group by 1`,
    [
      tx.workspaceId,
      plainArray(items.map((item) => item.entryId)),
      plainArray(items.map((item) => item.version)),
      plainArray(items.map((item) => item.raw)),
    ],
  );
}
