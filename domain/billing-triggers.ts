/** Owns what a contract says of billing by itself: which triggers it has, when its periods end, and the words of each. */
import { z } from 'zod';
import { cronTrouble } from './cron-days.ts';
import { isDecimalText } from './money.ts';

const limit = z
  .string()
  .refine((text) => isDecimalText(text) && !text.startsWith('-'), 'a plain decimal number, not negative')
  .meta({ description: 'A decimal number as text.', example: '40.00' });

const cron = z
  .string()
  .trim()
  .max(100)
  .superRefine((expression, context) => {
    const trouble = cronTrouble(expression);
    if (trouble !== null) context.addIssue({ code: 'custom', message: trouble });
  })
  .meta({
    description:
      "Five fields in the contract's zone. A period ends before the day on which it fires, and is billed when it fires: work of that day is in the next one.",
    example: '0 18 * * 5',
  });
const isoDay = z.int().min(1).max(7);
const periodEnd = z
  .union([
    z.enum(['day', 'week', 'month', 'quarter']),
    z.discriminatedUnion('every', [
      z.strictObject({ every: z.literal('day') }),
      z.strictObject({
        every: z.literal('week'),
        closesOn: isoDay.default(7).meta({ description: 'ISO day, Monday is 1.' }),
      }),
      z.strictObject({
        every: z.literal('half_month'),
        closesOn: z.int().min(1).max(27).default(15).meta({ description: 'The other half ends the month.' }),
      }),
      z.strictObject({
        every: z.literal('month'),
        closesOn: z
          .union([
            z.int().min(1).max(31),
            z.literal('last'),
            z.strictObject({
              workingDay: z
                .int()
                .min(-23)
                .max(23)
                .refine((day) => day !== 0, 'working days count from 1, or from -1 at the end of the month'),
            }),
          ])
          .default('last')
          .meta({
            description:
              "A shorter month closes on its last day; working days leave out weekends and the holidays of the contract's calendar.",
          }),
      }),
      z.strictObject({
        every: z.literal('quarter'),
        firstMonth: z
          .int()
          .min(1)
          .max(3)
          .default(1)
          .meta({ description: 'Of the first quarter: January is 1.' }),
      }),
      z.strictObject({ every: z.literal('cron'), cron }),
    ]),
  ])
  .meta({
    id: 'PeriodEnd',
    description:
      "How the contract's periods end, in its zone. A period is half-open and ends with the day that it closes on.",
  });
export type PeriodSchedule = Exclude<z.output<typeof periodEnd>, string>;

const defaultWindowSeconds = 5;
export const billingTriggers = z
  .strictObject({
    onApproval: z
      .union([
        z.boolean(),
        z.strictObject({ windowSeconds: z.int().min(1).max(86_400).default(defaultWindowSeconds) }),
      ])
      .default(false)
      .meta({
        description: `Work that becomes billable is billed at once; what follows within the window (${defaultWindowSeconds} s) gathers into the next run.`,
      }),
    periodEnd: periodEnd.nullable().default(null),
    graceHours: z.int().min(0).max(720).default(0).meta({
      description: 'A period is billed so long after its end, so that late approvals get in.',
    }),
    thresholdHours: limit.nullable().default(null),
    thresholdAmount: limit.nullable().default(null).meta({ description: "Net, in the contract's currency." }),
    unbilledDays: z.int().min(1).max(3_650).nullable().default(null).meta({
      description: 'Work is billed when some of it was not for so many days.',
    }),
    projectReady: z.boolean().default(false).meta({
      description: 'A project that becomes ready for billing is billed, and one that is completed.',
    }),
    milestones: z.boolean().default(false).meta({ description: 'A milestone that is reached is billed.' }),
  })
  .meta({ id: 'BillingTriggers', description: 'What bills the contract by itself.' });
export type BillingTriggers = z.output<typeof billingTriggers>;

/** Nothing is billed but by hand. */
export const noTriggers: BillingTriggers = billingTriggers.parse({});

/** How long entries gather after one was billed, in seconds; null: entries are no trigger. */
export function gatherSeconds({ onApproval }: Pick<BillingTriggers, 'onApproval'>): number | null {
  if (onApproval === false) return null;
  return onApproval === true ? defaultWindowSeconds : onApproval.windowSeconds;
}

/** The schedule in full; null: periods are no trigger. */
export function periodScheduleOf({
  periodEnd: said,
}: Pick<BillingTriggers, 'periodEnd'>): PeriodSchedule | null {
  if (said === null || typeof said !== 'string') return said;
  return periodEnd.parse({ every: said }) as PeriodSchedule;
}

/** Which kinds of triggers are there. */
export const triggerKinds = (triggers: BillingTriggers) => ({
  onEntry: triggers.onApproval !== false,
  onPeriod: triggers.periodEnd !== null,
  onWatch:
    triggers.thresholdHours !== null ||
    triggers.thresholdAmount !== null ||
    triggers.unbilledDays !== null ||
    // A percentage of the budgeted hours may be reached by what came in.
    triggers.milestones,
  onProject: triggers.projectReady || triggers.milestones,
});
