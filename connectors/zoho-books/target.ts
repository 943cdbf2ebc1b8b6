/** Owns Zoho Books as a target: customers, items, invoices of time entries, voids, write-offs. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type {
  InvoiceTarget,
  RemoteInvoice,
  TargetInvoice,
  TargetInvoiceLine,
  TargetParty,
} from '../kit/define.ts';
import {
  keyNote,
  ours,
  requireBookable,
  requireSame,
  requireUnchanged,
  taxCodeOf,
} from '../kit/document-checks.ts';
import { idText, maybeText } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { exactNumber } from '../kit/json.ts';
import { idOfNamed, nameFor } from '../kit/names.ts';
import { moneyField } from '../kit/rows.ts';
import { readAs, readWritten, refused } from '../kit/vendor-words.ts';
import { ask, listPages, make, vendor } from './answers.ts';
import { invoicesSince, paymentsSince } from './changed.ts';
import { fromInvoice, pathOf, readInvoice, readRow } from './documents.ts';

const numberMaxLength = 100;
const most = { name: 200, itemName: 100, lineName: 100, lineDescription: 2_000, places: 6 } as const;

export const invoiceTarget: InvoiceTarget = {
  numberMaxLength,
  customers: {
    find(http, party) {
      const name = nameFor(vendor, party.name, most.name);
      const query = { contact_name: name, contact_type: 'customer' };
      return idOfNamed(vendor, listPages(http, '/contacts', 'contacts', query), contact, name);
    },
    create: createCustomer,
  },
  items: {
    find(http, wanted) {
      const name = nameFor(vendor, wanted.name, most.itemName);
      return idOfNamed(vendor, listPages(http, '/items', 'items', { name }), item, name);
    },
    async create(http, { name }) {
      const { incomeAccountId } = http.settings;
      const body = {
        name: nameFor(vendor, name, most.itemName),
        rate: 0,
        product_type: 'service',
        ...(incomeAccountId ? { account_id: incomeAccountId } : {}),
      };
      return make(http, '/items', 'item', body);
    },
  },
  invoices: { find: findInvoice, create: createInvoice },
  readInvoice,
  paymentsSince,
  invoicesSince,
  // A deleted one is only missing; with payments or credits on it none can be deleted.
  tellsDeletedInvoices: false,
  async updateInvoice(http, remote, invoice) {
    const now = await readInvoice(http, remote.externalId);
    requireUnchanged(vendor, invoice.number, now, remote.versionToken);
    const request = { query: ownNumber, body: await toBody(http, invoice) };
    const answer = await ask(http, 'put', pathOf(remote.externalId), { invoice: z.unknown() }, request);
    return readWritten(vendor, () => fromInvoice(answer!.invoice));
  },
  async voidInvoice(http, { externalId }) {
    const found = await readInvoice(http, externalId);
    if (found === null || found.status === 'void') return found;
    // Zoho would detach payments and credits without a word.
    if (!new Decimal(found.balance).equals(found.total))
      throw refused(
        vendor,
        'paid',
        `${found.number} has payments or credits in Zoho Books, which a void would detach. Take them off there first.`,
      );
    await ask(http, 'post', `${pathOf(externalId)}/status/void`, {});
    return readInvoice(http, externalId);
  },
  async emailInvoice(http, { externalId }, to) {
    await ask(http, 'post', `${pathOf(externalId)}/email`, {}, { body: { to_mail_ids: [to] } });
  },
  paymentLinks: {
    // Each data centre has a domain of its own, and pages to pay at may have another.
    domains: [
      'zohosecurepay.com',
      'zoho.com',
      'zoho.eu',
      'zoho.uk',
      'zoho.in',
      'zoho.com.au',
      'zoho.jp',
      'zoho.sa',
      'zohocloud.ca',
      'zoho.com.cn',
    ],
    async link(http, externalId) {
      const {
        status,
        invoice_url: url,
        payment_options: options,
      } = readAs(vendor, payPage, (await readRow(http, externalId)) ?? {});
      // Its page shows any invoice; it can be paid there only by a gateway, and nobody is to see a draft.
      return status !== 'draft' && options.payment_gateways.length > 0 ? url : null;
    },
  },
  writeOffs: {
    async find(http, { invoice, amount }) {
      const row = await readRow(http, invoice.externalId);
      const { write_off_amount: off } = readAs(vendor, writtenOff, row ?? {});
      return new Decimal(off ?? 0).equals(amount) ? { ...invoice, externalId: invoice.externalId } : null;
    },
    async create(http, { invoice, amount }) {
      const found = await readInvoice(http, invoice.externalId);
      if (found === null || !new Decimal(found.balance).equals(amount))
        throw refused(
          vendor,
          'partial_write_off',
          `Zoho Books writes off all that is open, ${found?.balance ?? 'nothing'}, and not ${amount}.`,
        );
      await ask(http, 'post', `${pathOf(invoice.externalId)}/writeoff`, {});
      return { externalId: invoice.externalId, versionToken: null };
    },
  },
  takes: ['drafts', 'their_tax'],
  declines: {
    creditNotes:
      'Zoho’s description of credit notes knows no price of a line and whole quantities only, so what would be booked is not certain: the credit is booked there.',
    creditApplications: 'Credit notes are booked in Zoho Books by hand, and applied there.',
    refunds: 'Credit notes are booked in Zoho Books by hand, and refunded there.',
    vendors: 'Contractors’ bills are not taken to Zoho Books, so no vendors either.',
    bills: 'Zoho’s description of bills is not at hand, so contractors’ bills are booked there.',
    billPayments: 'Contractors’ bills are booked in Zoho Books by hand, and paid there.',
  },
};

const ownNumber = { ignore_auto_number_generation: true };
const payPage = z.object({
  status: z.unknown().optional(),
  invoice_url: z.unknown().optional(),
  payment_options: z.object({ payment_gateways: z.array(z.unknown()) }).catch({ payment_gateways: [] }),
});
const writtenOff = z.object({ write_off_amount: moneyField.nullish() });

async function createCustomer(http: VendorHttp, { name, email, currency }: TargetParty): Promise<string> {
  const body = {
    contact_name: nameFor(vendor, name, most.name),
    contact_type: 'customer',
    currency_id: await currencyId(http, currency),
    ...(email === null ? {} : { contact_persons: [{ email, is_primary_contact: true }] }),
  };
  return make(http, '/contacts', 'contact', body);
}

const contact = z
  .object({ contact_id: idText, contact_name: maybeText, status: maybeText, contact_type: maybeText })
  .transform(({ contact_id: id, contact_name: name, status, contact_type: type }) => ({
    id,
    name,
    active: (status ?? 'active') === 'active' && type !== 'vendor',
  }));
const item = z
  .object({ item_id: idText, name: maybeText, status: maybeText })
  .transform(({ item_id: id, name, status }) => ({ id, name, active: (status ?? 'active') === 'active' }));

async function currencyId(http: VendorHttp, code: string): Promise<string> {
  const currency = z.object({ currency_id: idText, currency_code: z.string() });
  for await (const rows of listPages(http, '/settings/currencies', 'currencies'))
    for (const row of rows) {
      const found = readAs(vendor, currency, row);
      if (found.currency_code === code) return found.currency_id;
    }
  throw refused(
    vendor,
    'currency_missing',
    `Zoho Books has no currency ${code}. Add it there under Settings, Currencies.`,
  );
}

/** By number and our key, then by our key alone: somebody may have given it another number. */
async function findInvoice(http: VendorHttp, invoice: TargetInvoice): Promise<RemoteInvoice | null> {
  const carriesKey = (row: unknown) => fieldOf(row, 'reference_number') === keyNote(invoice.key);
  const numbered = await invoiceRows(http, 'invoice_number', invoice.number);
  const row =
    ours(vendor, invoice.number, numbered, carriesKey) ??
    (await invoiceRows(http, 'reference_number', keyNote(invoice.key)))[0];
  if (row === undefined) return null;
  const id = readAs(vendor, idText, fieldOf(row, 'invoice_id'));
  // Lists lack what the lines and the tax come to.
  const remote = await readInvoice(http, id);
  if (remote === null) return null;
  const remoteNow = await posted(http, remote, invoice);
  requireSame(vendor, remoteNow, invoice, invoice.customer.externalId);
  return remoteNow;
}

