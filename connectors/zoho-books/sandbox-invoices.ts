/** Owns the accounting half of the Zoho Books sandbox: contacts, items, invoices and payments, with a test hand at each. */
import { Decimal } from 'decimal.js';
import { z } from 'zod';
import type { VendorAnswer, VendorCall } from '../kit/sandbox.ts';
import { openPayPages, type ServedPayPages } from '../kit/sandbox-pay-pages.ts';
import type { ZohoSheets } from './sandbox-sheets.ts';
import { bodyOf, listed, newId, Refusal, success, zohoTime } from './sandbox-words.ts';

const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date as yyyy-mm-dd');
const id = z.string().regex(/^\d+$/, 'must be an id');
const lineBody = z.strictObject({
  item_id: id,
  project_id: id.optional(),
  time_entry_ids: z.array(id).optional(),
  name: z.string().max(100).optional(),
  description: z.string().max(2_000).optional(),
  rate: z.number(),
  quantity: z.number().positive(),
  tax_id: id.optional(),
});
const invoiceBody = z.strictObject({
  customer_id: id,
  currency_id: id.optional(),
  invoice_number: z.string().min(1).max(100).optional(),
  reference_number: z.string().max(50).optional(),
  date: day.optional(),
  due_date: day.optional(),
  is_inclusive_tax: z.literal(false).optional(),
  line_items: z.array(lineBody).min(1),
  custom_fields: z.array(z.strictObject({ api_name: z.string(), value: z.string() })).optional(),
  payment_options: z
    .strictObject({
      payment_gateways: z.array(
        z.strictObject({ configured: z.boolean().optional(), gateway_name: z.enum(['paypal', 'stripe']) }),
      ),
    })
    .optional(),
});
const contactBody = z.strictObject({
  contact_name: z.string().min(1).max(200),
  contact_type: z.enum(['customer', 'vendor']).optional(),
  currency_id: id.optional(),
  contact_persons: z
    .array(z.strictObject({ email: z.email(), is_primary_contact: z.boolean().optional() }))
    .optional(),
});
const itemBody = z.strictObject({
  name: z.string().min(1).max(100),
  rate: z.number(),
  product_type: z.enum(['goods', 'service']).optional(),
  account_id: id.optional(),
});
const mailBody = z.strictObject({
  to_mail_ids: z.array(z.email()).min(1),
  subject: z.string().optional(),
  body: z.string().optional(),
});

type Line = z.output<typeof lineBody> & { line_item_id: string; item_total: number };
interface Invoice {
  invoice_id: string;
  invoice_number: string;
  reference_number: string;
  customer_id: string;
  currency_code: string;
  date: string;
  due_date: string;
  status: 'draft' | 'sent' | 'overdue' | 'void';
  lines: Line[];
  custom: Record<string, string>;
  gateways: string[];
  writeOff: number;
  modified: Date;
}
interface Payment {
  invoice_payment_id: string;
  payment_id: string;
  invoice_id: string;
  amount: number;
  date: string;
  reference_number: string;
}
interface Contact {
  contact_id: string;
  contact_name: string;
  contact_type: string;
  status: string;
  currency_code: string;
  email: string;
}

export const reducedTaxId = '4600000000000011007';
const taxes: Readonly<Record<string, number>> = { '4600000000000011000': 19, [reducedTaxId]: 7 };

export interface ZohoInvoices {
  answer(call: VendorCall, path: string): VendorAnswer;
  readonly currencies: { currency_id: string; currency_code: string; is_base_currency: boolean }[];
  readonly invoices: Map<string, Invoice>;
  readonly mails: { invoiceId: string; to: string[] }[];
  payPages: ServedPayPages;
  totalOf(invoiceId: string): Decimal;
  /** What the vendor calls it: draft, sent, partially_paid, paid, overdue or void. */
  statusOf(invoiceId: string): string;
  addContact(contact: Partial<Contact> & { contact_name: string }): string;
  /** Somebody writes an invoice of their own. */
  addInvoice(customerId: string, number: string, amount: string): string;
  /** Answers the id of what is paid of this invoice. */
  pay(invoiceId: string, amount: string, on: string, reference?: string): string;
  removePayment(invoicePaymentId: string): void;
  change(invoiceId: string, change: Partial<Pick<Invoice, 'invoice_number' | 'due_date' | 'status'>>): void;
  /** It is in no list any more; refused once payments are applied. */
  removeInvoice(invoiceId: string): void;
}

