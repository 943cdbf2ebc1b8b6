/** Owns invoices at FreshBooks: how ours become theirs and theirs ours, found by our key in the notes. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { Day } from '../../domain/work-entry.ts';
import type {
  InvoiceTarget,
  PaymentLinks,
  RemoteInvoice,
  RemoteRef,
  TargetInvoice,
  TargetInvoiceLine,
} from '../kit/define.ts';
import { keyNote, ours, requireBookable, requireSame } from '../kit/document-checks.ts';
import { unlessRefused } from '../kit/failures.ts';
import { idText, maybeText, rowAs } from '../kit/fields.ts';
import type { VendorHttp, VendorResponse } from '../kit/http.ts';
import { exactNumber, jsonNumber } from '../kit/json.ts';
import { fitting } from '../kit/look-ups.ts';
import { idOfNamed, sameName } from '../kit/names.ts';
import { moneyField } from '../kit/rows.ts';
import { oneOf, readWritten, refused } from '../kit/vendor-words.ts';
import { accountRows, notFound, ofAccount, resultOf, vendor } from './calls.ts';
import { client, clients } from './names.ts';

/** Remembered from the documents and not confirmed (README 12). */
export const numberMaxLength = 10;
/** Of quantities and unit costs; more is not documented to be kept. */
const places = 2;
/** FreshBooks leaves lines out unless it is asked for them (README 11). */
const withLines = { 'include[]': 'lines' };

const money = z.object({ amount: moneyField, code: maybeText });
const invoiceShape = z.looseObject({
  id: idText,
  invoice_number: maybeText,
  customerid: idText,
  currency_code: maybeText,
  notes: maybeText,
  amount: money,
  outstanding: money,
  status: z.unknown(),
  v3_status: z.unknown(),
  vis_state: z.number().nullish(),
  updated: maybeText,
  lines: z.array(z.object({ amount: money })).nullish(),
});
type InvoiceRow = z.infer<typeof invoiceShape>;

/** `row`: an invoice with its lines. Throws UnreadableField. */
export function fromInvoice(row: unknown): RemoteInvoice {
  const invoice = rowAs('FreshBooks', invoiceShape, row);
  const total = invoice.amount.amount;
  // Figures of tax stand nowhere: lines are net, the amount is with tax.
  const lines = invoice.lines?.reduce((sum, line) => sum.plus(line.amount.amount), new Decimal(0));
  const net = lines ?? new Decimal(total);
  return {
    externalId: invoice.id,
    versionToken: invoice.updated ?? null,
    number: invoice.invoice_number ?? '',
    customerExternalId: invoice.customerid,
    net: net.toFixed(2),
    tax: new Decimal(total).minus(net).toFixed(2),
    total,
    balance: invoice.outstanding.amount,
    currency: invoice.currency_code ?? invoice.amount.code ?? null,
    status: statusOf(invoice),
  };
}

/** Deleted is `vis_state` 1 (2 is archived, and still owed). Numbers and words of status grow; the figures decide. */
function statusOf({
  amount,
  outstanding,
  status,
  v3_status: word,
  vis_state: visible,
}: InvoiceRow): RemoteInvoice['status'] {
  if (visible === 1) return 'void';
  const [total, open] = [new Decimal(amount.amount), new Decimal(outstanding.amount)];
  if (!total.isZero() && open.isZero()) return 'paid';
  if (open.lessThan(total)) return 'partially_paid';
  return status === 1 || word === 'draft' ? 'draft' : 'open';
}

const path = (http: VendorHttp, id?: string) =>
  ofAccount(http, `/invoices/invoices${id === undefined ? '' : `/${encodeURIComponent(id)}`}`);
const written = (response: VendorResponse) =>
  readWritten(vendor, () => fromInvoice(resultOf(z.object({ invoice: z.unknown() }), response).invoice));

async function change(http: VendorHttp, id: string, fields: Record<string, unknown>): Promise<RemoteInvoice> {
  return written(await http.put(path(http, id), { query: withLines, body: { invoice: fields } }));
}

/** A new invoice is a draft that reports leave out until it is sent, so what is meant to count is marked as sent. */
async function posted(
  http: VendorHttp,
  wanted: TargetInvoice,
  remote: RemoteInvoice,
): Promise<RemoteInvoice> {
  if (wanted.draft || remote.status !== 'draft') return remote;
  return change(http, remote.externalId, { action_mark_as_sent: true });
}

