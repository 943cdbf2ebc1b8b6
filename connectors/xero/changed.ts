/** Owns reading what changed in Xero's books: payments, their deletion, and our invoices. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { Instant } from '../../domain/work-entry.ts';
import { readInstant } from '../kit/checkpoint.ts';
import type { InvoicePage, PaymentPage, RemotePayment } from '../kit/define.ts';
import { rowAs } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { earlier, later, wholeSeconds } from '../kit/instant.ts';
import { pageGuard } from '../kit/pages.ts';
import { mapRows, moneyField, UnreadableField } from '../kit/rows.ts';
import { refused } from '../kit/vendor-words.ts';
import { accountingList, accountingPageSize, instantOfXero, vendor } from './answers.ts';
import { fromInvoice } from './documents.ts';

/** What became visible late under an earlier time is seen again within this. */
const overlapMs = 5 * 60_000;
const mostStale = 3;
const beginning = '1970-01-01T00:00:00.000Z';

/**
 * Rows in the order of their change, moved on by time and not by page: what changes meanwhile moves to the end of the
 * list, and counting pages would skip one. Pages count only among rows of one and the same second.
 */
async function* changedRows(
  http: VendorHttp,
  list: 'Payments' | 'Invoices',
  query: Record<string, string | boolean>,
  checkpoint: string | null,
): AsyncGenerator<{ rows: unknown[]; checkpoint: string | null }> {
  const guard = pageGuard(http.connector);
  let stale = 0;
  let seen = new Set<string>();
  const reachedAt = readInstant(vendor, checkpoint);
  let newest = checkpoint;
  let since = reachedAt === null ? beginning : earlier(reachedAt, overlapMs);
  let page = 1;
  for (;;) {
    const { rows, more } = await accountingList(http, list, {
      query: { ...query, order: 'UpdatedDateUTC ASC', page, pageSize: accountingPageSize },
      headers: { 'If-Modified-Since': wholeSeconds(since) },
    });
    const fresh = rows.filter((row) => !seen.has(JSON.stringify(row)));
    // A second of its own may come twice; more of the same is no progress.
    stale = fresh.length > 0 ? 0 : stale + 1;
    guard.check([since, page]);
    if (stale > mostStale)
      throw refused(vendor, 'endless_pages', 'Xero keeps sending the same page. Reading it was stopped.');
    const told = new Set(rows.map((row) => JSON.stringify(row)));
    const reached = rows.map(updatedAtOf).reduce(later, null);
    newest = later(newest, reached);
    yield { rows: fresh, checkpoint: newest };
    if (!more) return;
    const next = reached === null ? since : wholeSecond(reached);
    // Only what this page told can come again from its last second on.
    if (next > since) [since, page, seen] = [next, 1, told];
    else [page, seen] = [page + 1, new Set([...seen, ...told])];
  }
}

export async function* paymentsSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<PaymentPage> {
  const where = 'PaymentType=="ACCRECPAYMENT"';
  for await (const { rows, checkpoint: reached } of changedRows(http, 'Payments', { where }, checkpoint)) {
    // A filter that Xero does not understand may be passed over: it is checked here.
    const ours = rows.filter(
      (row) => (row as { PaymentType?: unknown } | null)?.PaymentType === 'ACCRECPAYMENT',
    );
    const { mapped, unreadable } = mapRows(ours, fromPayment, (row) => `payment ${idOf(row)}`);
    yield { payments: mapped, unreadable, checkpoint: reached };
  }
}

export async function* invoicesSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<InvoicePage> {
  const query = { where: 'Type=="ACCREC"', createdByMyApp: true };
  for await (const { rows, checkpoint: reached } of changedRows(http, 'Invoices', query, checkpoint)) {
    const sales = rows.filter((row) => (row as { Type?: unknown } | null)?.Type === 'ACCREC');
    const { mapped, unreadable } = mapRows(sales, fromInvoice, idOf);
    if (unreadable.length > 0) throw refused(vendor, unreadable[0]!.reason, unreadable[0]!.detail);
    yield { invoices: mapped, deleted: [], checkpoint: reached };
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

function updatedAtOf(row: unknown): Instant | null {
  return instantOfXero((row as { UpdatedDateUTC?: unknown } | null)?.UpdatedDateUTC);
}

function idOf(row: unknown): string {
  const { PaymentID, InvoiceID } = (row ?? {}) as { PaymentID?: unknown; InvoiceID?: unknown };
  return String(PaymentID ?? InvoiceID);
}

/** A second earlier than the second itself: whether the bound belongs to "since" is not said. */
function wholeSecond(at: Instant): Instant {
  return `${earlier(at, 1_000).slice(0, 19)}.000Z`;
}
