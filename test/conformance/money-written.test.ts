/**
 * Owns what every target of the registry must hold when money is written there: an answer that is lost leads to what was made,
 * for each kind of document; and figures and words of any shape are booked as they stand here, or refused before anything is.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import type {
  Connector,
  InvoiceTarget,
  TargetInvoice,
  TargetInvoiceLine,
  Writable,
} from '../../connectors/kit/define.ts';
import { InvalidRequest, Unavailable } from '../../connectors/kit/errors.ts';
import type { VendorHttp } from '../../connectors/kit/http.ts';
import { connectors } from '../../connectors/kit/registry.ts';
import type { Stand, StartStand } from '../../connectors/kit/stand.ts';
import { addDays } from '../../domain/day.ts';
import { Decimal } from '../../domain/money.ts';
import { failureOf, httpTo } from './loopback.ts';

const targets = [...connectors.values()].flatMap((connector) =>
  connector.invoiceTarget ? [[connector.id, connector, connector.invoiceTarget] as const] : [],
);

interface Opened {
  stand: Stand;
  http: VendorHttp;
  customer: string;
  invoice(lines: Partial<TargetInvoiceLine>[], currency?: string): TargetInvoice;
}
async function open(connector: Connector, target: InvoiceTarget, currency = 'USD'): Promise<Opened> {
  const { startStand } = (await import(`../../connectors/${connector.id}/stand.ts`)) as {
    startStand: StartStand;
  };
  const stand = await startStand();
  onTestFinished(() => stand.sandbox.close());
  const { tokenOf = (secrets) => secrets.accessToken ?? '' } = connector.auth;
  const http = httpTo(connector, stand.sandbox.url, {
    settings: { bankAccountId: '35', ...stand.settings },
    credentials: { accessToken: async () => tokenOf(stand.secrets) },
  });
  const party = { name: 'North Pacific Ferries', email: null, currency };
  const customer = await target.customers.create(http, party, crypto.randomUUID());
  const item = await target.items.create(http, { name: 'Hull work' }, crypto.randomUUID());
  const on = stand.now().slice(0, 10);
  let count = 0;
  return {
    stand,
    http,
    customer,
    invoice(lines) {
      count += 1;
      const net = lines.reduce((sum, { amount }) => sum.plus(amount ?? 0), new Decimal(0)).toFixed();
      return {
        key: crypto.randomUUID(),
        number: `NW-26-${count}`,
        customer: { externalId: customer },
        currency,
        issueDate: on,
        dueDate: addDays(on, 30),
        email: null,
        lines: lines.map((line) => ({
          description: 'Hull refit',
          itemExternalId: item,
          quantity: '1',
          unitPrice: line.amount ?? '0',
          amount: '0',
          serviceDate: on,
          taxCode: null,
          ...line,
        })),
        net,
        tax: '0.00',
        total: net,
      };
    },
  };
}
const plain = [{ amount: '2850.10' }];

/** The work is done there, and its answer never comes. */
async function madeWithoutAnswer<Wanted, Remote>(
  { stand, http }: Opened,
  kind: Writable<Wanted, Remote>,
  wanted: Wanted,
): Promise<void> {
  expect(await kind.find(http, wanted)).toBeNull();
  stand.sandbox.fault({
    kind: 'commit_then_drop',
    times: 1,
    match: (method) => method === 'POST' || method === 'PUT',
  });
  expect(await failureOf(kind.create(http, wanted, crypto.randomUUID()))).toBeInstanceOf(Unavailable);
  expect(await kind.find(http, wanted)).not.toBeNull();
}

