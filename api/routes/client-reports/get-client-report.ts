/** Owns GET /client-reports/:clientReportId. */
import { readFigures } from '../../../store/client-reports.ts';
import { defineRoute } from '../../kit/route.ts';
import { clientReportInFull, deliveriesOf, visibleReport } from './client-report.ts';

export const getClientReport = defineRoute({
  name: 'get-client-report',
  method: 'get',
  path: '/client-reports/:clientReportId',
  summary: "Read a client's quarterly report with its figures, and what became of its mails",
  permission: 'invoices.read',
  own: true,
  responses: { 200: clientReportInFull },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const report = await visibleReport(tx, params.clientReportId, actor);
      return {
        status: 200,
        body: {
          ...report,
          figures: await readFigures(tx, report.id),
          deliveries: await deliveriesOf(tx, report.id),
        },
      };
    }),
});
