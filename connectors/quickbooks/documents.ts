/** Owns finding, booking, changing and voiding QuickBooks' documents: invoices, credit memos and bills, one way for all three. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { RemoteInvoice, RemoteRef, TargetInvoice } from '../kit/define.ts';
import { InvalidRequest } from '../kit/errors.ts';
import type { VendorHttp, VendorResponse } from '../kit/http.ts';
import { UnreadableField } from '../kit/rows.ts';
import { fromQuickbooksInvoice } from './from-quickbooks.ts';
import {
  ask,
  askAll,
  minorVersion,
  readAnswer,
  refused,
  time,
  unexpected,
  versioned,
  writeQuery,
} from './query.ts';
import { keyNote, quoted, toQuickbooksInvoice } from './to-quickbooks-invoice.ts';

type DocumentEntity = 'Invoice' | 'CreditMemo' | 'Bill';
const words = { Invoice: 'Invoice', CreditMemo: 'Credit memo', Bill: 'Bill' } as const;

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
  const ours = rows.filter((row) => noteOf(row).includes(keyNote(wanted.key)));
  // Vendors give bills their numbers, so two of them may have the same.
  const isAnybodys = entity === 'Bill' || wanted.numberThere;
  if (rows.length === 0 || (ours.length === 0 && isAnybodys)) return null;
  if (ours.length === 0)
    throw refused(
      'number_taken',
      `QuickBooks already has another document with the number ${wanted.number}.`,
    );
  const name = `${words[entity]} ${wanted.number}`;
  if (ours.length > 1)
    throw refused(
      'booked_twice',
      `QuickBooks has ${name.charAt(0).toLowerCase()}${name.slice(1)} ${ours.length} times. Delete all but one there.`,
    );
  const remote = readRow(ours[0], () => refused('unreadable', `${name} in QuickBooks cannot be read.`));
  requireSame(remote, wanted, name);
  return remote;
}

function requireSame(remote: RemoteInvoice, wanted: Wanted, name: string): void {
  if (remote.customerExternalId !== wanted.party)
    throw refused('customer_differs', `${name} stands in QuickBooks under another customer.`);
  if (remote.currency !== null && remote.currency !== wanted.currency)
    throw refused(
      'currency_differs',
      `${name} stands in QuickBooks in ${remote.currency}, not in ${wanted.currency}.`,
    );
  // A voided document keeps no amount to compare.
  if (remote.status !== 'void' && !new Decimal(remote.total).equals(wanted.total))
    throw refused(
      'total_differs',
      `${name} stands in QuickBooks with ${remote.total}, not with ${wanted.total}.`,
    );
}

export async function createDocument(
  http: VendorHttp,
  entity: DocumentEntity,
  body: Record<string, unknown>,
  idempotencyKey: string,
): Promise<RemoteInvoice> {
  const path = `/${entity.toLowerCase()}`;
  return readOne(entity, await http.post(path, { query: writeQuery(idempotencyKey), body }));
}

/** A deleted one is a Fault, not a 404; both are null. */
export async function readDocument(
  http: VendorHttp,
  entity: DocumentEntity,
  externalId: string,
): Promise<{ remote: RemoteInvoice; row: unknown } | null> {
  try {
    const path = `/${entity.toLowerCase()}/${encodeURIComponent(externalId)}`;
    const response = await http.get(path, { ...versioned, allow404: true });
    if (response === null) return null;
    return { remote: readOne(entity, response), row: (response.body as Record<string, unknown>)[entity] };
  } catch (problem) {
    if (problem instanceof InvalidRequest && problem.vendorCode === '610') return null;
    throw problem;
  }
}

/** Voids it; one that is void already, or gone, is the answer. */
export function voidInvoice(
  http: VendorHttp,
  { externalId }: RemoteRef,
  idempotencyKey: string,
): Promise<RemoteInvoice | null> {
  return againIfStale(idempotencyKey, async (key) => {
    const known = (await readDocument(http, 'Invoice', externalId))?.remote;
    if (!known || known.status === 'void') return known ?? null;
    const query = { ...writeQuery(key), operation: 'void' };
    const body = { Id: externalId, SyncToken: known.versionToken };
    return readOne('Invoice', await http.post('/invoice', { query, body }));
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

function readOne(entity: DocumentEntity, response: VendorResponse): RemoteInvoice {
  const { body } = readAnswer(z.object({ [entity]: z.unknown(), time }), response);
  return readRow((body as Record<string, unknown>)[entity], () => unexpected(entity, response));
}

/** After a write an unreadable answer must lead to a look, so the caller says which failure it is. */
function readRow(row: unknown, failure: () => Error): RemoteInvoice {
  try {
    return fromQuickbooksInvoice(row);
  } catch (problem) {
    throw problem instanceof UnreadableField ? failure() : problem;
  }
}

export function noteOf(row: unknown): string {
  const note = (row as { PrivateNote?: unknown } | null)?.PrivateNote;
  return typeof note === 'string' ? note : '';
}
