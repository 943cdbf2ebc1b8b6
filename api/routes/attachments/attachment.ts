/** Owns how attachments are shown over the API. */
import { z } from 'zod';
import { attachmentSubjects } from '../../../domain/file-type.ts';
import type { Subject } from '../../kit/record-change.ts';
import { id, instant } from '../../kit/schemas.ts';

/** The name of a file may tell of a person. */
export const attachmentSubject: Subject = {
  type: 'attachment',
  permission: 'documents.read',
  privateFields: ['fileName'],
  ownerOf: ({ uploadedBy, personId }: { uploadedBy: `${string}:${string}`; personId: string | null }) =>
    personId === null ? uploadedBy : `person:${personId}`,
};

export const purpose = z.enum(attachmentSubjects);

export const attachment = z
  .object({
    id,
    subjectType: purpose.meta({ description: 'What it is for.' }),
    subjectId: id.nullable().meta({ description: 'What holds it; null: nothing yet.' }),
    fileName: z.string(),
    mediaType: z.string().meta({ description: 'By its content.' }),
    bytes: z.int(),
    sha256: z.string(),
    uploadedBy: z.string(),
    createdAt: instant,
  })
  .meta({ id: 'Attachment' });
