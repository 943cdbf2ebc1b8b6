/** Owns reading back what happened to our invoices in Zoho Books: changes, payments, and payments that were taken off. */
import { z } from 'zod';
import type { Instant } from '../../domain/work-entry.ts';
import { readPlace } from '../kit/checkpoint.ts';
import type { InvoicePage, PaymentPage, RemotePayment } from '../kit/define.ts';
import { dayField, idText, orNull, rowAs } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { earlier, later, toInstant } from '../kit/instant.ts';
import {
  latestTold,
  type PaymentsOfInvoices,
  paymentsOfInvoices,
  type ToldPayments,
} from '../kit/payments.ts';
import { mapRows, moneyField } from '../kit/rows.ts';
import { readAs, refused } from '../kit/vendor-words.ts';
import { ask, listPages, vendor } from './answers.ts';
import { pathOf, readInvoice } from './documents.ts';

const overlapMs = 5 * 60_000;

/** JSON text kept by the caller. Times are the vendor's, never ours. */
const checkpointShape = z.object({
  /** Largest `last_modified_time` of our invoices. */
  since: z.string().nullable(),
  /** Invoice → what it was when it was last read, and the payments on it that were told. */
  told: z.record(z.string(), z.object({ was: z.string(), ids: z.array(z.string()) })),
});

const row = z.object({
  invoice_id: idText,
  reference_number: z.string().nullish(),
  last_modified_time: z.string(),
  currency_code: z.string().nullish(),
  total: moneyField,
  balance: moneyField,
});
type ChangedRow = z.infer<typeof row>;

/** Of ours only: each costs further calls, and the day's are shared by all that the organisation has connected. */
async function* changedRows(http: VendorHttp, since: Instant | null): AsyncGenerator<ChangedRow[]> {
  const from = since === null ? undefined : earlier(since, overlapMs);
  // Its `+` must arrive as `%2B`.
  const query = { last_modified_time: from?.replace(/\.\d+Z$/, '+0000') };
  for await (const rows of listPages(http, '/invoices', 'invoices', query))
    yield rows
      .map((each) => readAs(vendor, row, each))
      .filter(({ reference_number: reference }) => reference?.startsWith('slipway:'));
}

export async function* invoicesSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<InvoicePage> {
  let newest = checkpoint;
  for await (const rows of changedRows(http, checkpoint)) {
    const invoices = [];
    for (const each of rows) {
      const invoice = await readInvoice(http, each.invoice_id);
      if (invoice !== null) invoices.push(invoice);
      newest = later(newest, instantOf(each));
    }
    // The order is not by change, so only the end moves the checkpoint.
    yield { invoices, deleted: [], checkpoint: null };
  }
  yield { invoices: [], deleted: [], checkpoint: newest };
}

/** There is no list of payments by their change: those of every invoice of ours that changed are read. */
export async function* paymentsSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<PaymentPage> {
  const { since, told } = readPlace(vendor, checkpoint, checkpointShape, { since: null, told: {} });
  const remembered: ToldPayments = new Map(Object.entries(told));
  let newest = since;
  for await (const rows of changedRows(http, since)) {
    newest = rows.map(instantOf).reduce(later, newest);
    yield* paymentsOfInvoices(rows, paymentsAt(http), remembered);
  }
  const kept = Object.fromEntries(latestTold(remembered));
  yield { payments: [], unreadable: [], checkpoint: JSON.stringify({ since: newest, told: kept }) };
}

const paymentsAt = (http: VendorHttp): PaymentsOfInvoices<ChangedRow> => ({
  idOf: ({ invoice_id: id }) => id,
  stateOf: ({ last_modified_time: at, balance }) => `${at} ${balance}`,
  isUnpaid: ({ balance, total }) => balance === total,
  changedAt: instantOf,
  async read(invoice) {
    const path = `${pathOf(invoice.invoice_id)}/payments`;
    const { payments: rows } = (await ask(http, 'get', path, { payments: z.array(z.unknown()) }))!;
    const idOf = (each: unknown) =>
      String((each as { invoice_payment_id?: unknown } | null)?.invoice_payment_id);
    const { mapped, unreadable } = mapRows(
      rows,
      (each) => fromPayment(each, invoice),
      (each) => `payment ${idOf(each)}`,
    );
    return { payments: mapped, unreadable, ids: rows.map(idOf) };
  },
});

const paymentShape = z.object({
  invoice_payment_id: idText,
  date: z.string(),
  amount: moneyField,
  reference_number: z.string().nullish(),
});

/** `row`: what one payment pays of one invoice; a payment of several invoices comes with each of them. Throws UnreadableField. */
function fromPayment(each: unknown, invoice: ChangedRow): RemotePayment {
  const payment = rowAs('Zoho Books', paymentShape, each);
  return {
    externalId: payment.invoice_payment_id,
    valueDate: dayField('Zoho Books', 'date', payment.date),
    currency: invoice.currency_code ?? null,
    amount: payment.amount,
    applications: [{ invoiceExternalId: invoice.invoice_id, amount: payment.amount }],
    reference: orNull(payment.reference_number),
    deleted: false,
    updatedAt: instantOf(invoice),
  };
}

function instantOf({ last_modified_time: text }: ChangedRow): Instant {
  const at = toInstant(text);
  if (at === null)
    throw refused(vendor, 'last_modified_time.invalid', `Zoho Books says "${text.slice(0, 40)}" for a time.`);
  return at;
}
