/** Owns the figures of the dashboard: totals with their open deltas, and counts over what is open. */
import type { Severity } from '../domain/validation/rule.ts';
import type { WorkspaceTx } from './database.ts';

/** Metrics that are shown by currency. */
export const moneyMetrics = ['pending_amount', 'drafted_net', 'issued_net', 'receivable', 'paid'] as const;
export type MoneyMetric = (typeof moneyMetrics)[number];
const countMetrics = ['entries', 'entry_seconds', 'open_seconds', 'issued_invoices'] as const;

export interface Dashboard {
  /** Entries ever taken in. */
  entries: number;
  /** Labor of all entries, current versions. */
  entrySeconds: number;
  /** Labor that may still be claimed, and what of it has no project yet. */
  openSeconds: number;
  unmatchedSeconds: number;
  issuedInvoices: number;
  /** Currency → decimal text, per metric. */
  money: Record<MoneyMetric, Record<string, string>>;
  exceptions: { rule: string; severity: Severity; exceptions: number }[];
  invoices: Record<string, number>;
  quarantined: number;
  activeRuns: number;
  activeOperations: number;
}

/** Reads totals, not history: its cost does not grow with the number of entries. */
export async function readDashboard(tx: WorkspaceTx): Promise<Dashboard> {
  const totals = await tx.rows<{ metric: string; key: string; value: string }>(
    `select metric, key, trim_scale(sum(value))::text as value from (
       select metric, case when metric = 'open_seconds' and key <> 'unmatched' then 'matched' else key end as key, value
       from (select metric, key, value from totals where workspace_id = $1 and metric = any($2::text[])
             union all select metric, key, value from total_deltas where workspace_id = $1 and metric = any($2::text[])) v) g
     group by 1, 2 order by 1, 2`,
    [tx.workspaceId, [...moneyMetrics, ...countMetrics]],
  );
  const count = (metric: string, key: string) =>
    Number(totals.find((row) => row.metric === metric && row.key === key)?.value ?? 0);
  const money = (metric: MoneyMetric) =>
    Object.fromEntries(totals.filter((row) => row.metric === metric).map((row) => [row.key, row.value]));
  const exceptions = await tx.rows<Dashboard['exceptions'][number]>(
    `select rule, severity, count(*)::int as exceptions from exceptions
     where workspace_id = $1 and status = 'open' group by 1, 2 order by 1, 2`,
    [tx.workspaceId],
  );
  const invoices = await tx.rows<{ status: string; count: number }>(
    'select status, count(*)::int as count from client_invoices where workspace_id = $1 group by 1 order by 1',
    [tx.workspaceId],
  );
  const open = await tx.row<{ quarantined: number; activeRuns: number; activeOperations: number }>(
    `select (select count(*) from quarantine where workspace_id = $1 and status = 'open') as quarantined,
       (select count(*) from runs where workspace_id = $1 and status in ('queued', 'running')) as active_runs,
       (select count(*) from operations where workspace_id = $1 and status in ('queued', 'running')) as active_operations`,
    [tx.workspaceId],
  );
  const unmatchedSeconds = count('open_seconds', 'unmatched');
  return {
    entries: count('entries', ''),
    entrySeconds: count('entry_seconds', ''),
    openSeconds: count('open_seconds', 'matched') + unmatchedSeconds,
    unmatchedSeconds,
    issuedInvoices: count('issued_invoices', ''),
    money: {
      pending_amount: money('pending_amount'),
      drafted_net: money('drafted_net'),
      issued_net: money('issued_net'),
      receivable: money('receivable'),
      paid: money('paid'),
    },
    exceptions,
    invoices: Object.fromEntries(invoices.map((row) => [row.status, row.count])),
    ...open!,
  };
}
