/** Owns how work recorded on a task is written and shown over the API. */
import { z } from 'zod';
import { Decimal, fixed } from '../../../domain/money.ts';
import { invalidField, Refusal } from '../../../domain/refusal.ts';
import { type TaskEntryContent, taskEntryKinds } from '../../../domain/task-entry.ts';
import { type TaskEntry, taskEntryApprovals } from '../../../store/task-entries.ts';
import { type Actor, ownPerson } from '../../kit/auth.ts';
import type { Subject } from '../../kit/record-change.ts';
import {
  currency,
  day,
  decimal,
  id,
  instant,
  price,
  shortText,
  storedDay,
  storedDecimal,
} from '../../kit/schemas.ts';

export const taskEntrySubject: Subject = {
  type: 'task_entry',
  permission: 'entries.read',
  privateFields: ['personName', 'note'],
  ownerOf: ({ personId }: { personId: string }) => `person:${personId}`,
};
export const approval = z.enum(taskEntryApprovals);

const positive = (text: string) => new Decimal(text).gt(0);
const whole = (least: number, most: number) => z.int().min(least).max(most);

const seconds = whole(1, 86_400).meta({ description: 'Time worked.' });
const kilometres = decimal
  .refine((text) => positive(text) && new Decimal(text).decimalPlaces() <= 3, 'more than 0, to the metre')
  .meta({ description: 'Distance driven, to the metre.', example: '120' });
const transportMinutes = whole(1, 1440).meta({
  description: 'Time on the road, where it is billed: it becomes transport time beside the distance.',
});
const amount = decimal.refine(positive, 'more than 0').meta({ description: 'What was paid.' });
const receiptOn = day.meta({
  description: 'Of the receipt, where it is not the day of the work: its rate converts the amount.',
});
const inputTax = decimal
  .refine((text) => !text.startsWith('-'), 'not negative')
  .meta({ description: 'Of the amount, what the tax office gives back.' });
const count = whole(1, 1_000_000).meta({ description: 'How many pieces.' });
const unitCost = price.meta({ description: 'What one of them cost.' });

const common = {
  taskId: id,
  personId: id.nullish().meta({
    description: 'Whose work it is; left out: your own. Only who may write for all names another.',
  }),
  workDate: day,
  position: shortText.nullish().meta({ description: "On the rate cards; none: the person's own." }),
  billable: z.boolean().optional().meta({ description: 'Default: true.' }),
  note: z.string().trim().max(500).optional(),
  productId: id.nullish().meta({ description: 'What it is sold as, before any default.' }),
  unitPrice: price.nullish().meta({
    description: 'A price of its own, per hour, kilometre or piece; only who may write for all gives one.',
  }),
};
export const newTaskEntry = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('labor'), ...common, seconds, currency: currency.nullish() }),
  z.strictObject({
    kind: z.literal('mileage'),
    ...common,
    kilometres,
    transportMinutes: transportMinutes.nullish(),
    currency: currency.nullish(),
  }),
  z.strictObject({
    kind: z.literal('expense'),
    ...common,
    amount,
    currency,
    receiptOn: receiptOn.nullish(),
    inputTax: inputTax.nullish(),
  }),
  z.strictObject({
    kind: z.literal('goods'),
    ...common,
    count,
    unitCost: unitCost.nullish(),
    currency: currency.nullish(),
  }),
]);

/** The kind stays; fields of another kind are refused. */
export const taskEntryChange = z
  .object({
    ...common,
    taskId: id,
    seconds,
    kilometres,
    transportMinutes: transportMinutes.nullable(),
    amount,
    receiptOn: receiptOn.nullable(),
    inputTax: inputTax.nullable(),
    count,
    unitCost: unitCost.nullable(),
    currency: currency.nullable(),
  })
  .omit({ personId: true })
  .partial();
type Change = z.output<typeof taskEntryChange>;

const ofKind: Record<(typeof taskEntryKinds)[number], readonly (keyof Change)[]> = {
  labor: ['seconds'],
  mileage: ['kilometres', 'transportMinutes'],
  expense: ['amount', 'receiptOn', 'inputTax'],
  goods: ['count', 'unitCost'],
};

const toMetres = (text: string) => new Decimal(text).times(1000).toNumber();
const empty = {
  zone: null,
  startedAt: null,
  endedAt: null,
  seconds: null,
  metres: null,
  transportSeconds: null,
  amount: null,
  receiptOn: null,
  inputTax: null,
  count: null,
  unitCost: null,
};

