/** Owns how an event of the audit is shown over the API, and which may be asked for. */
import { z } from 'zod';
import { type AuditEvent, withOpened } from '../../../domain/audit-event.ts';
import { id, instant } from '../../kit/schemas.ts';

const fields = z.record(z.string(), z.unknown()).nullable();

export const auditEvent = z
  .object({
    seq: z.int().meta({ description: 'Gap-free in the workspace, in order of commit.' }),
    id,
    at: z.string().meta({ description: 'UTC, with microseconds.' }),
    sandboxAt: z.string().nullable(),
    actor: z.string().meta({ description: 'Who: member:<id>, key:<id>, system …' }),
    actorName: z.string().nullable().meta({ description: 'What the member or key is called today.' }),
    type: z.string().meta({ description: 'What: subject and past participle, e.g. client.updated.' }),
    subject: z.object({ type: z.string(), id: id.nullable() }),
    before: fields.meta({ description: 'What was, as far as it differs.' }),
    after: fields.meta({ description: 'What is.' }),
    payload: fields,
    origin: fields.meta({
      description: 'Where from: via (api, cli, workflow, import, system), requestId, ip, userAgent …',
    }),
    hash: z.string().meta({ description: 'Chains the event to the one before it.' }),
    previousHash: z.string(),
  })
  .meta({ id: 'AuditEvent' });

const word = z.string().regex(/^[a-z][a-z0-9_]{0,99}$/);

/** Spread into a route's query. */
export const auditFilter = {
  actor: z
    .string()
    .regex(/^[\w:.-]{1,100}$/)
    .optional()
    .meta({ description: 'e.g. member:<id>' }),
  type: z
    .string()
    .regex(/^[a-z][a-z0-9_.]{0,99}$/)
    .optional()
    .meta({ description: 'e.g. client.updated' }),
  subjectType: word.optional(),
  subjectId: id.optional(),
  from: instant.optional().meta({ description: 'At this instant or later.' }),
  to: instant.optional().meta({ description: 'Before this instant.' }),
};

export function toAuditView(event: AuditEvent) {
  const { opened: _, origin: __, ...shown } = event;
  return { ...shown, ...withOpened(event) };
}
