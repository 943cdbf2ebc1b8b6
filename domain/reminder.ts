/** Owns when a client is reminded of what, what stops a letter, and the late fee and interest that go with it (BILLING §6). */
import { addDays } from './day.ts';
import { Decimal, fixed, minorPlaces, round } from './money.ts';
import type { SendWindow } from './send-window.ts';
import type { Day, DecimalText } from './work-entry.ts';

export interface ReminderStep {
  /** From the due date; below zero before it. */
  days: number;
  fee?: { amount: DecimalText; currency: string } | undefined;
}
export interface ReminderPolicy {
  /** In the order of their days. */
  steps: readonly ReminderStep[];
  /** A year; null: no interest. */
  interestPercentage: DecimalText | null;
  stopOnDispute: boolean;
  stopOnUnappliedCash: boolean;
}
export interface RemindableInvoice {
  id: string;
  currency: string;
  dueDate: Day;
  open: DecimalText;
  /** Of the open: what the client disputes. */
  disputed: DecimalText;
  /** Steps that were reminded of, as days. */
  remindedDays: readonly number[];
  /** The day before which interest was asked for; null: none yet. */
  interestUntil: Day | null;
}
/** All of a policy: what a letter asks for, and when letters go out. */
export interface FollowUpPolicy extends ReminderPolicy, SendWindow {
  /** By mail, once an invoice, when money has settled it. */
  thanks: boolean;
  /** So many days after the last step somebody of ours is told; null: nobody. */
  chaseAfterDays: number | null;
}
/** What is known of one client of one seller on the day. */
export interface ReminderSituation {
  today: Day;
  /** Currencies in which the client has money on account. */
  unappliedCurrencies: readonly string[];
  /** Nobody knows who has paid since. */
  readBackStale: boolean;
}

export const stopReasons = [
  'read_back_stale',
  'unapplied_cash',
  'disputed',
  'mail_off',
  'no_address',
] as const;
export type StopReason = (typeof stopReasons)[number];

export interface RemindedInvoice {
  id: string;
  stepDays: number;
  /** What is asked for. */
  amount: DecimalText;
  fee: { amount: DecimalText; currency: string } | null;
  interest: Interest | null;
}
export interface Interest {
  base: DecimalText;
  percentage: DecimalText;
  startsOn: Day;
  /** Half-open. */
  endsBefore: Day;
  amount: DecimalText;
}
export type Reminder =
  | { kind: 'letter'; level: number; invoices: RemindedInvoice[] }
  | { kind: 'stopped'; reason: StopReason }
  /** Nothing is due; null: and nothing will be. */
  | { kind: 'nothing'; nextOn: Day | null };

/**
 * What is due for one client today: one letter with every invoice whose latest step has come and was not reminded of. Steps
 * that were missed are not made up for: the latest counts. What is stopped is not done, and comes up again tomorrow.
 */
export function nextReminder(
  policy: ReminderPolicy,
  invoices: readonly RemindableInvoice[],
  situation: ReminderSituation,
): Reminder {
  const due = invoices.flatMap((invoice) => {
    const step = stepDue(policy.steps, invoice, situation.today);
    return step === null ? [] : [{ invoice, step }];
  });
  if (due.length === 0) return { kind: 'nothing', nextOn: nextOn(policy.steps, invoices, situation.today) };
  if (situation.readBackStale) return { kind: 'stopped', reason: 'read_back_stale' };
  const withCash = new Set(policy.stopOnUnappliedCash ? situation.unappliedCurrencies : []);
  const unpaid = due.filter(({ invoice }) => !withCash.has(invoice.currency));
  if (unpaid.length === 0) return { kind: 'stopped', reason: 'unapplied_cash' };
  const asked = unpaid.flatMap(({ invoice, step }) => {
    const amount = new Decimal(invoice.open).minus(policy.stopOnDispute ? invoice.disputed : 0);
    return amount.gt(0) ? [toReminded(policy, invoice, step, amount, situation.today)] : [];
  });
  if (asked.length === 0) return { kind: 'stopped', reason: 'disputed' };
  const levels = asked.map(({ stepDays }) => policy.steps.findIndex(({ days }) => days === stepDays) + 1);
  return { kind: 'letter', level: Math.max(...levels), invoices: asked };
}

/** The latest step whose day has come, unless it or a later one was reminded of. */
export function stepDue(
  steps: readonly ReminderStep[],
  { dueDate, remindedDays }: Pick<RemindableInvoice, 'dueDate' | 'remindedDays'>,
  today: Day,
): ReminderStep | null {
  const reached = steps.filter(({ days }) => addDays(dueDate, days) <= today).at(-1);
  return reached === undefined || remindedDays.some((days) => days >= reached.days) ? null : reached;
}

function nextOn(
  steps: readonly ReminderStep[],
  invoices: readonly RemindableInvoice[],
  today: Day,
): Day | null {
  const coming = invoices.flatMap(({ dueDate }) =>
    steps.map(({ days }) => addDays(dueDate, days)).filter((day) => day > today),
  );
  return coming.sort()[0] ?? null;
}

function toReminded(
  policy: ReminderPolicy,
  invoice: RemindableInvoice,
  step: ReminderStep,
  amount: Decimal,
  today: Day,
): RemindedInvoice {
  return {
    id: invoice.id,
    stepDays: step.days,
    amount: fixed(amount, Math.max(minorPlaces(invoice.currency), amount.decimalPlaces())),
    fee: step.fee?.currency === invoice.currency ? step.fee : null,
    interest: interestOn(policy.interestPercentage, invoice, amount, today),
  };
}

const daysAYear = 365;
const dayMs = 86_400_000;
/** Simple interest from the day after the due date, or from where it was asked for last, up to today; null: none. */
function interestOn(
  percentage: DecimalText | null,
  { currency, dueDate, interestUntil }: RemindableInvoice,
  base: Decimal,
  today: Day,
): Interest | null {
  const startsOn = interestUntil ?? addDays(dueDate, 1);
  if (percentage === null || startsOn >= today) return null;
  const days = Math.round((Date.parse(today) - Date.parse(startsOn)) / dayMs);
  const places = minorPlaces(currency);
  const amount = round(
    base
      .times(percentage)
      .times(days)
      .div(100 * daysAYear),
    places,
    'half_up',
  );
  if (amount.isZero()) return null;
  return {
    base: base.toFixed(),
    percentage,
    startsOn,
    endsBefore: today,
    amount: fixed(amount, places),
  };
}