export function openInvoices(options: {
  now: () => Date;
  sheets: ZohoSheets;
  most: number | undefined;
}): ZohoInvoices {
  const { sheets } = options;
  const contacts = new Map<string, Contact>();
  const items = new Map<string, { item_id: string; name: string; status: string; rate: number }>();
  const invoices = new Map<string, Invoice>();
  const payments = new Map<string, Payment>();
  const mails: ZohoInvoices['mails'] = [];
  const currencies = ['EUR', 'USD', 'GBP'].map((code, n) => ({
    currency_id: `460000000000000009${n}`,
    currency_code: code,
    is_base_currency: n === 0,
  }));
  let lastNumber = 0;

  const sumOf = (amounts: Decimal.Value[]) =>
    amounts.reduce<Decimal>((sum, each) => sum.plus(each), new Decimal(0));
  const figuresOf = (invoice: Invoice) => {
    const net = sumOf(invoice.lines.map((line) => line.item_total));
    const tax = sumOf(
      invoice.lines.map((line) =>
        new Decimal(line.item_total)
          .times(taxes[line.tax_id ?? ''] ?? 0)
          .dividedBy(100)
          .toDecimalPlaces(2, Decimal.ROUND_HALF_UP),
      ),
    );
    const paid = sumOf(
      [...payments.values()]
        .filter((each) => each.invoice_id === invoice.invoice_id)
        .map((each) => each.amount),
    );
    const total = net.plus(tax);
    const balance = invoice.status === 'void' ? new Decimal(0) : total.minus(paid).minus(invoice.writeOff);
    return { net, tax, paid, total, balance };
  };
  const statusOf = (invoice: Invoice) => {
    if (invoice.status === 'draft' || invoice.status === 'void') return invoice.status;
    const { balance, total } = figuresOf(invoice);
    if (balance.isZero() && !total.isZero()) return 'paid';
    return balance.lessThan(total) ? 'partially_paid' : invoice.status;
  };

  const summary = (invoice: Invoice) => ({
    invoice_id: invoice.invoice_id,
    invoice_number: invoice.invoice_number,
    reference_number: invoice.reference_number,
    customer_id: invoice.customer_id,
    customer_name: contacts.get(invoice.customer_id)?.contact_name ?? '',
    currency_code: invoice.currency_code,
    date: invoice.date,
    due_date: invoice.due_date,
    status: statusOf(invoice),
    total: figuresOf(invoice).total.toNumber(),
    balance: figuresOf(invoice).balance.toNumber(),
    last_modified_time: zohoTime(invoice.modified),
  });
  /** Only an invoice that is asked for by its id brings lines and tax. */
  const whole = (call: VendorCall, invoice: Invoice) => ({
    ...summary(invoice),
    // The page is there for whoever has its address; what can be paid at it depends on the gateways.
    invoice_url: payPages.addressOf(call, invoice.invoice_id) ?? '',
    payment_options: {
      payment_gateways: payPages.isOn()
        ? invoice.gateways.map((name) => ({ configured: true, additional_field1: '', gateway_name: name }))
        : [],
    },
    sub_total: figuresOf(invoice).net.toNumber(),
    tax_total: figuresOf(invoice).tax.toNumber(),
    payment_made: figuresOf(invoice).paid.toNumber(),
    write_off_amount: invoice.writeOff,
    line_items: invoice.lines,
  });

  function release(invoice: Invoice): void {
    // A voided invoice is expected to free its entries (unconfirmed).
    for (const timeId of invoice.lines.flatMap((line) => line.time_entry_ids ?? []))
      if (sheets.times.get(timeId)?.invoice_id === invoice.invoice_id)
        sheets.changeTime(timeId, { billed_status: 'unbilled', invoice_id: '' });
  }

  function checkTimes(line: z.output<typeof lineBody>, invoiceId: string, customerId: string): void {
    const times = line.time_entry_ids ?? [];
    if (times.length > 0 && line.project_id === undefined)
      throw new Refusal(400, 15, 'project_id is needed for time entries.');
    for (const timeId of times) {
      const time = sheets.times.get(timeId);
      if (!time || time.project_id !== line.project_id)
        throw new Refusal(400, 1002, `Time entry ${timeId} is not in the project.`);
      if (sheets.projects.get(time.project_id)?.customer_id !== customerId)
        throw new Refusal(400, 1002, 'The project belongs to another customer.');
      if (!time.is_billable || time.timer_started_at !== '')
        throw new Refusal(400, 20054, `Time entry ${timeId} cannot be billed.`);
      if (time.billed_status === 'invoiced' && time.invoice_id !== invoiceId)
        throw new Refusal(400, 20055, `Time entry ${timeId} is invoiced already.`);
    }
  }

  function put(call: VendorCall, existing: Invoice | null): Invoice {
    const body = bodyOf(call, invoiceBody);
    if (contacts.get(body.customer_id)?.status !== 'active')
      throw new Refusal(400, 1002, 'The customer does not exist or is inactive.');
    const currency = currencies.find((each) =>
      body.currency_id ? each.currency_id === body.currency_id : each.is_base_currency,
    );
    if (!currency) throw new Refusal(400, 1002, 'The currency does not exist.');
    if (existing && [...payments.values()].some((each) => each.invoice_id === existing.invoice_id))
      throw new Refusal(400, 36012, 'An invoice with payments cannot be changed so.');
    const isOwn = call.query.get('ignore_auto_number_generation') === 'true';
    if (body.invoice_number !== undefined && !isOwn && body.invoice_number !== existing?.invoice_number)
      throw new Refusal(
        400,
        4097,
        'Invoice numbers are generated; pass ignore_auto_number_generation to give one.',
      );
    const number =
      body.invoice_number ?? existing?.invoice_number ?? `INV-${String(++lastNumber).padStart(6, '0')}`;
    const isTaken = [...invoices.values()].some(
      (each) => each.invoice_number === number && each !== existing,
    );
    if (isTaken) throw new Refusal(400, 1001, `The invoice ${number} already exists.`);
    const invoiceId = existing?.invoice_id ?? newId();
    for (const line of body.line_items) {
      if (!items.has(line.item_id)) throw new Refusal(400, 1002, 'The item does not exist.');
      if (line.tax_id !== undefined && taxes[line.tax_id] === undefined)
        throw new Refusal(400, 1002, 'The tax does not exist.');
      checkTimes(line, invoiceId, body.customer_id);
    }
    if (existing) release(existing);
    const today = options.now().toISOString().slice(0, 10);
    const invoice: Invoice = {
      invoice_id: invoiceId,
      invoice_number: number,
      reference_number: body.reference_number ?? '',
      customer_id: body.customer_id,
      currency_code: currency.currency_code,
      date: body.date ?? today,
      due_date: body.due_date ?? today,
      status: existing?.status ?? 'draft',
      lines: body.line_items.map((line) => ({
        ...line,
        line_item_id: newId(),
        item_total: new Decimal(line.rate)
          .times(line.quantity)
          .toDecimalPlaces(2, Decimal.ROUND_HALF_UP)
          .toNumber(),
      })),
      custom: Object.fromEntries((body.custom_fields ?? []).map((field) => [field.api_name, field.value])),
      gateways: (body.payment_options?.payment_gateways ?? []).map((gateway) => gateway.gateway_name),
      writeOff: 0,
      modified: options.now(),
    };
    invoices.set(invoiceId, invoice);
    for (const timeId of invoice.lines.flatMap((line) => line.time_entry_ids ?? []))
      sheets.changeTime(timeId, { billed_status: 'invoiced', invoice_id: invoiceId });
    return invoice;
  }

  /** Finds by the value of a custom field that allows no duplicates; `X-Upsert` makes what is not there. */
  function upsert(call: VendorCall): VendorAnswer {
    const key = call.headers['x-unique-identifier-key'];
    const value = call.headers['x-unique-identifier-value'];
    if (typeof key !== 'string' || typeof value !== 'string')
      throw new Refusal(400, 4, 'X-Unique-Identifier headers are missing.');
    const found = [...invoices.values()].find((each) => each.custom[key] === value) ?? null;
    if (!found && call.headers['x-upsert'] !== 'true')
      throw new Refusal(404, 1002, 'There is no such invoice.');
    return success(found ? 200 : 201, { invoice: whole(call, put(call, found)) });
  }

  function list(call: VendorCall): VendorAnswer {
    const query = Object.fromEntries(call.query);
    const since = query.last_modified_time;
    // A raw plus arrives as a space.
    if (since !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/.test(since))
      throw new Refusal(400, 2, 'Invalid value passed for last_modified_time');
    const rows = [...invoices.values()]
      .filter((each) => query.invoice_number === undefined || each.invoice_number === query.invoice_number)
      .filter(
        (each) => query.reference_number === undefined || each.reference_number === query.reference_number,
      )
      .filter((each) => since === undefined || each.modified.getTime() >= Date.parse(since))
      .reverse();
    return listed(call, 'invoices', rows.map(summary), options.most);
  }

  function act(call: VendorCall, invoice: Invoice, action: string): VendorAnswer {
    switch (`${call.method} ${action}`) {
      case 'GET ':
        return success(200, { invoice: whole(call, invoice) });
      case 'PUT ':
        return success(200, { invoice: whole(call, put(call, invoice)) });
      case 'GET /payments':
        return success(200, {
          payments: [...payments.values()].filter((each) => each.invoice_id === invoice.invoice_id),
        });
      case 'POST /status/sent':
        if (invoice.status === 'void')
          throw new Refusal(400, 1010, 'A void invoice cannot be marked as sent.');
        Object.assign(invoice, { status: 'sent', modified: options.now() });
        return success(200, {});
      case 'POST /status/void':
        // Detaches payments and credits.
        for (const each of payments.values())
          if (each.invoice_id === invoice.invoice_id) payments.delete(each.invoice_payment_id);
        Object.assign(invoice, { status: 'void', modified: options.now() });
        release(invoice);
        return success(200, {});
      case 'POST /email':
        mails.push({ invoiceId: invoice.invoice_id, to: bodyOf(call, mailBody).to_mail_ids });
        return success(200, {});
      case 'POST /writeoff':
        Object.assign(invoice, { writeOff: figuresOf(invoice).balance.toNumber(), modified: options.now() });
        return success(200, {});
      default:
        throw new Refusal(404, 5, 'Invalid URL Passed');
    }
  }

  const named = (rows: Iterable<object>, field: string, value: string | null) =>
    [...rows].filter((row) => value === null || (row as Record<string, unknown>)[field] === value);

  function answer(call: VendorCall, path: string): VendorAnswer {
    const [, invoiceId, action] = /^\/invoices\/(\d+)((?:\/[a-z]+)*)$/.exec(path) ?? [];
    if (invoiceId !== undefined) {
      const invoice = invoices.get(invoiceId);
      if (!invoice) throw new Refusal(404, 1002, 'Invoice does not exist.');
      return act(call, invoice, action!);
    }
    switch (`${call.method} ${path}`) {
      case 'GET /contacts':
        return listed(
          call,
          'contacts',
          named(contacts.values(), 'contact_name', call.query.get('contact_name')),
          options.most,
        );
      case 'POST /contacts': {
        const body = bodyOf(call, contactBody);
        const currency = currencies.find((each) => each.currency_id === body.currency_id);
        const contactId = addContact({
          contact_name: body.contact_name,
          ...(currency ? { currency_code: currency.currency_code } : {}),
          email: body.contact_persons?.[0]?.email ?? '',
        });
        return success(201, { contact: contacts.get(contactId) });
      }
      case 'GET /items':
        return listed(call, 'items', named(items.values(), 'name', call.query.get('name')), options.most);
      case 'POST /items': {
        const body = bodyOf(call, itemBody);
        if (named(items.values(), 'name', body.name).length > 0)
          throw new Refusal(400, 1001, `The item ${body.name} already exists.`);
        const item = { item_id: newId(), name: body.name, rate: body.rate, status: 'active' };
        items.set(item.item_id, item);
        return success(201, { item });
      }
      case 'GET /invoices':
        return list(call);
      case 'POST /invoices':
        return success(201, { invoice: whole(call, put(call, null)) });
      case 'PUT /invoices':
        return upsert(call);
      default:
        throw new Refusal(404, 5, 'Invalid URL Passed');
    }
  }

  function addContact(contact: Partial<Contact> & { contact_name: string }): string {
    const contactId = newId();
    const common = { contact_type: 'customer', status: 'active', currency_code: 'EUR', email: '' };
    contacts.set(contactId, { ...common, ...contact, contact_id: contactId });
    return contactId;
  }
  const invoiceOf = (invoiceId: string) => {
    const invoice = invoices.get(invoiceId);
    if (!invoice) throw new Error(`there is no invoice ${invoiceId}`);
    return invoice;
  };

  function pay(invoiceId: string, amount: string, date: string, reference = ''): string {
    const payment = {
      invoice_payment_id: newId(),
      payment_id: newId(),
      invoice_id: invoiceId,
      amount: Number(amount),
      date,
      reference_number: reference,
      payment_mode: 'banktransfer',
    };
    payments.set(payment.invoice_payment_id, payment);
    invoiceOf(invoiceId).modified = options.now();
    return payment.invoice_payment_id;
  }
  const payPages = openPayPages({
    open: (invoiceId) => figuresOf(invoiceOf(invoiceId)).balance.toFixed(2),
    pay: (invoiceId, amount) => void pay(invoiceId, amount, options.now().toISOString().slice(0, 10)),
  });

  return {
    answer,
    currencies,
    invoices,
    mails,
    payPages,
    totalOf: (invoiceId) => figuresOf(invoiceOf(invoiceId)).total,
    statusOf: (invoiceId) => statusOf(invoiceOf(invoiceId)),
    addContact,
    addInvoice(customerId, number, amount) {
      const invoiceId = newId();
      const today = options.now().toISOString().slice(0, 10);
      const line = {
        item_id: newId(),
        line_item_id: newId(),
        rate: Number(amount),
        quantity: 1,
        item_total: Number(amount),
      };
      invoices.set(invoiceId, {
        invoice_id: invoiceId,
        invoice_number: number,
        reference_number: '',
        customer_id: customerId,
        currency_code: 'EUR',
        date: today,
        due_date: today,
        status: 'sent',
        lines: [line],
        custom: {},
        gateways: [],
        writeOff: 0,
        modified: options.now(),
      });
      return invoiceId;
    },
    pay,
    removePayment(paymentId) {
      const payment = payments.get(paymentId);
      if (!payment) throw new Error(`there is no payment ${paymentId}`);
      payments.delete(paymentId);
      invoiceOf(payment.invoice_id).modified = options.now();
    },
    change: (invoiceId, change) =>
      void Object.assign(invoiceOf(invoiceId), change, { modified: options.now() }),
    removeInvoice(invoiceId) {
      const invoice = invoiceOf(invoiceId);
      if ([...payments.values()].some((each) => each.invoice_id === invoiceId))
        throw new Error(`invoice ${invoiceId} has payments`);
      release(invoice);
      invoices.delete(invoiceId);
    },
  };
}
