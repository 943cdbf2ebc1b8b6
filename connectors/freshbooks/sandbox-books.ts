/** Owns the books of the FreshBooks sandbox: clients, items, taxes, invoices and payments under `/accounting/account/<id>`. */
import { Decimal } from 'decimal.js';
import { z } from 'zod';
import type { VendorAnswer, VendorCall } from '../kit/sandbox.ts';
import { openPayPages } from '../kit/sandbox-pay-pages.ts';

/** Longest invoice number (remembered from the documents, unconfirmed). */
const NUMBER_MAX = 10;
const PER_PAGE_MAX = 100;
const PER_PAGE_DEFAULT = 15;

export interface Money {
  amount: string;
  code: string;
}
export interface FreshbooksLine {
  type: number;
  name: string;
  description: string;
  qty: string;
  unit_cost: Money;
  amount: Money;
  taxName1: string;
  taxAmount1: string;
}
export interface FreshbooksInvoice {
  id: number;
  invoiceid: number;
  invoice_number: string;
  customerid: number;
  create_date: string;
  due_offset_days: number;
  currency_code: string;
  notes: string;
  po_number: string | null;
  lines: FreshbooksLine[];
  amount: Money;
  outstanding: Money;
  paid: Money;
  /** 1 draft, 2 sent, 4 paid, 8 partial. */
  status: number;
  v3_status: string;
  payment_status: string;
  /** 0 active, 1 deleted, 2 archived. */
  vis_state: number;
  updated: string;
  presentation: Record<string, unknown> | null;
  emailed_to: string[];
}
export interface FreshbooksPayment {
  id: number;
  invoiceid: number;
  amount: Money;
  date: string;
  type: string;
  note: string;
  updated: string;
  vis_state: number;
  from_credit: boolean;
}

/** A refusal in accounting's shape; the old form can come under 200. */
export class BooksRefusal extends Error {
  readonly status: number;
  readonly errno: number;
  readonly field: string;
  constructor(status: number, errno: number, field: string, message: string) {
    super(message);
    this.status = status;
    this.errno = errno;
    this.field = field;
  }
}

const moneyShape = z.strictObject({
  amount: z.string().regex(/^-?\d+(\.\d{1,2})?$/),
  code: z.string().optional(),
});
const lineShape = z.strictObject({
  type: z.union([z.literal(0), z.literal(1)]),
  name: z.string().max(100),
  description: z.string().optional(),
  qty: z.union([z.number(), z.string()]),
  unit_cost: moneyShape,
  taxName1: z.string().optional(),
  taxAmount1: z.union([z.number(), z.string()]).optional(),
  expenseid: z.number().optional(),
});
const invoiceShape = z.strictObject({
  customerid: z.number().int(),
  create_date: z.string().regex(/^\d{4}-\d\d-\d\d$/),
  due_offset_days: z.number().int().min(0).optional(),
  currency_code: z.string().length(3).optional(),
  invoice_number: z.string().optional(),
  po_number: z.string().optional(),
  notes: z.string().optional(),
  lines: z.array(lineShape).optional(),
  use_default_presentation: z.boolean().optional(),
  presentation: z.strictObject({ theme_layout: z.enum(['simple', 'modern', 'classic']) }).optional(),
});
const changeShape = z.union([
  invoiceShape,
  z.strictObject({ action_mark_as_sent: z.literal(true) }),
  z.strictObject({ action_email: z.literal(true), email_recipients: z.array(z.email()).min(1) }),
  z.strictObject({ vis_state: z.union([z.literal(0), z.literal(1), z.literal(2)]) }),
]);
const clientShape = z
  .strictObject({
    organization: z.string().optional(),
    fname: z.string().optional(),
    lname: z.string().optional(),
    email: z.email().optional(),
    currency_code: z.string().length(3).optional(),
  })
  .refine(
    (client) => client.organization || client.fname || client.email,
    'organization, fname or email is needed',
  );

export interface BooksOptions {
  nowMs: () => number;
  nextId: () => number;
  pageSizeMax: () => number;
  /** From now on lists never end. */
  isEndless: () => boolean;
}

