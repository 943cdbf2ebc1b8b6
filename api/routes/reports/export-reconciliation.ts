/** Owns GET /reports/reconciliation/export. */
import { z } from 'zod';
import { toCsvRow } from '../../../domain/csv-row.ts';
import { hoursText } from '../../../domain/hours-text.ts';
import { hourPlaces, type ReconciledHours } from '../../../domain/reconciliation.ts';
import {
  type MoneyRow,
  type Reconciliation,
  readReconciliation,
} from '../../../store/reports/reconciliation.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { csvHeaders } from '../clients/client-csv.ts';
import { reconciliationQuery, toFilter } from './reconciliation.ts';

export const exportReconciliation = defineRoute({
  name: 'export-reconciliation',
  method: 'get',
  path: '/reports/reconciliation/export',
  summary: 'Export the reconciliation as CSV: its hours, or its money',
  description:
    'Hours end with a line of their sums. Cells that a spreadsheet would run begin with an apostrophe.',
  permission: 'reports.read',
  query: z.object({
    part: z.enum(['hours', 'money']).default('hours'),
    ...reconciliationQuery,
  }),
  responses: { 200: streamOf('text/csv', 'One source, project, cost centre and month a line.') },
  errors: ['report.too_large', 'report.period_empty'],
  handler: ({ query: { part, ...asked }, transact }) =>
    transact(async (tx) => {
      const report = await readReconciliation(tx, toFilter(asked));
      const stream = part === 'hours' ? hourLines(report) : moneyLines(report.money);
      return { status: 200, headers: csvHeaders(`reconciliation-${part}`), stream };
    }),
});

// In one transaction, and so bounded: the lines add up to the last one.
async function* hourLines({ hours, all }: Reconciliation): AsyncGenerator<string> {
  const figures = ['source', ...hourPlaces, 'difference'] as const;
  const cells = (row: ReconciledHours) => figures.map((figure) => hoursText(row[figure]));
  yield toCsvRow([
    'source',
    'project',
    'costCentre',
    'period',
    'entries',
    ...figures.map((figure) => (figure === 'source' ? 'sourceHours' : `${figure}Hours`)),
    'quarantinedRows',
  ]);
  for (const row of hours)
    yield toCsvRow([
      row.sourceName,
      row.projectCode,
      row.costCentre,
      row.period,
      row.entries,
      ...cells(row),
      row.quarantinedRows,
    ]);
  yield toCsvRow(['all', null, null, null, all.entries, ...cells(all), all.quarantinedRows]);
}

async function* moneyLines(money: readonly MoneyRow[]): AsyncGenerator<string> {
  const figures = ['net', 'total', 'remoteTotal', 'waitingTotal', 'failedTotal', 'difference'] as const;
  yield toCsvRow(['connection', 'period', 'currency', 'documents', ...figures]);
  for (const row of money)
    yield toCsvRow([
      row.connectionName,
      row.period,
      row.currency,
      row.documents,
      ...figures.map((figure) => row[figure]),
    ]);
}
