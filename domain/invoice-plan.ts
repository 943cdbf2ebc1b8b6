/** Owns what is due of an invoice at which time: the client's sign-off, letters, fees, the word to us, thanks, release. */
import { addDays, localDay } from './day.ts';
import { Decimal } from './money.ts';
import { type FollowUpPolicy, type ReminderStep, stepDue } from './reminder.ts';
import { nextSendTime, type SendWindow, startOfDay } from './send-window.ts';
import type { Day, DecimalText, Instant } from './work-entry.ts';

/** The kinds of its due rows, and the names of the steps that do them. */
export const invoiceDueKinds = [
  'remind_sign_off',
  'expire_sign_off',
  'remind',
  'charge_late_fee',
  'chase',
  'release_contractors',
  'thank',
] as const;
export type InvoiceDueKind = (typeof invoiceDueKinds)[number];
/** Of the same letters: the second is one with a fee or interest. */
export const letterDueKinds = ['remind', 'charge_late_fee'] as const satisfies readonly InvoiceDueKind[];

/** A kind of thing is done once a period, ever. */
export interface PlannedStep {
  kind: InvoiceDueKind;
  period: string;
  dueAt: Instant;
}
/** As it is kept: what was done does not come up again. */
export interface KeptStep extends PlannedStep {
  isDone: boolean;
}

/** The earliest first. */
const inOrder = (steps: readonly PlannedStep[]): PlannedStep[] =>
  steps.toSorted((a, b) => Date.parse(a.dueAt) - Date.parse(b.dueAt));
const find = (kept: readonly KeptStep[], kind: InvoiceDueKind, period: string) =>
  kept.find((step) => step.kind === kind && step.period === period);

const dayMs = 86_400_000;

/** A question that waits, with what its draft's terms say of it, and when its client may be written to. */
export interface AskedSignOff {
  id: string;
  dueAt: Instant;
  days: number;
  reminderDays: readonly number[];
  window: SendWindow;
  zone: string;
}

/**
 * Of a draft that waits for its client: the end of the window, and before it the reminders. Of those whose time has come only
 * the latest goes out, so that a hub that was down writes once. One that quiet hours would move past the end stays.
 */
export function planSignOff(signOff: AskedSignOff, kept: readonly KeptStep[], now: Instant): PlannedStep[] {
  const end: PlannedStep = { kind: 'expire_sign_off', period: signOff.id, dueAt: signOff.dueAt };
  const reminders = signOff.reminderDays
    .filter((days) => days < signOff.days)
    .toSorted((a, b) => b - a)
    .map((days): PlannedStep => {
      const at = new Date(Date.parse(signOff.dueAt) - days * dayMs).toISOString();
      const loud = nextSendTime(at, signOff.window, signOff.zone);
      const dueAt = Date.parse(loud) < Date.parse(signOff.dueAt) ? loud : at;
      return { kind: 'remind_sign_off', period: `${signOff.id} ${days}`, dueAt };
    });
  const isReached = ({ dueAt }: PlannedStep) => Date.parse(dueAt) <= Date.parse(now);
  if (isReached(end)) return [end];
  const latest = reminders.findLast(isReached);
  const wanted = [...(latest ? [latest] : []), ...reminders.filter((step) => !isReached(step))];
  return inOrder([...wanted.filter(({ kind, period }) => !find(kept, kind, period)?.isDone), end]);
}

/** What is known of an issued invoice and of its client's policy. */
export interface FollowedInvoice {
  status: string;
  currency: string;
  dueDate: Day;
  internal: boolean;
  /** Without what is retained. */
  open: DecimalText;
  disputed: DecimalText;
  applied: DecimalText;
  remindedDays: readonly number[];
  /** Null: the client has none that is active. */
  policy: FollowUpPolicy | null;
  /** Of the contract, else of the seller. */
  zone: string;
  /** By hand: until a day, or until somebody ends it. */
  pause: { untilOn: Day | null } | null;
  /** The latest money on it, where its contract pays contractors when it is paid; null: nothing to release. */
  moneyToRelease: string | null;
}

const isOpen = ({ status }: FollowedInvoice) =>
  status === 'issued' || status === 'sent' || status === 'partially_paid';

