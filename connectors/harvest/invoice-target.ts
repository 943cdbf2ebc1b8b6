/** Owns Harvest as a target of invoices: client and item category found or made, the invoice made and marked as sent. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { InvoiceTarget, RemoteInvoice, TargetInvoice } from '../kit/define.ts';
import { keyNote, ours, requireSame, requireUnchanged } from '../kit/document-checks.ts';
import { idText, maybeText } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { idOfNamed } from '../kit/names.ts';
import { readAs, readWritten, refused } from '../kit/vendor-words.ts';
import { listPages } from './lists.ts';
import { paymentsSince } from './payments.ts';
import {
  type HarvestInvoice,
  harvestInvoiceOf,
  headOf,
  numberMaxLength,
  toHarvestInvoice,
  toRemoteInvoice,
} from './to-harvest-invoice.ts';

const onlySales = 'Harvest keeps no purchases: book contractors’ invoices in the accounting.';

export const invoiceTarget: InvoiceTarget = {
  numberMaxLength,
  takes: ['their_number', 'drafts', 'their_tax'],
  customers: {
    find: (http, { name }) =>
      idOfNamed(http.connector, listPages(http, '/clients', 'clients'), clientShape, name),
    async create(http, { name, currency }) {
      return readAs(
        http.connector,
        madeShape,
        (await http.post('/clients', { body: { name, currency } })).body,
      ).id;
    },
  },
  items: {
    find: (http, { name }) =>
      idOfNamed(
        http.connector,
        listPages(http, '/invoice_item_categories', 'invoice_item_categories'),
        categoryShape,
        name,
      ),
    async create(http, { name }) {
      const { body } = await http.post('/invoice_item_categories', { body: { name } });
      return readAs(http.connector, madeShape, body).name;
    },
  },
  invoices: {
    async find(http, invoice) {
      const found = await findInvoice(http, invoice);
      if (found === null) return null;
      requireSame(http.connector, toRemoteInvoice(found), invoice, invoice.customer.externalId);
      // An attempt that ended between the two writes.
      return found.state === 'draft' ? sent(http, found, invoice) : toRemoteInvoice(found);
    },
    async create(http, invoice) {
      const { body } = await http.post('/invoices', { body: toHarvestInvoice(invoice, http.settings) });
      return sent(
        http,
        readWritten(http.connector, () => harvestInvoiceOf(body)),
        invoice,
      );
    },
  },
  async readInvoice(http, externalId) {
    const row = await readInvoice(http, externalId);
    return row === null ? null : toRemoteInvoice(row);
  },
  paymentsSince,
  async updateInvoice(http, { externalId, versionToken }, invoice) {
    const before = await readInvoice(http, externalId);
    requireUnchanged(http.connector, invoice.number, before && toRemoteInvoice(before), versionToken);
    if (before !== null && !new Decimal(before.amount).equals(invoice.total))
      throw refused(
        http.connector,
        'lines_differ',
        `${invoice.number} stands in Harvest with ${before.amount}: its lines are not changed from here. Void it and send it anew.`,
      );
    const { body } = await http.patch(pathOf(externalId), { body: headOf(invoice) });
    return toRemoteInvoice(readWritten(http.connector, () => harvestInvoiceOf(body)));
  },
  async voidInvoice(http, { externalId }) {
    const row = await readInvoice(http, externalId);
    if (row === null) return null;
    if (row.state === 'closed') return toRemoteInvoice(row);
    if (row.state === 'draft') {
      await http.delete(pathOf(externalId), { allow404: true, allowEmpty: true });
      return null;
    }
    return happened(http, externalId, 'close');
  },
  async emailInvoice(http, { externalId }, to) {
    await http.post(`${pathOf(externalId)}/messages`, {
      body: { recipients: [{ email: to }], attach_pdf: true },
    });
  },
  paymentLinks: {
    domains: ['harvestapp.com'],
    async link(http, externalId) {
      const row = await readInvoice(http, externalId);
      const { client_key: key, payment_options: options } = row ?? {};
      // Its page shows any invoice; it can be paid there only by an option, and nobody is to see a draft.
      if (row?.state === 'draft' || typeof key !== 'string' || !/^\w+$/.test(key) || !isFilled(options))
        return null;
      const { base_uri: base } = readAs(http.connector, addressShape, (await http.get('/company')).body);
      const page = `/client/invoices/${key}`;
      return typeof base === 'string' && URL.canParse(page, base) ? new URL(page, base).href : null;
    },
  },
  declines: {
    creditNotes:
      'Harvest knows no credit notes. Book it in the accounting, and close or correct the invoice in Harvest by hand.',
    creditApplications: 'Harvest knows no credit notes that could be applied.',
    refunds: 'Harvest knows no refunds: take the payment back there by hand.',
    writeOffs:
      'Harvest can only close an invoice as a whole, without an amount, and that stands for a void here.',
    vendors: onlySales,
    bills: onlySales,
    billPayments: onlySales,
  },
};

/** Of all invoices of its day, for Harvest finds none by number: ours, or somebody's under our number. */
async function findInvoice(http: VendorHttp, invoice: TargetInvoice): Promise<HarvestInvoice | null> {
  const candidates: HarvestInvoice[] = [];
  const carriesKey = (row: HarvestInvoice) => row.notes?.includes(keyNote(invoice.key)) ?? false;
  const countsThere = invoice.numberBy === 'platform';
  const query = { from: invoice.issueDate, to: invoice.issueDate };
  for await (const rows of listPages(http, '/invoices', 'invoices', query))
    for (const row of rows) {
      const read = readWritten(http.connector, () => harvestInvoiceOf(row));
      if (carriesKey(read) || (!countsThere && read.number === invoice.number)) candidates.push(read);
    }
  return ours(http.connector, invoice.number, candidates, carriesKey);
}

/** Harvest makes drafts; marking one as sent mails nothing. */
async function sent(http: VendorHttp, row: HarvestInvoice, invoice: TargetInvoice): Promise<RemoteInvoice> {
  return invoice.draft || row.state !== 'draft' ? toRemoteInvoice(row) : happened(http, row.id, 'send');
}

async function happened(
  http: VendorHttp,
  externalId: string,
  event: 'send' | 'close',
): Promise<RemoteInvoice> {
  await http.post(`${pathOf(externalId)}/messages`, { body: { event_type: event } });
  const { body } = await http.get(pathOf(externalId));
  return toRemoteInvoice(readWritten(http.connector, () => harvestInvoiceOf(body)));
}

async function readInvoice(http: VendorHttp, externalId: string): Promise<HarvestInvoice | null> {
  const response = await http.get(pathOf(externalId), { allow404: true });
  return response === null ? null : readWritten(http.connector, () => harvestInvoiceOf(response.body));
}

const pathOf = (externalId: string) => `/invoices/${encodeURIComponent(externalId)}`;
const isFilled = (list: unknown) => Array.isArray(list) && list.length > 0;
const addressShape = z.object({ base_uri: z.unknown().optional() });
const madeShape = z.object({ id: idText, name: z.string() });
/** An archived client takes no invoices. */
const clientShape = z
  .object({ id: idText, name: maybeText, is_active: z.boolean().nullish() })
  .transform(({ id, name, is_active: isActive }) => ({ id, name, active: isActive !== false }));
/** Lines name their category: its name is the id. */
const categoryShape = z
  .object({ name: z.string() })
  .transform(({ name }) => ({ id: name, name, active: true }));
