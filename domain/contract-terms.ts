/** Owns what a contract version agrees: the clauses, what holds where one is silent, and which version counts on a day. */
import { z } from 'zod';
import { billingTriggers, noTriggers } from './billing-triggers.ts';
import { Decimal, isDecimalText } from './money.ts';
import { standardSignOffReminders } from './sign-off.ts';
import { belowZeroClauses } from './too-little.ts';
import { type RuleSetting, ruleSettings } from './validation/rule.ts';
import type { Day, DecimalText } from './work-entry.ts';

const amount = z
  .string()
  .refine((text) => isDecimalText(text) && !text.startsWith('-'), {
    error: 'a plain decimal number, not negative',
    abort: true,
  })
  .meta({ description: 'A decimal number as text.', example: '80.00' });
const percentage = amount.refine((text) => Number(text) <= 100, 'a percentage from 0 to 100');
const hoursOfDay = amount
  .refine((text) => Number(text) > 0 && Number(text) <= 24, 'more than 0, at most 24 hours')
  .refine((text) => new Decimal(text).times(3600).isInteger(), 'whole seconds');
const ids = z.array(z.uuid()).max(1_000);

export const capPeriods = ['week', 'month', 'quarter', 'year'] as const;
export type CapPeriod = (typeof capPeriods)[number];

const limits = { hours: amount.nullable().default(null), amount: amount.nullable().default(null) };
const cap = z
  .discriminatedUnion('per', [
    z.strictObject({ per: z.literal('contract'), ...limits }),
    z.strictObject({ per: z.literal('period'), period: z.enum(capPeriods), ...limits }),
    z.strictObject({ per: z.literal('phase'), phaseId: z.uuid(), ...limits }),
    z.strictObject({ per: z.literal('position'), position: z.string().trim().min(1).max(100), ...limits }),
  ])
  .refine((one) => one.hours !== null || one.amount !== null, 'a cap limits hours, an amount, or both')
  .meta({ description: "Periods and their weeks (from Monday) are in the contract's zone." });
export type Cap = z.output<typeof cap>;

const billingModel = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('time_and_materials') }),
    z.strictObject({ type: z.literal('not_to_exceed'), amount }),
    z.strictObject({
      type: z.literal('fixed_price'),
      price: amount,
      by: z.enum(['milestones', 'percentage']),
    }),
    z.strictObject({
      type: z.literal('retainer'),
      measure: z.enum(['hours', 'money']),
      /** What each period brings, in hours or in the contract's currency. */
      quantity: amount,
      period: z.enum(capPeriods),
      /** What a period is billed at, net, when it begins; null: it is paid for elsewhere. */
      fee: amount.nullable().default(null),
      rollOver: z.enum(['none', 'next_period', 'all']).default('none'),
      overage: z.enum(['bill', 'exception']).default('bill'),
    }),
  ])
  .meta({ id: 'BillingModel' });
export type BillingModel = z.output<typeof billingModel>;

const overtime = z
  .strictObject({
    dailyAfterSeconds: z.int().min(0).max(86_400).nullable().default(null),
    weeklyAfterSeconds: z.int().min(0).max(604_800).nullable().default(null),
    weekStartsOn: z.int().min(1).max(7).default(1).meta({ description: 'ISO day, Monday is 1.' }),
    weekendDays: z.array(z.int().min(1).max(7)).max(7).default([]).meta({ description: 'Overtime whole.' }),
    holidaysCount: z
      .boolean()
      .default(false)
      .meta({ description: "Days of the contract's calendar are overtime whole." }),
    multiplier: amount
      .nullable()
      .default(null)
      .meta({ description: 'Of the regular rate, where the rate card has no overtime rate.' }),
    needsPermission: z.boolean().default(false),
  })
  .meta({ id: 'OvertimeClause' });
export type OvertimeClause = z.output<typeof overtime>;

const timeRounding = z
  .strictObject({
    incrementSeconds: z.int().min(1).max(86_400),
    mode: z.enum(['up', 'nearest', 'down']),
    per: z.enum(['entry', 'day_and_task']),
  })
  .meta({ id: 'TimeRounding' });
export type TimeRounding = z.output<typeof timeRounding>;

