/** Owns PATCH /contracts/:contractId. */
import { found } from '../../../domain/refusal.ts';
import { changeContract, contracts } from '../../../store/contracts.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { contract, contractChange, contractSubject } from './contract.ts';

export const updateContract = defineRoute({
  name: 'update-contract',
  method: 'patch',
  path: '/contracts/:contractId',
  summary: 'Change a contract',
  permission: 'contracts.update',
  body: contractChange,
  example: { tax: { rate: '25', category: 'standard' } },
  responses: { 200: contract },
  errors: [
    'contract.dates_conflict',
    'contract.long_stop_missing',
    'contract.billed',
    'contract.cap_below_billed',
    'contract.price_below_milestones',
    'reference.unknown',
    'purchase_order.archived',
    'purchase_order.other_currency',
  ],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await contracts.lock(tx, params.contractId), 'contract');
      requireCurrent(before);
      const after = await changeContract(tx, before, body);
      await recordUpdated(tx, actor, contractSubject, before, after);
      return { status: 200, body: after };
    }),
});
