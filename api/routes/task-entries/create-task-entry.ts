/** Owns POST /task-entries. */
import { insertTaskEntries, requireWorkable, zoneOfPerson } from '../../../store/task-entries.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  newTaskEntry,
  personOf,
  requireMayPrice,
  shownTaskEntry,
  taskEntry,
  taskEntrySubject,
  toContent,
  writeErrors,
} from './task-entry.ts';

export const createTaskEntry = defineRoute({
  name: 'create-task-entry',
  method: 'post',
  path: '/task-entries',
  summary: 'Record work on a task: time, mileage, an expense, goods',
  permission: 'entries.create',
  own: true,
  body: newTaskEntry,
  example: {
    kind: 'mileage',
    taskId: '{taskId}',
    personId: '{personId}',
    workDate: '2026-03-02',
    kilometres: '120',
    transportMinutes: 90,
    note: 'To the yard and back',
  },
  responses: { 201: taskEntry },
  errors: writeErrors,
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const personId = personOf(actor, body.personId);
      requireMayPrice(actor, body.unitPrice);
      const { zone } = await requireWorkable(tx, body.taskId, personId);
      const [row] = await insertTaskEntries(
        tx,
        [{ ...toContent(body, personId), timerId: null }],
        await zoneOfPerson(tx, zone),
        actor.id,
      );
      const shown = shownTaskEntry(actor, row!);
      await recordCreated(tx, actor, taskEntrySubject, shown);
      return { status: 201, body: shown, headers: { Location: `/api/v1/task-entries/${row!.id}` } };
    }),
});
