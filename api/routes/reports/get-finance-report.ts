/** Owns GET /reports/finance/:report. */
import { defineRoute } from '../../kit/route.ts';
import { askedReport, financeReport, reportParams, reportQuery } from './finance-report.ts';

export const getFinanceReport = defineRoute({
  name: 'get-finance-report',
  method: 'get',
  path: '/reports/finance/:report',
  params: reportParams,
  summary: 'Read a report of the finance team as of a day',
  description:
    'What each figure is made of is in docs/METRICS.md. Figures come from the ledgers by posting date: a report of a past day stays as it was.',
  permission: 'reports.read',
  query: reportQuery,
  responses: { 200: financeReport },
  errors: ['report.too_large', 'report.grouping_unknown', 'report.period_empty'],
  handler: ({ params, query, transact }) =>
    transact(async (tx) => ({ status: 200, body: await askedReport(tx, params.report, query) })),
});
