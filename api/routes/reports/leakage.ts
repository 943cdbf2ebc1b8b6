/** Owns how the leakage report is asked for and shown over the API. */
import { z } from 'zod';
import { localDay } from '../../../domain/day.ts';
import type { Day } from '../../../domain/work-entry.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { leakageAges, leakageReasons } from '../../../store/reports/leakage.ts';
import { getWorkspace, zoneOf } from '../../../store/workspaces.ts';
import { day, storedDay } from '../../kit/schemas.ts';

export const asOfQuery = z.object({
  asOf: day
    .optional()
    .meta({ description: "Work of this day and before; without it, the workspace's today." }),
});

export const leakage = z
  .object({
    asOf: storedDay,
    rows: z.array(
      z.object({
        reason: z.enum(leakageReasons),
        age: z.enum(leakageAges).meta({ description: 'Days since the work.' }),
        clientName: z.string().nullable(),
        projectCode: z.string().nullable(),
        entries: z.int(),
        seconds: z.int().meta({ description: 'Labor only, signed.' }),
      }),
    ),
    entries: z.int(),
    seconds: z.int(),
  })
  .meta({ id: 'Leakage' });

export async function asOfDay(tx: WorkspaceTx, asked: Day | undefined): Promise<Day> {
  if (asked !== undefined) return asked;
  const workspace = await getWorkspace(tx);
  return localDay(workspace.clockAt ?? new Date(), zoneOf(workspace));
}
