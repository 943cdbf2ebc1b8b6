/** Owns GET /late-fees/:lateFeeId/pdf. */
import { defineRoute, streamOf } from '../../kit/route.ts';
import { markedQuery, sendCopy, sendKept } from '../../kit/send-document.ts';
import { lateFeeDocument } from './late-fee-document.ts';

export const getLateFeePdf = defineRoute({
  name: 'get-late-fee-pdf',
  method: 'get',
  path: '/late-fees/:lateFeeId/pdf',
  summary: 'Download a late fee, or interest, as PDF',
  description: 'The file that was made when it was issued, byte by byte.',
  permission: 'invoices.read',
  own: true,
  query: markedQuery,
  responses: { 200: streamOf('application/pdf', 'The document.') },
  handler: async ({ params, query, actor, deps }) => {
    const { ref, number, badge } = await lateFeeDocument(deps.database, actor, params.lateFeeId);
    if (query.marked === 'true')
      return sendCopy(await deps.documents.copy(ref, badge), `${number}-${badge}.pdf`);
    return sendKept(deps, ref, 'pdf');
  },
});
