/** Owns Xero as a target: documents found by our key, booked once, changed, voided, paid. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { InvoiceTarget, RemoteInvoice, RemoteRef, TargetBill, TargetInvoice } from '../kit/define.ts';
import { keyNote, ours, requireSame, requireUnchanged } from '../kit/document-checks.ts';
import type { VendorHttp } from '../kit/http.ts';
import { centsNumber } from '../kit/json.ts';
import { moneyField } from '../kit/rows.ts';
import { needed, readAs, readable, readWritten, refused } from '../kit/vendor-words.ts';
import { accountingList, accountingPageSize, instantOfXero, vendor, write } from './answers.ts';
import { invoicesSince, paymentsSince } from './changed.ts';
import {
  billLink,
  fromCreditNote,
  fromInvoice,
  numberMaxLength,
  toBill,
  toCreditNote,
  toInvoice,
} from './documents.ts';
import { contacts, dimension, items } from './parties.ts';

/** Line items come only with a page. */
const firstPage = { page: 1, pageSize: accountingPageSize, unitdp: 4 };

export const invoiceTarget: InvoiceTarget = {
  numberMaxLength,
  customers: contacts,
  items,
  invoices: {
    find: findInvoice,
    async create(http, invoice, idempotencyKey) {
      const body = toInvoice(invoice, http.settings);
      const made = await write(http, 'put', '/Invoices', 'Invoices', body, idempotencyKey);
      return readWritten(vendor, () => fromInvoice(made));
    },
  },
  async readInvoice(http, externalId) {
    const row = await readRow(http, 'Invoices', externalId);
    return row === null ? null : readable(vendor, () => fromInvoice(row));
  },
  paymentsSince,
  invoicesSince,
  async updateInvoice(http, remote, invoice, idempotencyKey) {
    const now = await invoiceTarget.readInvoice(http, remote.externalId);
    requireUnchanged(vendor, invoice.number, now, remote.versionToken);
    const body = { InvoiceID: remote.externalId, ...toInvoice(invoice, http.settings) };
    const made = await write(http, 'post', pathOf(remote), 'Invoices', body, idempotencyKey);
    return readWritten(vendor, () => fromInvoice(made));
  },
  async voidInvoice(http, remote, idempotencyKey) {
    const found = await invoiceTarget.readInvoice(http, remote.externalId);
    if (found === null || found.status === 'void') return found;
    // A draft is deleted, what is approved is voided; Xero refuses both while a payment or credit stands on it.
    const Status = found.status === 'draft' ? 'DELETED' : 'VOIDED';
    const body = { InvoiceID: remote.externalId, Status };
    const made = await write(http, 'post', pathOf(remote), 'Invoices', body, idempotencyKey);
    return readWritten(vendor, () => fromInvoice(made));
  },
  async emailInvoice(http, remote, to) {
    const row = await readRow(http, 'Invoices', remote.externalId);
    const { Contact, SentToContact } = readAs(vendor, contactOf, row);
    // A mail whose answer was lost went out all the same.
    if (SentToContact) return;
    const email = Contact.EmailAddress ?? '';
    if (email.toLowerCase() !== to.toLowerCase())
      throw refused(
        vendor,
        'email_differs',
        `Xero sends mail only to the address of the contact, which is "${email}" there and not "${to}". Correct one of the two.`,
      );
    await http.post(`${pathOf(remote)}/Email`, { body: {}, allowEmpty: true });
  },
  paymentLinks: {
    domains: ['xero.com'],
    async link(http, externalId) {
      const path = `${pathOf({ externalId })}/OnlineInvoice`;
      const response = await http.get(path, { allow404: true });
      if (response === null) return null;
      return readAs(vendor, onlineOf, response.body).OnlineInvoices?.[0]?.OnlineInvoiceUrl;
    },
  },
  creditNotes: {
    async find(http, note) {
      const { rows } = await accountingList(http, 'CreditNotes', {
        query: { ...firstPage, where: `CreditNoteNumber=="${plain(note.number)}"` },
      });
      const row = ours(vendor, note.number, rows, (each) => referenceOf(each).includes(keyNote(note.key)));
      if (row === null) return null;
      const remote = readable(vendor, () => fromCreditNote(row));
      requireSame(vendor, remote, note, note.customer.externalId);
      return remote;
    },
    async create(http, note, idempotencyKey) {
      const body = toCreditNote(note, http.settings);
      const made = await write(http, 'put', '/CreditNotes', 'CreditNotes', body, idempotencyKey);
      return readWritten(vendor, () => fromCreditNote(made));
    },
  },
  creditApplications: {
    /** An application carries no word of ours: the same amount on the same day to the same invoice is the same one. */
    async find(http, { creditNote, invoice, amount, on }) {
      const row = await readRow(http, 'CreditNotes', creditNote.externalId);
      const { Allocations } = readAs(vendor, allocationsOf, row);
      const found = (Allocations ?? []).some(
        (each) =>
          !each.IsDeleted &&
          each.Invoice.InvoiceID === invoice.externalId &&
          new Decimal(each.Amount).equals(amount) &&
          instantOfXero(each.Date)?.slice(0, 10) === on,
      );
      return found ? applied(creditNote, invoice) : null;
    },
    async create(http, { creditNote, invoice, amount, on }, idempotencyKey) {
      const path = `/CreditNotes/${encodeURIComponent(creditNote.externalId)}/Allocations`;
      const body = { Invoice: { InvoiceID: invoice.externalId }, Amount: centsNumber(amount), Date: on };
      await write(http, 'put', path, 'Allocations', body, idempotencyKey);
      return applied(creditNote, invoice);
    },
  },
  refunds: {
    async find(http, { creditNote, key }) {
      return creditNote === null ? null : findPayment(http, 'CreditNotes', creditNote, key);
    },
    async create(http, refund, idempotencyKey) {
      if (refund.creditNote === null)
        throw refused(
          vendor,
          'refund_of_payment',
          'Xero takes a refund here only against a credit note. Book the refund of an overpayment there.',
        );
      const of = { CreditNote: { CreditNoteID: refund.creditNote.externalId } };
      return pay(http, of, refund, idempotencyKey);
    },
  },
  vendors: contacts,
  bills: {
    find: findBill,
    async create(http, bill, idempotencyKey) {
      const body = toBill(bill, http.settings);
      const made = await write(http, 'put', '/Invoices', 'Invoices', body, idempotencyKey);
      return readWritten(vendor, () => fromInvoice(made));
    },
  },
  billPayments: {
    find: (http, { bill, key }) => findPayment(http, 'Invoices', bill, key),
    create: (http, payment, idempotencyKey) =>
      pay(http, { Invoice: { InvoiceID: payment.bill.externalId } }, payment, idempotencyKey),
  },
  takes: ['their_number', 'drafts', 'their_tax', 'account_codes'],
  dimension,
  declines: {
    writeOffs:
      'Xero writes off with a credit note on an account for bad debts, and what tax comes back depends on the country: it is booked there.',
  },
};

