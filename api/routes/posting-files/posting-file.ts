/** Owns how a posting file is shown over the API. */
import { z } from 'zod';
import { id, instant, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const postingFile = z
  .object({
    id,
    connectionId: id,
    startsOn: storedDay,
    endsBefore: storedDay,
    lineCount: z.int(),
    controlTotals: z.record(z.string(), storedDecimal).meta({
      description: 'Sum of the debits by currency; the credits come to the same.',
    }),
    sha256: z.string(),
    createdBy: z.string(),
    createdAt: instant,
  })
  .meta({ id: 'PostingFile' });