describe.each(targets)('an answer of %s that is lost', (_, connector, target) => {
  const money = { amount: '100.10', currency: 'USD', reference: 'SEPA 7' };
  const where = (applies: boolean) => (applies ? test : test.skip);

  test('after a customer or an item: found, not made again', async () => {
    const at = await open(connector, target);
    const party = { name: 'Baltic Dredging', email: null, currency: 'USD' };
    await madeWithoutAnswer(at, target.customers, party);
    await madeWithoutAnswer(at, target.items, { name: 'Diving' });
  });

  where(!!target.creditNotes)('after a credit note, or its application: found', async () => {
    const at = await open(connector, target);
    const booked = await target.invoices.create(at.http, at.invoice(plain), 'a');
    const note = { ...at.invoice([{ amount: '100.10' }]), invoice: booked };
    await madeWithoutAnswer(at, target.creditNotes!, note);
    if (!target.creditApplications) return;
    const creditNote = (await target.creditNotes!.find(at.http, note))!;
    const on = note.issueDate;
    const wanted = { key: crypto.randomUUID(), creditNote, invoice: booked, on, amount: '100.10' };
    await madeWithoutAnswer(at, target.creditApplications, wanted);
    expect(await target.readInvoice(at.http, booked.externalId)).toMatchObject({ balance: '2750.00' });
  });

  where(!!target.writeOffs)('after a write-off: found', async () => {
    const at = await open(connector, target);
    const invoice = await target.invoices.create(at.http, at.invoice(plain), 'a');
    const on = at.stand.now().slice(0, 10);
    const wanted = { key: crypto.randomUUID(), invoice, amount: '2850.10', on, reason: 'Insolvent' };
    await madeWithoutAnswer(at, target.writeOffs!, wanted);
  });

  where(!!target.bills)('after a contractor, a bill or its payment: found', async () => {
    const at = await open(connector, target);
    const party = { name: 'Cora Contractor', email: null, currency: 'USD' };
    await madeWithoutAnswer(at, target.vendors!, party);
    const vendor = { externalId: (await target.vendors!.find(at.http, party))! };
    const bill = { ...at.invoice(plain), vendor };
    await madeWithoutAnswer(at, target.bills!, bill);
    const booked = (await target.bills!.find(at.http, bill))!;
    const wanted = { key: crypto.randomUUID(), bill: booked, vendor, on: bill.issueDate, ...money };
    await madeWithoutAnswer(at, target.billPayments!, wanted);
  });

  where(!!target.voidInvoice)('after a void: a second one changes nothing and fails nothing', async () => {
    const at = await open(connector, target);
    const booked = await target.invoices.create(at.http, at.invoice(plain), 'a');
    at.stand.sandbox.fault({ kind: 'commit_then_drop', times: 1, match: (method) => method !== 'GET' });
    expect(await failureOf(target.voidInvoice!(at.http, booked, 'v'))).toBeInstanceOf(Unavailable);
    const after = await target.voidInvoice!(at.http, booked, 'v');
    expect(after === null || after.status === 'void').toBe(true);
  });

  where(!!target.updateInvoice)('after a change: what stands there is read, and is as here', async () => {
    const at = await open(connector, target);
    const invoice = at.invoice(plain);
    const booked = await target.invoices.create(at.http, invoice, 'a');
    at.stand.sandbox.fault({ kind: 'commit_then_drop', times: 1, match: (method) => method !== 'GET' });
    const later = { ...invoice, dueDate: addDays(invoice.dueDate, 7) };
    expect(await failureOf(target.updateInvoice!(at.http, booked, later, 'u'))).toBeInstanceOf(Unavailable);
    const there = (await target.readInvoice(at.http, booked.externalId))!;
    expect(there).toMatchObject({ number: invoice.number, total: '2850.10' });
    expect(await target.updateInvoice!(at.http, there, later, 'u')).toMatchObject({ total: '2850.10' });
    expect(at.stand.books!.invoices()).toHaveLength(1);
  });
});

describe.each(targets)('at %s an invoice', (_, connector, target) => {
  test.each<[string, string, Partial<TargetInvoiceLine>[]]>([
    ['with a line below zero', 'USD', [{ amount: '2850.10' }, { amount: '-100.05', unitPrice: '-100.05' }]],
    [
      'with a quantity below zero',
      'USD',
      [{ amount: '2850.10' }, { amount: '-100.05', quantity: '-1', unitPrice: '100.05' }],
    ],
    ['of nothing', 'USD', [{ amount: '0.00' }]],
    [
      'whose lines round one by one',
      'USD',
      Array.from({ length: 7 }, () => ({ amount: '33.33', quantity: '0.33', unitPrice: '101.00' })),
    ],
    ['of a third of an hour', 'USD', [{ amount: '33.33', quantity: '0.3333', unitPrice: '100.00' }]],
    ['of ninety-nine billion', 'USD', [{ amount: '99999999999.99' }]],
    ['in a currency without cents', 'JPY', [{ amount: '285010' }]],
    ['in a currency of three decimals', 'KWD', [{ amount: '2850.105' }]],
    ['billed finer than its currency goes', 'USD', [{ amount: '0.125' }, { amount: '0.125' }]],
    [
      'with very long words',
      'USD',
      [{ amount: '10.00', description: 'Frames 12–18, port side; '.repeat(400) }],
    ],
    ['with no words', 'USD', [{ amount: '10.00', description: '' }]],
    ['with odd words', 'USD', [{ amount: '10.00', description: '=1+1 "O\'Brien" <b>\\ \t\r\n🛟' }]],
  ])('%s stands there as here, or not at all', async (_story, currency, lines) => {
    const at = await open(connector, target).then(async (opened) =>
      currency === 'USD' ? opened : await open(connector, target, currency).catch(() => opened),
    );
    const invoice = { ...at.invoice(lines), currency };
    const outcome = await target.invoices
      .create(at.http, invoice, invoice.key)
      .catch((problem: unknown) => problem);
    if (outcome instanceof Error) {
      expect(outcome).toBeInstanceOf(InvalidRequest);
      expect(at.stand.books!.invoices()).toEqual([]);
      return;
    }
    const [there] = at.stand.books!.invoices();
    for (const total of [there!.total, (outcome as { total: string }).total])
      expect(new Decimal(total).toFixed()).toBe(new Decimal(invoice.total).toFixed());
    expect(await target.invoices.find(at.http, invoice)).toMatchObject({ externalId: there!.externalId });
  });
});
