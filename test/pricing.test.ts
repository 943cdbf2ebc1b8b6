import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal } from '../domain/money.ts';
import { type MileageClause, mileageTerm } from '../domain/pricing/mileage-term.ts';
import { type PriceBook, priceBooks, type Rate, type ScopedPrices } from '../domain/pricing/price-books.ts';
import { priceEntry } from '../domain/pricing/price-entry.ts';
import type { PriceableEntry } from '../domain/pricing/priceable-entry.ts';
import { productDefaults } from '../domain/pricing/product-defaults.ts';
import { displayedQuantity } from '../domain/pricing/quantities.ts';
import { roundDays } from '../domain/pricing/round-days.ts';
import { type EntryKind, entryKinds } from '../domain/work-entry.ts';

const rounding = { mode: 'half_up', moneyPlaces: 2, quantityPlaces: 2 } as const;
const book = (facts: Partial<PriceBook> = {}): PriceBook => ({
  currency: 'GBP',
  methods: {},
  rates: [],
  markups: [],
  rounding,
  ...facts,
});
const rate = (facts: Partial<Rate> = {}): Rate => ({
  scopeType: 'contract',
  position: '*',
  unit: 'hour',
  regularRate: '80.00',
  overtimeRate: null,
  currency: 'GBP',
  validFrom: '0001-01-01',
  validTo: null,
  ...facts,
});
const rawOf: Record<EntryKind, number> = {
  labor: 5400,
  mileage_time: 1800,
  mileage_distance: 12_500,
  expense: 12_345,
  goods: 3,
};
const entry = (kind: EntryKind, facts: Partial<PriceableEntry> = {}): PriceableEntry => ({
  kind,
  workDate: '2026-03-02',
  quantity: rawOf[kind],
  position: null,
  rate: null,
  cost: null,
  currency: null,
  taskUnitPrice: null,
  product: productDefaults[kind],
  ...facts,
});
const priced = (one: PriceableEntry, prices: PriceBook) => {
  const { source, unitPrice, amount, flagged } = priceEntry(one, prices);
  return `${source}: ${unitPrice} = ${amount}${flagged ? ' (flagged)' : ''}`;
};
const noPrice = /no price: 0.00 = 0 \(flagged\)$/;

describe('service rates', () => {
  const rates = (...list: Rate[]) => book({ methods: { labor: 'service_rates' }, rates: list });
  test('the contract stands before the client, and the position before the line for all', () => {
    const all = rates(
      rate({ regularRate: '1' }),
      rate({ position: 'Mate', regularRate: '2' }),
      rate({ scopeType: 'client', regularRate: '3' }),
      rate({ scopeType: 'client', position: 'Diver', regularRate: '4' }),
    );
    expect(priced(entry('labor', { position: 'Mate' }), all)).toBe('contract rate card: 2 = 3');
    expect(priced(entry('labor', { position: 'Diver' }), all)).toBe('contract rate card: 1 = 1.5');
    expect(priced(entry('labor'), all)).toBe('contract rate card: 1 = 1.5');
    const clients = rates(rate({ position: 'Mate' }), rate({ scopeType: 'client', regularRate: '3' }));
    expect(priced(entry('labor', { position: 'Diver' }), clients)).toBe('client rate card: 3 = 4.5');
  });
  test('a position is the same in other capitals and with blanks around it; its own spelling stands first', () => {
    const all = rates(
      rate({ regularRate: '1' }),
      rate({ position: 'Welder', regularRate: '2' }),
      rate({ position: 'welder', regularRate: '4' }),
    );
    for (const [position, found] of [
      ['Welder', '2'],
      ['welder', '4'],
      ['WELDER ', '2'],
      ['Welders', '1'],
    ] as const)
      expect(priceEntry(entry('labor', { position }), all).unitPrice).toBe(found);
  });
  test('rates go by work date, to the day before they end', () => {
    const dated = rates(rate({ validFrom: '2026-03-02', validTo: '2026-04-01' }));
    for (const [workDate, found] of [
      ['2026-03-01', false],
      ['2026-03-02', true],
      ['2026-03-31', true],
      ['2026-04-01', false],
    ] as const)
      expect(priceEntry(entry('labor', { workDate }), dated).flagged).toBe(!found);
  });
  test('a gap is no price, whatever else could have priced it', () => {
    const others = { rate: '99', taskUnitPrice: '50', cost: '40' };
    for (const gap of [
      rate({ position: 'Mate' }),
      rate({ currency: 'EUR' }),
      rate({ unit: 'day' }),
      rate({ validTo: '2026-01-01' }),
    ])
      expect(priced(entry('labor', others), rates(gap))).toMatch(noPrice);
  });
  test('an explicit nothing is a price', () => {
    expect(priced(entry('labor'), rates(rate({ regularRate: '0' })))).toBe('contract rate card: 0 = 0');
  });
  test('a rate by the hour prices no expense, no goods and no distance', () => {
    const all = book({ methods: { expenses: 'service_rates', mileage: 'service_rates' }, rates: [rate()] });
    for (const kind of ['expense', 'goods', 'mileage_distance'] as const)
      expect(priced(entry(kind), all)).toMatch(noPrice);
    expect(priced(entry('mileage_time'), all)).toBe('contract rate card: 80.00 = 40');
  });
});

