/** Owns GET /reports/reconciliation. */
import { z } from 'zod';
import { comparePlaces, placeOfRow, readReconciliation } from '../../../store/reports/reconciliation.ts';
import { toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import {
  reconciledHours,
  reconciledMoney,
  reconciledSums,
  reconciliationQuery,
  toFilter,
} from './reconciliation.ts';

export const getReconciliation = defineRoute({
  name: 'get-reconciliation',
  method: 'get',
  path: '/reports/reconciliation',
  summary: 'Compare what sources and platforms have with what the books have',
  description:
    'Hours by source, project code, cost centre and month: source = billed + unbilled + excluded + quarantined. Money by connection and month of issue. Hours go by the project and day that an entry has now; what a source deleted after it was billed is a difference.',
  permission: 'reports.read',
  query: z.object({ ...pageQuery, ...reconciliationQuery }),
  responses: {
    200: pageOf(reconciledHours).extend({
      all: reconciledSums.meta({ description: 'Of all pages.' }),
      money: z.array(reconciledMoney),
      balanced: z.boolean().meta({ description: 'No difference in any row.' }),
    }),
  },
  errors: ['report.too_large', 'report.period_empty'],
  handler: ({ query: { limit, cursor, ...asked }, transact }) =>
    transact(async (tx) => {
      const { hours, ...report } = await readReconciliation(tx, toFilter(asked));
      const rest =
        cursor === undefined ? hours : hours.filter((row) => comparePlaces(placeOfRow(row), cursor) > 0);
      return { status: 200, body: { ...toPage(rest, limit, placeOfRow, (row) => row), ...report } };
    }),
});
