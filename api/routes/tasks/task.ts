/** Owns how a task is read and written over the API. */
import { z } from 'zod';
import { taskStatuses } from '../../../store/tasks.ts';
import type { Subject } from '../../kit/record-change.ts';
import { id, name, price, shortText, storedDecimal } from '../../kit/schemas.ts';

export const taskSubject: Subject = { type: 'task', permission: 'tasks.read' };

export const status = z.enum(taskStatuses);

export const task = z
  .object({
    id,
    projectId: id,
    name: z.string(),
    status,
    billable: z.boolean(),
    unit: z.string().nullable(),
    unitPrice: storedDecimal.nullable(),
  })
  .meta({ id: 'Task' });

export const newTask = z.object({
  projectId: id,
  name,
  status: status.optional(),
  billable: z.boolean().optional(),
  unit: shortText.nullish(),
  unitPrice: price.nullish(),
});
export const taskChange = newTask.omit({ projectId: true }).partial();
