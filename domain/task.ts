/** Owns the life of a task: its statuses, what may follow which, and what it bills by itself. */
import { Decimal } from './money.ts';
import { invalidField, Refusal } from './refusal.ts';
import type { DecimalText, EntryKind } from './work-entry.ts';

export const taskStatuses = ['draft', 'open', 'done'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/** From each status, where it may go. Work is recorded on a task until it is done; what it bills by itself counts once it is. */
export const taskMoves: Record<TaskStatus, readonly TaskStatus[]> = {
  draft: ['open', 'done'],
  open: ['done'],
  done: ['open'],
};

export interface TaskFacts {
  name: string;
  status: TaskStatus;
  /** What it bills by itself, raw units; null: only what is recorded on it. */
  quantity: number | null;
  hasEntries: boolean;
}

/** Refuses with 409 a move that the table does not have, and to mark a task done on which there is no work. */
export function moveTask(task: TaskFacts, to: TaskStatus): void {
  if (task.status !== to && !taskMoves[task.status].includes(to))
    throw new Refusal({
      code: 'task.wrong_status',
      message: `Task ${task.name} is ${task.status} and cannot become ${to}.`,
      whatToDo: `From there it becomes ${taskMoves[task.status].join(' or ')}.`,
      details: { status: task.status, next: taskMoves[task.status] },
    });
  if (to === 'done' && task.quantity === null && !task.hasEntries)
    throw new Refusal({
      code: 'task.no_work',
      message: `Nothing was recorded on task ${task.name}, and it has no quantity of its own.`,
      whatToDo: 'Record the work first, give the task a quantity, or save it as a draft.',
    });
}

/** What a quantity of a task's unit is as work: hours and kilometres are measured, anything else is counted. */
export function measureOf(unit: string | null): { kind: EntryKind; rawPerUnit: number } {
  if (unit === null || unit === 'hour') return { kind: 'labor', rawPerUnit: 3600 };
  if (unit === 'km') return { kind: 'mileage_distance', rawPerUnit: 1000 };
  return { kind: 'goods', rawPerUnit: 1 };
}

const unitOfKind: Partial<Record<EntryKind, string>> = {
  labor: 'hour',
  mileage_time: 'hour',
  mileage_distance: 'km',
  expense: 'amount',
};

/** True where a task's unit price is for such work: a price per piece is none for an hour. Without a unit it is for all. */
export function isPricedBy(kind: EntryKind, unit: string | null): boolean {
  if (unit === null) return true;
  return kind === 'goods' ? !Object.values(unitOfKind).includes(unit) : unitOfKind[kind] === unit;
}

const mostRaw = 1e12;

/** Decimal text in the task's unit → raw units. Refuses with 422 what is none, too much or too fine for its unit. */
export function toRawQuantity(quantity: DecimalText, unit: string | null): number {
  const raw = new Decimal(quantity).times(measureOf(unit).rawPerUnit);
  if (raw.isInteger() && raw.gt(0) && raw.lte(mostRaw)) return raw.toNumber();
  throw invalidField(
    '/quantity',
    'task.quantity_invalid',
    `${quantity} ${unit ?? 'hour'} cannot be billed: it is not more than zero, or no whole number of seconds, metres or pieces.`,
    'Name a positive quantity of the unit.',
  );
}

export const fromRawQuantity = (raw: number, unit: string | null): DecimalText =>
  new Decimal(raw).div(measureOf(unit).rawPerUnit).toDecimalPlaces(6).toFixed();
