/** Owns POST /reminders/send. */
import { z } from 'zod';
import { localDay } from '../../../domain/day.ts';
import { found } from '../../../domain/refusal.ts';
import { clients } from '../../../store/clients.ts';
import { recordEvents } from '../../../store/events.ts';
import { remindClients } from '../../../store/reminders.ts';
import { getWorkspace, zoneOf } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';

export const sendReminders = defineRoute({
  name: 'send-reminders',
  method: 'post',
  path: '/reminders/send',
  summary: 'Send the reminders that are due now, instead of at the time of the day',
  description:
    'A step of an invoice is reminded of once, and a client gets one letter a day, however often this is asked.',
  permission: 'reminders.send',
  body: z.object({ clientId: id.optional() }),
  example: { clientId: '{clientId}' },
  responses: { 200: z.object({ letters: z.int() }) },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      if (body.clientId !== undefined) found(await clients.find(tx, body.clientId), 'client');
      const workspace = await getWorkspace(tx);
      const today = localDay(workspace.clockAt ?? new Date(), zoneOf(workspace));
      const letters = await remindClients(tx, today, { actor: actor.id, clientId: body.clientId ?? null });
      await recordEvents(tx, [
        {
          type: 'reminders.asked_for',
          subjectType: 'workspace',
          subjectId: tx.workspaceId,
          actor: actor.id,
          permission: 'reminders.read',
          payload: { letters, clientId: body.clientId ?? null },
        },
      ]);
      return { status: 200, body: { letters } };
    }),
});