describe('markup on cost', () => {
  const marked = (percentage: string) =>
    book({
      methods: { labor: 'markup', expenses: 'markup', mileage: 'markup' },
      markups: (['labor', 'expenses', 'mileage'] as const).map((category) => ({
        category,
        percentage,
        validFrom: '0001-01-01',
        validTo: null,
      })),
    });
  test('is the cost and its part, to four places', () => {
    expect(priced(entry('labor', { cost: '33.33' }), marked('12.5'))).toBe(
      'markup on cost: 37.4963 = 56.24445',
    );
    expect(priced(entry('goods', { cost: '10' }), marked('-20'))).toBe('markup on cost: 8.0000 = 24');
  });
  test("an expense's amount is its cost", () => {
    expect(priced(entry('expense'), marked('10'))).toBe('markup on cost: 1.1000 = 135.795');
  });
  test('without a cost, in another currency, or without a markup of the category: no price', () => {
    expect(priced(entry('labor', { rate: '99' }), marked('10'))).toMatch(noPrice);
    expect(priced(entry('labor', { cost: '10', currency: 'EUR' }), marked('10'))).toMatch(noPrice);
    expect(priced(entry('expense', { currency: 'EUR' }), marked('10'))).toMatch(noPrice);
    expect(priced(entry('labor', { cost: '10' }), book({ methods: { labor: 'markup' } }))).toMatch(noPrice);
  });
  test('the first markup of the category that is valid on the day counts', () => {
    const two = book({
      methods: { labor: 'markup' },
      markups: [
        { category: 'labor', percentage: '50', validFrom: '2026-06-01', validTo: null },
        { category: 'expenses', percentage: '40', validFrom: '0001-01-01', validTo: null },
        { category: 'labor', percentage: '10', validFrom: '0001-01-01', validTo: null },
      ],
    });
    expect(priced(entry('labor', { cost: '10' }), two)).toBe('markup on cost: 11.0000 = 16.5');
  });
});

describe('entry or task price', () => {
  const own = book({
    methods: {
      labor: 'entry_or_task_price',
      expenses: 'entry_or_task_price',
      mileage: 'entry_or_task_price',
    },
  });
  test("the entry's own, then the task's, then the product's", () => {
    expect(priced(entry('labor', { rate: '90', taskUnitPrice: '50' }), own)).toBe('entry price: 90 = 135');
    expect(priced(entry('labor', { taskUnitPrice: '50' }), own)).toBe('task price: 50 = 75');
    expect(priced(entry('labor', { product: { ...productDefaults.labor, defaultPrice: '20' } }), own)).toBe(
      'product default: 20 = 30',
    );
    expect(priced(entry('labor'), own)).toMatch(noPrice);
  });
  test('a price in another currency is none', () => {
    expect(priced(entry('labor', { rate: '90', currency: 'EUR', taskUnitPrice: '50' }), own)).toBe(
      'task price: 50 = 75',
    );
  });
  test("transport takes the snapshot's price before the built-in one, and that before the task's", () => {
    expect(priced(entry('mileage_distance', { rate: '0.45' }), own)).toBe('entry price: 0.45 = 5.625');
    expect(priced(entry('mileage_distance', { taskUnitPrice: '2' }), own)).toBe(
      'product default: 5.0 = 62.5',
    );
    expect(priced(entry('mileage_time'), own)).toBe('product default: 1000.0 = 500');
  });
});

