/** Owns GET /reports/leakage/export. */
import { toCsvRow } from '../../../domain/csv-row.ts';
import { hoursText } from '../../../domain/hours-text.ts';
import { type Leakage, readLeakage } from '../../../store/reports/leakage.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { csvHeaders } from '../clients/client-csv.ts';
import { asOfDay, asOfQuery } from './leakage.ts';

export const exportLeakage = defineRoute({
  name: 'export-leakage',
  method: 'get',
  path: '/reports/leakage/export',
  summary: 'Export the leakage report as CSV',
  description: 'Its last line is the sum. Cells that a spreadsheet would run begin with an apostrophe.',
  permission: 'reports.read',
  query: asOfQuery,
  responses: { 200: streamOf('text/csv', 'One reason, age and project a line.') },
  errors: ['report.too_large'],
  handler: ({ query: { asOf }, transact }) =>
    transact(async (tx) => {
      const report = await readLeakage(tx, await asOfDay(tx, asOf));
      return { status: 200, headers: csvHeaders('leakage'), stream: lines(report) };
    }),
});

// In one transaction, and so bounded: the lines add up to the last one.
async function* lines({ asOf, rows, entries, seconds }: Leakage): AsyncGenerator<string> {
  yield toCsvRow(['asOf', 'reason', 'age', 'client', 'project', 'entries', 'hours', 'seconds']);
  for (const row of rows)
    yield toCsvRow([
      asOf,
      row.reason,
      row.age,
      row.clientName,
      row.projectCode,
      row.entries,
      hoursText(row.seconds),
      row.seconds,
    ]);
  yield toCsvRow([asOf, 'all', null, null, null, entries, hoursText(seconds), seconds]);
}
