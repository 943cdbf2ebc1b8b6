/** Owns how documents of people are shown and decided on over the API. */
import { z } from 'zod';
import { documentStatuses, requirementKinds } from '../../../domain/document.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { type PersonDocument, readVersions } from '../../../store/documents.ts';
import { id, instant, note, storedDay } from '../../kit/schemas.ts';

export const status = z.enum(documentStatuses).meta({
  description: 'Of the latest version; an older one may be in force until its successor is approved.',
});

const facts = {
  id,
  personId: id,
  personName: z.string(),
  requirementId: id,
  requirementName: z.string(),
  requirementKind: z.enum(requirementKinds),
  status,
  version: z.int().meta({ description: 'The latest; 0: none was uploaded yet.' }),
  inForceVersion: z.int().nullable(),
  expiresOn: storedDay.nullable().meta({ description: 'Last day of the version in force.' }),
  requestedBy: z.string().nullable(),
  requestedAt: instant.nullable(),
  createdAt: instant,
};
export const personDocument = z.object(facts).meta({ id: 'PersonDocument' });

const documentVersion = z.object({
  version: z.int(),
  status: z.enum(['uploaded', 'approved', 'rejected', 'superseded', 'expired']),
  attachmentId: id.meta({ description: 'GET /attachments/{id}/content is the file.' }),
  fileName: z.string(),
  mediaType: z.string(),
  bytes: z.int(),
  expiresOn: storedDay.nullable(),
  uploadedBy: z.string(),
  uploadedAt: instant,
  reviewedBy: z.string().nullable(),
  reviewedAt: instant.nullable(),
  reason: z.string().nullable().meta({ description: 'Why it was rejected.' }),
});
export const documentInFull = z
  .object({ ...facts, versions: z.array(documentVersion).meta({ description: 'Newest first.' }) })
  .meta({ id: 'PersonDocumentInFull' });

export const inFull = async (tx: WorkspaceTx, document: PersonDocument) => ({
  ...document,
  versions: await readVersions(tx, document.id),
});

export const reviewed = {
  version: z.int().min(1).meta({ description: 'The version that was looked at.' }),
  ownReason: note.nullish().meta({
    description: 'Where nobody else could decide: why you decide on what you had a hand in.',
  }),
};
export const reviewErrors = [
  'document.other_version',
  'document.already_decided',
  'document.nothing_uploaded',
  'duty.uploaded',
  'duty.own_document',
  'duty.reason_required',
] as const;
