/** Owns how an exception is shown over the API. */
import { z } from 'zod';
import { exceptionStatuses } from '../../../store/exceptions.ts';
import { id, instant } from '../../kit/schemas.ts';

export const exceptionStatus = z.enum(exceptionStatuses);
export const severity = z.enum(['E', 'W']).meta({
  description: 'E blocks until it is fixed; W may be released with a reason.',
});

export const exception = z
  .object({
    id,
    rule: z.string(),
    severity,
    status: exceptionStatus,
    subjectType: z.string(),
    subjectId: id.nullable(),
    detail: z.record(z.string(), z.unknown()).meta({
      description:
        'What shows it: `figure` in words, `clause` of the contract that the rule reads, and more.',
    }),
    contractId: id.nullable(),
    ownerId: id.nullable().meta({ description: 'The member who looks after it.' }),
    entryCount: z.int().meta({ description: 'Entry versions that it covers or covered.' }),
    createdAt: instant,
    ageDays: z.int().meta({ description: 'Whole days until it was closed, or until now.' }),
    closedAt: instant.nullable(),
    closedBy: z.string().nullable(),
    closeReason: z.string().nullable(),
  })
  .meta({ id: 'Exception' });

export const ruleCount = z
  .object({ rule: z.string(), severity, exceptions: z.int(), entries: z.int() })
  .meta({ id: 'RuleCount' });
