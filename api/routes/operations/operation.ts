/** Owns how an operation is shown over the API. */
import { z } from 'zod';
import { operationStatuses } from '../../../store/operations.ts';
import { id, instant } from '../../kit/schemas.ts';

export const operationStatus = z.enum(operationStatuses);

export const operation = z
  .object({
    id,
    kind: z.string().meta({ description: 'e.g. import, sync_time.' }),
    subjectId: id.nullable(),
    status: operationStatus,
    done: z.int().meta({ description: 'How far it is; of an import: lines.' }),
    total: z.int().nullable(),
    message: z.string().nullable(),
    result: z.record(z.string(), z.unknown()).nullable(),
    error: z.record(z.string(), z.unknown()).nullable(),
    cancelRequested: z.boolean(),
    startedBy: z.string(),
    createdAt: instant,
    finishedAt: instant.nullable(),
  })
  .meta({ id: 'Operation' });
