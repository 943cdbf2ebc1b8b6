/** Owns GET /clients/:clientId/report-preview. */
import { z } from 'zod';
import { defineRoute } from '../../kit/route.ts';
import { previewOf, quarter, reportFigures } from './client-report.ts';

export const previewClientReport = defineRoute({
  name: 'preview-client-report',
  method: 'get',
  path: '/clients/:clientId/report-preview',
  summary: "Read the figures of a client's quarter as they are now; kept nowhere",
  permission: 'reports.read',
  query: z.object({ quarter: quarter.optional() }),
  responses: { 200: reportFigures },
  handler: ({ params, query, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: (await previewOf(tx, params.clientId, query.quarter)).figures,
    })),
});
