/** Owns the steps of a clock that is set forward: one stretch of jumps, each followed by waiting until all is idle. */
import { setTimeout as sleep } from 'node:timers/promises';
import { digestSettings } from '../domain/digest.ts';
import type { Instant } from '../domain/work-entry.ts';
import {
  beginDay,
  beginWait,
  type ClockMove,
  endClockMove,
  endsByItself,
  jump,
  leaveBehind,
  nextStop,
  noteProgress,
  readClockMove,
  type UnderWay,
  underWay,
  wakeDue,
} from '../store/clock-moves.ts';
import { doDailyOf } from '../store/daily.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { tellForgotten } from '../store/timers.ts';
import { getWorkspace, type Workspace, workspaceNow, zoneOf } from '../store/workspaces.ts';
import type { ActivityDeps } from './deps.ts';
import { look, type SubjectRef } from './look.ts';

export type ClockStep = { step: 'go' | 'done' };

/** Real milliseconds; a workflow's input may name others. */
const durations = {
  /** One activity; between two of them others have their turn. */
  stretchMs: 3_000,
  /** What ends by itself has so long after a jump, else the move fails. */
  settleMs: 120_000,
  /** What hangs on something outside (a platform that is down) has so long, and is then left behind. */
  outsideMs: 10_000,
  /** One move as a whole. */
  wholeMs: 3_600_000,
};
const mostJumps = 100_000;
/** Of waiting; jumps are noted all. */
const noteEveryMs = 250;
const shortestPauseMs = 5;
const longestPauseMs = 80;

type Ref = SubjectRef & { durations?: Partial<typeof durations> };
/** `ended`: nothing is to be done any more. `busy`: something is waited for. `day`: what the day asks for is to be done now. */
type Tick = 'ended' | 'went on' | 'busy' | 'day';

export function createClockActivities(deps: ActivityDeps) {
  const { database } = deps;

  /** One transaction: looks whether the workspace is idle, and if so does what is next where the clock stands, or jumps. */
  const tick = (ref: Ref, limits: typeof durations, note: boolean): Promise<Tick> =>
    database.inWorkspace(ref.workspaceId, async (tx) => {
      const workspace = await getWorkspace(tx, 'for no key update');
      const move = await readClockMove(tx, 'for no key update');
      if (!move) return 'ended';
      const at = workspace.clockAt ?? move.fromAt;
      const waitsFor = await underWay(tx, move);
      if (note || !waitsFor) {
        const goesOn = await noteProgress(tx, move, { at, message: messageOf(at, waitsFor) });
        if (!goesOn) return end(tx, move, { status: 'cancelled' });
      }
      if (move.ageMs > limits.wholeMs || move.jumps >= mostJumps)
        return end(tx, move, failed(`it took more than ${limitWords(limits)}`));
      if (waitsFor) return await wait(tx, move, waitsFor, limits);
      if (move.stage !== 'day') return wakeOrBegin(tx, move, at);
      if (Date.parse(at) >= Date.parse(move.targetAt)) return end(tx, move, { status: 'done' });
      const to = await nextStop(tx, workspace, move, dailyOf(workspace));
      // Where nobody was asked anything all is as idle as it was.
      return (await jump(tx, move, to)) > 0 ? 'went on' : wakeOrBegin(tx, { ...move, stage: 'read' }, to);
    });

  return {
    lookAtClock: (ref: Ref): Promise<ClockStep> =>
      look(deps, 'clock', ref, async (tx) => ({ step: (await readClockMove(tx)) ? 'go' : 'done' })),

    /**
     * Goes on for a stretch, from wherever the clock stands: each jump is one transaction, so a stretch that was killed is
     * taken up where it was.
     */
    async stepClock(ref: Ref): Promise<void> {
      const limits = { ...durations, ...ref.durations };
      const endsAt = performance.now() + limits.stretchMs;
      let pauseMs = shortestPauseMs;
      let notedAt = Number.NEGATIVE_INFINITY;
      // A stretch before this one may have been killed at its day; doing it again changes nothing.
      if ((await database.inWorkspace(ref.workspaceId, (tx) => readClockMove(tx)))?.stage === 'day')
        await doDay(ref);
      while (performance.now() < endsAt) {
        const note = performance.now() - notedAt > noteEveryMs;
        const outcome = await tick(ref, limits, note);
        if (note) notedAt = performance.now();
        if (outcome === 'ended') return;
        if (outcome === 'busy') await sleep(pauseMs);
        pauseMs = outcome === 'busy' ? Math.min(pauseMs * 2, longestPauseMs) : shortestPauseMs;
        // It may wake others: they are awaited before the clock goes on.
        if (outcome === 'day') await doDay(ref);
      }
    },

    /** Nothing more is tried: the clock stays where it is, and says why. */
    async giveUpClock({ workspaceId, error }: Ref & { error: string }): Promise<void> {
      await database.inWorkspace(workspaceId, async (tx) => {
        const move = await readClockMove(tx, 'for no key update');
        if (move) await endClockMove(tx, move, failed(error));
      });
    },
  };

  async function doDay({ workspaceId }: Ref): Promise<void> {
    const workspace = await database.inWorkspace(workspaceId, (tx) => getWorkspace(tx));
    await doDailyOf(database, workspace);
    await database.inWorkspace(workspaceId, tellForgotten);
  }
}

/** Wakes what is due where that was not done yet; where nothing is, the day may begin. */
async function wakeOrBegin(tx: WorkspaceTx, move: ClockMove, at: Instant): Promise<Tick> {
  if (move.stage === 'read' && (await wakeDue(tx, move, at)) > 0) return 'went on';
  await beginDay(tx, move);
  return 'day';
}

async function end(
  tx: WorkspaceTx,
  move: ClockMove,
  outcome: Parameters<typeof endClockMove>[2],
): Promise<Tick> {
  await endClockMove(tx, move, outcome);
  return 'ended';
}

async function wait(
  tx: WorkspaceTx,
  move: ClockMove,
  waitsFor: UnderWay,
  { settleMs, outsideMs }: typeof durations,
): Promise<Tick> {
  if (move.waitedMs === null) await beginWait(tx, move);
  else if (endsByItself(waitsFor)) {
    if (move.waitedMs > settleMs)
      return end(tx, move, failed(`at ${await workspaceNow(tx)} it waited in vain for ${wordsOf(waitsFor)}`));
  } else if (move.waitedMs > outsideMs) await leaveBehind(tx, move);
  return 'busy';
}

const dailyOf = (workspace: Workspace) => ({
  time: digestSettings(workspace.settings).digestTime,
  zone: zoneOf(workspace),
});

const wordsOf = ({ kind, what }: UnderWay) => `${kind} (${what.replaceAll('_', ' ')})`;
const messageOf = (at: Instant, waitsFor: UnderWay | null) =>
  waitsFor ? `${at}, waits for: ${wordsOf(waitsFor)}` : at;
const limitWords = ({ wholeMs }: typeof durations) =>
  `${mostJumps.toLocaleString('en-US')} jumps or ${Math.round(wholeMs / 60_000)} minutes`;

function failed(why: string) {
  return {
    status: 'failed' as const,
    error: {
      message: `The clock was not set all the way: ${why}.`,
      whatToDo:
        'See to what it waits for, then set the clock forward again: it goes on from where it stands.',
    },
  };
}