export function createBooks(options: BooksOptions) {
  const clients = new Map<number, Record<string, unknown> & { id: number }>();
  const items = new Map<number, { id: number; name: string; vis_state: number }>();
  const taxes = new Map<number, { id: number; taxid: number; name: string; amount: string }>();
  const invoices = new Map<number, FreshbooksInvoice>();
  const payments = new Map<number, FreshbooksPayment>();
  let style: Record<string, unknown> | null = null;
  let counted = 1;

  /** The trap: accounting's times are those of a clock in New York, without saying so. */
  const stamp = () =>
    new Intl.DateTimeFormat('sv-SE', {
      timeZone: 'America/New_York',
      dateStyle: 'short',
      timeStyle: 'medium',
    }).format(options.nowMs());

  const paidOf = (id: number) =>
    [...payments.values()]
      .filter((payment) => payment.invoiceid === id && payment.vis_state === 0)
      .reduce((sum, payment) => sum.plus(payment.amount.amount), new Decimal(0));

  /** What FreshBooks reckons by itself: line amounts, taxes by line, what is paid and open. */
  function reckon(invoice: FreshbooksInvoice): void {
    let total = new Decimal(0);
    for (const line of invoice.lines) {
      const net = new Decimal(line.qty)
        .times(line.unit_cost.amount)
        .toDecimalPlaces(2, Decimal.ROUND_HALF_UP);
      line.amount = { amount: net.toFixed(2), code: invoice.currency_code };
      total = total.plus(net).plus(
        net
          .times(line.taxAmount1 || 0)
          .div(100)
          .toDecimalPlaces(2, Decimal.ROUND_HALF_UP),
      );
    }
    const paid = paidOf(invoice.id);
    const money = (amount: Decimal) => ({ amount: amount.toFixed(2), code: invoice.currency_code });
    Object.assign(invoice, {
      amount: money(total),
      paid: money(paid),
      outstanding: money(total.minus(paid)),
    });
    const isSent = invoice.status !== 1;
    if (!paid.isZero()) {
      const full = paid.greaterThanOrEqualTo(total);
      Object.assign(invoice, {
        status: full ? 4 : 8,
        v3_status: full ? 'paid' : 'partial',
        payment_status: full ? 'paid' : 'partial',
      });
    } else if (isSent) Object.assign(invoice, { status: 2, v3_status: 'sent', payment_status: 'unpaid' });
    invoice.updated = stamp();
  }

  function page(
    call: VendorCall,
    name: string,
    rows: readonly object[],
    filters: readonly string[],
  ): VendorAnswer {
    for (const parameter of call.query.keys())
      if (!['page', 'per_page', 'include[]', ...filters].includes(parameter))
        throw new BooksRefusal(422, 1042, parameter, `${parameter} is no filter of ${name}.`);
    const wanted = Number(call.query.get('per_page') ?? PER_PAGE_DEFAULT);
    // The trap: more than 100 is capped without a word.
    const size = Math.min(wanted, PER_PAGE_MAX, options.pageSizeMax());
    const number = Number(call.query.get('page') ?? 1);
    const pages = Math.ceil(rows.length / size);
    const at = options.isEndless() ? 0 : (number - 1) * size;
    const shown = rows.slice(at, at + size);
    const result = {
      [name]: shown,
      page: number,
      pages: options.isEndless() ? number + 1 : pages,
      per_page: size,
      total: rows.length,
    };
    return { status: 200, body: { response: { result } } };
  }

  function invoiceRow(invoice: FreshbooksInvoice, call: VendorCall): Record<string, unknown> {
    const { lines, presentation, emailed_to: _, ...row } = invoice;
    const included = call.query.getAll('include[]');
    return {
      ...row,
      ...(included.includes('lines') ? { lines } : {}),
      ...(included.includes('presentation') ? { presentation } : {}),
    };
  }
  const one = (name: string, row: object): VendorAnswer => ({
    status: 200,
    body: { response: { result: { [name]: row } } },
  });

  function bodyOf<Shape>(call: VendorCall, name: string, shape: z.ZodType<Shape>): Shape {
    if (!/^application\/json\b/.test(call.headers['content-type'] ?? ''))
      throw new BooksRefusal(415, 1004, 'content-type', 'JSON is expected.');
    let body: unknown;
    try {
      body = JSON.parse(call.text);
    } catch {
      throw new BooksRefusal(400, 1001, 'body', 'The body is not JSON.');
    }
    const read = z.strictObject({ [name]: shape }).safeParse(body);
    if (read.success) return read.data[name] as Shape;
    const [issue] = read.error.issues;
    throw new BooksRefusal(422, 1001, issue!.path.join('.'), issue!.message);
  }

  function write(invoice: FreshbooksInvoice, wanted: z.infer<typeof invoiceShape>): void {
    if (!clients.has(wanted.customerid)) throw new BooksRefusal(404, 1012, 'customerid', 'Client not found.');
    const number = wanted.invoice_number ?? (invoice.invoice_number || String(counted++).padStart(7, '0'));
    if (number.length > NUMBER_MAX)
      throw new BooksRefusal(
        422,
        1041,
        'invoice_number',
        `Invoice number is limited to ${NUMBER_MAX} characters.`,
      );
    // The trap: a number that is in use is taken all the same (unconfirmed).
    const currency = wanted.currency_code ?? 'USD';
    if (wanted.presentation) style = wanted.presentation;
    Object.assign(invoice, {
      customerid: wanted.customerid,
      create_date: wanted.create_date,
      due_offset_days: wanted.due_offset_days ?? 0,
      currency_code: currency,
      invoice_number: number,
      notes: wanted.notes ?? invoice.notes,
      po_number: wanted.po_number ?? invoice.po_number,
      // The style of the last invoice, unless another is asked for or none.
      presentation: wanted.use_default_presentation === false ? null : style,
    });
    if (wanted.lines)
      invoice.lines = wanted.lines.map((line) => ({
        type: line.type,
        name: line.name,
        description: line.description ?? '',
        qty: String(line.qty),
        unit_cost: {
          amount: new Decimal(line.unit_cost.amount).toFixed(2),
          code: line.unit_cost.code ?? currency,
        },
        amount: { amount: '0.00', code: currency },
        taxName1: line.taxName1 ?? '',
        taxAmount1: String(line.taxAmount1 ?? '0'),
      }));
    reckon(invoice);
  }

  function createInvoice(wanted: z.infer<typeof invoiceShape>): FreshbooksInvoice {
    const id = options.nextId();
    const nothing = { amount: '0.00', code: 'USD' };
    const invoice: FreshbooksInvoice = {
      id,
      invoiceid: id,
      invoice_number: '',
      customerid: 0,
      create_date: '',
      due_offset_days: 0,
      currency_code: 'USD',
      notes: '',
      po_number: null,
      lines: [],
      amount: nothing,
      outstanding: nothing,
      paid: nothing,
      // The trap: a draft, which reports leave out.
      status: 1,
      v3_status: 'draft',
      payment_status: 'unpaid',
      vis_state: 0,
      updated: '',
      presentation: null,
      emailed_to: [],
    };
    write(invoice, wanted);
    invoices.set(id, invoice);
    return invoice;
  }

  function invoiceRoute(call: VendorCall, id: number | null): VendorAnswer {
    if (id === null && call.method === 'POST')
      return one('invoice', invoiceRow(createInvoice(bodyOf(call, 'invoice', invoiceShape)), call));
    if (id === null) {
      const [number, client] = [
        call.query.get('search[invoice_number]'),
        call.query.get('search[customerid]'),
      ];
      const found = [...invoices.values()]
        // Deleted ones are in no list, and still found by id.
        .filter((invoice) => invoice.vis_state !== 1)
        .filter((invoice) => number === null || invoice.invoice_number === number)
        .filter((invoice) => client === null || String(invoice.customerid) === client)
        .map((invoice) => invoiceRow(invoice, call));
      return page(call, 'invoices', found, ['search[invoice_number]', 'search[customerid]']);
    }
    const invoice = invoices.get(id);
    if (!invoice) throw new BooksRefusal(404, 1012, 'invoiceid', 'Invoice not found.');
    if (call.method === 'PUT') {
      const wanted = bodyOf(call, 'invoice', changeShape);
      if ('action_mark_as_sent' in wanted || 'action_email' in wanted) {
        if (invoice.status === 1) Object.assign(invoice, { status: 2, v3_status: 'sent' });
        if ('action_email' in wanted) invoice.emailed_to.push(...wanted.email_recipients);
        invoice.updated = stamp();
      } else if ('vis_state' in wanted)
        Object.assign(invoice, { vis_state: wanted.vis_state, updated: stamp() });
      else write(invoice, wanted);
    }
    return one('invoice', invoiceRow(invoice, call));
  }

  function paymentRoute(call: VendorCall, id: number | null): VendorAnswer {
    if (call.method !== 'GET')
      throw new BooksRefusal(403, 1003, 'payment', 'The scope user:payments:write was not given.');
    if (id !== null) {
      const payment = payments.get(id);
      if (!payment) throw new BooksRefusal(404, 1012, 'paymentid', 'Payment not found.');
      return one('payment', payment);
    }
    const since = call.query.get('search[updated_min]');
    if (since !== null && !/^\d{4}-\d\d-\d\d$/.test(since))
      throw new BooksRefusal(422, 1042, 'updated_min', 'updated_min takes a day, YYYY-MM-DD.');
    const found = [...payments.values()].filter(
      (payment) => payment.vis_state !== 1 && (since === null || payment.updated.slice(0, 10) >= since),
    );
    return page(call, 'payments', found, ['search[updated_min]']);
  }

  const payPages = openPayPages({
    open: (id) => invoices.get(Number(id))?.outstanding.amount ?? '0.00',
    pay: (id, amount) => void pay(Number(id), amount, new Date(options.nowMs()).toISOString().slice(0, 10)),
  });

  /** Only of what was sent: a draft is a 422. */
  function shareLink(call: VendorCall, id: number): VendorAnswer {
    const invoice = invoices.get(id);
    if (call.method !== 'GET' || !invoice || invoice.vis_state === 1)
      throw new BooksRefusal(404, 1012, 'invoiceid', 'Invoice not found.');
    const method = call.query.get('share_method');
    if (method !== 'share_link')
      throw new BooksRefusal(422, 1042, 'share_method', `${method} is not known here.`);
    if (invoice.status === 1)
      throw new BooksRefusal(422, 1050, 'invoiceid', 'Invoice must be sent before it can be shared.');
    return one('share_link', {
      clientid: invoice.customerid,
      resource_type: 'invoice',
      resourceid: String(id),
      share_link: payPages.addressOf(call, String(id)),
      share_method: method,
    });
  }

  /** `path`: below the account, e.g. `/invoices/invoices/12`. */
  function route(call: VendorCall, path: string): VendorAnswer {
    const shared = /^\/invoices\/invoices\/(\d+)\/share_link$/.exec(path)?.[1];
    if (shared !== undefined) return shareLink(call, Number(shared));
    const [, list = '', text] = /^\/([a-z]+\/[a-z]+)(?:\/(\d+))?$/.exec(path) ?? [];
    const id = text === undefined ? null : Number(text);
    switch (list) {
      case 'invoices/invoices':
        return invoiceRoute(call, id);
      case 'payments/payments':
        return paymentRoute(call, id);
      case 'users/clients': {
        if (call.method === 'POST')
          return one('client', clients.get(addClient(bodyOf(call, 'client', clientShape)))!);
        return page(call, 'clients', [...clients.values()], ['search[email]']);
      }
      case 'items/items': {
        if (call.method === 'POST') {
          const { name } = bodyOf(call, 'item', z.strictObject({ name: z.string().min(1).max(100) }));
          return one('item', items.get(addItem(name))!);
        }
        if (id === null) return page(call, 'items', [...items.values()], []);
        const item = items.get(id);
        if (!item) throw new BooksRefusal(404, 1012, 'itemid', 'Item not found.');
        return one('item', item);
      }
      case 'taxes/taxes':
        return page(call, 'taxes', [...taxes.values()], []);
      default:
        throw new BooksRefusal(404, 1012, 'resource', `There is no ${path}.`);
    }
  }

  function pay(invoiceid: number, amount: string, date: string): number {
    const invoice = invoices.get(invoiceid)!;
    const id = options.nextId();
    const money = { amount: new Decimal(amount).toFixed(2), code: invoice.currency_code };
    const facts = { type: 'Check', note: 'W-1', vis_state: 0, from_credit: false };
    payments.set(id, { id, invoiceid, amount: money, date, updated: stamp(), ...facts });
    reckon(invoice);
    return id;
  }
  function addClient(client: z.infer<typeof clientShape>): number {
    const id = options.nextId();
    const names = { organization: '', fname: '', lname: '', email: '', currency_code: 'USD' };
    clients.set(id, { id, userid: id, ...names, ...client, vis_state: 0, updated: stamp() });
    return id;
  }
  function addItem(name: string): number {
    const id = options.nextId();
    items.set(id, { id, name, vis_state: 0 });
    return id;
  }

  return {
    route,
    payPages,
    invoices,
    payments,
    addClient,
    addItem,
    createInvoice,
    addTax(name: string, percent: string): number {
      const id = options.nextId();
      taxes.set(id, { id, taxid: id, name, amount: percent });
      return id;
    },
    pay,
    removePayment(id: number): void {
      const payment = payments.get(id)!;
      Object.assign(payment, { vis_state: 1, updated: stamp() });
      reckon(invoices.get(payment.invoiceid)!);
    },
    changeInvoice(id: number, change: Partial<FreshbooksInvoice>): void {
      const invoice = invoices.get(id)!;
      Object.assign(invoice, change);
      reckon(invoice);
    },
  };
}
