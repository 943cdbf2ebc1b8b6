/** Owns GET /clients/:clientId/report-preview/pdf. */
import { z } from 'zod';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { sendCopy } from '../../kit/send-document.ts';
import { previewOf, quarter } from './client-report.ts';

export const previewClientReportPdf = defineRoute({
  name: 'preview-client-report-pdf',
  method: 'get',
  path: '/clients/:clientId/report-preview/pdf',
  summary: "Print a client's quarter as it is now, marked as a preview; kept nowhere",
  permission: 'reports.read',
  query: z.object({ quarter: quarter.optional() }),
  responses: { 200: streamOf('application/pdf', 'The preview.') },
  handler: async ({ params, query, workspaceId, deps }) => {
    const { figures, now } = await deps.database.inWorkspace(workspaceId, (tx) =>
      previewOf(tx, params.clientId, query.quarter),
    );
    return sendCopy(await deps.reports.preview(figures, now), `preview-${figures.quarter}.pdf`);
  },
});
