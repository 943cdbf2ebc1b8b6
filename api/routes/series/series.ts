/** Owns how a number series is read and written over the API. */
import { z } from 'zod';
import {
  checkPattern,
  checkReset,
  type NumberLimits,
  seriesDocumentTypes,
  seriesResets,
  shortestNumberLength,
} from '../../../domain/numbering.ts';
import { invalidField, Refusal } from '../../../domain/refusal.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { connectorsOfTargets, findTwin, type Series } from '../../../store/series.ts';
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
  .meta({
    description: 'e.g. {PREFIX}-{CLIENT}-{YYYY}-{SEQ:4}; the counter widens beyond its digits.',
  });
const prefix = z
  .string()
  .regex(/^[A-Za-z0-9/_.-]{0,20}$/, 'at most 20 letters, digits and / _ . -')
  .meta({ description: '{PREFIX} in the pattern.' });
const reset = z
  .enum(seriesResets)
  .meta({ description: 'When the counter begins at 1 again; the pattern then needs {YYYY}, or {MM} too.' });

export const numberSeries = z
  .object({
    id,
    sellerId: id,
    documentType: z.enum(seriesDocumentTypes),
    name: z.string(),
    pattern: z.string(),
    prefix: z.string(),
    reset: z.enum(seriesResets),
    personId: id.nullable().meta({ description: 'Whose own self-billed series it is.' }),
    nextNumber: z.int(),
    lastIssueDate: storedDay.nullable(),
  })
  .meta({ id: 'Series' });

export const newSeries = z.object({
  sellerId: id,
  documentType: z.enum(seriesDocumentTypes),
  name: shortText.optional(),
  pattern,
  prefix: prefix.optional(),
  reset: reset.optional(),
  personId: id.optional().meta({ description: 'Of self-billed documents: numbered per contractor.' }),
  nextNumber: z
    .int()
    .min(1)
    .max(1e12)
    .optional()
    .meta({ description: 'Where another system left off, plus one.' }),
});
/** The counter itself is never set again: that would make a gap or a number twice. */
export const seriesChange = z.object({
  name: shortText.optional(),
  pattern: pattern.optional(),
  prefix: prefix.optional(),
  reset: reset.optional(),
});

/** Refuses a pattern that cannot number such documents, or in which the counter would come to the same number again. */
export function requireFittingPattern({
  pattern: text,
  documentType,
  reset: when,
}: Pick<Series, 'pattern' | 'documentType' | 'reset'>): void {
  const problem = checkPattern(text, documentType) ?? checkReset(text, when);
  if (problem) throw invalidField('/pattern', 'series.pattern_unfit', problem);
}

/** What `requireOwnNumbers` refuses with. */
export const numberRefusals = ['series.equal_numbers', 'number.too_long'];

/**
 * Refuses a series that would come to the numbers of another one of the seller, or whose numbers never fit the platform that
 * the seller's invoices go to. The caller has locked the seller, so that two at once see each other.
 */
export async function requireOwnNumbers(tx: WorkspaceTx, row: Series, limits: NumberLimits): Promise<void> {
  const twin = await findTwin(tx, row);
  if (twin)
    throw new Refusal({
      code: 'series.equal_numbers',
      message: `The series "${twin.name}" of this seller numbers by ${twin.pattern}: both would give the same numbers.`,
      whatToDo: 'Give this one a prefix, or another pattern.',
      errors: [{ pointer: '/pattern', detail: `comes to the numbers of "${twin.name}"` }],
      details: { seriesId: twin.id },
    });
  if (row.documentType !== 'invoice') return;
  const length = shortestNumberLength(row.pattern, row.prefix);
  for (const connector of await connectorsOfTargets(tx, row.sellerId)) {
    const limit = limits.get(connector);
    if (limit !== undefined && length > limit)
      throw invalidField(
        '/pattern',
        'number.too_long',
        `Numbers by ${row.pattern} have at least ${length} characters; ${connector}, which the seller's invoices go to, takes ${limit}.`,
        'Shorten the prefix or the pattern.',
        { connector, limit, length },
      );
  }
}