export async function readInvoice(http: VendorHttp, externalId: string): Promise<RemoteInvoice | null> {
  // Accounting may say it in a list of errors under 200.
  const response = await unlessRefused(notFound, () =>
    http.get(path(http, externalId), { query: withLines, allow404: true }),
  );
  return response === null ? null : written(response);
}

/** By number, else among the client's (where FreshBooks counts); ours is the one with our key. */
async function find(http: VendorHttp, invoice: TargetInvoice): Promise<RemoteInvoice | null> {
  const isTheirNumber = invoice.numberBy === 'platform';
  const query = isTheirNumber
    ? { 'search[customerid]': invoice.customer.externalId }
    : { 'search[invoice_number]': invoice.number };
  const rows: unknown[] = [];
  for await (const page of accountRows(http, '/invoices/invoices', 'invoices', { ...query, ...withLines }))
    rows.push(...page);
  const carriesKey = (row: unknown) => textOf(row, 'notes').includes(keyNote(invoice.key));
  // A filter that is ignored returns everything; an invoice whose number was cut is ours all the same.
  const candidates = rows.filter(
    (row) => carriesKey(row) || (!isTheirNumber && textOf(row, 'invoice_number') === invoice.number),
  );
  const row = ours(vendor, invoice.number, candidates, carriesKey);
  if (row === null) return null;
  const remote = readWritten(vendor, () => fromInvoice(row));
  requireSame(vendor, remote, invoice, invoice.customer.externalId);
  // Found without its second step: it was interrupted between the two.
  return posted(http, invoice, remote);
}

const textOf = (row: unknown, field: string): string => {
  const text = (row as Record<string, unknown> | null)?.[field];
  return typeof text === 'string' ? text : '';
};

export const invoices: InvoiceTarget['invoices'] = {
  find,
  async create(http, invoice) {
    const body = { invoice: await toInvoice(http, invoice) };
    const remote = written(await http.post(path(http), { query: withLines, body }));
    return posted(http, invoice, remote);
  },
};

export async function updateInvoice(
  http: VendorHttp,
  remote: RemoteRef,
  invoice: TargetInvoice,
): Promise<RemoteInvoice> {
  const now = await readInvoice(http, remote.externalId);
  if (now === null || now.status === 'void')
    throw refused(vendor, 'gone', `${invoice.number} is no longer in FreshBooks.`);
  // FreshBooks has no lock of its own: its time of change is compared before the write.
  if (remote.versionToken !== null && now.versionToken !== remote.versionToken)
    throw refused(
      vendor,
      'changed_meanwhile',
      `Someone changed ${invoice.number} in FreshBooks meanwhile. Read it again before changing it.`,
    );
  return posted(http, invoice, await change(http, remote.externalId, await toInvoice(http, invoice)));
}

/** FreshBooks knows no void: the document is deleted, and can be brought back there. */
export async function voidInvoice(
  http: VendorHttp,
  { externalId }: RemoteRef,
): Promise<RemoteInvoice | null> {
  const now = await readInvoice(http, externalId);
  return now === null || now.status === 'void' ? now : change(http, externalId, { vis_state: 1 });
}

/** FreshBooks shares what was sent; a draft is refused. */
export const paymentLinks: PaymentLinks = {
  domains: ['freshbooks.com'],
  async link(http, externalId) {
    const query = { share_method: 'share_link' };
    const response = await unlessRefused(notFound, () =>
      http.get(`${path(http, externalId)}/share_link`, { query, allow404: true }),
    );
    return response === null ? null : resultOf(sharedShape, response).share_link.share_link;
  },
};
const sharedShape = z.object({ share_link: z.object({ share_link: z.unknown().optional() }) });

export async function emailInvoice(http: VendorHttp, { externalId }: RemoteRef, to: string): Promise<void> {
  await change(http, externalId, { action_email: true, email_recipients: [to] });
}

/** Body of an invoice. Throws InvalidRequest, in words, for what would be refused or booked otherwise. */
async function toInvoice(http: VendorHttp, invoice: TargetInvoice): Promise<Record<string, unknown>> {
  const isTheirNumber = invoice.numberBy === 'platform';
  requireBookable(
    vendor,
    isTheirNumber ? { ...invoice, number: invoice.number.slice(0, numberMaxLength) } : invoice,
    {
      numberMaxLength,
      places,
    },
  );
  const names = await itemNames(http, invoice.lines);
  const taxes = await taxesOf(http, invoice);
  return {
    customerid: Number(invoice.customer.externalId),
    create_date: invoice.issueDate,
    due_offset_days: daysBetween(invoice.issueDate, invoice.dueDate),
    currency_code: invoice.currency,
    // Where FreshBooks counts, our number is what people there know the document by.
    ...(isTheirNumber ? { po_number: invoice.number } : { invoice_number: invoice.number }),
    notes: keyNote(invoice.key),
    ...presentationOf(http),
    lines: invoice.lines.map((line) => {
      const tax = taxes.get(line.taxCode ?? '');
      return {
        type: 0,
        name: names.get(line.itemExternalId) ?? '',
        description: line.description,
        qty: exactNumber(line.quantity),
        unit_cost: { amount: new Decimal(line.unitPrice).toFixed(2), code: invoice.currency },
        ...(tax === undefined ? {} : { taxName1: tax.name, taxAmount1: jsonNumber(tax.percent) }),
      };
    }),
  };
}

