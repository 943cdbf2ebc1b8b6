import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DraftableItem, DraftBuilder, draftKeys } from '../domain/grouping/build-drafts.ts';
import { Decimal, type Rounding, round, roundingModes } from '../domain/money.ts';
import { priceEntry } from '../domain/pricing/price-entry.ts';
import { productDefaults } from '../domain/pricing/product-defaults.ts';
import { type DayWork, roundDays } from '../domain/pricing/round-days.ts';

const rounding: Rounding = { mode: 'half_up', moneyPlaces: 2, quantityPlaces: 2 };
const work = (minutes: number, facts: Partial<DayWork> = {}): DayWork => ({
  kind: 'labor',
  workDate: '2026-03-02',
  projectId: 'p1',
  personId: 'ann',
  quantity: minutes * 60,
  ...facts,
});

describe('the work of a day', () => {
  test('is rounded once: three times 20 minutes are an hour', () => {
    expect(roundDays([work(20), work(20), work(20)], rounding)).toEqual(['0.34', '0.33', '0.33']);
    expect(
      roundDays(
        Array.from({ length: 6 }, () => work(10)),
        rounding,
      ),
    ).toEqual(['0.17', '0.17', '0.17', '0.17', '0.16', '0.16']);
  });

  test('is that of one person, day, project and kind: everything else is rounded by itself', () => {
    const apart = [
      work(20),
      work(20, { personId: 'ben' }),
      work(20, { workDate: '2026-03-03' }),
      work(20, { projectId: 'p2' }),
      work(20, { kind: 'mileage_time' }),
      work(-20),
    ];
    expect(roundDays(apart, rounding)).toEqual(['0.33', '0.33', '0.33', '0.33', '0.33', '-0.33']);
  });

  test('of nobody known is no day together, nor are receipts and counted goods', () => {
    const nobody = work(20, { personId: null });
    expect(roundDays([nobody, nobody, nobody], rounding)).toEqual(['0.33', '0.33', '0.33']);
    const receipt = work(0, { kind: 'expense', quantity: 1234 });
    const yen = { ...rounding, moneyPlaces: 0 };
    expect(roundDays([receipt, receipt, receipt], yen)).toEqual(['12', '12', '12']);
    const metres = work(0, { kind: 'mileage_distance', quantity: 335 });
    expect(roundDays([metres, metres], rounding)).toEqual(['0.34', '0.33']);
  });

  test('leaves what shows nothing out of it, so that nothing is billed for what stays open', () => {
    // 3 × 15 s are 0.0125 h; 0.01 h for one of them would bill the two that stay open, and they would be billed again.
    expect(roundDays([work(0.25), work(0.25), work(0.25)], rounding)).toEqual(['0.00', '0.00', '0.00']);
    expect(roundDays([work(60), work(0.25)], rounding)).toEqual(['1.00', '0.00']);
    // Beside 0.3333 h it is the larger remainder of a day that rounds up.
    expect(roundDays([work(20), work(20), work(0.3)], rounding)).toEqual(['0.33', '0.33', '0.01']);
  });
});

const minutes = fc.integer({ min: 1, max: 600 });
const signs = fc.constantFrom(1, -1);
const modes = fc.constantFrom(...roundingModes);
const places = fc.integer({ min: 1, max: 3 });

test('a rounded day is exact to the last place, and no entry is off by a place or more', () => {
  fc.assert(
    fc.property(
      fc.array(minutes, { minLength: 1, maxLength: 12 }),
      modes,
      places,
      signs,
      (lengths, mode, quantityPlaces, sign) => {
        const day = lengths.map((each) => sign * each);
        const shown = roundDays(
          day.map((each) => work(each)),
          { ...rounding, mode, quantityPlaces },
        );
        const kept = day.filter((_, index) => !new Decimal(shown[index]!).isZero());
        const exact = new Decimal(kept.reduce((sum, each) => sum + each, 0)).div(60);
        const total = shown.reduce((sum, text) => sum.plus(text), new Decimal(0));
        expect(total.toFixed()).toBe(round(exact, quantityPlaces, mode).toFixed());
        day.forEach((each, index) => {
          const off = new Decimal(shown[index]!).minus(new Decimal(each).div(60)).abs();
          expect(off.lt(new Decimal(10).pow(-quantityPlaces))).toBe(true);
        });
      },
    ),
    { numRuns: 500 },
  );
});

