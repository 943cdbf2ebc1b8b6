/** Owns GET /connections/:connectionId/calls. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { connections } from '../../../store/connections.ts';
import { readVendorCalls } from '../../../store/vendor-calls.ts';
import { defineRoute } from '../../kit/route.ts';
import { instant } from '../../kit/schemas.ts';

const mostHours = 168;

export const listVendorCalls = defineRoute({
  name: 'list-vendor-calls',
  method: 'get',
  path: '/connections/:connectionId/calls',
  summary: 'Count the calls to a platform by hour and outcome, with how long they took and waited',
  permission: 'connections.read',
  query: z.object({ hours: z.coerce.number().int().min(1).max(mostHours).default(24) }),
  responses: {
    200: z.object({
      items: z.array(
        z.object({
          hour: instant,
          outcome: z.string().meta({ description: 'answered, or one of the four failures.' }),
          calls: z.int(),
          durationMs: z.int().meta({ description: 'All of them together, without our own waiting.' }),
          waitedMs: z.int().meta({ description: 'For our own limit.' }),
          slowestMs: z.int(),
        }),
      ),
    }),
  },
  handler: ({ params: { connectionId }, query, transact }) =>
    transact(async (tx) => {
      found(await connections.find(tx, connectionId), 'connection');
      return { status: 200, body: { items: await readVendorCalls(tx, connectionId, query.hours) } };
    }),
});
