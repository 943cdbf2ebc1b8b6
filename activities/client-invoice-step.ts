/** Owns what a client invoice needs next, from its own state, its connection's, its plan and the clock. */
import { isClosed } from '../domain/invoice.ts';
import type { InvoiceDueKind, PlannedStep } from '../domain/invoice-plan.ts';
import type { Instant } from '../domain/work-entry.ts';
import { type Clock, clockOf } from '../store/clock.ts';
import { connections } from '../store/connections.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { unprintedDocuments } from '../store/document-files.ts';
import { dropPlan, planDraft, planInvoice } from '../store/invoice-plan.ts';
import { type InvoiceRow, readInvoice } from '../store/invoices.ts';
import { papersWaitMs } from '../store/payment-links.ts';
import { pushState } from '../store/pushed-documents.ts';
import { issuesItself } from '../store/sign-offs.ts';
import { readSyncRecord } from '../store/sync.ts';
import { platformsWithLinks } from './payment-links.ts';

/**
 * `print`: beside whatever the step is, it has documents that are not made yet; `printInMs`: they wait so long for the push, and
 * no longer. `number`: of an issued one. `push`: what
 * follows it to the platform, e.g. a void or a credit note. `inPlace`: nothing was asked of the platform yet, and it may be
 * asked without Temporal in between.
 */
export type ClientInvoiceStep = { print?: boolean; printInMs?: number; number?: string } & (
  | { step: 'sync'; inPlace?: boolean }
  | { step: 'issue' | 'push' }
  /** Something whose time has come. */
  | { step: InvoiceDueKind }
  /**
   * Payment, a person, or a mended connection: something will signal; `retry` asks to look again by itself. Before that
   * something is due at `until`; `waitMs` null where no timer brings that about. A history of before has neither.
   */
  | ({ step: 'wait'; for: 'payment' | 'person' | 'connection'; retry: boolean } & Partial<Until>)
  /** The client is asked; `until` it is reminded, or time is up. */
  | ({ step: 'wait_for_sign_off'; waitMs: number | null } & Partial<Until>)
  | { step: 'done' }
);
interface Until {
  until: Instant | null;
  waitMs: number | null;
}

export async function nextStep(tx: WorkspaceTx, invoiceId: string): Promise<ClientInvoiceStep> {
  const invoice = await readInvoice(tx, invoiceId);
  if (!invoice || invoice.status === 'discarded' || invoice.status === 'void') {
    await dropPlan(tx, invoiceId);
    return lookAtEnded(tx, invoiceId);
  }
  const clock = await clockOf(tx);
  if (!invoice.number) return lookAtDraft(tx, invoice, clock);
  const record = await readSyncRecord(tx, 'client_invoice', invoice.id);
  const isQueued =
    record?.wanted === 'create' &&
    (record.status === 'queued' || record.status === 'syncing' || record.status === 'not_synced');
  const canSync = isQueued && (await connections.find(tx, record.connectionId))?.status === 'active';
  const isUnprinted = (await unprintedDocuments(tx, invoice.id)).length > 0;
  // What the push will tell belongs on its papers; one that takes long does not hold them up.
  const heldMs = isUnprinted && canSync ? await papersWaitMs(tx, invoice.id, platformsWithLinks) : 0;
  const print = {
    number: invoice.number,
    ...(isUnprinted && (heldMs > 0 ? { printInMs: heldMs } : { print: true })),
  };
  // The first push waits for nothing; one that is tried again does not keep what is due from its time.
  if (canSync && record.status !== 'syncing') return { step: 'sync', inPlace: true, ...print };
  const due = await planInvoice(tx, invoice.id, clock.now);
  if (due && isDue(due, clock)) return { step: due.kind, ...print };
  if (canSync) return { step: 'sync', ...print };
  const pushing = record === null ? 'none' : await pushState(tx, invoice.id);
  if (pushing === 'open') return { step: 'push', ...print };
  const until = untilDue(due, clock);
  if (isQueued || pushing === 'blocked')
    return { step: 'wait', for: 'connection', retry: true, ...until, ...print };
  if (record?.status === 'failed') return { step: 'wait', for: 'person', retry: false, ...until, ...print };
  return isClosed(invoice.status) && due === null
    ? { step: 'done', ...print }
    : { step: 'wait', for: 'payment', retry: false, ...until, ...print };
}

/** A void that is carried over to the platform. */
async function lookAtEnded(tx: WorkspaceTx, invoiceId: string): Promise<ClientInvoiceStep> {
  const pushing = await pushState(tx, invoiceId);
  if (pushing === 'none') return { step: 'done' };
  return pushing === 'open'
    ? { step: 'push' }
    : { step: 'wait', for: 'connection', retry: true, until: null, waitMs: null };
}

const isDue = ({ dueAt }: PlannedStep, { now }: Clock) => Date.parse(dueAt) <= Date.parse(now);
const untilDue = (due: PlannedStep | null, clock: Clock): Until => ({
  until: due?.dueAt ?? null,
  waitMs: due === null ? null : clock.waitMs(due.dueAt),
});

async function lookAtDraft(
  tx: WorkspaceTx,
  { id, status }: InvoiceRow,
  clock: Clock,
): Promise<ClientInvoiceStep> {
  const due = await planDraft(tx, id, clock.now);
  if (due)
    return isDue(due, clock) ? { step: due.kind } : { step: 'wait_for_sign_off', ...untilDue(due, clock) };
  const itself = status === 'ready' && (await issuesItself(tx, id));
  return itself ? { step: 'issue' } : { step: 'wait', for: 'person', retry: false };
}
