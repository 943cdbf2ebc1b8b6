/** Owns the invoices of the stand-in of Harvest: made as drafts, sent, paid, closed, under its own reckoning of tax. */
import { Decimal } from 'decimal.js';
import { z } from 'zod';
import type { VendorAnswer, VendorCall } from '../kit/sandbox.ts';
import { openPayPages, type ServedPayPages } from '../kit/sandbox-pay-pages.ts';
import {
  byDay,
  byId,
  createdAt,
  type Filters,
  isDay,
  newestFirst,
  Refusal,
  updatedSince,
} from './sandbox-lists.ts';

const line = z.strictObject({
  project_id: z.int().optional(),
  kind: z.string(),
  description: z.string().optional(),
  quantity: z.number().optional(),
  unit_price: z.number(),
  taxed: z.boolean().optional(),
  taxed2: z.boolean().optional(),
});
const day = z.string().refine(isDay, 'not a day (YYYY-MM-DD)');
const head = z.strictObject({
  client_id: z.int().optional(),
  number: z.string().min(1).optional(),
  purchase_order: z.string().optional(),
  tax: z.number().min(0).max(100).optional(),
  tax2: z.number().min(0).max(100).optional(),
  subject: z.string().optional(),
  notes: z.string().optional(),
  currency: z.string().length(3).optional(),
  issue_date: day.optional(),
  due_date: day.optional(),
  payment_term: z.enum(['upon receipt', 'net 15', 'net 30', 'net 45', 'net 60', 'custom']).optional(),
  payment_options: z.array(z.enum(['ach', 'credit_card', 'paypal'])).optional(),
});
const newInvoice = head.extend({ client_id: z.int(), line_items: z.array(line).min(1) });
const message = z.strictObject({
  event_type: z.enum(['send', 'close', 're-open', 'draft']).optional(),
  recipients: z.array(z.strictObject({ name: z.string().optional(), email: z.email() })).optional(),
  subject: z.string().optional(),
  body: z.string().optional(),
  attach_pdf: z.boolean().optional(),
});
const newClient = z.strictObject({ name: z.string().min(1), currency: z.string().length(3).optional() });
const newCategory = z.strictObject({ name: z.string().min(1) });

interface Payment {
  id: number;
  amount: string;
  paid_date: string;
  created_at: string;
  updated_at: string;
}
interface Invoice {
  id: number;
  client_id: number;
  number: string;
  purchase_order: string | null;
  notes: string | null;
  currency: string;
  tax: number | null;
  tax2: number | null;
  issue_date: string;
  due_date: string;
  state: 'draft' | 'open' | 'paid' | 'closed';
  payment_options: string[];
  lines: z.infer<typeof line>[];
  payments: Payment[];
  mailedTo: string[];
  created_at: string;
  updated_at: string;
}

interface Desk {
  now: () => string;
  nextId: () => number;
  addClient: (client: { name: string; currency?: string }) => { id: number };
  clientName: (id: number) => string | null;
  listPage: <Row extends { id: number }>(
    call: VendorCall,
    key: string,
    rows: Row[],
    dayOf: (row: Row) => string,
    filters: Filters<Row>,
  ) => VendorAnswer;
}

export interface HarvestBooks {
  /** Null: no address of the invoices. */
  route(call: VendorCall): VendorAnswer | null;
  payPages: ServedPayPages;
  readonly invoices: readonly (Readonly<Invoice> & { amount: string })[];
  pay(invoiceId: number, amount: string, on: string): number;
  removePayment(paymentId: number): void;
  edit(invoiceId: number, notes: string): void;
  close(invoiceId: number): void;
  /** Somebody deletes it there: it is in no list any more. */
  remove(invoiceId: number): void;
  takeNumber(number: string): void;
}

