/** Owns GET /contracts. */
import { z } from 'zod';
import { contracts } from '../../../store/contracts.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { contract, status } from './contract.ts';

export const listContracts = defineRoute({
  name: 'list-contracts',
  method: 'get',
  path: '/contracts',
  summary: 'List contracts',
  permission: 'contracts.read',
  query: z.object({ ...pageQuery, clientId: id.optional(), status: status.optional() }),
  responses: { 200: pageOf(contract) },
  handler: ({ query: { limit, cursor, clientId, status }, transact }) =>
    transact(async (tx) => {
      const rows = await contracts.list(tx, { limit, after: idAfter(cursor), where: { clientId, status } });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
