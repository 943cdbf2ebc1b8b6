/** Owns GET /posting-files/:postingFileId/csv. */
import { found } from '../../../domain/refusal.ts';
import { readPostingContent } from '../../../store/posting-files.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { csvHeaders } from '../clients/client-csv.ts';

export const downloadPostingFile = defineRoute({
  name: 'download-posting-file',
  method: 'get',
  path: '/posting-files/:postingFileId/csv',
  summary: 'Download a posting file as CSV, byte by byte as it was made',
  permission: 'reports.read',
  responses: {
    200: streamOf('text/csv', 'Date, document, account, amount (debits above zero), currency, reason.'),
  },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const content = found(await readPostingContent(tx, params.postingFileId), 'posting_file');
      return { status: 200, headers: csvHeaders('postings'), stream: once(content) };
    }),
});

async function* once(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text);
}
