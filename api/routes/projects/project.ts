/** Owns how a project is read and written over the API. */
import { z } from 'zod';
import { firstProjectStatuses, projectStatuses } from '../../../domain/project.ts';
import type { Project } from '../../../store/projects.ts';
import { type Actor, ownClient } from '../../kit/auth.ts';
import type { Subject } from '../../kit/record-change.ts';
import { id, instant, name, price, shortText, storedDecimal } from '../../kit/schemas.ts';

export const projectSubject: Subject = { type: 'project', permission: 'projects.read' };

export const status = z.enum(projectStatuses);

export const project = z
  .object({
    id,
    clientId: id,
    contractId: id.nullable(),
    code: z.string(),
    name: z.string(),
    costCentre: z.string().nullable(),
    billable: z.boolean(),
    status,
    managerId: id.nullable(),
    teamId: id.nullable(),
    budgetSeconds: z.int().nullable(),
    budgetAmount: storedDecimal.nullable(),
    price: storedDecimal.nullable(),
    createdAt: instant,
  })
  .meta({ id: 'Project' });

/** What was agreed for a project is for those who may read contracts. */
export const ownProject = (actor: Actor, row: Project): Project =>
  actor.permissions.has('contracts.read') ? row : { ...row, price: null };

/** A client sees their projects without our team, budgets and price. */
export const projectFor = (actor: Actor, row: Project): Project =>
  ownClient(actor, 'projects.read') === null
    ? ownProject(actor, row)
    : { ...row, teamId: null, budgetSeconds: null, budgetAmount: null, price: null };

const facts = {
  contractId: id
    .nullish()
    .meta({ description: 'A contract of the same client; none: nothing of it is billed.' }),
  code: shortText,
  name,
  costCentre: shortText.nullish(),
  billable: z.boolean().optional(),
  managerId: id
    .nullish()
    .meta({ description: 'The member who decides on its tickets; none: whoever may approve tickets.' }),
  teamId: id.nullish().meta({ description: 'The team that works on it.' }),
  budgetSeconds: z.int().min(0).max(1e12).nullish(),
  budgetAmount: price
    .nullish()
    .meta({ description: "In the currency of its contract, without one in its client's." }),
  price: price
    .nullish()
    .meta({ description: 'Agreed for the whole of it, net: its milestones never add up to more.' }),
};
export const newProject = z.object({
  clientId: id,
  ...facts,
  status: z.enum(firstProjectStatuses).optional(),
});
export const projectChange = z.object({ ...facts, status }).partial();