describe('without a strategy', () => {
  test("the platform's own rate is information: the task prices, then the product, else nothing and a flag", () => {
    expect(priced(entry('labor', { rate: '90' }), book())).toMatch(noPrice);
    expect(priced(entry('labor', { rate: '90', taskUnitPrice: '50' }), book())).toBe('task price: 50 = 75');
    expect(priced(entry('labor', { taskUnitPrice: '0' }), book())).toBe('task price: 0 = 0');
  });
  test('an expense goes at cost, goods at theirs', () => {
    expect(priced(entry('expense'), book())).toBe('cost: 1 = 123.45');
    expect(priced(entry('goods', { cost: '12.50' }), book())).toBe('cost: 12.50 = 37.5');
    expect(priced(entry('expense', { currency: 'EUR' }), book())).toMatch(noPrice);
  });
  test("transport goes by its product, then the task's price", () => {
    const bare = { ...productDefaults.mileage_distance, defaultPrice: null };
    expect(priced(entry('mileage_distance', { taskUnitPrice: '2' }), book())).toBe(
      'product default: 5.0 = 62.5',
    );
    expect(priced(entry('mileage_distance', { taskUnitPrice: '2', product: bare }), book())).toBe(
      'task price: 2 = 25',
    );
    expect(priced(entry('mileage_distance', { product: bare }), book())).toMatch(noPrice);
  });
});

describe('by scope', () => {
  const strategies: ScopedPrices['strategies'] = [
    { scopeType: 'workspace', scopeId: 'w', category: 'labor', method: 'service_rates' },
    { scopeType: 'client', scopeId: 'c', category: 'labor', method: 'markup' },
    { scopeType: 'project', scopeId: 'p', category: 'labor', method: 'entry_or_task_price' },
    { scopeType: 'contract', scopeId: 'k', category: 'labor', method: 'service_rates' },
  ];
  const methodOf = (given: ScopedPrices['strategies'], project: string) =>
    priceBooks(book(), { strategies: given, markups: [] })(project).methods.labor;
  test('the contract stands before the project, that before the client, and that before the workspace', () => {
    expect(methodOf(strategies, 'p')).toBe('service_rates');
    expect(methodOf(strategies.slice(0, 3), 'p')).toBe('entry_or_task_price');
    expect(methodOf(strategies.slice(0, 3), 'another')).toBe('markup');
    expect(methodOf(strategies.slice(0, 1), 'p')).toBe('service_rates');
  });
  test('markups likewise, and of one scope the latest that is valid', () => {
    const markup = (scopeType: 'project' | 'workspace', percentage: string, validFrom: string) =>
      ({ scopeType, scopeId: 'p', category: 'labor', percentage, validFrom, validTo: null }) as const;
    const bookOf = priceBooks(book(), {
      strategies: [{ scopeType: 'contract', scopeId: 'k', category: 'labor', method: 'markup' }],
      markups: [
        markup('workspace', '10', '2026-03-01'),
        markup('project', '75', '2026-06-01'),
        markup('project', '50', '2026-01-01'),
      ],
    });
    expect(priced(entry('labor', { cost: '100' }), bookOf('p'))).toBe('markup on cost: 150.0000 = 225');
    expect(priced(entry('labor', { cost: '100' }), bookOf('q'))).toBe('markup on cost: 110.0000 = 165');
  });
});

