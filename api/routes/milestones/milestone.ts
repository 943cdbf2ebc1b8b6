/** Owns how a milestone is read and written over the API. */
import { z } from 'zod';
import { milestoneKinds } from '../../../domain/milestone.ts';
import type { Subject } from '../../kit/record-change.ts';
import { day, decimal, id, instant, name, price, storedDay, storedDecimal } from '../../kit/schemas.ts';

/** Its price is part of what was agreed with the client. */
export const milestoneSubject: Subject = { type: 'milestone', permission: 'contracts.read' };

const kind = z.enum(milestoneKinds).meta({
  description:
    'What it waits for: its day, a percentage of the budgeted hours worked, or that somebody accepts.',
});
const percentage = decimal.refine(
  (text) => Number(text) > 0 && Number(text) <= 100,
  'more than 0 and at most 100',
);

export const milestone = z
  .object({
    id,
    projectId: id,
    phaseId: id.nullable(),
    name: z.string(),
    kind,
    dueOn: storedDay.nullable(),
    percentage: storedDecimal.nullable(),
    price: storedDecimal.nullable(),
    reachedAt: instant.nullable(),
    reachedBy: z.string().nullable(),
    reachReason: z.string().nullable(),
  })
  .meta({ id: 'Milestone' });

/** As its client sees it: what was agreed for it is in the contract, and its price is not said here. */
export const acceptance = milestone
  .pick({ id: true, projectId: true, phaseId: true, name: true, kind: true, dueOn: true, reachedAt: true })
  .extend({ projectName: z.string(), acceptedByClient: z.boolean() })
  .meta({ id: 'Acceptance' });

export const newMilestone = z.object({
  projectId: id,
  phaseId: id.nullish().meta({ description: 'A phase of the same project.' }),
  name,
  kind,
  dueOn: day.nullish(),
  percentage: percentage.nullish(),
  price: price
    .nullish()
    .meta({ description: "What of the project's price it bills, net; together at most that price." }),
});
export const milestoneChange = newMilestone.omit({ projectId: true }).partial();