export function planIssued(invoice: FollowedInvoice, kept: readonly KeptStep[], now: Instant): PlannedStep[] {
  return inOrder([
    ...planRelease(invoice, kept, now),
    ...planLetter(invoice, kept, now),
    ...planChase(invoice, kept, now),
    ...planThanks(invoice, kept, now),
  ]);
}

/** Once a payment: the contractors' side learns that there is money. */
function planRelease(invoice: FollowedInvoice, kept: readonly KeptStep[], now: Instant): PlannedStep[] {
  const kind = 'release_contractors';
  const period = invoice.moneyToRelease;
  if (period === null || find(kept, kind, period)?.isDone) return [];
  return [{ kind, period, dueAt: now }];
}

/** There is something to ask for, and nobody has said to be quiet about it. */
function mayAsk(invoice: FollowedInvoice): invoice is FollowedInvoice & { policy: FollowUpPolicy } {
  const { policy, pause } = invoice;
  if (!isOpen(invoice) || invoice.internal || policy === null) return false;
  if (pause !== null && pause.untilOn === null) return false;
  return new Decimal(invoice.open).minus(policy.stopOnDispute ? invoice.disputed : 0).gt(0);
}

/** When a letter of the day goes out: not in quiet hours, not before a pause is over, and not in the past. */
function sendTime(
  { zone, pause }: FollowedInvoice,
  policy: FollowUpPolicy,
  day: Day,
  notBefore: readonly Instant[],
): Instant {
  const from = pause?.untilOn && pause.untilOn > day ? pause.untilOn : day;
  const earliestMs = Math.max(...[startOfDay(from, zone), ...notBefore].map((at) => Date.parse(at)));
  return nextSendTime(new Date(earliestMs).toISOString(), policy, zone);
}

/** The latest step that has come and was not reminded of, else the next to come. One that was put off stays put off. */
function planLetter(invoice: FollowedInvoice, kept: readonly KeptStep[], now: Instant): PlannedStep[] {
  if (!mayAsk(invoice)) return [];
  const { policy, dueDate, zone, remindedDays } = invoice;
  const today = localDay(now, zone);
  const isToCome = ({ days }: ReminderStep) =>
    addDays(dueDate, days) > today && remindedDays.every((done) => done < days);
  const step = stepDue(policy.steps, invoice, today) ?? policy.steps.find(isToCome);
  if (!step) return [];
  const kind = hasFee(invoice, policy, step) ? 'charge_late_fee' : 'remind';
  const period = String(step.days);
  const putOff = find(kept, kind, period);
  const notBefore = putOff && !putOff.isDone ? [now, putOff.dueAt] : [now];
  return [{ kind, period, dueAt: sendTime(invoice, policy, addDays(dueDate, step.days), notBefore) }];
}

const hasFee = ({ currency }: FollowedInvoice, policy: FollowUpPolicy, { days, fee }: ReminderStep) =>
  fee?.currency === currency || (policy.interestPercentage !== null && days > 0);

/** Every letter is written, and it is still open: a person takes it up. */
function planChase(invoice: FollowedInvoice, kept: readonly KeptStep[], now: Instant): PlannedStep[] {
  if (!mayAsk(invoice) || invoice.policy.chaseAfterDays === null) return [];
  const { policy, dueDate, remindedDays } = invoice;
  const last = policy.steps.at(-1)?.days;
  const [kind, period] = ['chase', 'once'] as const;
  if (last === undefined || !remindedDays.some((days) => days >= last)) return [];
  if (find(kept, kind, period)?.isDone) return [];
  const day = addDays(dueDate, last + invoice.policy.chaseAfterDays);
  return [{ kind, period, dueAt: sendTime(invoice, policy, day, [now]) }];
}

/** Settled by money, in part at least; a credit is nothing to thank for, and nobody is thanked in a dispute. */
function planThanks(invoice: FollowedInvoice, kept: readonly KeptStep[], now: Instant): PlannedStep[] {
  const { policy, status, zone } = invoice;
  const [kind, period] = ['thank', 'once'] as const;
  const isPaid = status === 'settled' && new Decimal(invoice.applied).gt(0) && !invoice.internal;
  const isDisputed = new Decimal(invoice.disputed).gt(0);
  if (!isPaid || isDisputed || !policy?.thanks || find(kept, kind, period)?.isDone) return [];
  return [{ kind, period, dueAt: nextSendTime(now, policy, zone) }];
}