export function openHarvestBooks({ now, nextId, addClient, clientName, listPage }: Desk): HarvestBooks {
  const invoices = new Map<number, Invoice>();
  const categories = new Map<number, { id: number; name: string; created_at: string; updated_at: string }>();

  const addCategory = (name: string) => {
    const row = { id: nextId(), name, created_at: now(), updated_at: now() };
    categories.set(row.id, row);
    return row;
  };
  const known = (id: string): Invoice => {
    const invoice = invoices.get(Number(id));
    if (invoice === undefined) throw new Refusal(404, 'Not Found');
    return invoice;
  };
  const touch = (invoice: Invoice) => {
    invoice.updated_at = now();
  };
  const payPages = openPayPages({
    path: '/client/invoices/',
    open: (id) => dueOf(known(id)).toFixed(2),
    pay: (id, amount) => void pay(Number(id), amount, now().slice(0, 10)),
  });

  function create(text: string): VendorAnswer {
    const { line_items: lines, ...wanted } = read(newInvoice, text);
    if (clientName(wanted.client_id) === null)
      throw new Refusal(422, `client_id: ${wanted.client_id} does not exist.`);
    for (const { kind } of lines)
      if (![...categories.values()].some(({ name }) => name === kind))
        throw new Refusal(422, `line_items: "${kind}" is no invoice item category.`);
    refuseTaken(wanted.number);
    const issueDate = wanted.issue_date ?? now().slice(0, 10);
    const invoice: Invoice = {
      id: nextId(),
      client_id: wanted.client_id,
      number: wanted.number ?? String(1_000 + invoices.size),
      purchase_order: wanted.purchase_order ?? null,
      notes: wanted.notes ?? null,
      currency: wanted.currency ?? 'USD',
      tax: wanted.tax ?? null,
      tax2: wanted.tax2 ?? null,
      issue_date: issueDate,
      // Only with the term "custom" the day is taken.
      due_date:
        wanted.payment_term === undefined || wanted.payment_term === 'custom'
          ? (wanted.due_date ?? issueDate)
          : issueDate,
      state: 'draft',
      // Those that the account is not set up for are left out (unconfirmed).
      payment_options: payPages.isOn() ? (wanted.payment_options ?? []) : [],
      lines,
      payments: [],
      mailedTo: [],
      created_at: now(),
      updated_at: now(),
    };
    invoices.set(invoice.id, invoice);
    return { status: 201, body: shown(invoice) };
  }

  function refuseTaken(number: string | undefined): void {
    if (number !== undefined && [...invoices.values()].some((invoice) => invoice.number === number))
      throw new Refusal(422, `number: ${number} has already been taken.`);
  }

  function change(invoice: Invoice, text: string): VendorAnswer {
    const { number, notes, purchase_order: order, due_date: due, issue_date: issued } = read(head, text);
    if (number !== invoice.number) refuseTaken(number);
    Object.assign(invoice, {
      number: number ?? invoice.number,
      notes: notes ?? invoice.notes,
      purchase_order: order ?? invoice.purchase_order,
      due_date: due ?? invoice.due_date,
      issue_date: issued ?? invoice.issue_date,
    });
    touch(invoice);
    return { status: 200, body: shown(invoice) };
  }

  function tell(invoice: Invoice, text: string): VendorAnswer {
    const { event_type: event, recipients = [] } = read(message, text);
    if (event === undefined && recipients.length === 0)
      throw new Refusal(422, 'The message has no recipients.');
    const wrong = () =>
      new Refusal(422, `event_type: ${event} does not fit an invoice that is ${invoice.state}.`);
    if (event === 'close') {
      if (invoice.state !== 'open') throw wrong();
      invoice.state = 'closed';
    } else if (event === undefined || event === 'send') {
      if (event === 'send' && invoice.state !== 'draft') throw wrong();
      if (invoice.state === 'draft') invoice.state = 'open';
    } else throw wrong();
    invoice.mailedTo.push(...recipients.map(({ email }) => email));
    touch(invoice);
    return { status: 201, body: { id: nextId(), event_type: event ?? null, recipients, created_at: now() } };
  }

  function settle(invoice: Invoice): void {
    const left = dueOf(invoice);
    if (invoice.state === 'open' && left.isZero()) invoice.state = 'paid';
    else if (invoice.state === 'paid' && !left.isZero()) invoice.state = 'open';
    touch(invoice);
  }

  function shown(invoice: Invoice): object {
    const { tax, tax2, total } = reckoned(invoice);
    const { lines, payments: _payments, mailedTo: _mailedTo, client_id: clientId, ...rest } = invoice;
    return {
      ...rest,
      client_key: payPages.keyOf(String(invoice.id)),
      payment_options: payPages.isOn() ? rest.payment_options : [],
      client: { id: clientId, name: clientName(clientId) },
      line_items: lines.map((one, index) => ({
        id: invoice.id + index + 1,
        ...one,
        amount: amountOf(one).toNumber(),
        project: null,
      })),
      amount: total.toNumber(),
      due_amount: dueOf(invoice).toNumber(),
      tax_amount: invoice.tax === null ? null : tax.toNumber(),
      tax2_amount: invoice.tax2 === null ? null : tax2.toNumber(),
      discount_amount: 0,
    };
  }

  const invoiceFilters: Filters<Invoice> = {
    client_id: byId((row) => row.client_id),
    updated_since: updatedSince,
    from: byDay((row, on) => row.issue_date >= on),
    to: byDay((row, on) => row.issue_date <= on),
    state: (value) => (row) => row.state === value,
  };

  function list(call: VendorCall, key: string, rows: Invoice[]): VendorAnswer {
    const answer = listPage(call, key, rows, (row) => row.issue_date, invoiceFilters);
    const body = answer.body as Record<string, unknown>;
    return { ...answer, body: { ...body, [key]: (body[key] as Invoice[]).map(shown) } };
  }

  function routeOf(call: VendorCall): VendorAnswer | null {
    const { method, path, text } = call;
    if (method === 'POST' && path === '/v2/clients')
      return { status: 201, body: addClient(named(read(newClient, text))) };
    if (path === '/v2/invoice_item_categories') {
      if (method === 'POST') return { status: 201, body: addCategory(read(newCategory, text).name) };
      const rows = newestFirst(categories.values(), createdAt);
      return listPage(call, 'invoice_item_categories', rows, createdAt, { updated_since: updatedSince });
    }
    if (path === '/v2/invoices')
      return method === 'POST'
        ? create(text)
        : list(
            call,
            'invoices',
            newestFirst(invoices.values(), (row) => row.issue_date),
          );
    const [, id, rest = ''] = /^\/v2\/invoices\/(\d+)(?:\/(payments|messages))?$/.exec(path) ?? [];
    if (id === undefined) return null;
    const invoice = known(id);
    if (rest === 'messages' && method === 'POST') return tell(invoice, text);
    if (rest === 'payments' && method === 'GET') {
      const rows = newestFirst(invoice.payments, createdAt);
      const answer = listPage(call, 'invoice_payments', rows, createdAt, { updated_since: updatedSince });
      const body = answer.body as { invoice_payments: Payment[] };
      const payments = body.invoice_payments.map((payment) => ({
        ...payment,
        amount: Number(payment.amount),
        notes: '',
      }));
      return { ...answer, body: { ...body, invoice_payments: payments } };
    }
    if (rest !== '') return null;
    if (method === 'GET') return { status: 200, body: shown(invoice) };
    if (method === 'PATCH') return change(invoice, text);
    if (method !== 'DELETE') return null;
    invoices.delete(invoice.id);
    return { status: 200 };
  }

  function pay(invoiceId: number, amount: string, on: string): number {
    const invoice = known(String(invoiceId));
    const payment = { id: nextId(), amount, paid_date: on, created_at: now(), updated_at: now() };
    invoice.payments.push(payment);
    settle(invoice);
    return payment.id;
  }

  return {
    route: routeOf,
    payPages,
    get invoices() {
      return [...invoices.values()].map((invoice) => ({
        ...invoice,
        amount: reckoned(invoice).total.toFixed(2),
      }));
    },
    pay,
    removePayment(paymentId) {
      for (const invoice of invoices.values()) {
        const rest = invoice.payments.filter(({ id }) => id !== paymentId);
        if (rest.length === invoice.payments.length) continue;
        invoice.payments = rest;
        settle(invoice);
      }
    },
    edit(invoiceId, notes) {
      const invoice = known(String(invoiceId));
      invoice.notes = `${notes}\n${invoice.notes ?? ''}`;
      touch(invoice);
    },
    close(invoiceId) {
      const invoice = known(String(invoiceId));
      invoice.state = 'closed';
      touch(invoice);
    },
    remove: (invoiceId) => void invoices.delete(known(String(invoiceId)).id),
    takeNumber(number) {
      const { id } = addClient({ name: `Somebody else ${number}` });
      addCategory('Their work');
      const lines = [{ kind: 'Their work', quantity: 1, unit_price: 7 }];
      create(JSON.stringify({ client_id: id, number, line_items: lines }));
    },
  };
}

