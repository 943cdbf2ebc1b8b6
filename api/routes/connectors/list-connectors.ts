/** Owns GET /connectors. */
import { z } from 'zod';
import { defineRoute } from '../../kit/route.ts';

const settings = z.record(z.string(), z.string()).meta({ description: 'Setting → what it is for.' });

export const listConnectors = defineRoute({
  name: 'list-connectors',
  method: 'get',
  path: '/connectors',
  summary: 'List the platforms that can be connected',
  permission: 'connections.read',
  responses: {
    200: z.object({
      items: z.array(z.object({ id: z.string(), name: z.string(), settings, optionalSettings: settings })),
    }),
  },
  handler: async ({ deps }) => {
    const items = [...deps.connectors.values()].map((connector) => ({
      id: connector.id,
      name: connector.name,
      settings: { ...connector.settings },
      optionalSettings: { ...connector.optionalSettings },
    }));
    return { status: 200, body: { items } };
  },
});
