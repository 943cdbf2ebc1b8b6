/** Owns POST /cost-rates. */
import { costRates } from '../../../store/cost-rates.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { costRate, costRateSubject, newCostRate } from './cost-rate.ts';

export const createCostRate = defineRoute({
  name: 'create-cost-rate',
  method: 'post',
  path: '/cost-rates',
  summary: "Say what a person's work costs from a day on",
  description:
    'Rows are added, never changed: the later of two for the same day holds. Tickets approved before keep theirs.',
  permission: 'cost_rates.create',
  body: newCostRate,
  example: {
    personId: '{personId}',
    position: 'Fitter',
    currency: 'EUR',
    regularRate: '42.00',
    overtimeRate: '63.00',
    validFrom: '2026-01-01',
  },
  responses: { 201: costRate },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const row = await costRates.insert(tx, { ...body, createdBy: actor.id });
      await recordCreated(tx, actor, costRateSubject, row);
      return { status: 201, body: row, headers: { Location: `/api/v1/cost-rates/${row.id}` } };
    }),
});