async function invoiceRows(http: VendorHttp, name: 'invoice_number' | 'reference_number', value: string) {
  const found: unknown[] = [];
  for await (const rows of listPages(http, '/invoices', 'invoices', { [name]: value }))
    found.push(...rows.filter((row) => fieldOf(row, name) === value));
  return found;
}

async function createInvoice(http: VendorHttp, invoice: TargetInvoice): Promise<RemoteInvoice> {
  const body = await toBody(http, invoice);
  const { keyField } = http.settings;
  // Without a key of its own a POST is only guarded by the number; with the field Zoho finds its own invoice again.
  const [method, request] = keyField
    ? ([
        'put',
        {
          headers: {
            'X-Unique-Identifier-Key': keyField,
            'X-Unique-Identifier-Value': invoice.key,
            'X-Upsert': 'true',
          },
          query: ownNumber,
          body: { ...body, custom_fields: [{ api_name: keyField, value: invoice.key }] },
        },
      ] as const)
    : (['post', { query: { ...ownNumber, send: false }, body }] as const);
  const answer = await ask(http, method, '/invoices', { invoice: z.unknown() }, request);
  const made = readWritten(vendor, () => fromInvoice(answer!.invoice));
  return posted(http, made, invoice);
}

/** Zoho makes drafts: posting is a second step, done again by the look where the first time was cut off. */
async function posted(http: VendorHttp, made: RemoteInvoice, invoice: TargetInvoice): Promise<RemoteInvoice> {
  if (made.status !== 'draft' || invoice.draft) return made;
  await ask(http, 'post', `${pathOf(made.externalId)}/status/sent`, {});
  return (await readInvoice(http, made.externalId)) ?? made;
}

