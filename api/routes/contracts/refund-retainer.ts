/** Owns POST /contracts/:contractId/retainer-periods/refund. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { lockContract, readTimeline } from '../../../store/contract-versions.ts';
import { contracts } from '../../../store/contracts.ts';
import { listRetainerPeriods, refund } from '../../../store/retainer-periods.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { day, note, price } from '../../kit/schemas.ts';
import { contractSubject, retainerPeriod } from './contract.ts';

export const refundRetainer = defineRoute({
  name: 'refund-retainer',
  method: 'post',
  path: '/contracts/:contractId/retainer-periods/refund',
  summary: 'Take from a retainer what the client is given back',
  description:
    'At most what is left of the period. The money goes back by a credit of the invoice that billed it.',
  permission: 'contracts.update',
  idempotency: 'required',
  body: z.object({
    on: day.meta({ description: 'A day of the period.' }),
    quantity: price.meta({ description: "In the retainer's measure." }),
    reason: note,
  }),
  example: { on: '2026-07-01', quantity: '4', reason: 'The client ends the work in July' },
  responses: { 200: retainerPeriod },
  errors: ['contract.no_retainer', 'retainer_period.not_found', 'retainer.beyond_balance'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const contract = found(await contracts.lock(tx, params.contractId), 'contract');
      await lockContract(tx, contract.id);
      const { retainerId } = await refund(tx, await readTimeline(tx, contract.id), body);
      const periods = await listRetainerPeriods(tx, contract.id);
      await record(tx, actor, contractSubject, 'retainer_refunded', contract.id, { ...body, retainerId });
      return { status: 200, body: periods.find((period) => period.id === retainerId)! };
    }),
});
