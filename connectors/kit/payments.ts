/** Owns what payments that are read back have in common at every accounting platform. */
import type { Day, Instant } from '../../domain/work-entry.ts';
import type { PaymentPage, RemotePayment } from './define.ts';

/** A payment that is no longer there: no money, and nothing applied. `on`: the day that it went, the vendor keeps no other. */
export function deletedPayment(externalId: string, on: Day, updatedAt: Instant | null): RemotePayment {
  return {
    externalId,
    valueDate: on,
    currency: null,
    amount: '0.00',
    applications: [],
    reference: null,
    deleted: true,
    updatedAt,
  };
}

/** Payments that stand under their invoices only, where a deleted one leaves no trace. */
export interface PaymentsOfInvoices<Invoice> {
  idOf(invoice: Invoice): string;
  /** What tells whether its payments may be others than when they were read. */
  stateOf(invoice: Invoice): string;
  /** Nothing is paid of it: its payments need not be asked for, unless some were told before. */
  isUnpaid(invoice: Invoice): boolean;
  changedAt(invoice: Invoice): Instant;
  /** `ids`: of all of them, readable or not. */
  read(invoice: Invoice): Promise<Pick<PaymentPage, 'payments' | 'unreadable'> & { ids: string[] }>;
}
/** By invoice, the latest read last: its state at that time and the payments that were told. A checkpoint keeps it. */
export type ToldPayments = Map<string, { was: string; ids: readonly string[] }>;

/** Invoices whose payments are remembered: a deletion under an older one shows in its balance only. */
const mostRemembered = 2_000;

/** A page for each invoice that changed and was asked; `told` is brought up to date. */
export async function* paymentsOfInvoices<Invoice>(
  invoices: readonly Invoice[],
  list: PaymentsOfInvoices<Invoice>,
  told: ToldPayments,
): AsyncGenerator<PaymentPage> {
  for (const invoice of invoices) {
    const id = list.idOf(invoice);
    const before = told.get(id);
    const was = list.stateOf(invoice);
    if (before ? before.was === was : list.isUnpaid(invoice)) continue;
    const { payments, unreadable, ids } = await list.read(invoice);
    const at = list.changedAt(invoice);
    const gone = (before?.ids ?? []).filter((each) => !ids.includes(each));
    yield {
      payments: [...payments, ...gone.map((each) => deletedPayment(each, at.slice(0, 10), at))],
      unreadable,
      checkpoint: null,
    };
    told.delete(id);
    if (ids.length > 0) told.set(id, { was, ids });
  }
}

export const latestTold = (told: ToldPayments) => [...told].slice(-mostRemembered);
