/** Owns GET /contracts/:contractId/retentions. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { contracts } from '../../../store/contracts.ts';
import { listRetentions as list } from '../../../store/retentions.ts';
import { defineRoute } from '../../kit/route.ts';
import { retention } from './contract.ts';

export const listRetentions = defineRoute({
  name: 'list-retentions',
  method: 'get',
  path: '/contracts/:contractId/retentions',
  summary: 'List what is held back of the invoices of a contract',
  permission: 'contracts.read',
  responses: { 200: z.object({ items: z.array(retention) }) },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const contract = found(await contracts.find(tx, params.contractId), 'contract');
      return { status: 200, body: { items: await list(tx, contract.id) } };
    }),
});
