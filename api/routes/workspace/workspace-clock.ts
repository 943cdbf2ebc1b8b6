/** Owns how a workspace's clock is shown over the API, and to when it is set. */
import { z } from 'zod';
import { isDay } from '../../../domain/day.ts';
import { readDuration } from '../../../domain/duration.ts';
import { nextDueAfter, readClockMove } from '../../../store/clock-moves.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { getWorkspace, workspaceNow, zoneOf } from '../../../store/workspaces.ts';
import { id, instant } from '../../kit/schemas.ts';

export const workspaceClock = z
  .object({
    now: instant.meta({ description: 'What time it is in the workspace.' }),
    isSandbox: z.boolean().meta({ description: 'Only the clock of a sandbox is set forward.' }),
    clockAt: instant
      .nullable()
      .meta({ description: "A sandbox's own clock; null: it goes by the real time." }),
    nextDueAt: instant.nullable().meta({ description: 'When something is due next.' }),
    move: z
      .object({
        operationId: id,
        from: instant,
        to: instant,
        jumps: z.int().meta({ description: 'How often the clock was set on the way.' }),
        woken: z.int().meta({ description: 'How many workflows that woke.' }),
        leftBehind: z.int().meta({ description: 'What was awaited for long and in vain.' }),
      })
      .nullable()
      .meta({ description: 'How the clock is being set forward; null: it stands.' }),
  })
  .meta({ id: 'WorkspaceClock' });

/** A day is its beginning in the workspace's zone. */
export const clockTarget = z
  .strictObject({
    to: z
      .union([instant, z.iso.date().refine(isDay, 'a calendar day between 1900 and 2199')])
      .optional()
      .meta({ description: "An instant, or a day: its beginning in the workspace's zone." }),
    by: z
      .string()
      .max(40)
      .refine((text) => readDuration(text) !== null, 'a duration such as P3M, P14D or PT12H')
      .optional()
      .meta({ description: 'Or so much further: a duration of ISO 8601.', example: 'P3M' }),
  })
  .refine(({ to, by }) => (to === undefined) !== (by === undefined), 'name either to or by');

export async function readWorkspaceClock(tx: WorkspaceTx) {
  const workspace = await getWorkspace(tx);
  const now = await workspaceNow(tx);
  const move = await readClockMove(tx);
  return {
    now,
    isSandbox: workspace.kind === 'sandbox',
    clockAt: workspace.clockAt,
    nextDueAt: await nextDueAfter(tx, now),
    move: move && {
      operationId: move.operationId,
      from: move.fromAt,
      to: move.targetAt,
      jumps: move.jumps,
      woken: move.woken,
      leftBehind: move.leftBehind.length,
    },
  };
}

export const zoneAndNow = async (tx: WorkspaceTx) => ({
  zone: zoneOf(await getWorkspace(tx)),
  now: await workspaceNow(tx),
});
