import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CorrectedItem, coverCorrections } from '../domain/cover-corrections.ts';
import { type CreditableLine, creditLines } from '../domain/credit-note.ts';
import type { Modes } from '../domain/grouping/group-keys.ts';
import { type GroupedDraft, netBelowZero } from '../domain/grouping/net-below-zero.ts';
import { Decimal, type Rounding } from '../domain/money.ts';
import { type WouldBe, whyTooLittle } from '../domain/too-little.ts';

describe('a draft that comes to too little', () => {
  const draft = (net: string, total: string, terms: Partial<WouldBe['terms']> = {}): WouldBe => ({
    totals: { net, total },
    terms: { minimumInvoiceAmount: null, belowZero: 'carry_forward', endsBefore: null, ...terms },
    serviceFrom: '2026-03-02',
  });
  const at = { cutoffOn: '2026-04-01', pressingUpTo: null };
  const minimum = { minimumInvoiceAmount: '100.00' };
  const asCredit = { belowZero: 'credit_note' } as const;
  test.each<[string, WouldBe, Partial<Parameters<typeof whyTooLittle>[1]>, string | null]>([
    ['below zero carries forward', draft('-0.01', '-0.01'), {}, 'below_zero'],
    ['exactly nothing is an invoice', draft('0.00', '0.00'), {}, null],
    ['what is owed counts, not the net: two rates of tax', draft('1.00', '-0.40'), {}, 'below_zero'],
    ['below zero is told before the minimum', draft('-5.00', '-6.00', minimum), {}, 'below_zero'],
    ['below the minimum', draft('99.99', '119.99', minimum), {}, 'below_minimum'],
    ['at the minimum', draft('100.00', '120.00', minimum), {}, null],
    ['credited where the contract asks for it', draft('-5.00', '-6.00', asCredit), {}, null],
    ['and then no minimum keeps it', draft('-5.00', '-6.00', { ...minimum, ...asCredit }), {}, null],
    ['the contract ends by the cutoff', draft('-5.00', '-6.00', { endsBefore: '2026-04-01' }), {}, null],
    ['it ends later', draft('-5.00', '-6.00', { endsBefore: '2026-04-02' }), {}, 'below_zero'],
    ['its work presses', draft('-5.00', '-6.00'), { pressingUpTo: '2026-03-02' }, null],
    ['its work presses not yet', draft('-5.00', '-6.00'), { pressingUpTo: '2026-03-01' }, 'below_zero'],
  ])('%s', (_, wouldBe, more, why) => {
    expect(whyTooLittle(wouldBe, { ...at, ...more })).toBe(why);
  });
});

