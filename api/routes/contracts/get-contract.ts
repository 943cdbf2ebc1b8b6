/** Owns GET /contracts/:contractId. */
import { found } from '../../../domain/refusal.ts';
import { contracts } from '../../../store/contracts.ts';
import { defineRoute } from '../../kit/route.ts';
import { contract } from './contract.ts';

export const getContract = defineRoute({
  name: 'get-contract',
  method: 'get',
  path: '/contracts/:contractId',
  summary: 'Read a contract',
  permission: 'contracts.read',
  responses: { 200: contract },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await contracts.find(tx, params.contractId), 'contract'),
    })),
});
