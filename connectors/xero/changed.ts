/** Owns reading what changed in Xero's books: payments, their deletion, and our invoices. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import { readInstant } from '../kit/checkpoint.ts';
import type { InvoicePage, PaymentPage, RemotePayment } from '../kit/define.ts';
import { rowAs } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { earlier, wholeSeconds } from '../kit/instant.ts';
import { inOrderOfChange, type OrderedList } from '../kit/ordered-changes.ts';
import { mapRows, moneyField, UnreadableField } from '../kit/rows.ts';
import { refused } from '../kit/vendor-words.ts';
import { digestOf } from '../kit/webhook.ts';
import { accountingList, accountingPageSize, instantOfXero, vendor } from './answers.ts';
import { fromInvoice } from './documents.ts';

/** What became visible late under an earlier time is seen again within this. */
const overlapMs = 5 * 60_000;

function changedRows(
  http: VendorHttp,
  name: 'Payments' | 'Invoices',
  query: Record<string, string | boolean>,
  checkpoint: string | null,
) {
  const list: OrderedList = {
    read: (since, page) =>
      accountingList(http, name, {
        query: { ...query, order: 'UpdatedDateUTC ASC', page, pageSize: accountingPageSize },
        headers: { 'If-Modified-Since': wholeSeconds(since) },
      }),
    updatedAtOf: (row) => instantOfXero((row as { UpdatedDateUTC?: unknown } | null)?.UpdatedDateUTC),
    versionOf: (row) => digestOf(JSON.stringify(row)),
    // A second earlier than the second itself: whether the bound belongs to "since" is not said.
    resumeAt: (reached) => `${earlier(reached, 1_000).slice(0, 19)}.000Z`,
    overlapMs,
  };
  return inOrderOfChange(vendor, list, readInstant(vendor, checkpoint));
}

export async function* paymentsSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<PaymentPage> {
  const where = 'PaymentType=="ACCRECPAYMENT"';
  for await (const { rows, newest } of changedRows(http, 'Payments', { where }, checkpoint)) {
    // A filter that Xero does not understand may be passed over: it is checked here.
    const ours = rows.filter(
      (row) => (row as { PaymentType?: unknown } | null)?.PaymentType === 'ACCRECPAYMENT',
    );
    const { mapped, unreadable } = mapRows(ours, fromPayment, (row) => `payment ${idOf(row)}`);
    yield { payments: mapped, unreadable, checkpoint: newest };
  }
}

export async function* invoicesSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<InvoicePage> {
  const query = { where: 'Type=="ACCREC"', createdByMyApp: true };
  for await (const { rows, newest } of changedRows(http, 'Invoices', query, checkpoint)) {
    const sales = rows.filter((row) => (row as { Type?: unknown } | null)?.Type === 'ACCREC');
    const { mapped, unreadable } = mapRows(sales, fromInvoice, idOf);
    if (unreadable.length > 0) throw refused(vendor, unreadable[0]!.reason, unreadable[0]!.detail);
    yield { invoices: mapped, deleted: [], checkpoint: newest };
  }
}

const paymentShape = z.object({
  PaymentID: z.string(),
  Date: z.string(),
  Amount: moneyField,
  Reference: z.string().nullish(),
  // Another word would leave open whether the money is there.
  Status: z.enum(['AUTHORISED', 'DELETED']),
  UpdatedDateUTC: z.string().nullish(),
  Invoice: z.object({ InvoiceID: z.string(), CurrencyCode: z.string().nullish() }),
});

/** `row`: a payment of a sales invoice. Throws UnreadableField. */
export function fromPayment(row: unknown): RemotePayment {
  const payment = rowAs('Xero', paymentShape, row);
  const on = instantOfXero(payment.Date);
  if (on === null)
    throw new UnreadableField('date.invalid', `"${payment.Date}" is not a date. Report it to Xero.`);
  const deleted = payment.Status === 'DELETED';
  return {
    externalId: payment.PaymentID,
    // A day as midnight in UTC.
    valueDate: on.slice(0, 10),
    currency: payment.Invoice.CurrencyCode ?? null,
    amount: deleted ? '0.00' : payment.Amount,
    applications:
      deleted || new Decimal(payment.Amount).isZero()
        ? []
        : [{ invoiceExternalId: payment.Invoice.InvoiceID, amount: payment.Amount }],
    reference: payment.Reference || null,
    deleted,
    updatedAt: instantOfXero(payment.UpdatedDateUTC),
  };
}

function idOf(row: unknown): string {
  const { PaymentID, InvoiceID } = (row ?? {}) as { PaymentID?: unknown; InvoiceID?: unknown };
  return String(PaymentID ?? InvoiceID);
}