describe('what is below zero by itself', () => {
  const grouped = (
    key: string,
    total: string,
    projectId: string,
    more: Partial<Omit<GroupedDraft, 'terms'>> & { terms?: Partial<GroupedDraft['terms']> } = {},
  ): GroupedDraft => ({
    key,
    totals: { net: total, total },
    serviceFrom: '2026-03-02',
    serviceTo: '2026-03-02',
    sample: {
      id: key,
      clientId: 'c',
      projectId,
      taskId: null,
      personId: null,
      phaseId: null,
      position: null,
      workDate: '2026-03-02',
    },
    ...more,
    terms: { minimumInvoiceAmount: null, belowZero: 'carry_forward', endsBefore: null, ...more.terms },
  });
  const at = { cutoffOn: '2026-04-01', pressingUpTo: null };
  const moves = (modes: Modes, drafts: GroupedDraft[], when: Parameters<typeof netBelowZero>[2] = at) => [
    ...netBelowZero(modes, drafts, when),
  ];

  test('goes onto the invoice that asks for most, then onto the next, never below zero', () => {
    const drafts = [
      grouped('jan', '-80.00', 'P1'),
      grouped('feb', '100.00', 'P1'),
      grouped('mar', '120.00', 'P1'),
      grouped('dec', '-60.00', 'P1'),
      grouped('nov', '-60.00', 'P1'),
    ];
    expect(moves('month', drafts)).toEqual([
      ['jan', 'mar'],
      ['dec', 'feb'],
    ]);
  });
  test('may take an invoice down to nothing', () => {
    expect(moves('day', [grouped('a', '-80.00', 'P1'), grouped('b', '80.00', 'P1')])).toEqual([['a', 'b']]);
  });
  test('stays with its project, where invoices are by project and month', () => {
    const drafts = [
      grouped('P1 jan', '-80.00', 'P1'),
      grouped('P2 feb', '900.00', 'P2'),
      grouped('P1 feb', '90.00', 'P1'),
    ];
    expect(moves(['project', 'month'], drafts)).toEqual([['P1 jan', 'P1 feb']]);
  });
  test('waits for more of its project, where invoices are by project', () => {
    expect(moves('project', [grouped('P1', '-80.00', 'P1'), grouped('P2', '900.00', 'P2')])).toEqual([]);
  });
  test('stays by itself where the contract has it credited', () => {
    expect(
      moves('month', [
        grouped('jan', '-80.00', 'P1', { terms: { belowZero: 'credit_note' } }),
        grouped('feb', '900.00', 'P1'),
      ]),
    ).toEqual([]);
  });
  test('that is too much for every invoice keeps no smaller one from its invoice', () => {
    const drafts = [
      grouped('jan', '-80.00', 'P1'),
      grouped('huge', '-900.00', 'P1'),
      grouped('feb', '100.00', 'P1'),
      grouped('mar', '120.00', 'P1'),
      grouped('dec', '-90.00', 'P1'),
      grouped('nov', '-30.00', 'P1'),
    ];
    // jan: mar 120 → 40; huge: nowhere; dec: feb 100 → 10; nov: mar, which has most left again, 40 → 10.
    expect(moves('month', drafts)).toEqual([
      ['jan', 'mar'],
      ['dec', 'feb'],
      ['nov', 'mar'],
    ]);
  });

  describe('where a minimum holds', () => {
    const minimum = (amount: string) => ({ terms: { minimumInvoiceAmount: amount } });
    test('brings no invoice below it, so that nothing good waits with it', () => {
      const drafts = [
        grouped('jan', '-200.00', 'P1', minimum('500.00')),
        grouped('feb', '550.00', 'P1', minimum('500.00')),
        grouped('dec', '-50.00', 'P1', minimum('500.00')),
      ];
      expect(moves('month', drafts)).toEqual([['dec', 'feb']]);
    });
    test('is held against the net: 550 with a tax of a fifth is not enough to take 60 of it', () => {
      const feb = grouped('feb', '660.00', 'P1', minimum('500.00'));
      const drafts = (net: string, total: string) => [
        grouped('jan', total, 'P1', { totals: { net, total } }),
        { ...feb, totals: { net: '550.00', total: '660.00' } },
      ];
      expect(moves('month', drafts('-60.00', '-72.00'))).toEqual([]);
      expect(moves('month', drafts('-50.00', '-60.00'))).toEqual([['jan', 'feb']]);
    });
    test('goes below it where all is billed however little: chosen, complete, ending, or pressing', () => {
      const jan = grouped('jan', '-200.00', 'P1', { serviceFrom: '2026-01-05', serviceTo: '2026-01-05' });
      const feb = grouped('feb', '550.00', 'P1', minimum('500.00'));
      const taken = [['jan', 'feb']];
      expect(moves('month', [jan, feb])).toEqual([]);
      expect(moves('month', [jan, feb], null)).toEqual(taken);
      expect(moves('month', [jan, feb], { ...at, pressingUpTo: '2026-01-05' })).toEqual(taken);
      const ending = grouped('feb', '550.00', 'P1', {
        terms: { minimumInvoiceAmount: '500.00', endsBefore: '2026-04-01' },
      });
      expect(moves('month', [jan, ending])).toEqual(taken);
    });
    test('brings the terms of its own day where that is the later one', () => {
      const later = { serviceFrom: '2026-03-20', serviceTo: '2026-03-20' };
      const feb = grouped('feb', '550.00', 'P1');
      expect(
        moves('day', [grouped('late', '-200.00', 'P1', { ...later, ...minimum('500.00') }), feb]),
      ).toEqual([]);
      const early = grouped('early', '-200.00', 'P1', { serviceTo: '2026-03-01', ...minimum('500.00') });
      expect(moves('day', [early, feb])).toEqual([['early', 'feb']]);
    });
  });

  test('whatever is netted onto whatever, none ends below nothing, and what is left fits the one with most left no more', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -500, max: 500 }), { maxLength: 30 }), (cents) => {
        const drafts = cents.map((cent, index) =>
          grouped(`d${index}`, new Decimal(cent).div(100).toFixed(2), 'P1'),
        );
        const moved = netBelowZero('day', drafts, at);
        const left = new Map<string, number>(
          cents.flatMap((cent, index) => (cent > 0 ? [[`d${index}`, cent] as const] : [])),
        );
        // By hand: one after the other onto whichever has most by then.
        for (const [index, cent] of cents.entries()) {
          if (cent >= 0) continue;
          const most = Math.max(-1, ...left.values());
          const taker = moved.get(`d${index}`);
          if (taker === undefined) expect(most + cent).toBeLessThan(0);
          else {
            expect(left.get(taker)).toBe(most);
            left.set(taker, most + cent);
          }
        }
        for (const rest of left.values()) expect(rest).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('what corrections take back', () => {
  const from = (correctionId: string, place: string, quantity: string): CorrectedItem => {
    const [invoiceId, lineId, itemId] = place.split('/') as [string, string, string];
    return { correctionId, invoiceId, lineId, itemId, quantity };
  };

  test('is taken where it stands, one credit an invoice, and comes to nothing with the corrections', () => {
    expect(
      coverCorrections(
        [
          { itemId: 'y1', quantity: '-2.5' },
          { itemId: 'y2', quantity: '-1' },
        ],
        [from('y1', 'i2/l2/x2', '2'), from('y1', 'i1/l1/x1', '8'), from('y2', 'i1/l1/x3', '1')],
      ),
    ).toEqual({
      credits: [
        {
          invoiceId: 'i1',
          lines: [
            {
              kind: 'quantity',
              lineId: 'l1',
              items: [
                { itemId: 'x1', quantity: '0.5' },
                { itemId: 'x3', quantity: '1' },
              ],
            },
          ],
          corrections: [
            { itemId: 'y1', quantity: '-0.5' },
            { itemId: 'y2', quantity: '-1' },
          ],
        },
        {
          invoiceId: 'i2',
          lines: [{ kind: 'quantity', lineId: 'l2', items: [{ itemId: 'x2', quantity: '2' }] }],
          corrections: [{ itemId: 'y1', quantity: '-2' }],
        },
      ],
      left: [],
    });
  });
  test('of more than stands is left whole, and what it would have taken serves the next', () => {
    const { credits, left } = coverCorrections(
      [
        { itemId: 'y1', quantity: '-3' },
        { itemId: 'y2', quantity: '-2' },
        { itemId: 'y3', quantity: '-1' },
      ],
      [from('y1', 'i/l/x', '2'), from('y2', 'i/l/x', '2'), from('y3', 'i/l/x', '2')],
    );
    expect(left).toEqual(['y1', 'y3']);
    expect(credits.map(({ corrections }) => corrections)).toEqual([[{ itemId: 'y2', quantity: '-2' }]]);
  });
  test('that nothing stands for is left', () => {
    expect(coverCorrections([{ itemId: 'y', quantity: '-1' }], [])).toEqual({ credits: [], left: ['y'] });
  });

  test('whatever is corrected by whatever, nothing is taken beyond what stands, and each correction is whole or left', () => {
    const hundredths = (n: number) => new Decimal(n).div(100).toFixed();
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 800 }), { minLength: 1, maxLength: 6 }),
        fc.array(
          fc.record({
            quantity: fc.integer({ min: 1, max: 900 }),
            about: fc.uniqueArray(fc.nat(5), { maxLength: 6 }),
          }),
          { maxLength: 6 },
        ),
        (standing, wanted) => {
          const corrected = wanted.flatMap(({ about }, correction) =>
            about
              .filter((item) => item < standing.length)
              .map((item) =>
                from(`y${correction}`, `i${item % 2}/l${item}/x${item}`, hundredths(standing[item]!)),
              ),
          );
          const { credits, left } = coverCorrections(
            wanted.map(({ quantity }, index) => ({ itemId: `y${index}`, quantity: hundredths(-quantity) })),
            corrected,
          );
          const sums = new Map<string, Decimal>();
          for (const { lines, corrections } of credits) {
            const parts = [...lines.flatMap(({ items }) => items ?? []), ...corrections];
            expect(parts.reduce((sum, { quantity }) => sum.plus(quantity), new Decimal(0)).toFixed()).toBe(
              '0',
            );
            for (const { itemId, quantity } of parts)
              sums.set(itemId, (sums.get(itemId) ?? new Decimal(0)).plus(quantity));
          }
          for (const [index, quantity] of standing.entries())
            expect((sums.get(`x${index}`) ?? new Decimal(0)).lte(hundredths(quantity))).toBe(true);
          for (const [index, { quantity }] of wanted.entries())
            expect((sums.get(`y${index}`) ?? new Decimal(0)).toFixed()).toBe(
              left.includes(`y${index}`) ? '0' : hundredths(-quantity),
            );
        },
      ),
    );
  });
});

