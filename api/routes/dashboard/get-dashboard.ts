/** Owns GET /dashboard. */
import { z } from 'zod';
import { readDashboard } from '../../../store/dashboard.ts';
import { defineRoute } from '../../kit/route.ts';
import { severity } from '../exceptions/exception.ts';

const byCurrency = z.record(z.string(), z.string()).meta({ description: 'Currency → decimal text.' });
const count = z.int();

export const getDashboard = defineRoute({
  name: 'get-dashboard',
  method: 'get',
  path: '/dashboard',
  summary: 'Read the figures of the workspace',
  permission: 'reports.read',
  responses: {
    200: z
      .object({
        entries: count.meta({ description: 'Entries ever taken in.' }),
        entrySeconds: count,
        openSeconds: count.meta({ description: 'Labor that is billable and not yet claimed.' }),
        unmatchedSeconds: count.meta({ description: 'What of it has no project yet.' }),
        pending: byCurrency.meta({ description: 'Priced, on no draft.' }),
        drafted: byCurrency.meta({ description: 'Net of drafts.' }),
        issued: byCurrency.meta({ description: 'Net of all invoices ever issued.' }),
        receivable: byCurrency.meta({ description: 'Open balance of issued invoices.' }),
        paid: byCurrency,
        issuedInvoices: count,
        invoices: z.record(z.string(), count).meta({ description: 'Status → count.' }),
        exceptions: z.array(z.object({ rule: z.string(), severity, exceptions: count })),
        quarantined: count,
        activeRuns: count,
        activeOperations: count,
      })
      .meta({ id: 'Dashboard' }),
  },
  handler: ({ transact }) =>
    transact(async (tx) => {
      const { money, ...figures } = await readDashboard(tx);
      return {
        status: 200,
        body: {
          ...figures,
          pending: money.pending_amount,
          drafted: money.drafted_net,
          issued: money.issued_net,
          receivable: money.receivable,
          paid: money.paid,
        },
      };
    }),
});
