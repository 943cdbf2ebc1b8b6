/** Owns how a mail is shown over the API. */
import { z } from 'zod';
import { fillWords } from '../../../domain/notification.ts';
import { type MailRow, mailStatuses } from '../../../store/mails.ts';
import { id, instant } from '../../kit/schemas.ts';

export const mailStatus = z.enum(mailStatuses);
const summary = {
  id,
  kind: z.string(),
  to: z.string(),
  subject: z.string(),
  status: mailStatus.meta({
    description:
      'failed: to be tried again; given_up: not any more. Without a mail server, sent means filed in the outbox folder.',
  }),
  attempts: z.int(),
  lastError: z.string().nullable(),
  nextAttemptAt: instant.nullable(),
  createdAt: instant,
  sentAt: instant.nullable(),
};
export const mail = z.object(summary).meta({ id: 'Mail' });
export const mailWithWords = z
  .object({ ...summary, html: z.string(), text: z.string() })
  .meta({ id: 'MailWithWords' });

export function toMail(row: MailRow): z.input<typeof mail> {
  const waits = row.status === 'queued' || row.status === 'failed';
  return {
    id: row.id,
    kind: row.kind,
    to: row.address,
    subject: fillWords(row.kind, row.params).title,
    status: row.status,
    attempts: row.attempts,
    lastError: row.lastError,
    nextAttemptAt: waits ? row.nextAttemptAt : null,
    createdAt: row.createdAt,
    sentAt: row.sentAt,
  };
}
