/** Owns reading Harvest's payments back: they stand under their invoices, and a deleted one leaves no trace. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import { readPlace } from '../kit/checkpoint.ts';
import type { PaymentPage, RemotePayment } from '../kit/define.ts';
import { dayField, idText, maybeText, positionById, rowAs } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { toInstant } from '../kit/instant.ts';
import { deletedPayment } from '../kit/payments.ts';
import { mapRows, moneyField } from '../kit/rows.ts';
import { listPages, newestUpdate, overlapped } from './lists.ts';
import { type HarvestInvoice, harvestInvoiceOf } from './to-harvest-invoice.ts';

/** Invoices whose payments are remembered, the latest ones: a deletion under an older one shows in its balance only. */
const mostRemembered = 2_000;

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
  const paid = new Map(reached.paid);
  let newest = reached.at;
  for await (const rows of listPages(http, '/invoices', 'invoices', {
    updated_since: overlapped(http, reached.at),
  })) {
    newest = newestUpdate(rows, newest);
    const { mapped, unreadable } = mapRows(
      rows,
      harvestInvoiceOf,
      (row, index) => `invoice ${positionById(row, index)}`,
    );
    yield { payments: [], unreadable, checkpoint: null };
    for (const invoice of mapped) {
      const before = paid.get(invoice.id) ?? [];
      // Nothing was paid, and nothing had been: the payments need not be asked for.
      if (before.length === 0 && new Decimal(invoice.due_amount).equals(invoice.amount)) continue;
      const page = await paymentsOf(http, invoice, before);
      yield page;
      paid.delete(invoice.id);
      const seen = page.payments.filter(({ deleted }) => !deleted).map(({ externalId }) => externalId);
      const kept = [...seen, ...page.unreadable.map(({ position }) => position)];
      if (kept.length > 0) paid.set(invoice.id, kept);
    }
  }
  const last = { at: newest, paid: [...paid].slice(-mostRemembered) };
  yield { payments: [], unreadable: [], checkpoint: newest === null ? null : JSON.stringify(last) };
}

async function paymentsOf(
  http: VendorHttp,
  invoice: HarvestInvoice,
  before: readonly string[],
): Promise<PaymentPage> {
  const rows: unknown[] = [];
  const path = `/invoices/${encodeURIComponent(invoice.id)}/payments`;
  for await (const page of listPages(http, path, 'invoice_payments')) rows.push(...page);
  const { mapped, unreadable } = mapRows(rows, (row) => toPayment(row, invoice), positionById);
  const there = new Set([
    ...mapped.map(({ externalId }) => externalId),
    ...unreadable.map(({ position }) => position),
  ]);
  const today = invoice.updated_at.slice(0, 10);
  const gone = before
    .filter((externalId) => !there.has(externalId))
    .map((externalId) => deletedPayment(externalId, today, toInstant(invoice.updated_at)));
  return { payments: [...mapped, ...gone], unreadable, checkpoint: null };
}

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