/** The firm's template: FreshBooks goes on with the style of the last invoice unless it is told another (README 13). */
function presentationOf(http: VendorHttp): Record<string, unknown> {
  const choice = oneOf(vendor, http.settings, 'template', ['firm', 'none', 'simple', 'modern', 'classic']);
  if (choice === 'firm') return {};
  return choice === 'none' ? { use_default_presentation: false } : { presentation: { theme_layout: choice } };
}

const daysBetween = (from: Day, to: Day) => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);

const itemShape = z.object({ item: z.object({ name: z.string() }) });

/** A line names its item by text. */
async function itemNames(
  http: VendorHttp,
  lines: readonly TargetInvoiceLine[],
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const id of new Set(lines.map((line) => line.itemExternalId))) {
    const response = await http.get(ofAccount(http, `/items/items/${encodeURIComponent(id)}`));
    names.set(id, resultOf(itemShape, response).item.name);
  }
  return names;
}

const taxShape = z.object({ id: idText, name: z.string(), amount: moneyField });

/** Taxes by the code of a line: an id or a name there. A line carries name and percentage, as text. */
async function taxesOf(
  http: VendorHttp,
  invoice: TargetInvoice,
): Promise<Map<string, { name: string; percent: string }>> {
  const codes = new Set(invoice.lines.flatMap((line) => line.taxCode ?? []));
  const found = new Map<string, { name: string; percent: string }>();
  if (codes.size === 0 && !new Decimal(invoice.tax).isZero())
    throw refused(
      vendor,
      'tax_code_missing',
      `${invoice.number} has tax, but no line says which of FreshBooks'. Map the tax rate.`,
    );
  if (codes.size === 0) return found;
  for await (const rows of accountRows(http, '/taxes/taxes', 'taxes'))
    for (const row of rows) {
      const tax = taxShape.safeParse(row).data;
      if (tax === undefined) continue;
      for (const code of [tax.id, tax.name])
        if (codes.has(code)) found.set(code, { name: tax.name, percent: new Decimal(tax.amount).toFixed() });
    }
  for (const code of codes)
    if (!found.has(code))
      throw refused(vendor, 'tax_code_unknown', `FreshBooks has no tax "${code}". Map the tax rate anew.`);
  return found;
}

export const customers: InvoiceTarget['customers'] = {
  // Clients may share an e-mail and a name: the same name in the same currency is taken, two of them never guessed.
  async find(http, { name, currency }) {
    const same: { id: string; currency: string | null }[] = [];
    for await (const rows of clients(http))
      same.push(...fitting(client, rows).filter((each) => each.active && sameName(each.name, name)));
    const suitable = same.filter((each) => each.currency === null || each.currency === currency);
    if (suitable.length > 1)
      throw refused(
        vendor,
        'client_ambiguous',
        `FreshBooks has ${suitable.length} clients named "${name}". Rename all but one there.`,
      );
    return suitable[0]?.id ?? null;
  },
  async create(http, { name, email, currency }) {
    const client = { organization: name, currency_code: currency, ...(email === null ? {} : { email }) };
    const response = await http.post(ofAccount(http, '/users/clients'), { body: { client } });
    return resultOf(z.object({ client: z.object({ id: idText }) }), response).client.id;
  },
};

const itemRow = z
  .object({ id: idText, name: maybeText, vis_state: z.number().nullish() })
  .transform(({ id, name, vis_state: visible }) => ({ id, name, active: (visible ?? 0) === 0 }));

export const items: InvoiceTarget['items'] = {
  find: (http, { name }) => idOfNamed(vendor, accountRows(http, '/items/items', 'items'), itemRow, name),
  async create(http, { name }) {
    const response = await http.post(ofAccount(http, '/items/items'), { body: { item: { name } } });
    return resultOf(z.object({ item: z.object({ id: idText }) }), response).item.id;
  },
};
