/** Owns what an invoice's workflow does at its times: sign-off reminders, letters and late fees, the word to us, release, thanks. */
import { addDays, localDay } from '../domain/day.ts';
import type { InvoiceDueKind, PlannedStep } from '../domain/invoice-plan.ts';
import { nextSendTime, startOfDay } from '../domain/send-window.ts';
import type { Instant } from '../domain/work-entry.ts';
import { clockOf } from '../store/clock.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { doneDue } from '../store/due.ts';
import { holdFollowed, planDraft, planInvoice, putOff, readFollowed } from '../store/invoice-plan.ts';
import { chaseInvoice, releaseContractors, remindSignOff, thankClient } from '../store/invoice-words.ts';
import { remindClients } from '../store/reminders.ts';
import type { ActivityDeps } from './deps.ts';
import type { SubjectRef } from './look.ts';

const actor = 'system:client-invoice';

export function createInvoiceFollowUpActivities({ database }: ActivityDeps) {
  /** Planned anew under the lock: what was paid, voided, disputed or done since the look is not done any more. */
  const whenDue = (
    { workspaceId, subjectId }: SubjectRef,
    kind: InvoiceDueKind,
    plan: (tx: WorkspaceTx, invoiceId: string, now: Instant) => Promise<PlannedStep | null>,
    work: (tx: WorkspaceTx, step: PlannedStep, now: Instant) => Promise<void>,
  ): Promise<void> =>
    database.inWorkspace(workspaceId, async (tx) => {
      const { now } = await clockOf(tx);
      const step = await plan(tx, subjectId, now);
      if (step?.kind !== kind || Date.parse(step.dueAt) > Date.parse(now)) return;
      await work(tx, step, now);
    });

  /** The invoice is held, and the step is marked in the same transaction: it is done once, however often this is repeated. */
  const once = (
    ref: SubjectRef,
    kind: InvoiceDueKind,
    plan: typeof planInvoice,
    tell: (tx: WorkspaceTx, invoiceId: string, actor: string, step: PlannedStep) => Promise<void>,
  ): Promise<void> =>
    whenDue(
      ref,
      kind,
      async (tx, invoiceId, now) => {
        await holdFollowed(tx, invoiceId, 'invoice');
        return plan(tx, invoiceId, now);
      },
      async (tx, step) => {
        const key = {
          subjectType: 'client_invoice',
          subjectId: ref.subjectId,
          kind,
          period: step.period,
        } as const;
        if (await doneDue(tx, key)) await tell(tx, ref.subjectId, actor, step);
      },
    );

  /**
   * One letter a client, with all of its invoices whose step has come: the client is held, so that its invoices, which wake at
   * the same time, take turns. What stops the letter puts this step off to the next day on which letters go out.
   */
  const writeLetter = (ref: SubjectRef, kind: 'remind' | 'charge_late_fee'): Promise<void> =>
    whenDue(
      ref,
      kind,
      async (tx, invoiceId, now) => {
        await holdFollowed(tx, invoiceId, 'client');
        return planInvoice(tx, invoiceId, now);
      },
      async (tx, step, now) => {
        const { policy, zone, clientId, sellerId } = (await readFollowed(tx, ref.subjectId, now))!;
        const today = localDay(now, zone);
        await remindClients(tx, today, { actor, clientId, sellerId });
        const next = await planInvoice(tx, ref.subjectId, now);
        if (next?.kind !== step.kind || next.period !== step.period) return;
        const dueAt = nextSendTime(startOfDay(addDays(today, 1), zone), policy!, zone);
        await putOff(tx, ref.subjectId, { ...step, dueAt });
      },
    );

  return {
    remindSignOff: (ref: SubjectRef): Promise<void> => once(ref, 'remind_sign_off', planDraft, remindSignOff),
    remindClient: (ref: SubjectRef): Promise<void> => writeLetter(ref, 'remind'),
    /** The letter of a step with a fee or interest: those are issued with it. */
    chargeLateFee: (ref: SubjectRef): Promise<void> => writeLetter(ref, 'charge_late_fee'),
    chaseInvoice: (ref: SubjectRef): Promise<void> => once(ref, 'chase', planInvoice, chaseInvoice),
    releaseContractors: (ref: SubjectRef): Promise<void> =>
      once(ref, 'release_contractors', planInvoice, releaseContractors),
    thankClient: (ref: SubjectRef): Promise<void> => once(ref, 'thank', planInvoice, thankClient),
  };
}