/** By number and our key, and by our key alone where somebody gave it another number or Xero numbers itself. */
async function findInvoice(http: VendorHttp, invoice: TargetInvoice): Promise<RemoteInvoice | null> {
  const carriesKey = (row: unknown) => referenceOf(row).includes(keyNote(invoice.key));
  const byNumber =
    invoice.numberBy === 'platform'
      ? null
      : ours(vendor, invoice.number, await sales(http, { InvoiceNumbers: invoice.number }), carriesKey);
  const row = byNumber ?? (await sales(http, { searchTerm: invoice.key })).find(carriesKey);
  if (row === undefined) return null;
  const remote = readable(vendor, () => fromInvoice(row));
  requireSame(vendor, remote, invoice, invoice.customer.externalId);
  return remote;
}

async function sales(http: VendorHttp, query: Record<string, string>): Promise<unknown[]> {
  const { rows } = await accountingList(http, 'Invoices', { query: { ...query, ...firstPage } });
  return rows.filter((row) => typeOf(row) === 'ACCREC');
}

/** Bills of other contractors, and other bills of this one, may have the number too. */
async function findBill(http: VendorHttp, bill: TargetBill): Promise<RemoteInvoice | null> {
  const query = { InvoiceNumbers: bill.number, ContactIDs: bill.vendor.externalId, ...firstPage };
  const { rows } = await accountingList(http, 'Invoices', { query });
  const url = billLink(bill.key, http.settings);
  const row = rows.find((each) => typeOf(each) === 'ACCPAY' && (each as { Url?: unknown }).Url === url);
  if (row === undefined) return null;
  const remote = readable(vendor, () => fromInvoice(row));
  requireSame(vendor, remote, bill, bill.vendor.externalId);
  return remote;
}

