/** Owns finding, booking, changing and voiding QuickBooks' documents: invoices, credit memos and bills, one way for all three. */
import { z } from 'zod';
import type { PaymentLinks, RemoteInvoice, RemoteRef, TargetInvoice } from '../kit/define.ts';
import { keyNote, ours, requireSame } from '../kit/document-checks.ts';
import { InvalidRequest } from '../kit/errors.ts';
import { unlessRefused } from '../kit/failures.ts';
import type { VendorHttp } from '../kit/http.ts';
import { readAs, readable, readWritten } from '../kit/vendor-words.ts';
import { fromQuickbooksInvoice } from './from-quickbooks.ts';
import { ask, askAll, minorVersion, quoted, refused, vendor, versioned, write } from './query.ts';
import { toQuickbooksInvoice } from './to-quickbooks-invoice.ts';

type DocumentEntity = 'Invoice' | 'CreditMemo' | 'Bill';

/** What identifies a document of ours there. `party`: its customer or vendor. */
export interface Wanted {
  key: string;
  number: string;
  /** QuickBooks counts: the number there is not ours, so the day leads to it. */
  numberThere: boolean;
  party: string;
  currency: string;
  issueDate: string;
  total: string;
}
export const wantedInvoice = (invoice: TargetInvoice): Wanted => ({
  ...invoice,
  numberThere: invoice.numberBy === 'platform',
  party: invoice.customer.externalId,
});

/** By number (or day), then by our key: a number alone may be anybody's (invariant 6). */
export async function findDocument(
  http: VendorHttp,
  entity: DocumentEntity,
  wanted: Wanted,
): Promise<RemoteInvoice | null> {
  const rows = wanted.numberThere
    ? await askAll(http, entity, `TxnDate = ${quoted(wanted.issueDate)}`)
    : (await ask(http, entity, `DocNumber = ${quoted(wanted.number)}`)).rows;
  const carriesKey = (row: unknown) => noteOf(row).includes(keyNote(wanted.key));
  // Vendors give bills their numbers, so two of them may have the same.
  const isAnybodys = entity === 'Bill' || wanted.numberThere;
  const row = ours(vendor, wanted.number, isAnybodys ? rows.filter(carriesKey) : rows, carriesKey);
  if (row === null) return null;
  const remote = readable(vendor, () => fromQuickbooksInvoice(row));
  requireSame(vendor, remote, wanted, wanted.party);
  return remote;
}

export async function createDocument(
  http: VendorHttp,
  entity: DocumentEntity,
  body: Record<string, unknown>,
  idempotencyKey: string,
  more: Record<string, string> = {},
): Promise<RemoteInvoice> {
  const made = await write(http, entity, z.unknown(), body, idempotencyKey, more);
  return readWritten(vendor, () => fromQuickbooksInvoice(made));
}

/** A deleted one is a Fault, not a 404; both are null. */
export async function readDocument(
  http: VendorHttp,
  entity: DocumentEntity,
  externalId: string,
): Promise<{ remote: RemoteInvoice; row: unknown } | null> {
  const row = await readRow(http, entity, externalId);
  return row === null ? null : { remote: readWritten(vendor, () => fromQuickbooksInvoice(row)), row };
}

async function readRow(
  http: VendorHttp,
  entity: DocumentEntity,
  externalId: string,
  more: Record<string, string> = {},
): Promise<unknown> {
  const path = `/${entity.toLowerCase()}/${encodeURIComponent(externalId)}`;
  const query = { ...versioned.query, ...more };
  const response = await unlessRefused('610', () => http.get(path, { query, allow404: true }));
  return response === null
    ? null
    : readAs(vendor, z.object({ [entity]: z.unknown() }), response.body)[entity];
}

/** Told only where it is asked for, of an invoice with an e-mail, by companies with QuickBooks Payments. */
export const paymentLinks: PaymentLinks = {
  domains: ['intuit.com'],
  async link(http, externalId) {
    const row = await readRow(http, 'Invoice', externalId, { include: 'invoiceLink' });
    return (row as { InvoiceLink?: unknown } | null)?.InvoiceLink;
  },
};

/** Voids it; one that is void already, or gone, is the answer. */
export function voidInvoice(
  http: VendorHttp,
  { externalId }: RemoteRef,
  idempotencyKey: string,
): Promise<RemoteInvoice | null> {
  return againIfStale(idempotencyKey, async (key) => {
    const known = (await readDocument(http, 'Invoice', externalId))?.remote;
    if (!known || known.status === 'void') return known ?? null;
    const body = { Id: externalId, SyncToken: known.versionToken };
    return createDocument(http, 'Invoice', body, key, { operation: 'void' });
  });
}

/** Replaces lines, dates and note; what QuickBooks keeps besides (addresses, terms) stays. */
export function updateInvoice(
  http: VendorHttp,
  remote: RemoteRef,
  invoice: TargetInvoice,
  idempotencyKey: string,
): Promise<RemoteInvoice> {
  let token = remote.versionToken;
  return againIfStale(idempotencyKey, async (key, isAgain) => {
    if (token === null || isAgain) {
      const known = (await readDocument(http, 'Invoice', remote.externalId))?.remote;
      if (!known) throw refused('610', `Invoice ${invoice.number} is no longer in QuickBooks.`);
      token = known.versionToken;
    }
    const body = {
      ...toQuickbooksInvoice(invoice, http.settings),
      Id: remote.externalId,
      SyncToken: token,
      sparse: true,
    };
    return createDocument(http, 'Invoice', body, key);
  });
}

/** A payment moves the token of its invoice, so a stale one is read again and the write done once more under a key of its own. */
async function againIfStale<T>(
  key: string,
  write: (key: string, isAgain: boolean) => Promise<T>,
): Promise<T> {
  try {
    return await write(key, false);
  } catch (problem) {
    if (!(problem instanceof InvalidRequest) || problem.vendorCode !== '5010') throw problem;
    return write(`${key}:2`, true);
  }
}

/** QuickBooks' own mail, once: an invoice that was sent already is not sent again. */
export async function emailInvoice(http: VendorHttp, { externalId }: RemoteRef, to: string): Promise<void> {
  const known = await readDocument(http, 'Invoice', externalId);
  if (known === null) throw refused('610', 'QuickBooks does not find the invoice that is to be sent.');
  if ((known.row as { EmailStatus?: unknown }).EmailStatus === 'EmailSent') return;
  const path = `/invoice/${encodeURIComponent(externalId)}/send`;
  await http.post(path, {
    query: { sendTo: to, minorversion: minorVersion },
    headers: { 'Content-Type': 'application/octet-stream' },
  });
}

export function noteOf(row: unknown): string {
  const note = (row as { PrivateNote?: unknown } | null)?.PrivateNote;
  return typeof note === 'string' ? note : '';
}
