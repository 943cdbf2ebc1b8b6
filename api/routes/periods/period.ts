/** Owns how a period of a seller's books is read and written over the API. */
import { z } from 'zod';
import { periodAreas, periodStatuses } from '../../../domain/period.ts';
import type { Subject } from '../../kit/record-change.ts';
import { day, id, instant, note, storedDay } from '../../kit/schemas.ts';

export const periodSubject: Subject = { type: 'period', permission: 'periods.read' };

const facts = {
  id,
  sellerId: id,
  area: z.enum(periodAreas),
  startsOn: storedDay,
  endsBefore: storedDay.meta({ description: 'Half-open: the first day after it.' }),
  status: z.enum(periodStatuses),
  graceEndsBefore: storedDay.nullable().meta({
    description: 'From this day on a soft-closed period is as good as closed; null: until it is closed.',
  }),
};
export const period = z.object(facts).meta({ id: 'Period' });

export const periodOverride = z
  .object({ id, memberId: id, reason: z.string(), createdAt: instant })
  .meta({ id: 'PeriodOverride' });
export const periodBlocker = z
  .object({ code: z.string(), count: z.int(), message: z.string(), whatToDo: z.string() })
  .meta({ id: 'PeriodBlocker', description: 'What is unfinished in the period.' });
export const periodInFull = z
  .object({ ...facts, overrides: z.array(periodOverride), blockers: z.array(periodBlocker) })
  .meta({ id: 'PeriodInFull' });

export const newPeriod = z.object({
  sellerId: id,
  area: z.enum(periodAreas),
  startsOn: day,
  endsBefore: day,
});
export const periodChange = z.object({
  status: z.enum(periodStatuses).optional(),
  graceEndsBefore: day.nullish(),
  despite: note.optional().meta({ description: 'Why it is closed although something in it is unfinished.' }),
});
export const newOverride = z.object({
  memberId: id.optional().meta({ description: 'Who may post into it; left out: who asks.' }),
  reason: note,
});
