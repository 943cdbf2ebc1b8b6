/** Owns how a number series is read and written over the API. */
import { z } from 'zod';
import { checkPattern } from '../../../domain/numbering.ts';
import { seriesDocumentTypes } from '../../../store/series.ts';
import type { Subject } from '../../kit/record-change.ts';
import { id, shortText, storedDay } from '../../kit/schemas.ts';

export const seriesSubject: Subject = { type: 'series', permission: 'series.read' };

const pattern = z
  .string()
  .min(1)
  .max(60)
  .superRefine((text, context) => {
    const problem = checkPattern(text);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  })
  .meta({ description: 'e.g. {CLIENT}-{YYYY}-{NNNN}; the counter widens beyond its digits.' });

export const numberSeries = z
  .object({
    id,
    sellerId: id,
    documentType: z.enum(seriesDocumentTypes),
    name: z.string(),
    pattern: z.string(),
    nextNumber: z.int(),
    lastIssueDate: storedDay.nullable(),
  })
  .meta({ id: 'Series' });

export const newSeries = z.object({
  sellerId: id,
  documentType: z.enum(seriesDocumentTypes),
  name: shortText.optional(),
  pattern,
  nextNumber: z
    .int()
    .min(1)
    .max(1e12)
    .optional()
    .meta({ description: 'Where another system left off, plus one.' }),
});
/** The counter itself is never set again: that would make a gap or a number twice. */
export const seriesChange = z.object({ name: shortText.optional(), pattern: pattern.optional() });
