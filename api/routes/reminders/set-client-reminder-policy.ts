/** Owns PUT /clients/:clientId/reminder-policy. */
import { z } from 'zod';
import { found, invalidField } from '../../../domain/refusal.ts';
import { clients } from '../../../store/clients.ts';
import { recordEvents } from '../../../store/events.ts';
import {
  findReminderPolicy,
  setClientReminderPolicy as setPolicy,
} from '../../../store/reminder-policies.ts';
import { defineRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';

const chosen = z.object({
  reminderPolicyId: id.nullable().meta({ description: 'Null: the default one.' }),
});

export const setClientReminderPolicy = defineRoute({
  name: 'set-client-reminder-policy',
  method: 'put',
  path: '/clients/:clientId/reminder-policy',
  summary: 'Say by which policy a client is reminded',
  permission: 'reminders.update',
  body: chosen,
  example: { reminderPolicyId: '{reminderPolicyId}' },
  responses: { 200: chosen },
  handler: ({ params, body: { reminderPolicyId }, actor, transact }) =>
    transact(async (tx) => {
      found(await clients.lock(tx, params.clientId), 'client');
      if (reminderPolicyId !== null && !(await findReminderPolicy(tx, reminderPolicyId)))
        throw invalidField('/reminderPolicyId', 'reference.unknown', 'There is no such reminder policy.');
      await setPolicy(tx, params.clientId, reminderPolicyId);
      await recordEvents(tx, [
        {
          type: 'client.reminder_policy_set',
          subjectType: 'client',
          subjectId: params.clientId,
          actor: actor.id,
          permission: 'clients.read',
          payload: { reminderPolicyId },
        },
      ]);
      return { status: 200, body: { reminderPolicyId } };
    }),
});