async function toBody(http: VendorHttp, invoice: TargetInvoice): Promise<Record<string, unknown>> {
  requireBookable(vendor, invoice, { numberMaxLength, places: most.places });
  const { paymentGateway } = http.settings;
  const lines = [];
  for (const line of invoice.lines) lines.push(await toLine(http, line, invoice));
  return {
    customer_id: invoice.customer.externalId,
    currency_id: await currencyId(http, invoice.currency),
    invoice_number: invoice.number,
    reference_number: keyNote(invoice.key),
    date: invoice.issueDate,
    due_date: invoice.dueDate,
    is_inclusive_tax: false,
    line_items: lines,
    ...(paymentGateway
      ? { payment_options: { payment_gateways: [{ configured: true, gateway_name: paymentGateway }] } }
      : {}),
  };
}

async function toLine(http: VendorHttp, line: TargetInvoiceLine, invoice: TargetInvoice) {
  const times = line.timeExternalIds ?? [];
  // Left out on untaxed lines: Zoho then charges none.
  const taxId = taxCodeOf(vendor, line, invoice, undefined, { name: 'taxId', value: http.settings.taxId });
  return {
    item_id: line.itemExternalId,
    name: line.description.slice(0, most.lineName),
    description: line.description.slice(0, most.lineDescription),
    rate: exactNumber(line.unitPrice),
    quantity: exactNumber(line.quantity),
    ...(taxId ? { tax_id: taxId } : {}),
    ...(times.length === 0 ? {} : { project_id: await projectOf(http, times[0]!), time_entry_ids: times }),
  };
}

/** Linked entries go with their project, which Zoho holds the other entries to. */
async function projectOf(http: VendorHttp, timeId: string): Promise<string> {
  const path = `/projects/timeentries/${encodeURIComponent(timeId)}`;
  const fields = { time_entry: z.object({ project_id: idText }) };
  const answer = await ask(http, 'get', path, fields, { allow404: true });
  if (answer !== null) return answer.time_entry.project_id;
  throw refused(
    vendor,
    'time_entry_gone',
    'A time entry of this invoice is no longer in Zoho Books. Read the time again.',
  );
}

function fieldOf(row: unknown, name: string): unknown {
  return (row as Record<string, unknown> | null)?.[name];
}
