/** Owns what the ownership card makes of an invoice's lines, which cards a platform can act on, and what counts as drift. */
import { describe, expect, test } from 'vitest';
import { differenceOf, toTargetInvoice } from '../activities/target-invoice.ts';
import { driftOf, saysDrift } from '../domain/drift.ts';
import { accountOf, cardOf, plainCard, taxCodeOf, whyNotOwned } from '../domain/ownership.ts';
import type { InvoicedWork } from '../store/invoiced-work.ts';
import type { InvoiceLineRow, InvoiceRow } from '../store/invoices.ts';

const invoice = {
  id: 'i',
  number: 'N-1',
  currency: 'GBP',
  issueDate: '2026-03-31',
  dueDate: '2026-04-30',
  net: '270.00',
  tax: '54.00',
  total: '324.00',
} as InvoiceRow;
const line = (facts: Partial<InvoiceLineRow>) =>
  ({
    id: 'l1',
    kind: 'time',
    description: 'Refit',
    projectId: 'p1',
    quantity: '3.00',
    unitPrice: '100.00',
    amount: '300.00',
    discount: '30.00',
    allowance: '0',
    taxCategory: 'S',
    taxRate: '20.00',
    serviceFrom: '2026-03-02',
    serviceTo: '2026-03-04',
    ...facts,
  }) as InvoiceLineRow;
const part = (facts: Partial<InvoicedWork>) =>
  ({
    lineId: 'l1',
    itemId: 'x',
    quantity: '1.00',
    amount: '100.00',
    unitPrice: '100.00',
    unit: 'hour',
    description: 'Welding',
    workDate: '2026-03-02',
    projectId: 'p1',
    entry: { id: 'e1', kind: 'labor', quantity: 3600, startedAt: null, connectionId: null, externalId: 'h1' },
    person: null,
    ...facts,
  }) as InvoicedWork;
const at = {
  customerExternalId: 'c',
  items: new Map([['Work', 'w']]),
  dimensions: new Map([['p1', 'class-1']]),
  times: new Map([['e1', 't1']]),
};

describe('an invoice by its card', () => {
  test('without one it is told as it stands, and nothing else is said', () => {
    const told = toTargetInvoice(invoice, [line({})], at);
    expect(told.lines).toEqual([
      {
        description: 'Refit (3.00 × 100.00, less 30)',
        quantity: '1',
        unitPrice: '270',
        amount: '270',
        itemExternalId: 'w',
        taxCode: null,
        serviceDate: '2026-03-04',
      },
    ]);
    expect([told.numberBy, told.draft, told.taxBy]).toEqual([undefined, undefined, undefined]);
  });

  test('per entry a discount is shared out to the cent, and each line names its own time and class', () => {
    const card = cardOf({ lines: 'entries', attachTime: true, dimension: 'project_code' });
    const work = [
      part({}),
      part({
        amount: '200.00',
        quantity: '2.00',
        workDate: '2026-03-04',
        projectId: 'p2',
        entry: { ...part({}).entry!, id: 'e2' },
      }),
    ];
    const { lines } = toTargetInvoice(invoice, [line({})], at, card, work);
    expect(
      lines.map(({ amount, quantity, dimension, timeExternalIds, serviceDate }) => ({
        amount,
        quantity,
        dimension,
        timeExternalIds,
        serviceDate,
      })),
    ).toEqual([
      {
        amount: '90',
        quantity: '1',
        dimension: 'class-1',
        timeExternalIds: ['t1'],
        serviceDate: '2026-03-02',
      },
      { amount: '180', quantity: '1', dimension: null, timeExternalIds: [], serviceDate: '2026-03-04' },
    ]);
  });

  test('a line that the contract rounds otherwise than a platform would is one of what it brings', () => {
    const told = (facts: Partial<InvoiceLineRow>) =>
      toTargetInvoice(invoice, [line({ discount: '0', ...facts })], at).lines[0];
    // 1.33 × 33.33 is 44.3289; 0.25 × 0.90 is 0.225, which half up makes 0.23.
    expect(told({ quantity: '1.33', unitPrice: '33.33', amount: '44.33' })).toMatchObject({
      ...{ quantity: '1.33', unitPrice: '33.33', amount: '44.33' },
    });
    expect(told({ quantity: '1.33', unitPrice: '33.33', amount: '44.32' })).toMatchObject({
      ...{ description: 'Refit (1.33 × 33.33)', quantity: '1', unitPrice: '44.32', amount: '44.32' },
    });
    expect(told({ quantity: '0.25', unitPrice: '0.90', amount: '0.22' })).toMatchObject({
      ...{ quantity: '1', unitPrice: '0.22', amount: '0.22' },
    });
  });

  test('yen are shared out in whole yen', () => {
    const yen = { ...invoice, currency: 'JPY', net: '1000', tax: '0', total: '1000' } as InvoiceRow;
    const work = [1, 2, 3].map((n) =>
      part({ itemId: `x${n}`, amount: '400', quantity: '1', unitPrice: '400' }),
    );
    const whole = line({ amount: '1200', discount: '200', quantity: '3', unitPrice: '400' });
    const { lines } = toTargetInvoice(yen, [whole], at, cardOf({ lines: 'entries' }), work);
    expect(lines.map(({ amount }) => amount)).toEqual(['333', '333', '334']);
  });

  test('a discount of 0.01 over three entries stands on the last', () => {
    const card = cardOf({ lines: 'entries' });
    const work = [part({}), part({}), part({})];
    const { lines } = toTargetInvoice(invoice, [line({ discount: '0.01' })], at, card, work);
    expect(lines.map(({ amount }) => amount)).toEqual(['100', '100', '99.99']);
  });

  test('a summary is one line per kind, tax and class', () => {
    const card = cardOf({ lines: 'summary', dimension: 'project_code' });
    const lines = [
      line({}),
      line({ id: 'l2', discount: '0', serviceFrom: '2026-03-09', serviceTo: '2026-03-10' }),
      line({ id: 'l3', projectId: 'p2' }),
      line({ id: 'l4', taxRate: '0' }),
    ];
    const told = toTargetInvoice(invoice, lines, at, card).lines;
    expect(told.map(({ description, amount, dimension }) => [description, amount, dimension])).toEqual([
      ['Work, 2026-03-02 – 2026-03-10', '570', 'class-1'],
      ['Work, 2026-03-02 – 2026-03-04', '270', null],
      ['Work, 2026-03-02 – 2026-03-04', '270', 'class-1'],
    ]);
  });

  test('number, draft, tax, accounts and tax codes are as the card says', () => {
    const card = cardOf({
      number: 'theirs',
      firstStatus: 'draft',
      tax: 'ours',
      accounts: { time: '4000', '*': '4900' },
      taxCodes: { 'S:20': 'T1', S: 'T9' },
    });
    const told = toTargetInvoice(
      invoice,
      [line({}), line({ id: 'l2', kind: 'goods', taxRate: '5.50' })],
      at,
      card,
    );
    expect(told).toMatchObject({ numberBy: 'platform', draft: true, taxBy: 'us' });
    expect(told.lines.map(({ accountCode, taxCode }) => [accountCode, taxCode])).toEqual([
      ['4000', 'T1'],
      ['4900', 'T9'],
    ]);
    expect([taxCodeOf(card, 'S', '20'), taxCodeOf(card, 'Z', '0')]).toEqual(['T1', null]);
    expect(accountOf(plainCard, 'time')).toBeNull();
  });
});

