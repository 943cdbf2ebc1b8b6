/** Owns how a write-off of work is shown over the API. */
import { z } from 'zod';
import { writeOffReasons } from '../../../store/write-off.ts';
import { id, instant, storedDecimal } from '../../kit/schemas.ts';

export const writeOff = z
  .object({
    id,
    reasonCode: z.enum(writeOffReasons),
    reason: z.string().nullable(),
    author: z.string(),
    createdAt: instant,
    items: z.int().meta({ description: 'Written off by it now.' }),
    amounts: z.array(z.object({ currency: z.string(), amount: storedDecimal })),
    reversedAt: instant.nullable(),
    reversalReason: z.string().nullable(),
  })
  .meta({ id: 'WriteOff' });
