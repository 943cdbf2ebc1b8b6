/** Owns how a task is read and written over the API. */
import { z } from 'zod';
import { fromRawQuantity, taskStatuses, toRawQuantity } from '../../../domain/task.ts';
import { type AssignedTask, mostAssignees, type Task } from '../../../store/tasks.ts';
import type { Actor } from '../../kit/auth.ts';
import type { Subject } from '../../kit/record-change.ts';
import { decimal, id, name, price, shortText, storedDecimal } from '../../kit/schemas.ts';

export const taskSubject: Subject = { type: 'task', permission: 'tasks.read' };

export const status = z.enum(taskStatuses);

export const task = z
  .object({
    id,
    projectId: id,
    clientId: id.meta({ description: 'Of its project: who is billed for it.' }),
    phaseId: id.nullable(),
    name: z.string(),
    status,
    billable: z.boolean(),
    productId: id.nullable(),
    priceListId: id.nullable(),
    unit: z.string().nullable(),
    unitPrice: storedDecimal.nullable(),
    quantity: storedDecimal.nullable().meta({ description: 'What it bills by itself once it is done.' }),
    assigneeIds: z.array(id).meta({ description: 'The people who are on it.' }),
  })
  .meta({ id: 'Task' });

export const newTask = z.object({
  projectId: id,
  phaseId: id.nullish().meta({ description: 'A phase of the same project.' }),
  name,
  status: status.optional(),
  billable: z.boolean().optional(),
  productId: id.nullish().meta({ description: "What its work is sold as, before the client's default." }),
  priceListId: id.nullish().meta({ description: 'What prices it where it has no unit price.' }),
  unit: shortText
    .nullish()
    .meta({ description: 'Of the quantity: hour (also when left out), km, or what is counted.' }),
  quantity: decimal.nullish().meta({
    description: 'What it bills by itself once it is done, beside the work that is recorded on it.',
    example: '2.5',
  }),
  unitPrice: price.nullish(),
  assigneeIds: z
    .array(id)
    .max(mostAssignees)
    .optional()
    .meta({ description: 'Exactly these people are on it; those who are new to it are told.' }),
});
export const taskChange = newTask.omit({ projectId: true }).partial();

/** What its client pays is for who may set it, or may read contracts. */
export const shownTask = (actor: Actor, task: AssignedTask) => ({
  ...task,
  unitPrice: seesPrices(actor) ? task.unitPrice : null,
  quantity: task.quantity === null ? null : fromRawQuantity(task.quantity, task.unit),
});

const seesPrices = ({ permissions }: Actor) =>
  permissions.has('tasks.update') || permissions.has('contracts.read');

/** The quantity in raw units of the unit that the task has then; another unit takes the quantity as it was shown along. */
export function withRawQuantity<
  Body extends { unit?: string | null | undefined; quantity?: string | null | undefined },
>(
  body: Body,
  before: Pick<Task, 'unit' | 'quantity'> | null,
): Omit<Body, 'quantity'> & { quantity?: number | null } {
  const { quantity, ...rest } = body;
  const unit = body.unit === undefined ? (before?.unit ?? null) : body.unit;
  const kept =
    before?.quantity != null && unit !== before.unit
      ? fromRawQuantity(before.quantity, before.unit)
      : undefined;
  const wanted = quantity === undefined ? kept : quantity;
  if (wanted === undefined) return rest;
  return { ...rest, quantity: wanted === null ? null : toRawQuantity(wanted, unit) };
}

export const taskErrors = [
  'task.assignee_unknown',
  'task.wrong_status',
  'task.no_work',
  'task.quantity_invalid',
  'product.unfit',
];
