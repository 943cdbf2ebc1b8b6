/** Owns how a quarantined row is shown over the API. */
import { z } from 'zod';
import { quarantineStatuses } from '../../../store/quarantine.ts';
import { id, instant } from '../../kit/schemas.ts';

export const quarantineStatus = z.enum(quarantineStatuses);

export const quarantined = z
  .object({
    id,
    sourceId: id,
    sourceName: z.string(),
    operationId: id.nullable(),
    position: z.string().meta({ description: 'Where it stood: a line, a page and index, a vendor id.' }),
    raw: z.string().meta({ description: 'What was read; in a list its first 500 characters.' }),
    truncated: z.boolean().meta({ description: 'True when only the beginning was kept.' }),
    reason: z.string(),
    detail: z.string(),
    status: quarantineStatus,
    createdAt: instant,
    lastSeenAt: instant,
  })
  .meta({ id: 'QuarantinedRow' });
