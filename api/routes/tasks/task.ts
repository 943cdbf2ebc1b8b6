/** Owns how a task is read and written over the API. */
import { z } from 'zod';
import { mostAssignees, taskStatuses } from '../../../store/tasks.ts';
import type { Subject } from '../../kit/record-change.ts';
import { id, name, price, shortText, storedDecimal } from '../../kit/schemas.ts';

export const taskSubject: Subject = { type: 'task', permission: 'tasks.read' };

export const status = z.enum(taskStatuses);

export const task = z
  .object({
    id,
    projectId: id,
    phaseId: id.nullable(),
    name: z.string(),
    status,
    billable: z.boolean(),
    unit: z.string().nullable(),
    unitPrice: storedDecimal.nullable(),
    assigneeIds: z.array(id).meta({ description: 'The people who are on it.' }),
  })
  .meta({ id: 'Task' });

export const newTask = z.object({
  projectId: id,
  phaseId: id.nullish().meta({ description: 'A phase of the same project.' }),
  name,
  status: status.optional(),
  billable: z.boolean().optional(),
  unit: shortText.nullish(),
  unitPrice: price.nullish(),
  assigneeIds: z
    .array(id)
    .max(mostAssignees)
    .optional()
    .meta({ description: 'Exactly these people are on it; those who are new to it are told.' }),
});
export const taskChange = newTask.omit({ projectId: true }).partial();
