/** Owns how the requirements of documents are read and written over the API. */
import { z } from 'zod';
import { requirementAudiences, requirementKinds } from '../../../domain/document.ts';
import type { Subject } from '../../kit/record-change.ts';
import { id, instant, name, note } from '../../kit/schemas.ts';

export const requirementSubject: Subject = { type: 'document_requirement', permission: 'documents.read' };

const kind = z.enum(requirementKinds);
const appliesTo = z.enum(requirementAudiences).meta({ description: 'Of whom it is required.' });

export const documentRequirement = z
  .object({
    id,
    kind,
    name: z.string(),
    instructions: z.string().nullable().meta({ description: 'For whoever has to upload it.' }),
    appliesTo,
    expires: z.boolean().meta({ description: 'Each version must say until when it is valid.' }),
    blocksTickets: z.boolean().meta({ description: 'Without a valid one a person does not submit tickets.' }),
    blocksPayment: z.boolean().meta({ description: 'Without a valid one a person is not paid.' }),
    active: z.boolean(),
    createdAt: instant,
  })
  .meta({ id: 'DocumentRequirement' });

export const newRequirement = z.object({
  kind,
  name,
  instructions: note.nullish(),
  appliesTo: appliesTo.optional(),
  expires: z.boolean().optional(),
  blocksTickets: z.boolean().optional(),
  blocksPayment: z.boolean().optional(),
});
export const requirementChange = newRequirement.extend({ active: z.boolean() }).partial();