test('what a line shows is what it costs: quantity × price is the amount, and its entries add up to it', () => {
  const book = {
    currency: 'GBP',
    methods: {},
    rates: [],
    markups: [],
    rounding,
  };
  fc.assert(
    fc.property(
      fc.array(minutes, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 50_000 }),
      (day, cents) => {
        const unitPrice = new Decimal(cents).div(100).toFixed(2);
        const entries = day.map((each) => work(each));
        const shown = roundDays(entries, rounding);
        const builder = new DraftBuilder(draftKeys({ invoice: 'project', line: 'one_line' }), rounding);
        const items = entries.map((entry, index): DraftableItem => {
          const priced = priceEntry(
            {
              ...entry,
              position: null,
              rate: null,
              cost: null,
              currency: null,
              taskUnitPrice: unitPrice,
              product: productDefaults.labor,
            },
            book,
            shown[index],
          );
          expect(new Decimal(priced.quantity).times(priced.unitPrice).toFixed()).toBe(priced.amount);
          return {
            id: String(index),
            clientId: 'c1',
            projectId: 'p1',
            taskId: null,
            personId: 'ann',
            phaseId: null,
            position: null,
            workDate: entry.workDate,
            kind: 'labor',
            productId: null,
            unit: priced.unit,
            quantity: priced.quantity,
            unitPrice: priced.unitPrice,
            amount: priced.amount,
            rawQuantity: entry.quantity,
            priceSource: priced.source,
            flagged: false,
            description: '',
            contractVersion: 0,
          };
        });
        for (const item of items) builder.add(item);
        const [line] = builder.build()[0]!.lines;
        const exact = new Decimal(line!.quantity).times(line!.unitPrice);
        expect(round(exact, 2, 'half_up').toFixed(2)).toBe(line!.amount);
        const share = DraftBuilder.shares(rounding);
        const shares = items.reduce((sum, item) => sum.plus(share('line', item.amount)), new Decimal(0));
        expect(shares.toFixed(2)).toBe(line!.amount);
      },
    ),
  );
});

describe('time that is rounded to an increment', () => {
  const quarters = (mode: 'up' | 'nearest' | 'down', per: 'entry' | 'day_and_task' = 'day_and_task') => ({
    timeRounding: { incrementSeconds: 900, mode, per } as const,
  });
  const day = (minutes: number[], facts: Partial<DayWork>) =>
    roundDays(
      minutes.map((each, index) => work(each, { entryId: String(index), taskId: 't', ...facts })),
      rounding,
    );

  test.each([
    ['up', [15], ['0.25']],
    ['up', [16], ['0.50']],
    ['down', [29], ['0.25']],
    ['nearest', [22], ['0.25']],
    ['nearest', [22.5], ['0.50']],
    ['nearest', [7], ['0.00']],
  ] as const)('%s: %j minutes', (mode, minutes, expected) => {
    expect(day([...minutes], quarters(mode))).toEqual(expected);
    expect(
      day(
        [...minutes].map((each) => -each),
        quarters(mode),
      ),
    ).toEqual(expected.map((each) => (each === '0.00' ? each : `-${each}`)));
  });

  test('is rounded once for a day and task, and spread over its entries', () => {
    expect(day([10, 10, 11], quarters('up'))).toEqual(['0.24', '0.24', '0.27']);
    expect(day([10, 10, 11], quarters('up', 'entry'))).toEqual(['0.25', '0.25', '0.25']);
  });

  test('is rounded task by task', () => {
    const two = [
      work(10, { entryId: 'a', taskId: 't', ...quarters('up') }),
      work(10, { entryId: 'b', taskId: 'u', ...quarters('up') }),
    ];
    expect(roundDays(two, rounding)).toEqual(['0.25', '0.25']);
  });

  test('adds up to whole increments, whatever the entries', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 10 }),
        fc.constantFrom('up' as const, 'nearest' as const, 'down' as const),
        (minutes, mode) => {
          const total = day(minutes, quarters(mode)).reduce((sum, each) => sum.plus(each), new Decimal(0));
          const exact = minutes.reduce((sum, each) => sum + each, 0) / 15;
          const wanted = { up: Math.ceil(exact), down: Math.floor(exact), nearest: Math.round(exact) }[mode];
          expect(total.toFixed()).toBe(new Decimal(wanted).div(4).toFixed());
        },
      ),
    );
  });
});
