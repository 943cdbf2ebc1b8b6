/** Owns how the documents of a client are shown over the API, and what a download link carries. */
import { z } from 'zod';
import { clientDocumentKinds } from '../../../domain/client.ts';
import type { Subject } from '../../kit/record-change.ts';
import { id, instant } from '../../kit/schemas.ts';

export const clientDocumentSubject: Subject = {
  type: 'client_document',
  permission: 'clients.read',
  privateFields: ['fileName'],
  ownerOf: ({ clientId }: { clientId: string }) => `client:${clientId}`,
};

export const documentKind = z.enum(clientDocumentKinds);

export const clientDocument = z
  .object({
    id,
    clientId: id,
    kind: documentKind,
    name: z.string(),
    attachmentId: id,
    fileName: z.string(),
    mediaType: z.string().meta({ description: 'By its content.' }),
    bytes: z.int(),
    sha256: z.string(),
    uploadedBy: z.string(),
    createdAt: instant,
  })
  .meta({ id: 'ClientDocument' });

export const linkPurpose = 'client-document-link';
export const linkMinutes = 5;
/** Which document, and on whose permission the link stands. */
export const linkFacts = z.object({
  documentId: z.uuid(),
  memberId: z.uuid().nullable(),
  apiKeyId: z.uuid().nullable(),
});
