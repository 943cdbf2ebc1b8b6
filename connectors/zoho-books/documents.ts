/** Owns how an invoice of Zoho Books is read: by its id, in full, for lists lack lines and tax. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { RemoteInvoice } from '../kit/define.ts';
import { idText, rowAs, wordOf } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { moneyField } from '../kit/rows.ts';
import { readable } from '../kit/vendor-words.ts';
import { ask, vendor } from './answers.ts';

export const pathOf = (id: string) => `/invoices/${encodeURIComponent(id)}`;

export async function readRow(http: VendorHttp, id: string): Promise<unknown> {
  const answer = await ask(http, 'get', pathOf(id), { invoice: z.unknown() }, { allow404: true });
  return answer === null ? null : answer.invoice;
}

export async function readInvoice(http: VendorHttp, id: string): Promise<RemoteInvoice | null> {
  const row = await readRow(http, id);
  return row === null ? null : readable(vendor, () => fromInvoice(row));
}

const invoiceShape = z.object({
  invoice_id: idText,
  invoice_number: z.string(),
  customer_id: idText,
  currency_code: z.string().nullish(),
  sub_total: moneyField,
  tax_total: moneyField.nullish(),
  total: moneyField,
  balance: moneyField,
  status: z.string(),
  last_modified_time: z.string().nullish(),
  line_items: z.array(z.object({ time_entry_ids: z.array(idText).nullish() })).nullish(),
});

/** `row`: one invoice, in full. Throws UnreadableField. */
export function fromInvoice(row: unknown): RemoteInvoice {
  const invoice = rowAs('Zoho Books', invoiceShape, row);
  return {
    externalId: invoice.invoice_id,
    // Zoho has no lock of its own; what we read last must still be the last change.
    versionToken: invoice.last_modified_time ?? null,
    number: invoice.invoice_number,
    customerExternalId: invoice.customer_id,
    net: invoice.sub_total,
    tax: invoice.tax_total ?? new Decimal(invoice.total).minus(invoice.sub_total).toFixed(2),
    total: invoice.total,
    balance: invoice.balance,
    currency: invoice.currency_code ?? null,
    status: wordOf(vendor, 'status', invoice.status, statuses),
    timeExternalIds: (invoice.line_items ?? []).flatMap((line) => line.time_entry_ids ?? []),
  };
}

const statuses: Readonly<Record<string, RemoteInvoice['status']>> = {
  draft: 'draft',
  // Where approvals are switched on (unconfirmed).
  pending_approval: 'draft',
  approved: 'draft',
  sent: 'open',
  viewed: 'open',
  overdue: 'open',
  unpaid: 'open',
  partially_paid: 'partially_paid',
  paid: 'paid',
  void: 'void',
};
