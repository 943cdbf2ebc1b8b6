/** Owns GET /clients/:clientId/overview. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { readClientOverview } from '../../../store/client-overview.ts';
import { clients } from '../../../store/clients.ts';
import { defineRoute } from '../../kit/route.ts';
import { storedDecimal } from '../../kit/schemas.ts';

const amounts = z.record(z.string(), storedDecimal);

export const getClientOverview = defineRoute({
  name: 'get-client-overview',
  method: 'get',
  path: '/clients/:clientId/overview',
  summary: 'The figures of a client',
  permission: 'clients.read',
  responses: {
    200: z
      .object({
        activeProjects: z.int(),
        revenue: amounts.meta({ description: 'Currency → net of paid invoices; none of the own company.' }),
        outstanding: amounts.meta({ description: 'Currency → open balance.' }),
        invoicesIssued: z.int(),
        invoicesPaid: z.int(),
      })
      .meta({ id: 'ClientOverview' }),
  },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const { id } = found(await clients.find(tx, params.clientId), 'client');
      return { status: 200, body: await readClientOverview(tx, id) };
    }),
});
