/** Owns POST /mail-outbox/:mailId/retry. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { recordEvents } from '../../../store/events.ts';
import { readMail, retryMail as tryAgain } from '../../../store/mails.ts';
import { defineRoute } from '../../kit/route.ts';
import { mail, toMail } from './mail.ts';

export const retryMail = defineRoute({
  name: 'retry-mail',
  method: 'post',
  path: '/mail-outbox/:mailId/retry',
  summary: 'Send a mail that was given up, after all',
  permission: 'workspace.update',
  responses: { 200: mail },
  errors: ['mail.not_given_up'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await readMail(tx, params.mailId), 'mail');
      const row = await tryAgain(tx, before.id);
      if (row === null)
        throw new Refusal({
          code: 'mail.not_given_up',
          message: `This mail is ${before.status}: only one that was given up is sent again by hand.`,
          whatToDo: 'Wait for its next attempt, or look whether it arrived.',
        });
      await recordEvents(tx, [
        {
          type: 'mail.retried',
          subjectType: 'mail',
          subjectId: row.id,
          actor: actor.id,
          permission: 'workspace.update',
          payload: { kind: row.kind },
        },
      ]);
      return { status: 200, body: toMail(row) };
    }),
});
