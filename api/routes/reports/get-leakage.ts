/** Owns GET /reports/leakage. */
import { readLeakage } from '../../../store/reports/leakage.ts';
import { defineRoute } from '../../kit/route.ts';
import { asOfDay, asOfQuery, leakage } from './leakage.ts';

export const getLeakage = defineRoute({
  name: 'get-leakage',
  method: 'get',
  path: '/reports/leakage',
  summary: 'Read what was worked and has earned nothing yet, by reason and age',
  description:
    'Each open entry is under one reason, the first that holds: no_contract, after_contract_end, never_approved, unbilled. Beside them no_rate: items priced at 0.00 for want of a price, on no document.',
  permission: 'reports.read',
  query: asOfQuery,
  responses: { 200: leakage },
  errors: ['report.too_large'],
  handler: ({ query: { asOf }, transact }) =>
    transact(async (tx) => ({ status: 200, body: await readLeakage(tx, await asOfDay(tx, asOf)) })),
});