describe('so much of an item on a line', () => {
  const line = (net: string, items: CreditableLine['items']): CreditableLine => ({
    id: 'l',
    lineNo: 1,
    description: 'Work',
    unit: 'hour',
    net,
    creditedNet: '0',
    taxCategory: 'standard',
    taxRate: '20',
    grossAmount: null,
    items,
  });
  const credit = (one: CreditableLine, items: { itemId: string; quantity: string }[], rounding: Rounding) =>
    creditLines(
      [one],
      { by: 'lines', disposition: 'write_off', lines: [{ kind: 'quantity', lineId: 'l', items }] },
      rounding,
    )[0]!.amount;
  const rounding = (moneyPlaces: number): Rounding => ({ mode: 'half_up', moneyPlaces, quantityPlaces: 2 });

  test.each([
    // A third of 100 in pounds, yen and dinars.
    [2, '100.00', '33.33'],
    [0, '100', '33'],
    [3, '100.000', '33.333'],
  ])('is worth its part, to %i decimals', (places, net, amount) => {
    const three = line(net, [{ itemId: 'x', quantity: '3', amount: net }]);
    expect(credit(three, [{ itemId: 'x', quantity: '1' }], rounding(places))).toBe(amount);
    expect(credit(three, [{ itemId: 'x', quantity: '3' }], rounding(places))).toBe(net);
  });
  test('is refused beyond what stands of it, and beyond what its line is worth beside a correction', () => {
    const mixed = line('80.00', [
      { itemId: 'x', quantity: '3', amount: '240.00' },
      { itemId: 'y', quantity: '-2', amount: '-160.00' },
    ]);
    expect(credit(mixed, [{ itemId: 'x', quantity: '1' }], rounding(2))).toBe('80.00');
    const beyond = (items: { itemId: string; quantity: string }[]) => () => credit(mixed, items, rounding(2));
    expect(beyond([{ itemId: 'x', quantity: '1.01' }])).toThrow('80.00 left to credit; 80.80 does not fit');
    expect(beyond([{ itemId: 'x', quantity: '3.01' }])).toThrow('Less of these items is left');
    expect(beyond([{ itemId: 'y', quantity: '1' }])).toThrow('Less of these items is left');
    expect(beyond([{ itemId: 'z', quantity: '1' }])).toThrow('Less of these items is left');
  });
});
