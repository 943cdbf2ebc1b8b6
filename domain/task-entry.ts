/** Owns what somebody records on a task: what each kind may hold, and which work entries it becomes. */
import { hash } from 'node:crypto';
import { entryContentHash } from './entry-content-hash.ts';
import { Decimal, minorPlaces } from './money.ts';
import { invalidField, Refusal } from './refusal.ts';
import type { TaskStatus } from './task.ts';
import { receiptOf, toCents } from './ticket-lines.ts';
import type { ApprovalState, Day, DecimalText, EntryKind, Instant, SourceEntry } from './work-entry.ts';

export const taskEntryKinds = ['labor', 'mileage', 'expense', 'goods'] as const;
export type TaskEntryKind = (typeof taskEntryKinds)[number];

/** Fields that are not of its kind are null. */
export interface TaskEntryContent {
  kind: TaskEntryKind;
  taskId: string;
  personId: string;
  workDate: Day;
  /** Of a timer: where the day was cut. */
  zone: string | null;
  startedAt: Instant | null;
  endedAt: Instant | null;
  /** Labor. */
  seconds: number | null;
  /** Mileage: metres, and time on the road where it is billed as such. */
  metres: number | null;
  transportSeconds: number | null;
  /** Expense. */
  amount: DecimalText | null;
  /** Of its receipt, where it is not the day of the work: its rate converts the amount. */
  receiptOn: Day | null;
  /** Of the amount, what the tax office gives back. */
  inputTax: DecimalText | null;
  /** Of the amount, of its own price and of what it cost; null: as invoiced. */
  currency: string | null;
  /** Goods. */
  count: number | null;
  /** Its own price and what one of it cost: per hour, kilometre or piece. */
  unitPrice: DecimalText | null;
  unitCost: DecimalText | null;
  productId: string | null;
  position: string | null;
  billable: boolean;
  note: string;
}

const daySeconds = 86_400;
const mostMetres = 10_000_000;
const mostCount = 1_000_000;
const mostAmount = 1e9;

/** Refuses with 422 what no day can hold, what lies in the future, and money that is finer than its currency. */
export function checkTaskEntry(entry: TaskEntryContent, today: Day): void {
  const refuse = (field: string, problem: string) =>
    invalidField(`/${field}`, 'task_entry.invalid', `${problem}.`, 'Correct it, or record it in parts.');
  if ((entry.receiptOn ?? today) > today) throw refuse('receiptOn', 'A receipt is not of a day to come');
  if (entry.workDate > today) throw refuse('workDate', 'Work is recorded once it is done');
  if ((entry.seconds ?? 0) > daySeconds) throw refuse('seconds', 'A day has 24 hours');
  if ((entry.transportSeconds ?? 0) > daySeconds) throw refuse('transportMinutes', 'A day has 24 hours');
  if ((entry.metres ?? 0) > mostMetres) throw refuse('kilometres', 'Nobody drives that far in a day');
  if ((entry.count ?? 0) > mostCount) throw refuse('count', `More than ${mostCount} pieces at once`);
  if (entry.amount !== null) {
    const places = Math.min(2, minorPlaces(entry.currency ?? ''));
    const amount = new Decimal(entry.amount);
    if (amount.decimalPlaces() > places) throw refuse('amount', `It has more than ${places} decimals`);
    if (amount.gt(mostAmount)) throw refuse('amount', 'It is too large');
    const tax = new Decimal(entry.inputTax ?? 0);
    if (tax.isNegative() || tax.gt(amount)) throw refuse('inputTax', 'It is no part of the amount');
    if (tax.decimalPlaces() > places) throw refuse('inputTax', `It has more than ${places} decimals`);
  }
}

/** Refuses with 409 work on a task or a project that takes none any more. */
export function requireTakesWork(task: {
  name: string;
  status: TaskStatus;
  projectCode: string;
  projectStatus: string;
}): void {
  if (task.status === 'done')
    throw new Refusal({
      code: 'task.done',
      message: `Task ${task.name} is done.`,
      whatToDo: 'Open it again, or record the work on another task.',
    });
  if (task.projectStatus === 'archived')
    throw new Refusal({
      code: 'project.archived',
      message: `Project ${task.projectCode} is archived.`,
      whatToDo: 'Record the work on a task of another project.',
    });
}