type Documents = 'Invoices' | 'CreditNotes';
async function readRow(http: VendorHttp, list: Documents, id: string): Promise<unknown> {
  const path = `/${list}/${encodeURIComponent(id)}`;
  const response = await http.get(path, { query: { unitdp: 4 }, allow404: true });
  if (response === null) return null;
  return readAs(vendor, z.object({ [list]: z.array(z.unknown()).min(1) }), response.body)[list]![0];
}

async function findPayment(
  http: VendorHttp,
  list: Documents,
  of: RemoteRef,
  key: string,
): Promise<RemoteRef | null> {
  const row = await readRow(http, list, of.externalId);
  const { Payments } = readAs(vendor, paymentsOf, row);
  const found = (Payments ?? []).find(({ Reference }) => Reference?.includes(keyNote(key)));
  return found ? { externalId: found.PaymentID, versionToken: null } : null;
}

async function pay(
  http: VendorHttp,
  of: Record<string, unknown>,
  { amount, on, key, reference }: { amount: string; on: string; key: string; reference: string | null },
  idempotencyKey: string,
): Promise<RemoteRef> {
  const Code = needed(vendor, http.settings, 'bankAccountCode', 'A payment');
  const Reference = reference ? `${reference} ${keyNote(key)}` : keyNote(key);
  const body = { ...of, Account: { Code }, Date: on, Amount: centsNumber(amount), Reference };
  const made = await write(http, 'put', '/Payments', 'Payments', body, idempotencyKey);
  return {
    externalId: readAs(vendor, z.object({ PaymentID: z.string() }), made).PaymentID,
    versionToken: null,
  };
}

const contactOf = z.object({
  Contact: z.object({ EmailAddress: z.string().nullish() }),
  SentToContact: z.boolean().nullish(),
});
const onlineOf = z.object({
  OnlineInvoices: z.array(z.object({ OnlineInvoiceUrl: z.unknown().optional() })).nullish(),
});
const paymentsOf = z.object({
  Payments: z.array(z.object({ PaymentID: z.string(), Reference: z.string().nullish() })).nullish(),
});
const allocationsOf = z.object({
  Allocations: z
    .array(
      z.object({
        Invoice: z.object({ InvoiceID: z.string() }),
        Amount: moneyField,
        Date: z.string(),
        IsDeleted: z.boolean().nullish(),
      }),
    )
    .nullish(),
});

/** The answer to an allocation names no id of it. */
const applied = (creditNote: RemoteRef, invoice: RemoteRef): RemoteRef => ({
  externalId: `${creditNote.externalId}:${invoice.externalId}`,
  versionToken: null,
});
const pathOf = ({ externalId }: Pick<RemoteRef, 'externalId'>) =>
  `/Invoices/${encodeURIComponent(externalId)}`;
const typeOf = (row: unknown) => (row as { Type?: unknown } | null)?.Type;

function referenceOf(row: unknown): string {
  const reference = (row as { Reference?: unknown } | null)?.Reference;
  return typeof reference === 'string' ? reference : '';
}

/** Between the quotes of a filter. */
function plain(text: string): string {
  if (/["\\]/.test(text))
    throw refused(vendor, 'number_characters', `"${text}" cannot be looked for in Xero.`);
  return text;
}
