/** Owns reading Harvest's payments back: they stand under their invoices, and a deleted one leaves no trace. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import { readPlace } from '../kit/checkpoint.ts';
import type { PaymentPage, RemotePayment } from '../kit/define.ts';
import { dayField, idText, maybeText, positionById, rowAs } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { toInstant } from '../kit/instant.ts';
import {
  latestTold,
  type PaymentsOfInvoices,
  paymentsOfInvoices,
  type ToldPayments,
} from '../kit/payments.ts';
import { mapRows, moneyField } from '../kit/rows.ts';
import { listPages, newestUpdate, overlapped } from './lists.ts';
import { type HarvestInvoice, harvestInvoiceOf } from './to-harvest-invoice.ts';

/** `at`: newest change of an invoice that was read. `paid`: the payments seen under each invoice, oldest invoice first. */
const reachedShape = z.object({
  at: z.string().nullable(),
  paid: z.array(z.tuple([idText, z.array(idText)])),
});

const paymentShape = z.object({
  id: idText,
  amount: moneyField,
  paid_date: maybeText,
  paid_at: maybeText,
  notes: maybeText,
  transaction_id: maybeText,
  updated_at: maybeText,
});

/** Invoices come by their issue date: only the last page moves the checkpoint. */
export async function* paymentsSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<PaymentPage> {
  const reached = readPlace(http.connector, checkpoint, reachedShape, { at: null, paid: [] });
  const told: ToldPayments = new Map(reached.paid.map(([id, ids]) => [id, { was: '', ids }]));
  const query = { updated_since: overlapped(http, reached.at) };
  let newest = reached.at;
  for await (const rows of listPages(http, '/invoices', 'invoices', query)) {
    newest = newestUpdate(rows, newest);
    const { mapped, unreadable } = mapRows(
      rows,
      harvestInvoiceOf,
      (row, index) => `invoice ${positionById(row, index)}`,
    );
    yield { payments: [], unreadable, checkpoint: null };
    yield* paymentsOfInvoices(mapped, paymentsAt(http), told);
  }
  const paid = latestTold(told).map(([id, { ids }]) => [id, ids]);
  const last = newest === null ? null : JSON.stringify({ at: newest, paid });
  yield { payments: [], unreadable: [], checkpoint: last };
}

const paymentsAt = (http: VendorHttp): PaymentsOfInvoices<HarvestInvoice> => ({
  idOf: ({ id }) => id,
  stateOf: ({ updated_at: at, due_amount: due }) => `${at} ${due}`,
  isUnpaid: ({ due_amount: due, amount }) => new Decimal(due).equals(amount),
  changedAt: ({ updated_at: at }) => toInstant(at)!,
  async read(invoice) {
    const rows: unknown[] = [];
    const path = `/invoices/${encodeURIComponent(invoice.id)}/payments`;
    for await (const page of listPages(http, path, 'invoice_payments')) rows.push(...page);
    const { mapped, unreadable } = mapRows(rows, (row) => toPayment(row, invoice), positionById);
    return { payments: mapped, unreadable, ids: rows.map(positionById) };
  },
});

function toPayment(row: unknown, invoice: HarvestInvoice): RemotePayment {
  const payment = rowAs('Harvest', paymentShape, row);
  const valueDate = payment.paid_date ?? payment.paid_at?.slice(0, 10) ?? '';
  return {
    externalId: payment.id,
    valueDate: dayField('Harvest', 'paid_date', valueDate),
    currency: invoice.currency ?? null,
    amount: payment.amount,
    applications: [{ invoiceExternalId: invoice.id, amount: payment.amount }],
    reference: payment.transaction_id || payment.notes || null,
    deleted: false,
    updatedAt: toInstant(payment.updated_at ?? ''),
  };
}