const clauseSchemas = {
  billingModel,
  overtime: overtime.nullable(),
  holidayCalendarId: z.uuid().nullable(),
  caps: z.array(cap).max(100),
  allowedPersonIds: ids.nullable().meta({ description: 'Null: everybody.' }),
  allowedPositions: z.array(z.string().trim().min(1).max(100)).max(1_000).nullable(),
  allowedTaskIds: ids.nullable(),
  timeRounding: timeRounding.nullable(),
  minimumInvoiceAmount: amount
    .nullable()
    .meta({ description: 'Net; less than it stays open and is billed with what comes later.' }),
  belowZero: z.enum(belowZeroClauses).meta({
    description:
      'What comes to less than nothing stays open until there is more (carry_forward), or a run that issues credits the invoices that it corrects (credit_note).',
  }),
  receiptFromAmount: amount.nullable().meta({ description: 'Expenses from this amount on need a receipt.' }),
  mileage: z
    .strictObject({
      distanceRate: amount.nullable().default(null),
      timeRate: amount.nullable().default(null),
      distanceMarkup: amount.nullable().default(null),
      timeMarkup: amount.nullable().default(null),
    })
    .refine(
      (one) =>
        (one.distanceRate === null || one.distanceMarkup === null) &&
        (one.timeRate === null || one.timeMarkup === null),
      'a rate or a markup, not both',
    )
    .nullable()
    .meta({
      description: "Per km, and per hour on the road; or percent on what it cost. Null: the client's.",
    }),
  workCalendar: z
    .strictObject({
      hoursPerDay: hoursOfDay.nullable().default(null),
      hoursPerShift: hoursOfDay.nullable().default(null),
    })
    .nullable()
    .meta({
      description: 'How many hours make a day and a shift of the rate card; silent, neither has a price.',
    }),
  retentionPercentage: percentage.nullable(),
  purchaseOrderRequired: z.boolean().meta({
    description: 'Without a purchase order that covers them, its invoices are held.',
  }),
  lateEntries: z.enum(['next_invoice', 'exception']),
  signOffDays: z
    .int()
    .min(1)
    .max(90)
    .nullable()
    .meta({ description: 'The client signs drafts off within so many days; null: nobody is asked.' }),
  signOffExpiry: z
    .enum(['accept', 'hold'])
    .meta({ description: 'What it means that the client has not answered in time.' }),
  signOffReminderDays: z
    .array(z.int().min(1).max(89))
    .max(5)
    .meta({ description: 'So many days before the end the client is reminded; silent, two days.' }),
  triggers: billingTriggers,
  paymentTermsDays: z.int().min(0).max(365).nullable().meta({ description: "Null: the client's." }),
  tax: z
    .strictObject({ rate: amount, category: z.string().trim().min(1).max(100) })
    .nullable()
    .meta({ description: "Null: the contract's own." }),
  severities: z
    .record(z.string().max(100), z.enum(ruleSettings))
    .refine((rules) => Object.keys(rules).length <= 100, 'at most 100 rules')
    .meta({ description: "Before the contract's own." }),
};

/** Everything that an amendment may change. */
export const contractClauses = z.strictObject(clauseSchemas).meta({ id: 'ContractClauses' });
export type ContractClauses = z.output<typeof contractClauses>;

/** Some of them: what is not named stays, and in a new contract is silent. */
export const clauseChange = z.strictObject(clauseSchemas).partial().meta({ id: 'ClauseChange' });
export type ClauseChange = z.input<typeof clauseChange>;

/** A clause that says nothing leaves the matter as the contract's own row, its client or nobody has it. */
const silent: ContractClauses = {
  billingModel: { type: 'time_and_materials' },
  overtime: null,
  holidayCalendarId: null,
  caps: [],
  allowedPersonIds: null,
  allowedPositions: null,
  allowedTaskIds: null,
  timeRounding: null,
  minimumInvoiceAmount: null,
  belowZero: 'carry_forward',
  receiptFromAmount: null,
  mileage: null,
  workCalendar: null,
  retentionPercentage: null,
  purchaseOrderRequired: false,
  lateEntries: 'next_invoice',
  signOffDays: null,
  signOffExpiry: 'hold',
  signOffReminderDays: [...standardSignOffReminders],
  triggers: noTriggers,
  paymentTermsDays: null,
  tax: null,
  severities: {},
};

/** What holds of a contract on one day: its own facts, and the clauses of the version that counts. */
export interface ContractTerms extends Omit<ContractClauses, 'tax'> {
  contractId: string;
  /** 0 is the contract as it was made; amendments count from 1. */
  version: number;
  /** From which day this version counts; `0001-01-01` for the first. */
  versionStartsOn: Day;
  /** Validity of the contract, half-open. */
  startsOn: Day;
  endsBefore: Day | null;
  goLiveOn: Day;
  zone: string;
  currency: string;
  tax: { rate: DecimalText; category: string };
  severities: Record<string, RuleSetting>;
}

/** All versions of a contract, the first one first. */
export type ContractTimeline = readonly [ContractTerms, ...ContractTerms[]];

/** The version that counts on the day. */
export function termsAt(timeline: ContractTimeline, day: Day): ContractTerms {
  let found = timeline[0];
  for (const terms of timeline) {
    if (terms.versionStartsOn > day) break;
    found = terms;
  }
  return found;
}

/** What an amendment makes of the clauses before it. */
export const amend = (before: ContractClauses, change: ClauseChange): ContractClauses =>
  contractClauses.parse({ ...before, ...change });

/** Clauses as stored, which may be older than a clause that was added since. */
export const readClauses = (stored: unknown): ContractClauses =>
  amend(silent, (stored ?? {}) as ClauseChange);
