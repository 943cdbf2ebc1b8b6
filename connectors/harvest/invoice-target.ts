/** Owns Harvest as a target of invoices: client and item category found or made, the invoice made and marked as sent. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { InvoiceTarget, RemoteInvoice, TargetInvoice } from '../kit/define.ts';
import { ours, requireSame } from '../kit/document-checks.ts';
import { idText } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { readAs, readWritten, refused } from '../kit/vendor-words.ts';
import { listPages } from './lists.ts';
import { paymentsSince } from './payments.ts';
import {
  type HarvestInvoice,
  harvestInvoiceOf,
  headOf,
  keyNote,
  numberMaxLength,
  toHarvestInvoice,
  toRemoteInvoice,
} from './to-harvest-invoice.ts';

const onlySales = 'Harvest keeps no purchases: book contractors’ invoices in the accounting.';

export const invoiceTarget: InvoiceTarget = {
  numberMaxLength,
  takes: ['their_number', 'drafts', 'their_tax'],
  customers: {
    find: (http, { name }) => findByName(http, 'clients', name).then((found) => found?.id ?? null),
    async create(http, { name, currency }) {
      return readAs(
        http.connector,
        namedShape,
        (await http.post('/clients', { body: { name, currency } })).body,
      ).id;
    },
  },
  items: {
    // Lines name their category: its name is the id.
    find: (http, { name }) =>
      findByName(http, 'invoice_item_categories', name).then((found) => found?.name ?? null),
    async create(http, { name }) {
      const { body } = await http.post('/invoice_item_categories', { body: { name } });
      return readAs(http.connector, namedShape, body).name;
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
    if (before === null || before.updated_at !== versionToken)
      throw refused(
        http.connector,
        'changed_there',
        `${invoice.number} was changed in Harvest meanwhile. Read it again first.`,
      );
    if (!new Decimal(before.amount).equals(invoice.total))
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
const namedShape = z.object({ id: idText, name: z.string(), is_active: z.boolean().nullish() });

/** Harvest filters no list by name. An archived client takes no invoices. */
async function findByName(http: VendorHttp, list: 'clients' | 'invoice_item_categories', name: string) {
  for await (const rows of listPages(http, `/${list}`, list))
    for (const row of rows) {
      const read = namedShape.safeParse(row);
      if (
        read.success &&
        read.data.name.toLowerCase() === name.toLowerCase() &&
        read.data.is_active !== false
      )
        return read.data;
    }
  return null;
}
