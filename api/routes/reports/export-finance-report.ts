/** Owns GET /reports/finance/:report/export. */
import { type CsvCell, toCsvRow } from '../../../domain/csv-row.ts';
import type { FinanceReportResult, ReportColumn, ReportRow } from '../../../store/reports/finance-report.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { csvHeaders } from '../clients/client-csv.ts';
import { askedReport, reportParams, reportQuery } from './finance-report.ts';

export const exportFinanceReport = defineRoute({
  name: 'export-finance-report',
  method: 'get',
  path: '/reports/finance/:report/export',
  params: reportParams,
  summary: 'Export a report of the finance team as CSV',
  description:
    'Its last lines are the sums, one a currency. Cells that a spreadsheet would run begin with an apostrophe.',
  permission: 'reports.read',
  query: reportQuery,
  responses: { 200: streamOf('text/csv', 'The columns of the report, one row a line.') },
  errors: ['report.too_large', 'report.grouping_unknown', 'report.period_empty'],
  handler: ({ params, query, transact }) =>
    transact(async (tx) => {
      const report = await askedReport(tx, params.report, query);
      return { status: 200, headers: csvHeaders(report.report), stream: lines(report) };
    }),
});

// In one transaction, and so bounded: the lines add up to the last ones.
async function* lines({
  columns,
  rows,
  totals,
  startsOn,
  asOf,
}: FinanceReportResult): AsyncGenerator<string> {
  const toRow = (kind: string, row: ReportRow) =>
    toCsvRow([startsOn, asOf, kind, ...columns.map((column) => cell(column, row[column.key] ?? null))]);
  yield toCsvRow(['startsOn', 'asOf', 'row', ...columns.map(({ key }) => key)]);
  for (const row of rows) yield toRow('row', row);
  for (const sum of totals) yield toRow('total', sum);
}

const cell = ({ kind }: ReportColumn, value: string | number | null): CsvCell =>
  typeof value === 'string' && (kind === 'money' || kind === 'quantity') ? { decimal: value } : value;
