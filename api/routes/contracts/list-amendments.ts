/** Owns GET /contracts/:contractId/amendments. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { listAmendments as list } from '../../../store/contract-versions.ts';
import { contracts } from '../../../store/contracts.ts';
import { defineRoute } from '../../kit/route.ts';
import { amendment } from './contract.ts';

export const listAmendments = defineRoute({
  name: 'list-amendments',
  method: 'get',
  path: '/contracts/:contractId/amendments',
  summary: 'List the amendments of a contract, the first one first',
  permission: 'contracts.read',
  responses: { 200: z.object({ items: z.array(amendment) }) },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const contract = found(await contracts.find(tx, params.contractId), 'contract');
      return { status: 200, body: { items: await list(tx, contract.id) } };
    }),
});
