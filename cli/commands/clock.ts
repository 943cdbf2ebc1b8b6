/** Owns `slipway clock`: shows a sandbox workspace's clock, or sets it forward and follows it there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { timeAhead } from '../../domain/duration.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { Instant } from '../../domain/work-entry.ts';
import { requestClockMove } from '../../store/clock-moves.ts';
import type { Database } from '../../store/database.ts';
import { type Operation, readOperation, requestOperationCancel } from '../../store/operations.ts';
import { type Workspace, workspaceNow, zoneOf } from '../../store/workspaces.ts';
import { type Command, UsageError } from '../command.ts';
import { type Step, say, step } from '../story.ts';
import { chooseWorkspace } from '../with-database.ts';
import { withWorkers } from '../with-workers.ts';

interface Wanted {
  to?: string | undefined;
  by?: string | undefined;
}

/** Null: only to be shown. */
function targetOf(now: Instant, zone: string, { to, by }: Wanted): Instant | null {
  if (to === undefined && by === undefined) return null;
  if (to !== undefined && by !== undefined) throw new UsageError('Name either --to or --by.');
  const target = timeAhead(now, zone, { to, by });
  if (target !== null) return target;
  throw new UsageError(
    '--to is a day such as 2027-01-01 or an instant such as 2027-01-01T08:00:00Z, --by a duration such as P3M or PT12H.',
  );
}

async function follow(
  database: Database,
  workspaceId: string,
  asked: Operation,
  note: Step['note'],
  isStopped: () => boolean,
): Promise<Operation> {
  let cancelled = false;
  for (;;) {
    if (isStopped() && !cancelled) {
      cancelled = true;
      await database.inWorkspace(workspaceId, (tx) => requestOperationCancel(tx, asked.id));
    }
    const operation = (await database.inWorkspace(workspaceId, (tx) => readOperation(tx, asked.id)))!;
    note(operation.message ?? 'waiting for a worker');
    if (!['queued', 'running'].includes(operation.status)) return operation;
    await sleep(100);
  }
}

/** Ctrl-C leaves the clock where it stands. */
async function moveAndShow(
  database: Database,
  workspace: Workspace,
  targetAt: Instant,
  isStopped: () => boolean,
): Promise<number> {
  let asked: Operation;
  try {
    asked = await database.inWorkspace(workspace.id, (tx) =>
      requestClockMove(tx, { targetAt, actor: 'cli' }),
    );
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new UsageError([error.message, error.whatToDo].filter(Boolean).join(' '));
  }
  const ended = await step(
    `Clock to ${targetAt}`,
    ({ note }) => follow(database, workspace.id, asked, note, isStopped),
    ({ status, result }) => `${status} at ${String(result?.at)} after ${String(result?.jumps)} jumps`,
  );
  if (ended.error) say(`  ${String(ended.error.message)} ${String(ended.error.whatToDo)}`);
  return ended.status === 'done' ? 0 : 1;
}

export const clock: Command = {
  name: 'clock',
  usage: 'slipway clock [--to DAY|INSTANT | --by DURATION] [--workspace W]',
  summary: "Show a sandbox workspace's clock, or set it forward: what is due on the way happens",
  run: async (context) => {
    const { values } = parseArgs({
      args: context.args,
      options: { to: { type: 'string' }, by: { type: 'string' }, workspace: { type: 'string' } },
    });
    let stopped = false;
    void context.untilStopped().then(() => {
      stopped = true;
    });
    const chosen = async (database: Database) => {
      const workspace = await chooseWorkspace(database, values.workspace);
      const now = await database.inWorkspace(workspace.id, workspaceNow);
      return { workspace, now, targetAt: targetOf(now, zoneOf(workspace), values) };
    };
    return withWorkers(context, async (database, workersRun) => {
      const { workspace, now, targetAt } = await chosen(database);
      if (targetAt === null) {
        const kind = workspace.kind === 'sandbox' ? 'a sandbox' : 'live, and goes by the real time';
        say(`It is ${now} in "${workspace.name}", which is ${kind}.`);
        return 0;
      }
      return workersRun ? moveAndShow(database, workspace, targetAt, () => stopped) : null;
    });
  },
};
