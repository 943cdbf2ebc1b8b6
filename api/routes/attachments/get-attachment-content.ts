/** Owns GET /attachments/:attachmentId/content: the file itself, to be saved and never to be run. */
import { contentDisposition, contentType } from '../../../domain/file-type.ts';
import { found } from '../../../domain/refusal.ts';
import { readAttachment } from '../../../store/attachments.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';

export const getAttachmentContent = defineRoute({
  name: 'get-attachment-content',
  method: 'get',
  path: '/attachments/:attachmentId/content',
  summary: 'Download a file',
  permission: 'documents.read',
  own: true,
  responses: { 200: streamOf('application/octet-stream', 'The file, with its own Content-Type.') },
  errors: ['file.missing'],
  handler: async ({ params, actor, workspaceId, deps }) => {
    const own = ownPerson(actor, 'documents.read');
    const row = await deps.database.inWorkspace(workspaceId, (tx) =>
      readAttachment(tx, params.attachmentId, own),
    );
    const { sha256, mediaType, bytes, fileName } = found(row, 'attachment');
    return {
      status: 200,
      stream: deps.files.read(sha256),
      headers: {
        'Content-Type': contentType(mediaType),
        'Content-Length': String(bytes),
        'Content-Disposition': contentDisposition(fileName),
        // Whatever a browser makes of it, it has no rights and no origin.
        'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'private, no-store',
      },
    };
  },
});
