/** Owns GET /contracts/:contractId/retainer-periods. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { contracts } from '../../../store/contracts.ts';
import { listRetainerPeriods as list } from '../../../store/retainer-periods.ts';
import { defineRoute } from '../../kit/route.ts';
import { retainerPeriod } from './contract.ts';

export const listRetainerPeriods = defineRoute({
  name: 'list-retainer-periods',
  method: 'get',
  path: '/contracts/:contractId/retainer-periods',
  summary: 'List what each period of a retainer brought, carried over and was drawn of, newest first',
  permission: 'contracts.read',
  responses: { 200: z.object({ items: z.array(retainerPeriod) }) },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const contract = found(await contracts.find(tx, params.contractId), 'contract');
      return { status: 200, body: { items: await list(tx, contract.id) } };
    }),
});