describe('a card that cannot be acted on', () => {
  const all = {
    name: 'Books',
    isTarget: true,
    takes: ['their_number', 'drafts', 'our_tax', 'account_codes'],
    sendsMail: true,
    voids: true,
    takesBills: true,
    dimension: 'Class',
    holdsTime: true,
  };
  const none = {
    ...all,
    takes: [],
    sendsMail: false,
    voids: false,
    takesBills: false,
    dimension: null,
    holdsTime: false,
  };
  test.each([
    { number: 'theirs' },
    { firstStatus: 'draft' },
    { tax: 'ours' },
    { accounts: { time: '1' } },
    { mail: 'theirs' },
    { voids: 'there' },
    { billsOf: ['s'] },
    { dimension: 'cost_centre' },
    { attachTime: true },
  ])('%j is refused where the platform cannot, and taken where it can', (card) => {
    expect(whyNotOwned(card, none)).toHaveLength(1);
    expect(whyNotOwned(card, all)).toEqual([]);
  });
  test('a source of time owns nothing of money, and what is left as it is asks for nothing', () => {
    expect(
      whyNotOwned({ number: 'theirs', createMissing: ['client'] }, { ...none, isTarget: false }),
    ).toEqual(['Books takes no invoices, so it cannot own number.']);
    expect(whyNotOwned({ ...plainCard }, { ...none, isTarget: false })).toEqual([]);
  });
});

describe('drift', () => {
  const here = {
    number: 'N-1',
    customerExternalId: 'c',
    net: '10.00',
    tax: '2.00',
    total: '12.00',
    isVoid: false,
  };
  test('is a difference of figures, number or customer, never of digits', () => {
    expect(driftOf(here, { ...here, net: '10.0', total: '12' })).toBeNull();
    expect(driftOf({ ...here, customerExternalId: null }, here)).toBeNull();
    const found = driftOf(here, { ...here, number: 'N-2', total: '12.01' })!;
    expect(found).toEqual({
      total: { here: '12.00', there: '12.01' },
      number: { here: 'N-1', there: 'N-2' },
    });
    expect(saysDrift(found)).toBe(
      'It was changed there: total is 12.00 here and 12.01 there; number is N-1 here and N-2 there.',
    );
  });
  test('void and gone are told apart, and agree with what is void here', () => {
    const isVoid = { ...here, net: '0', tax: '0', total: '0', isVoid: true };
    expect(driftOf(here, null)).toEqual({ deleted: true });
    expect(driftOf(here, isVoid)).toEqual({ void: true });
    expect(driftOf({ ...here, isVoid: true }, isVoid)).toBeNull();
    expect(driftOf({ ...here, isVoid: true }, null)).toBeNull();
    expect(driftOf({ ...here, isVoid: true }, here)).toEqual({ status: { here: 'void', there: 'open' } });
  });
  test('net, tax and total are compared to the cent after a push', () => {
    expect(differenceOf(here, { net: '10', tax: '2.0', total: '12' })).toBeNull();
    expect(differenceOf(here, { net: '10', tax: '1.99', total: '11.99' })).toBe(
      'tax is 2.00 here and 1.99 there; total is 12.00 here and 11.99 there',
    );
  });
});
