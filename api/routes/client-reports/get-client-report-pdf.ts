/** Owns GET /client-reports/:clientReportId/pdf. */
import { defineRoute, streamOf } from '../../kit/route.ts';
import { sendFile } from '../../kit/send-document.ts';
import { visibleReport } from './client-report.ts';

export const getClientReportPdf = defineRoute({
  name: 'get-client-report-pdf',
  method: 'get',
  path: '/client-reports/:clientReportId/pdf',
  summary: "Download a client's quarterly report: the file that was made, byte by byte",
  permission: 'invoices.read',
  own: true,
  responses: { 200: streamOf('application/pdf', 'The report.') },
  errors: ['client_report.not_made'],
  handler: async ({ params, actor, workspaceId, deps }) => {
    await deps.database.inWorkspace(workspaceId, (tx) => visibleReport(tx, params.clientReportId, actor));
    return sendFile(await deps.reports.read({ workspaceId, id: params.clientReportId }));
  },
});