/** One work entry, as the intake takes it, with what only work that is recorded here says. */
export interface RecordedWork {
  entry: SourceEntry;
  /** Hex; covers the product, the price and the times too. */
  contentHash: string;
  productId: string | null;
  unitPrice: DecimalText | null;
}

/** Mileage with time on the road becomes two entries; its own price and product are those of the distance. */
export function workEntriesOf(
  row: TaskEntryContent & { id: string },
  place: { clientId: string; projectId: string },
  approval: ApprovalState,
): RecordedWork[] {
  return partsOf(row).map(({ externalId, kind, quantity, isMain }) => {
    const productId = isMain ? row.productId : null;
    const unitPrice = isMain ? row.unitPrice : null;
    const receipt = receiptOf(row);
    const entry: SourceEntry = {
      externalId,
      kind,
      workDate: row.workDate,
      zone: row.zone,
      startedAt: row.startedAt,
      endedAt: row.endedAt,
      quantity,
      person: { ...byId(row.personId), email: null },
      client: byId(place.clientId),
      project: byId(place.projectId),
      task: byId(row.taskId),
      position: row.position,
      billable: row.billable,
      running: false,
      approval,
      billedElsewhere: false,
      notes: row.note || null,
      rate: null,
      cost: isMain ? row.unitCost : null,
      currency: row.currency,
      ...(receipt && { receipt }),
      sourceUpdatedAt: null,
    };
    return { entry, productId, unitPrice, contentHash: hashOf(entry, productId, unitPrice) };
  });
}

/** What a task bills by itself once it is done: nobody's work, in the quantity that was agreed. */
export function workEntryOfTask(
  task: { id: string; name: string; quantity: number; kind: EntryKind; workDate: Day },
  place: { clientId: string; projectId: string },
): RecordedWork {
  const entry: SourceEntry = {
    externalId: `task:${task.id}`,
    kind: task.kind,
    workDate: task.workDate,
    zone: null,
    startedAt: null,
    endedAt: null,
    quantity: task.quantity,
    person: null,
    client: byId(place.clientId),
    project: byId(place.projectId),
    task: byId(task.id),
    position: null,
    billable: true,
    running: false,
    approval: 'approved',
    billedElsewhere: false,
    notes: task.name,
    rate: null,
    cost: null,
    currency: null,
    sourceUpdatedAt: null,
  };
  return { entry, productId: null, unitPrice: null, contentHash: hashOf(entry, null, null) };
}

function hashOf(entry: SourceEntry, productId: string | null, unitPrice: DecimalText | null): string {
  const price = unitPrice === null ? null : new Decimal(unitPrice).toFixed();
  return hash(
    'sha256',
    JSON.stringify([
      'task-entry/1',
      entryContentHash(entry),
      productId,
      price,
      entry.startedAt,
      entry.endedAt,
    ]),
    'hex',
  );
}

const byId = (externalId: string) => ({ externalId, code: null, name: null });

/** Every key that an entry has or may once have had. */
export const externalIdsOf = (id: string): string[] => [id, `${id}:time`];

function partsOf(
  row: TaskEntryContent & { id: string },
): { externalId: string; kind: EntryKind; quantity: number; isMain: boolean }[] {
  const main = (kind: EntryKind, quantity: number) => ({ externalId: row.id, kind, quantity, isMain: true });
  switch (row.kind) {
    case 'labor':
      return [main('labor', row.seconds!)];
    case 'expense':
      return [main('expense', toCents(row.amount!))];
    case 'goods':
      return [main('goods', row.count!)];
    case 'mileage': {
      const distance = main('mileage_distance', row.metres!);
      if (row.transportSeconds === null) return [distance];
      const time = { kind: 'mileage_time' as const, quantity: row.transportSeconds, isMain: false };
      return [distance, { externalId: `${row.id}:time`, ...time }];
    }
  }
}