describe('quantities', () => {
  test.each([
    ['labor', 5400, 2, '1.50'],
    ['labor', 1, 2, '0.00'],
    ['labor', 18, 2, '0.01'],
    ['labor', -5400, 2, '-1.50'],
    ['labor', 1234, 4, '0.3428'],
    ['mileage_distance', 12_345, 1, '12.3'],
    ['goods', 3, 0, '3'],
  ] as const)('%s %d to %d places is %s', (kind, raw, quantityPlaces, expected) =>
    expect(displayedQuantity(kind, raw, { ...rounding, quantityPlaces })).toBe(expected),
  );
  test('an expense is money: places of a quantity do not cut it', () => {
    expect(displayedQuantity('expense', 12_345, { ...rounding, quantityPlaces: 0 })).toBe('123.45');
  });
});

test('every priced entry explains itself: the amount is quantity × price, exactly, and no price is always flagged', () => {
  const price = fc.option(
    fc.integer({ min: 0, max: 10_000_000 }).map((units) => new Decimal(units).div(10_000).toFixed(4)),
    { nil: null },
  );
  const anyEntry = fc.record({
    kind: fc.constantFrom(...entryKinds),
    quantity: fc.integer({ min: -10_000_000, max: 10_000_000 }),
    rate: price,
    cost: price,
    taskUnitPrice: price,
    currency: fc.constantFrom(null, 'GBP', 'EUR'),
    position: fc.constantFrom(null, 'Mate'),
  });
  const method = fc.constantFrom(undefined, 'service_rates', 'markup', 'entry_or_task_price');
  fc.assert(
    fc.property(anyEntry, method, price, (facts, how, regular) => {
      const methods = how ? ({ labor: how, expenses: how, mileage: how } as PriceBook['methods']) : {};
      const rates = regular === null ? [] : [rate({ regularRate: regular })];
      const result = priceEntry(
        entry(facts.kind, facts),
        book({
          methods,
          rates,
          markups: [{ category: 'labor', percentage: '15', validFrom: '0001-01-01', validTo: null }],
        }),
      );
      expect(new Decimal(result.quantity).times(result.unitPrice).eq(result.amount)).toBe(true);
      expect(new Decimal(result.unitPrice).gte(0)).toBe(true);
      expect(result.source.endsWith('no price')).toBe(result.flagged);
      if (result.flagged) expect(result.amount).toBe('0');
    }),
    { numRuns: 500 },
  );
});

test('a quantity shows the same whether it is counted in whole places or rounded', () => {
  const raw = fc.oneof(
    fc.integer({ min: -4_000_000, max: 4_000_000 }),
    fc.integer({ min: -400, max: 400 }).map((each) => each * 900),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...entryKinds),
      raw,
      fc.integer({ min: 0, max: 4 }),
      (kind, quantity, places) => {
        const perUnit = { labor: 3600, mileage_time: 3600, mileage_distance: 1000, expense: 100, goods: 1 }[
          kind
        ];
        const rounded = new Decimal(quantity).div(perUnit).toDecimalPlaces(places, Decimal.ROUND_HALF_UP);
        const expected = (rounded.isZero() ? rounded.abs() : rounded).toFixed(places);
        const shown = displayedQuantity(kind, quantity, {
          mode: 'half_up',
          moneyPlaces: places,
          quantityPlaces: places,
        });
        expect(shown).toBe(expected);
      },
    ),
    { numRuns: 2_000 },
  );
});

