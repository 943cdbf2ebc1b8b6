/** Owns GET /exceptions/summary. */
import { z } from 'zod';
import { countOpenExceptions } from '../../../store/exceptions.ts';
import { defineRoute } from '../../kit/route.ts';
import { ruleCount } from './exception.ts';

export const summarizeExceptions = defineRoute({
  name: 'summarize-exceptions',
  method: 'get',
  path: '/exceptions/summary',
  summary: 'Count open exceptions by rule',
  permission: 'exceptions.read',
  responses: { 200: z.object({ items: z.array(ruleCount) }) },
  handler: ({ transact }) =>
    transact(async (tx) => ({ status: 200, body: { items: await countOpenExceptions(tx) } })),
});
