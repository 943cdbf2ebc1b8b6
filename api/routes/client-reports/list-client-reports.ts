/** Owns GET /client-reports. */
import { z } from 'zod';
import { listClientReports as readReports } from '../../../store/client-reports.ts';
import { ownClient } from '../../kit/auth.ts';
import { emptyPage, idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { clientReport, quarter, status } from './client-report.ts';

export const listClientReports = defineRoute({
  name: 'list-client-reports',
  method: 'get',
  path: '/client-reports',
  summary: "List clients' quarterly reports, newest first",
  description: "A client's member sees their own, once they are made.",
  permission: 'invoices.read',
  own: true,
  query: z.object({
    ...pageQuery,
    clientId: id.optional(),
    quarter: quarter.optional(),
    status: status.optional(),
  }),
  responses: { 200: pageOf(clientReport) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const own = ownClient(actor, 'invoices.read');
      if (own !== null && filter.clientId !== undefined && filter.clientId !== own)
        return { status: 200, body: emptyPage };
      const clientId = own ?? filter.clientId;
      const rows = await readReports(
        tx,
        { ...filter, clientId, madeOnly: own !== null },
        { after: idAfter(cursor), limit },
      );
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