const named = ({ name, currency }: z.infer<typeof newClient>) => ({
  name,
  ...(currency ? { currency } : {}),
});

const amountOf = ({ quantity = 1, unit_price: price }: z.infer<typeof line>): Decimal =>
  new Decimal(quantity).times(price).toDecimalPlaces(2, Decimal.ROUND_HALF_UP);

/** Tax on the sum of the taxed lines, each rate rounded by itself. */
function reckoned({ lines, tax, tax2 }: Pick<Invoice, 'lines' | 'tax' | 'tax2'>) {
  const sumOf = (holds: (one: z.infer<typeof line>) => boolean | undefined) =>
    lines.filter((one) => holds(one)).reduce((sum, one) => sum.plus(amountOf(one)), new Decimal(0));
  const share = (base: Decimal, percent: number | null) =>
    base
      .times(percent ?? 0)
      .div(100)
      .toDecimalPlaces(2, Decimal.ROUND_HALF_UP);
  const [first, second] = [
    share(
      sumOf(({ taxed }) => taxed),
      tax,
    ),
    share(
      sumOf(({ taxed2 }) => taxed2),
      tax2,
    ),
  ];
  return {
    tax: first,
    tax2: second,
    total: sumOf(() => true)
      .plus(first)
      .plus(second),
  };
}

function dueOf(invoice: Invoice): Decimal {
  return invoice.payments.reduce((left, { amount }) => left.minus(amount), reckoned(invoice).total);
}

function read<Shape>(shape: z.ZodType<Shape>, text: string): Shape {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refusal(400, 'The body is not JSON.');
  }
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new Refusal(422, reasons.join('; '));
}
