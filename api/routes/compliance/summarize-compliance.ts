/** Owns GET /compliance/summary. */
import { z } from 'zod';
import { complianceStates } from '../../../domain/document.ts';
import { countCompliance } from '../../../store/documents.ts';
import { defineRoute } from '../../kit/route.ts';

export const summarizeCompliance = defineRoute({
  name: 'summarize-compliance',
  method: 'get',
  path: '/compliance/summary',
  summary: 'Count required documents by state, and the people who lack some',
  permission: 'documents.read',
  responses: {
    200: z.object({
      people: z.int().meta({ description: 'Active people of whom something is required.' }),
      peopleLacking: z.int(),
      states: z.record(z.enum(complianceStates), z.int()),
    }),
  },
  handler: ({ transact }) =>
    transact(async (tx) => {
      const { states, ...counts } = await countCompliance(tx);
      const all = Object.fromEntries(complianceStates.map((state) => [state, states[state] ?? 0]));
      return { status: 200, body: { ...counts, states: all as Record<keyof typeof states, number> } };
    }),
});
