/** Owns POST /reminder-pauses. */
import { found } from '../../../domain/refusal.ts';
import { clients } from '../../../store/clients.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { pauseReminders as pause } from '../../../store/reminder-pauses.ts';
import { defineRoute } from '../../kit/route.ts';
import { newReminderPause, reminderPause } from './reminder-pause.ts';

export const pauseReminders = defineRoute({
  name: 'pause-reminders',
  method: 'post',
  path: '/reminder-pauses',
  summary: 'Pause the reminders of an invoice, or of all of a client',
  description:
    'No letter and no late fee goes out until it is over, neither by itself nor by hand. Steps that come meanwhile are not made up for: afterwards the latest goes out.',
  permission: 'reminders.update',
  body: newReminderPause,
  example: { clientId: '{clientId}', reason: 'They change their bank' },
  responses: { 201: reminderPause },
  errors: ['reminder_pause.exists', 'reminder_pause.over'],
  handler: ({ body: { invoiceId = null, reason, untilOn = null, ...body }, actor, transact }) =>
    transact(async (tx) => {
      const of =
        invoiceId === null ? body.clientId! : found(await readInvoice(tx, invoiceId), 'invoice').clientId;
      const { id: clientId } = found(await clients.lock(tx, of), 'client');
      const made = await pause(tx, { clientId, invoiceId, reason, untilOn, actor: actor.id });
      return { status: 201, body: made };
    }),
});
