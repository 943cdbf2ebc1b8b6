/** Owns timers: one that runs for a person, stopped into entries by local day, and told of when it was forgotten. */
import { Refusal } from '../domain/refusal.ts';
import { splitAtMidnight, timerEnd, timerLimitHours } from '../domain/timer.ts';
import type { Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { Database, WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { notify } from './notifications.ts';
import { insertTaskEntries, requireWorkable, type TaskEntry, zoneOfPerson } from './task-entries.ts';
import { getWorkspace, listWorkspaces, workspaceNow } from './workspaces.ts';

export interface Timer {
  id: string;
  taskId: string;
  taskName: string;
  personId: string;
  zone: string;
  position: string | null;
  note: string;
  startedAt: Instant;
  stoppedAt: Instant | null;
  discarded: boolean;
  createdBy: string;
}

const selectTimers = (where: string) => `
  select t.id, t.task_id, k.name as task_name, t.person_id, t.zone, t.position, t.note, t.started_at, t.stopped_at, t.discarded, t.created_by
  from timers t join tasks k on k.workspace_id = $1 and k.id = t.task_id where t.workspace_id = $1 and ${where}`;

/** Starts a timer now. Refuses with 409 where the person has one that runs; the database holds that against any race. */
export async function startTimer(
  tx: WorkspaceTx,
  wanted: { taskId: string; personId: string; position: string | null; note: string },
  actor: string,
): Promise<Timer> {
  const { zone } = await requireWorkable(tx, wanted.taskId, wanted.personId);
  const id = newId();
  const started = await tx.run(
    `insert into timers (workspace_id, id, task_id, person_id, zone, position, note, started_at, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (workspace_id, person_id) where stopped_at is null do nothing`,
    [
      tx.workspaceId,
      id,
      wanted.taskId,
      wanted.personId,
      await zoneOfPerson(tx, zone),
      wanted.position,
      wanted.note,
      await workspaceNow(tx),
      actor,
    ],
  );
  if (started === 1) return (await readTimer(tx, id))!;
  const running = await tx.row<Timer>(selectTimers('t.person_id = $2 and t.stopped_at is null'), [
    tx.workspaceId,
    wanted.personId,
  ]);
  throw new Refusal({
    code: 'timer.running',
    message: 'A timer of this person is running already.',
    whatToDo: 'Stop or discard it first.',
    details: { timerId: running?.id, taskName: running?.taskName, startedAt: running?.startedAt },
  });
}

export function readTimer(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<Timer | null> {
  return tx.row<Timer>(selectTimers('t.id = $2 and ($3::uuid is null or t.person_id = $3)'), [
    tx.workspaceId,
    id,
    ownPersonId,
  ]);
}

/** Those that run, newest first; up to limit + 1 rows. */
export function listRunningTimers(
  tx: WorkspaceTx,
  filter: { personId?: string | undefined; taskId?: string | undefined },
  page: { after: string | null; limit: number },
): Promise<Timer[]> {
  return tx.rows<Timer>(
    `${selectTimers(`t.stopped_at is null and ($2::uuid is null or t.person_id = $2) and ($3::uuid is null or t.task_id = $3)
       and ($4::uuid is null or t.id < $4)`)} order by t.id desc limit $5`,
    [tx.workspaceId, filter.personId ?? null, filter.taskId ?? null, page.after, page.limit + 1],
  );
}

/**
 * Holds a timer that runs. Null where there is none, or it is not this person's; refuses with 409 one that has stopped.
 * Whoever races for it finds it stopped.
 */
export async function lockRunningTimer(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null,
): Promise<Timer | null> {
  await tx.run('select 1 from timers where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    id,
  ]);
  const timer = await readTimer(tx, id, ownPersonId);
  if (!timer || timer.stoppedAt === null) return timer;
  throw new Refusal({
    code: 'timer.stopped',
    message: timer.discarded ? 'This timer was discarded.' : 'This timer has stopped.',
    whatToDo: 'Change what it recorded, under GET /task-entries.',
    details: { stoppedAt: timer.stoppedAt },
  });
}

/**
 * Stops it and records its time, an entry for each local day that it touched, whatever became of its task and its person
 * meanwhile: the work was done. The caller holds the timer.
 */
export async function stopTimer(
  tx: WorkspaceTx,
  timer: Timer,
  saidEnd: Instant | null,
  actor: string,
): Promise<{ timer: Timer; entries: TaskEntry[] }> {
  const { settings } = await getWorkspace(tx);
  const now = await workspaceNow(tx);
  const endedAt = timerEnd(timer, { now, saidEnd, limitHours: timerLimitHours(settings) });
  await endTimer(tx, timer.id, endedAt, false);
  const stretches = splitAtMidnight(timer.startedAt, endedAt, timer.zone);
  const entries =
    stretches.length === 0
      ? []
      : await insertTaskEntries(
          tx,
          stretches.map((stretch) => ({
            ...nothing,
            ...stretch,
            kind: 'labor' as const,
            taskId: timer.taskId,
            personId: timer.personId,
            zone: timer.zone,
            position: timer.position,
            note: timer.note,
            timerId: timer.id,
          })),
          timer.zone,
          actor,
        );
  return { timer: (await readTimer(tx, timer.id))!, entries };
}

/** What a stretch of time does not say. */
const nothing = {
  metres: null,
  transportSeconds: null,
  amount: null,
  receiptOn: null,
  inputTax: null,
  currency: null,
  count: null,
  unitPrice: null,
  unitCost: null,
  productId: null,
  billable: true,
};

/** Stops it and records nothing. The caller holds the timer. */
export async function discardTimer(tx: WorkspaceTx, timer: Timer): Promise<Timer> {
  await endTimer(tx, timer.id, await workspaceNow(tx), true);
  return (await readTimer(tx, timer.id))!;
}

async function endTimer(tx: WorkspaceTx, id: string, at: Instant, discarded: boolean): Promise<void> {
  await tx.run(
    'update timers set stopped_at = greatest(started_at, $3), discarded = $4 where workspace_id = $1 and id = $2',
    [tx.workspaceId, id, at, discarded],
  );
}

const toldAtOnce = 500;

/** Tells the people whose timers have run longer than anybody works, each once. Answers how many timers. */
export async function tellForgotten(tx: WorkspaceTx): Promise<number> {
  const { settings } = await getWorkspace(tx);
  const limitHours = timerLimitHours(settings);
  const forgotten = await tx.rows<Timer>(
    `${selectTimers(`t.stopped_at is null and t.forgotten_told_at is null
       and t.started_at < $2::timestamptz - $3 * interval '1 hour'`)} order by t.id limit $4 for no key update of t skip locked`,
    [tx.workspaceId, await workspaceNow(tx), limitHours, toldAtOnce],
  );
  if (forgotten.length === 0) return 0;
  await tx.run(
    'update timers set forgotten_told_at = now() where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(forgotten.map(({ id }) => id))],
  );
  await notify(
    tx,
    forgotten.map((timer) => ({
      kind: 'timer.forgotten' as const,
      to: { personId: timer.personId },
      key: `timer.forgotten:${timer.id}`,
      subjectType: 'timer',
      subjectId: timer.id,
      params: { task: timer.taskName, hours: String(limitHours), startedAt: timer.startedAt.slice(0, 16) },
    })),
  );
  return forgotten.length;
}

/** In every workspace; safe to repeat, and from several places. */
export async function watchTimers(database: Database): Promise<number> {
  let told = 0;
  for (const { id } of await listWorkspaces(database)) told += await database.inWorkspace(id, tellForgotten);
  return told;
}