describe('overtime', () => {
  const twoHours = (facts: Partial<PriceableEntry> = {}, multiplier: string | null = '1.5') =>
    entry('labor', { quantity: 7200, overtime: { multiplier }, ...facts });
  const card = book({ methods: { labor: 'service_rates' }, rates: [rate({ overtimeRate: '130.00' })] });
  const plainCard = book({ methods: { labor: 'service_rates' }, rates: [rate()] });

  test('costs the overtime rate of the rate card, else the multiplier of the contract', () => {
    expect(priced(twoHours(), card)).toBe('contract rate card, overtime: 130.00 = 260');
    expect(priced(twoHours(), plainCard)).toBe('contract rate card, overtime: 120.0000 = 240');
  });

  test('without either costs the regular rate, and the line says so', () => {
    const result = priceEntry(twoHours({}, null), plainCard);
    expect(result).toMatchObject({
      unitPrice: '80.00',
      source: 'contract rate card, overtime at the regular rate',
    });
    expect(result.rule).toMatchObject({ warning: 'there is no overtime rate and no multiplier' });
  });

  test('has no price where the rate card has a gap: a multiplier fills none', () => {
    expect(priced(twoHours(), book({ methods: { labor: 'service_rates' } }))).toMatch(noPrice);
  });

  test('multiplies an own price and a task price, and leaves a markup on cost alone', () => {
    const own = twoHours({ rate: '50.00' });
    expect(priced(own, book({ methods: { labor: 'entry_or_task_price' } }))).toBe(
      'entry price, overtime: 75.0000 = 150',
    );
    expect(priced(twoHours({ taskUnitPrice: '40.00' }), book())).toBe('task price, overtime: 60.0000 = 120');
    const marked = book({
      methods: { labor: 'markup' },
      markups: [{ category: 'labor', percentage: '10', validFrom: '0001-01-01', validTo: null }],
    });
    expect(priced(twoHours({ cost: '100.00' }), marked)).toBe('markup on cost: 110.0000 = 220');
  });
});

describe('transport by agreement', () => {
  const agreed = { source: 'contract mileage', rate: '0.45' };
  test('a kilometre costs the price it came with, then what was agreed, then what the product costs everybody', () => {
    expect(priced(entry('mileage_distance', { rate: '0.60', mileage: agreed }), book())).toBe(
      'entry price: 0.60 = 7.5',
    );
    expect(priced(entry('mileage_distance', { mileage: agreed, taskUnitPrice: '9' }), book())).toBe(
      'contract mileage rate: 0.45 = 5.625',
    );
    expect(priced(entry('mileage_distance', { mileage: null }), book())).toBe('product default: 5.0 = 62.5');
  });
  test('a markup goes on what the transport cost; on a cost that nobody knows it is no price', () => {
    const markup = { source: 'client mileage', percentage: '10' };
    expect(priced(entry('mileage_time', { cost: '30', mileage: markup }), book())).toBe(
      'client mileage markup on cost: 33.0000 = 16.5',
    );
    for (const facts of [{ cost: null }, { cost: '30', currency: 'EUR' }])
      expect(priced(entry('mileage_time', { ...facts, mileage: markup }), book())).toMatch(noPrice);
  });

  const clause = (facts: Partial<MileageClause>): MileageClause => ({
    kind: 'distance',
    rate: null,
    currency: null,
    percentage: null,
    validFrom: '0001-01-01',
    validTo: null,
    ...facts,
  });
  const clauses = [
    clause({ rate: '0.70', currency: 'GBP', validFrom: '2026-07-01' }),
    clause({ rate: '0.60', currency: 'GBP', validTo: '2026-06-01' }),
    clause({ kind: 'time', percentage: '15' }),
  ];
  const silent = { mileage: null, currency: 'GBP' };
  const ofContract = {
    mileage: { distanceRate: '0.45', timeRate: null, distanceMarkup: null, timeMarkup: null },
    currency: 'GBP',
  };
  test.each([
    [
      'the contract stands before the client',
      'mileage_distance',
      '2026-08-01',
      ofContract,
      'contract mileage 0.45',
    ],
    [
      'of what the contract does not name, the client',
      'mileage_time',
      '2026-08-01',
      ofContract,
      'client mileage 15',
    ],
    ['the rate of its day', 'mileage_distance', '2026-07-01', silent, 'client mileage 0.70'],
    ['the rate of an earlier day', 'mileage_distance', '2026-05-31', silent, 'client mileage 0.60'],
    ['between two rates there is none', 'mileage_distance', '2026-06-15', silent, null],
    [
      'a rate in another currency is none',
      'mileage_distance',
      '2026-07-01',
      { ...silent, currency: 'EUR' },
      null,
    ],
    ['hours of work are no transport', 'labor', '2026-07-01', ofContract, null],
  ] as const)('%s', (_, kind, day, terms, expected) => {
    const term = mileageTerm(kind, day, terms, clauses);
    expect(term && `${term.source} ${'rate' in term ? term.rate : term.percentage}`).toBe(expected);
  });
});

