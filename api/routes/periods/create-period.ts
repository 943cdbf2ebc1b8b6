/** Owns POST /periods. */
import { openPeriod } from '../../../store/periods.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newPeriod, period, periodSubject } from './period.ts';

export const createPeriod = defineRoute({
  name: 'create-period',
  method: 'post',
  path: '/periods',
  summary: "Open a period of a seller's books",
  description: 'Days that belong to no period are open.',
  permission: 'periods.create',
  body: newPeriod,
  example: {
    sellerId: '{sellerId}',
    area: 'billing',
    startsOn: '2026-01-01',
    endsBefore: '2026-02-01',
  },
  responses: { 201: period },
  errors: ['period.overlaps', 'period.empty'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await openPeriod(tx, body);
      await recordCreated(tx, actor, periodSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/periods/${created.id}` } };
    }),
});
