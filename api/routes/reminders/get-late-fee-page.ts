/** Owns GET /late-fees/:lateFeeId/html. */
import { defineRoute, streamOf } from '../../kit/route.ts';
import { sendPage } from '../../kit/send-document.ts';
import { lateFeeDocument } from './late-fee-document.ts';

export const getLateFeePage = defineRoute({
  name: 'get-late-fee-page',
  method: 'get',
  path: '/late-fees/:lateFeeId/html',
  summary: 'Read a late fee, or interest, as a page, for the screen and the printer',
  description: 'With its status of today, which is seen on the screen and not on paper.',
  permission: 'invoices.read',
  own: true,
  responses: { 200: streamOf('text/html', 'The page; nothing in it is fetched or run.') },
  handler: async ({ params, actor, deps }) => {
    const { ref, badge } = await lateFeeDocument(deps.database, actor, params.lateFeeId);
    return sendPage(await deps.documents.page(ref, badge));
  },
});
