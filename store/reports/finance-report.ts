/** Owns what a report of the finance team is: columns, rows as of a day, and sums that never add two currencies. */
import { Decimal } from '../../domain/money.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { Day } from '../../domain/work-entry.ts';
import type { WorkspaceTx } from '../database.ts';

/** `money` is decimal text in the row's `currency`, and summed; everything else is only shown. */
export interface ReportColumn {
  key: string;
  kind: 'text' | 'day' | 'money' | 'quantity';
}
export type ReportRow = Record<string, string | number | null>;

export interface ReportQuery {
  /** The last day that counts: what was posted after it changes nothing. */
  asOf: Day;
  /** Of a report over a period: its first day. */
  startsOn: Day;
  /** What a row is, where the report lets one choose. */
  by: string;
  clientId: string | null;
  sellerId: string | null;
  /** IANA: where an instant becomes a day. */
  zone: string;
}

export interface FinanceReport {
  name: string;
  title: string;
  /** Over a period, or the state at the end of a day. */
  span: 'period' | 'day';
  /** The first is taken where nothing is asked for. */
  groupings: readonly string[];
  columns: (by: string) => readonly ReportColumn[];
  /** At most `maxReportRows + 1` rows. */
  read: (tx: WorkspaceTx, query: ReportQuery) => Promise<ReportRow[]>;
}

/** A report is read by people: beyond this it is asked for in a narrower way, and never cut silently. */
export const maxReportRows = 50_000;

export interface FinanceReportResult {
  report: string;
  title: string;
  by: string;
  startsOn: Day | null;
  asOf: Day;
  columns: ReportColumn[];
  rows: ReportRow[];
  /** A row a currency: Σ of the money columns. */
  totals: ReportRow[];
}

export const text = (...keys: string[]): ReportColumn[] => keys.map((key) => ({ key, kind: 'text' }));
export const money = (...keys: string[]): ReportColumn[] => keys.map((key) => ({ key, kind: 'money' }));
export const days = (...keys: string[]): ReportColumn[] => keys.map((key) => ({ key, kind: 'day' }));

export async function readFinanceReport(
  tx: WorkspaceTx,
  report: FinanceReport,
  query: ReportQuery,
): Promise<FinanceReportResult> {
  const rows = await report.read(tx, query);
  if (rows.length > maxReportRows)
    throw new Refusal({
      code: 'report.too_large',
      message: `This report has more than ${maxReportRows.toLocaleString('en')} rows.`,
      whatToDo: 'Ask for one client or seller, a shorter period, or fewer details.',
      details: { limit: maxReportRows },
    });
  const columns = [...report.columns(query.by)];
  return {
    report: report.name,
    title: report.title,
    by: query.by,
    startsOn: report.span === 'period' ? query.startsOn : null,
    asOf: query.asOf,
    columns,
    rows,
    totals: sumByCurrency(rows, columns),
  };
}

function sumByCurrency(rows: readonly ReportRow[], columns: readonly ReportColumn[]): ReportRow[] {
  const summed = columns.filter(({ kind }) => kind === 'money').map(({ key }) => key);
  const byCurrency = Map.groupBy(rows, (row) => String(row.currency));
  return [...byCurrency.keys()].sort().map((currency) => ({
    currency,
    ...Object.fromEntries(
      summed.map((key) => [
        key,
        byCurrency
          .get(currency)!
          .reduce((sum, row) => sum.plus(row[key] ?? 0), new Decimal(0))
          .toFixed(),
      ]),
    ),
  }));
}
