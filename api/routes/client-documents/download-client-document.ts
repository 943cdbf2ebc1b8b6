/** Owns GET /downloads: the file of a download link, while the link and the right of whoever made it last. */
import { z } from 'zod';
import { contentDisposition, contentType } from '../../../domain/file-type.ts';
import { Refusal } from '../../../domain/refusal.ts';
import { mayStill } from '../../../store/actor-grants.ts';
import { findClientDocument } from '../../../store/client-documents.ts';
import { definePublicRoute, streamOf } from '../../kit/route.ts';
import { openToken } from '../../kit/sealed-token.ts';
import { linkFacts, linkPurpose } from './client-document.ts';

export const downloadClientDocument = definePublicRoute({
  name: 'download-client-document',
  method: 'get',
  path: '/downloads',
  summary: 'Download by a link',
  publicBecause:
    'the token names one file, ends within minutes, and counts only while its maker may read documents',
  query: z.object({ token: z.string().max(2_000) }),
  exampleQuery: { token: 'of a link' },
  responses: { 200: streamOf('application/octet-stream', 'The file, with its own Content-Type.') },
  errors: ['download.not_open', 'file.missing'],
  handler: async ({ query, deps }) => {
    const link = openToken(deps.secrets, linkPurpose, query.token, linkFacts);
    const document =
      link &&
      (await deps.database.inWorkspace(link.workspaceId, async (tx) =>
        (await mayStill(tx, link.facts, 'documents.read'))
          ? findClientDocument(tx, link.facts.documentId)
          : null,
      ));
    if (!document)
      throw new Refusal({
        code: 'download.not_open',
        status: 404,
        message: 'This link does not exist, is out of time, or its maker may no longer read the file.',
        whatToDo: 'Ask for a new link.',
      });
    return {
      status: 200,
      stream: deps.files.read(document.sha256),
      headers: {
        'Content-Type': contentType(document.mediaType),
        'Content-Length': String(document.bytes),
        'Content-Disposition': contentDisposition(document.fileName),
        // Whatever a browser makes of it, it has no rights and no origin.
        'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'private, no-store',
      },
    };
  },
});
