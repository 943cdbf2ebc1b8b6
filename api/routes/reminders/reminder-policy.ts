/** Owns how reminder policies, letters and late fees are read and written over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { currency, decimal, id, instant, name, storedDay, storedDecimal } from '../../kit/schemas.ts';
import { positive } from '../payments/payment.ts';

export const reminderPolicySubject: Subject = { type: 'reminder_policy', permission: 'invoices.read' };

const step = z.strictObject({
  days: z.int().min(-60).max(365).meta({ description: 'From the due date; below zero before it.' }),
  fee: z.strictObject({ amount: positive, currency }).optional().meta({
    description: 'Asked for with the letter, as a document of its own, for invoices of its currency.',
  }),
});
const steps = z
  .array(step)
  .min(1)
  .max(10)
  .refine((all) => new Set(all.map(({ days }) => days)).size === all.length, 'each day once')
  .refine(
    (all) => all.every(({ days, fee }) => days > 0 || fee === undefined),
    'a fee only after the due date',
  );
const percentage = decimal.refine(
  (text) => Number(text) > 0 && Number(text) <= 100,
  'more than 0, at most 100',
);

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day, such as 18:00');
const facts = {
  name,
  isDefault: z.boolean().meta({ description: 'For clients that name none; there is one.' }),
  active: z.boolean(),
  steps,
  stopOnDispute: z.boolean().meta({ description: 'What is disputed is not asked for.' }),
  stopOnUnappliedCash: z.boolean(),
  staleAfterHours: z.int().min(1).max(8760).meta({
    description: 'Nothing is sent where payments were read back longer ago: nobody knows who has paid.',
  }),
  quietHours: z
    .strictObject({ from: timeOfDay, until: timeOfDay })
    .refine(({ from, until }) => from !== until, 'two times')
    .nullable()
    .meta({
      description:
        "Nothing goes out then, by the contract's local time; null: at any time. Letters by hand go out at once.",
    }),
  weekdays: z
    .array(z.int().min(1).max(7))
    .min(1)
    .max(7)
    .refine((days) => new Set(days).size === days.length, 'each day once')
    .meta({ description: 'ISO days on which letters go out, Monday is 1.' }),
  thanks: z.boolean().meta({ description: 'A mail of thanks, once an invoice, when money has settled it.' }),
  chaseAfterDays: z.int().min(0).max(365).nullable().meta({
    description: 'So many days after the last step somebody who records payments is told; null: nobody.',
  }),
};
export const reminderPolicy = z
  .object({
    id,
    ...facts,
    steps: z.array(step),
    interestPercentage: storedDecimal
      .nullable()
      .meta({ description: 'A year, of what is overdue and undisputed.' }),
    createdAt: instant,
  })
  .meta({ id: 'ReminderPolicy' });

export const newReminderPolicy = z.object({
  ...facts,
  isDefault: facts.isDefault.default(false),
  active: facts.active.default(true),
  interestPercentage: percentage.nullish(),
  stopOnDispute: facts.stopOnDispute.default(true),
  stopOnUnappliedCash: facts.stopOnUnappliedCash.default(true),
  staleAfterHours: facts.staleAfterHours.default(48),
  quietHours: facts.quietHours.default({ from: '18:00', until: '08:00' }),
  weekdays: facts.weekdays.default([1, 2, 3, 4, 5]),
  thanks: facts.thanks.default(false),
  chaseAfterDays: facts.chaseAfterDays.default(14),
});
export const reminderPolicyChange = z
  .object(facts)
  .partial()
  .extend({ interestPercentage: percentage.nullish() });

export const reminderLetter = z
  .object({
    id,
    clientId: id,
    clientName: z.string(),
    sellerId: id,
    level: z.int(),
    status: z.enum(['draft', 'sent', 'stopped']),
    stopReason: z
      .string()
      .nullable()
      .meta({ description: 'read_back_stale, unapplied_cash, disputed, mail_off or no_address.' }),
    letterOn: storedDay,
    address: z.string().nullable(),
    invoices: z.array(
      z.object({
        invoiceId: id,
        number: z.string(),
        stepDays: z.int(),
        open: storedDecimal,
        disputed: storedDecimal,
      }),
    ),
  })
  .meta({ id: 'ReminderLetter' });

export const lateFee = z
  .object({
    id,
    invoiceId: id,
    invoiceNumber: z.string().nullable(),
    clientId: id,
    sellerId: id,
    kind: z.enum(['fee', 'interest']),
    status: z.enum(['draft', 'issued', 'settled', 'waived', 'discarded']),
    number: z.string().nullable(),
    currency: z.string(),
    base: storedDecimal.nullable(),
    percentage: storedDecimal.nullable(),
    startsOn: storedDay.nullable(),
    endsBefore: storedDay.nullable(),
    amount: storedDecimal,
    applied: storedDecimal,
    issueDate: storedDay.nullable(),
    dueDate: storedDay.nullable(),
  })
  .meta({ id: 'LateFee' });