export function toContent(
  body: z.output<typeof newTaskEntry>,
  personId: string,
): Omit<TaskEntryContent, 'zone'> & { zone: null } {
  const facts = {
    ...empty,
    kind: body.kind,
    taskId: body.taskId,
    personId,
    workDate: body.workDate,
    position: body.position ?? null,
    billable: body.billable ?? true,
    note: body.note ?? '',
    productId: body.productId ?? null,
    unitPrice: body.unitPrice ?? null,
    currency: body.currency ?? null,
  };
  switch (body.kind) {
    case 'labor':
      return { ...facts, seconds: body.seconds };
    case 'mileage':
      return {
        ...facts,
        metres: toMetres(body.kilometres),
        transportSeconds: body.transportMinutes == null ? null : body.transportMinutes * 60,
      };
    case 'expense':
      return {
        ...facts,
        amount: body.amount,
        receiptOn: body.receiptOn ?? null,
        inputTax: body.inputTax ?? null,
      };
    case 'goods':
      return { ...facts, count: body.count, unitCost: body.unitCost ?? null };
  }
}

/** Refuses with 422 a field that its kind does not have. */
export function withChange(row: TaskEntry, change: Change): TaskEntryContent {
  const foreign = Object.values(ofKind)
    .flat()
    .find((field) => change[field] !== undefined && !ofKind[row.kind].includes(field));
  if (foreign !== undefined)
    throw invalidField(`/${foreign}`, 'task_entry.invalid', `An entry of ${row.kind} has no ${foreign}.`);
  const { kilometres: km, transportMinutes: minutes, ...fields } = change;
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  // Other hours or another day are no longer what the timer measured.
  const retimed = change.seconds !== undefined || change.workDate !== undefined;
  return {
    ...row,
    ...given,
    ...(km !== undefined && { metres: toMetres(km) }),
    ...(minutes !== undefined && { transportSeconds: minutes === null ? null : minutes * 60 }),
    ...(retimed && { startedAt: null, endedAt: null }),
  };
}

/** Whose work it is. Refuses with 422 somebody else's by who writes for themselves, and nobody's. */
export function personOf(actor: Actor, wanted: string | null | undefined): string {
  const own = ownPerson(actor, 'entries.create');
  if (own !== null && wanted != null && wanted !== own)
    throw invalidField('/personId', 'reference.unknown', 'You record work for yourself only.');
  const personId = own ?? wanted ?? actor.personId;
  if (personId === null)
    throw invalidField('/personId', 'task_entry.no_person', 'Whose work it is has to be said.');
  return personId;
}

/** What the client pays is not for whoever records their own work to say. Refuses with 403. */
export function requireMayPrice(actor: Actor, unitPrice: string | null | undefined): void {
  if (unitPrice == null || actor.permissions.has('entries.update')) return;
  throw new Refusal({
    code: 'task_entry.price_not_yours',
    status: 403,
    message: 'A price of its own is given by who may change all entries.',
    whatToDo: 'Leave unitPrice out.',
  });
}

export const taskEntry = z
  .object({
    id,
    kind: z.enum(taskEntryKinds),
    taskId: id,
    taskName: z.string(),
    projectId: id,
    clientId: id,
    personId: id,
    personName: z.string(),
    workDate: storedDay,
    zone: z.string().nullable(),
    startedAt: instant.nullable(),
    endedAt: instant.nullable(),
    seconds: z.int().nullable(),
    kilometres: storedDecimal.nullable(),
    transportMinutes: z.number().nullable(),
    amount: storedDecimal.nullable(),
    receiptOn: storedDay.nullable(),
    inputTax: storedDecimal.nullable(),
    currency: z.string().nullable(),
    count: z.int().nullable(),
    unitPrice: storedDecimal.nullable(),
    unitCost: storedDecimal.nullable(),
    productId: id.nullable(),
    position: z.string().nullable(),
    billable: z.boolean(),
    note: z.string(),
    timerId: id.nullable(),
    revision: z.int(),
    approval,
    decidedBy: z.string().nullable(),
    decidedAt: instant.nullable(),
    decisionReason: z.string().nullable(),
    entryIds: z.array(id).meta({ description: 'The work entries that it became.' }),
    claimed: z.boolean().meta({ description: 'Priced by a compile.' }),
    createdBy: z.string(),
    createdAt: instant,
  })
  .meta({ id: 'TaskEntry' });

/** What the client pays is for who may give it a price (`requireMayPrice`). */
export const shownTaskEntry = (actor: Actor, row: TaskEntry): z.input<typeof taskEntry> => ({
  ...wholeTaskEntry(row),
  unitPrice: actor.permissions.has('entries.update') ? row.unitPrice : null,
});

/** As the events keep it. */
export function wholeTaskEntry({ metres, transportSeconds, ...row }: TaskEntry): z.input<typeof taskEntry> {
  return {
    ...row,
    kilometres: metres === null ? null : fixed(new Decimal(metres).div(1000), 3),
    transportMinutes: transportSeconds === null ? null : transportSeconds / 60,
  };
}

export const writeErrors = [
  'reference.unknown',
  'task_entry.no_person',
  'task_entry.invalid',
  'task_entry.price_not_yours',
  'product.unfit',
  'task.done',
  'project.archived',
];
