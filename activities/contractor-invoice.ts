/** Owns what a submitted contractor invoice's workflow does: reminding approvers, telling the admins, knowing what it waits for. */
import { type ContractorInvoiceStatus, isInvoiceAtRest } from '../domain/contractor-invoice.ts';
import type { Instant } from '../domain/work-entry.ts';
import { clockOf } from '../store/clock.ts';
import { tellAdminsOfInvoice, tellInvoiceApprovers } from '../store/contractor-invoice-notices.ts';
import {
  type ContractorInvoice,
  lockContractorInvoice,
  readContractorInvoice,
} from '../store/contractor-invoices.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { doneDue, nextDue } from '../store/due.ts';
import { recordEvents } from '../store/events.ts';
import { pushState } from '../store/pushed-documents.ts';
import type { ActivityDeps } from './deps.ts';
import { look, type SubjectRef } from './look.ts';

/** Where an invoice stands; `until` is when something is done about its waiting, null: only a signal ends it. */
export type ContractorInvoiceStep =
  | { step: 'remind' | 'escalate' | 'push'; status: ContractorInvoiceStatus }
  | {
      step: 'wait';
      status: ContractorInvoiceStatus;
      for: 'decision' | 'payment' | 'rest_of_payment' | 'connection';
      until: Instant | null;
      waitMs: number | null;
    }
  | { step: 'done'; status: ContractorInvoiceStatus | 'unknown' };

const actor = 'system:contractor-invoice';
/** Its bill waits for a connection that is not open. */
const connectionRetryMs = 60_000;

export function createContractorInvoiceActivities(deps: ActivityDeps) {
  const { database } = deps;

  /** Does it once, however often it is repeated: the due row of this round is marked in the same transaction. */
  const onceDue = (
    { workspaceId, subjectId }: SubjectRef,
    kind: 'remind' | 'escalate',
    tell: (tx: WorkspaceTx, invoice: ContractorInvoice) => Promise<void>,
  ): Promise<void> =>
    database.inWorkspace(workspaceId, async (tx) => {
      const invoice = await lockContractorInvoice(tx, subjectId);
      if (invoice.status !== 'submitted') return;
      const key = {
        subjectType: 'contractor_invoice',
        subjectId,
        kind,
        period: `round ${invoice.round}`,
      } as const;
      if (!(await doneDue(tx, key))) return;
      await tell(tx, invoice);
      await recordEvents(tx, [
        {
          type: kind === 'remind' ? 'contractor_invoice.reminded' : 'contractor_invoice.escalated',
          subjectType: 'contractor_invoice',
          subjectId,
          actor,
          permission: 'contractor_invoices.read',
          payload: { number: invoice.number, round: invoice.round },
        },
      ]);
    });

  return {
    /** What this invoice needs now, from its own state and the clock. */
    lookAtContractorInvoice: (ref: SubjectRef): Promise<ContractorInvoiceStep> =>
      look(deps, 'contractor_invoice', ref, async (tx) => {
        const invoice = await readContractorInvoice(tx, ref.subjectId);
        if (!invoice) return { step: 'done', status: 'unknown' };
        const { status } = invoice;
        const pushing = await pushState(tx, invoice.id);
        if (pushing === 'open') return { step: 'push', status };
        if (pushing === 'blocked')
          return { step: 'wait', status, for: 'connection', until: null, waitMs: connectionRetryMs };
        if (isInvoiceAtRest(status)) return { step: 'done', status };
        const waiting = { step: 'wait', status, until: null, waitMs: null } as const;
        if (status === 'approved') return { ...waiting, for: 'payment' };
        if (status === 'partially_paid') return { ...waiting, for: 'rest_of_payment' };
        const due = await nextDue(tx, 'contractor_invoice', invoice.id);
        if (due === null) return { ...waiting, for: 'decision' };
        const clock = await clockOf(tx);
        if (due.dueAt <= clock.now) return { step: due.kind === 'remind' ? 'remind' : 'escalate', status };
        return { ...waiting, for: 'decision', until: due.dueAt, waitMs: clock.waitMs(due.dueAt) };
      }),

    remindInvoiceApprovers: (ref: SubjectRef): Promise<void> =>
      onceDue(ref, 'remind', (tx, invoice) =>
        tellInvoiceApprovers(tx, invoice, 'contractor_invoice.reminder'),
      ),

    escalateContractorInvoice: (ref: SubjectRef): Promise<void> =>
      onceDue(ref, 'escalate', tellAdminsOfInvoice),
  };
}