describe('rates by the day, the shift and standby', () => {
  const workCalendar = { hoursPerDay: '7.5', hoursPerShift: '12' };
  const card = (...rates: Rate[]) => book({ methods: { labor: 'service_rates' }, rates });
  const shownAs = (facts: Partial<PriceableEntry>, prices: PriceBook) => {
    const { quantity, unit, unitPrice, amount, source, costAmount } = priceEntry(
      entry('labor', { position: 'Diver', workCalendar, ...facts }),
      prices,
    );
    return `${source}: ${quantity} ${unit} × ${unitPrice} = ${amount}, cost ${costAmount}`;
  };
  const perDay = rate({ position: 'Diver', unit: 'day', regularRate: '900.00' });
  test.each([
    [
      'a whole day of 7.5 h is one day',
      { quantity: 27_000, cost: '50' },
      perDay,
      'contract rate card: 1.00 day × 900.00 = 900, cost 375',
    ],
    [
      'half of one is half',
      { quantity: 13_500 },
      perDay,
      'contract rate card: 0.50 day × 900.00 = 450, cost null',
    ],
    // 8 h of 7.5 h: 1.0667 days.
    [
      '8 hours are more than a day',
      { quantity: 28_800 },
      perDay,
      'contract rate card: 1.07 day × 900.00 = 963, cost null',
    ],
    [
      'a shift of 12 h',
      { quantity: 64_800 },
      rate({ unit: 'shift', regularRate: '1500' }),
      'contract rate card: 1.50 shift × 1500 = 2250, cost null',
    ],
    [
      'overtime of a day rate is in days',
      { quantity: 13_500, overtime: { multiplier: '1.5' } },
      perDay,
      'contract rate card, overtime: 0.50 day × 1350.0000 = 675, cost null',
    ],
    [
      'standby is by the hour, and never overtime',
      { quantity: 7200, overtime: { multiplier: '2' } },
      rate({ unit: 'standby', regularRate: '25' }),
      'contract rate card, standby: 2.00 standby × 25 = 50, cost null',
    ],
    [
      'a day without its hours in the contract is a gap',
      { workCalendar: null },
      perDay,
      'service_rates: no price: 1.50 hour × 0.00 = 0, cost null',
    ],
  ] as const)('%s', (_, facts, line, expected) => expect(shownAs(facts, card(line))).toBe(expected));

  test('of two lines of a position the later one counts, of one day the hourly one, and standby where nothing else is', () => {
    const hourly = rate({ position: 'Diver' });
    expect(shownAs({}, card(perDay, hourly))).toContain('1.50 hour × 80.00');
    expect(shownAs({}, card({ ...perDay, validFrom: '2026-01-01' }, hourly))).toContain('0.20 day');
    const standby = rate({ position: 'Diver', unit: 'standby', validFrom: '2026-02-01' });
    expect(shownAs({}, card(standby, hourly))).toContain('1.50 hour');
  });
  test('three stints of a day show that day, not three rounded thirds', () => {
    const stint = {
      kind: 'labor',
      workDate: '2026-03-02',
      projectId: 'p',
      personId: 'ann',
      quantity: 9000,
      rawPerUnit: 27_000,
    } as const;
    expect(roundDays([stint, stint, stint], rounding)).toEqual(['0.34', '0.33', '0.33']);
  });
  test('time on the road has no day rate', () =>
    expect(
      priced(entry('mileage_time'), book({ methods: { mileage: 'service_rates' }, rates: [perDay] })),
    ).toMatch(noPrice));
});
