/** Owns GET /contracts/:contractId/terms. */
import { z } from 'zod';
import { termsAt } from '../../../domain/contract-terms.ts';
import { localDay } from '../../../domain/day.ts';
import { readTimeline } from '../../../store/contract-versions.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { day } from '../../kit/schemas.ts';
import { contractTerms } from './contract.ts';

export const getContractTerms = defineRoute({
  name: 'get-contract-terms',
  method: 'get',
  path: '/contracts/:contractId/terms',
  summary: 'Read what holds of a contract on a day',
  permission: 'contracts.read',
  query: z.object({ on: day.optional().meta({ description: "Left out: today in the contract's zone." }) }),
  responses: { 200: contractTerms },
  handler: ({ params, query, transact }) =>
    transact(async (tx) => {
      const timeline = await readTimeline(tx, params.contractId);
      const on = query.on ?? localDay(await workspaceNow(tx), timeline[0].zone);
      return { status: 200, body: termsAt(timeline, on) };
    }),
});
