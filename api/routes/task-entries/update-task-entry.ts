/** Owns PATCH /task-entries/:taskEntryId. */
import { found } from '../../../domain/refusal.ts';
import {
  changeTaskEntry,
  lockTaskEntries,
  requireUnclaimed,
  requireWorkable,
  zoneOfPerson,
} from '../../../store/task-entries.ts';
import { ownPerson } from '../../kit/auth.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  requireMayPrice,
  shownTaskEntry,
  taskEntry,
  taskEntryChange,
  taskEntrySubject,
  wholeTaskEntry,
  withChange,
  writeErrors,
} from './task-entry.ts';

export const updateTaskEntry = defineRoute({
  name: 'update-task-entry',
  method: 'patch',
  path: '/task-entries/:taskEntryId',
  summary: 'Change what was recorded on a task',
  description:
    'It waits for approval anew. Once it is priced for the client, only who may change all entries does: the difference is billed or credited.',
  permission: 'entries.update',
  own: true,
  body: taskEntryChange,
  example: { note: 'To the yard and back, twice' },
  responses: { 200: taskEntry },
  errors: [...writeErrors, 'task_entry.claimed'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'entries.update');
      const [row] = await lockTaskEntries(tx, [params.taskEntryId], own);
      const before = found(row ?? null, 'task_entry');
      requireCurrent(shownTaskEntry(actor, before));
      if (own !== null) requireUnclaimed(before);
      if (body.unitPrice !== undefined) requireMayPrice(actor, body.unitPrice);
      // Who does not see its price does not change it by sending back what they were shown.
      const { unitPrice: _unseen, ...unpriced } = body;
      const content = withChange(before, actor.permissions.has('entries.update') ? body : unpriced);
      const { zone } = await requireWorkable(tx, content.taskId, content.personId);
      const after = await changeTaskEntry(tx, before, content, await zoneOfPerson(tx, zone), actor.id);
      await recordUpdated(tx, actor, taskEntrySubject, wholeTaskEntry(before), wholeTaskEntry(after));
      return { status: 200, body: shownTaskEntry(actor, after) };
    }),
});
