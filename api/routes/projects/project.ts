/** Owns how a project is read and written over the API. */
import { z } from 'zod';
import { type Project, projectStatuses } from '../../../store/projects.ts';
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
    budgetSeconds: z.int().nullable(),
    budgetAmount: storedDecimal.nullable(),
    createdAt: instant,
  })
  .meta({ id: 'Project' });

/** A client sees their projects without our budgets. */
export const projectFor = (actor: Actor, row: Project): Project =>
  ownClient(actor, 'projects.read') === null ? row : { ...row, budgetSeconds: null, budgetAmount: null };

export const newProject = z.object({
  clientId: id,
  contractId: id
    .nullish()
    .meta({ description: 'A contract of the same client; none: nothing of it is billed.' }),
  code: shortText,
  name,
  costCentre: shortText.nullish(),
  billable: z.boolean().optional(),
  status: status.optional(),
  managerId: id
    .nullish()
    .meta({ description: 'The member who decides on its tickets; none: whoever may approve tickets.' }),
  budgetSeconds: z.int().min(0).max(1e12).nullish(),
  budgetAmount: price.nullish(),
});
export const projectChange = newProject.omit({ clientId: true }).partial();
