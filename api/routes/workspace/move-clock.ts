/** Owns POST /workspace/clock. */
import { timeAhead } from '../../../domain/duration.ts';
import { requestClockMove } from '../../../store/clock-moves.ts';
import { defineRoute } from '../../kit/route.ts';
import { operation } from '../operations/operation.ts';
import { clockTarget, zoneAndNow } from './workspace-clock.ts';

export const moveClock = defineRoute({
  name: 'move-clock',
  method: 'post',
  path: '/workspace/clock',
  summary: 'Set the clock of a sandbox workspace forward',
  description:
    'Step by step: to what is due next, which then happens, and on once all is idle. A cancel of the operation leaves the clock where it stands. Live workspaces refuse it, and no clock is set back.',
  permission: 'workspace.move_clock',
  body: clockTarget,
  example: { by: 'P1D' },
  responses: { 202: operation },
  errors: ['clock.live', 'clock.moving', 'clock.backwards', 'clock.too_far'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const { zone, now } = await zoneAndNow(tx);
      const asked = await requestClockMove(tx, { targetAt: timeAhead(now, zone, body)!, actor: actor.id });
      return { status: 202, body: asked, headers: { Location: `/api/v1/operations/${asked.id}` } };
    }),
});
