/** Owns GET /periods/:periodId. */
import { found } from '../../../domain/refusal.ts';
import { listBlockers } from '../../../store/period-blockers.ts';
import { findPeriod, readOverrides } from '../../../store/periods.ts';
import { defineRoute } from '../../kit/route.ts';
import { periodInFull } from './period.ts';

export const getPeriod = defineRoute({
  name: 'get-period',
  method: 'get',
  path: '/periods/:periodId',
  summary: 'Read a period with its overrides, and what stands against closing it',
  permission: 'periods.read',
  responses: { 200: periodInFull },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const row = found(await findPeriod(tx, params.periodId), 'period');
      const blockers = row.status === 'closed' ? [] : await listBlockers(tx, row);
      return { status: 200, body: { ...row, overrides: await readOverrides(tx, row.id), blockers } };
    }),
});
