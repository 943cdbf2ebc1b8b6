/** Owns POST /client-reports/:clientReportId/make. */
import { found } from '../../../domain/refusal.ts';
import { askForReport, findClientReport } from '../../../store/client-reports.ts';
import { defineRoute } from '../../kit/route.ts';
import { clientReport } from './client-report.ts';

export const makeClientReport = defineRoute({
  name: 'make-client-report',
  method: 'post',
  path: '/client-reports/:clientReportId/make',
  summary: "Make a client's report now that its quarter is over, without waiting for closed books",
  description: 'Its figures are fixed at once; the file and its mail follow.',
  permission: 'reminders.send',
  responses: { 202: clientReport },
  errors: ['client_report.not_waiting', 'client_report.quarter_runs'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const report = found(await findClientReport(tx, params.clientReportId, true), 'client_report');
      await askForReport(tx, report, actor.id);
      return { status: 202, body: found(await findClientReport(tx, report.id), 'client_report') };
    }),
});
