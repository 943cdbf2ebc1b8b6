/** Owns POST /contracts/:contractId/retainer-periods/top-up. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { lockContract, readTimeline } from '../../../store/contract-versions.ts';
import { contracts } from '../../../store/contracts.ts';
import { listRetainerPeriods, topUp } from '../../../store/retainer-periods.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { day, note, price } from '../../kit/schemas.ts';
import { contractSubject, retainerPeriod } from './contract.ts';

export const topUpRetainer = defineRoute({
  name: 'top-up-retainer',
  method: 'post',
  path: '/contracts/:contractId/retainer-periods/top-up',
  summary: 'Add hours or money to the period of a retainer',
  description: 'The amount, if any, is an item that the next run bills.',
  permission: 'contracts.update',
  idempotency: 'required',
  body: z.object({
    on: day.meta({ description: 'A day of the period.' }),
    quantity: price.meta({ description: "In the retainer's measure." }),
    amount: price.optional().meta({ description: "What it is billed at, net, in the contract's currency." }),
    reason: note,
  }),
  example: { on: '2026-07-01', quantity: '10', amount: '900.00', reason: 'Ten hours more for July' },
  responses: { 200: retainerPeriod },
  errors: ['contract.no_retainer'],
  handler: ({ params, body: { amount = '0', ...wanted }, actor, transact }) =>
    transact(async (tx) => {
      const contract = found(await contracts.lock(tx, params.contractId), 'contract');
      await lockContract(tx, contract.id);
      const timeline = await readTimeline(tx, contract.id);
      const { retainerId, itemId } = await topUp(tx, contract, timeline, { ...wanted, amount });
      const periods = await listRetainerPeriods(tx, contract.id);
      await record(tx, actor, contractSubject, 'retainer_topped_up', contract.id, {
        ...wanted,
        amount,
        retainerId,
        itemId,
      });
      return { status: 200, body: periods.find((period) => period.id === retainerId)! };
    }),
});
