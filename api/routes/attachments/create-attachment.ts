/** Owns POST /attachments: a file as the body, told by its content. */
import { z } from 'zod';
import { documentSettings, fileCeilingBytes, maxBytesOf } from '../../../domain/document-settings.ts';
import { cleanFileName, maxFileNameChars } from '../../../domain/file-type.ts';
import { holdFile, insertAttachment, requireRoomForUpload } from '../../../store/attachments.ts';
import { getWorkspace } from '../../../store/workspaces.ts';
import { ownPerson } from '../../kit/auth.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { attachment, attachmentSubject, purpose } from './attachment.ts';

export const createAttachment = defineRoute({
  name: 'create-attachment',
  method: 'post',
  path: '/attachments',
  summary: 'Upload a file',
  description:
    'Send the file as the body. PDF, JPEG, PNG, WebP, HEIC and plain text; documents also as DOCX and XLSX; an invoice is no text. Name its id afterwards where it belongs; what nothing holds is deleted after a week.',
  permission: 'documents.create',
  own: true,
  query: z.object({
    subjectType: purpose.meta({ description: 'What it is for.' }),
    name: z.string().trim().min(1).max(maxFileNameChars).meta({ description: 'What the file is called.' }),
  }),
  exampleQuery: { subjectType: 'ticket_line', name: 'Ferry.pdf' },
  upload: { maxBytes: fileCeilingBytes, mediaTypes: ['application/octet-stream', '*/*'] },
  responses: { 201: attachment },
  errors: [
    'file.type_refused',
    'file.too_large',
    'file.empty',
    'file.too_many_uploads',
    'file.no_room',
    'attachment.too_many_unbound',
  ],
  handler: async ({ query: { subjectType, name }, actor, workspaceId, deps, upload, transact }) => {
    ownPerson(actor, 'documents.create');
    const maxBytes = await deps.database.inWorkspace(workspaceId, async (tx) => {
      await requireRoomForUpload(tx, actor.id);
      return maxBytesOf(subjectType, documentSettings((await getWorkspace(tx)).settings));
    });
    const file = await deps.files.receive(upload, { subject: subjectType, maxBytes });
    try {
      return await transact(async (tx) => {
        await holdFile(tx, file.sha256);
        await file.keep();
        const { mediaType, bytes, sha256 } = file;
        const fileName = cleanFileName(name, mediaType);
        const made = await insertAttachment(tx, { subjectType, fileName, mediaType, bytes, sha256 }, actor);
        await recordCreated(tx, actor, attachmentSubject, made);
        return { status: 201, body: made, headers: { Location: `/api/v1/attachments/${made.id}` } };
      });
    } finally {
      await file.discard();
    }
  },
});
