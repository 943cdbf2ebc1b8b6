import { describe, expect, test } from 'vitest';
import {
  type BilledUpTo,
  capBelowBilled,
  periodEnd,
  periodStart,
  whyNotAmended,
} from '../domain/contract.ts';
import {
  amend,
  type ContractTerms,
  type ContractTimeline,
  clauseChange,
  readClauses,
  termsAt,
} from '../domain/contract-terms.ts';

const terms = (
  version: number,
  versionStartsOn: string,
  endsBefore: string | null = null,
): ContractTerms => ({
  ...readClauses({}),
  contractId: 'c',
  version,
  versionStartsOn,
  startsOn: '2026-01-01',
  endsBefore,
  goLiveOn: '2026-01-01',
  zone: 'Europe/Oslo',
  currency: 'EUR',
  tax: { rate: '0', category: 'exempt' },
  severities: {},
});
const timeline: ContractTimeline = [terms(0, '0001-01-01'), terms(1, '2026-03-01'), terms(2, '2026-07-01')];
const nothing: BilledUpTo = { invoicedOn: null, draftedOn: null };

test('a version counts from its first day to the day before the next one', () => {
  const versions = ['1999-01-01', '2026-02-28', '2026-03-01', '2026-06-30', '2026-07-01', '2099-01-01'];
  expect(versions.map((day) => termsAt(timeline, day).version)).toEqual([0, 0, 1, 1, 2, 2]);
});

describe('an amendment', () => {
  const why = (startsOn: string, billed = nothing, of: ContractTimeline = timeline) =>
    whyNotAmended(startsOn, of, billed)?.code ?? null;

  test('starts after the last one, never on its day', () => {
    expect([why('2026-06-30'), why('2026-07-01'), why('2026-07-02')]).toEqual([
      'contract.amendments_overlap',
      'contract.amendments_overlap',
      null,
    ]);
  });

  test('starts within the contract', () => {
    const until: ContractTimeline = [terms(0, '0001-01-01', '2026-12-31')];
    expect([why('2025-12-31', nothing, until), why('2026-01-01', nothing, until)]).toEqual([
      'contract.amendment_outside_dates',
      null,
    ]);
    expect([why('2026-12-30', nothing, until), why('2026-12-31', nothing, until)]).toEqual([
      null,
      'contract.amendment_outside_dates',
    ]);
  });

  test('starts after what is billed, and after what is on a draft', () => {
    const invoiced = { invoicedOn: '2026-08-31', draftedOn: null };
    expect([why('2026-08-31', invoiced), why('2026-09-01', invoiced)]).toEqual([
      'contract.amends_billed_work',
      null,
    ]);
    const drafted = { invoicedOn: '2026-07-31', draftedOn: '2026-08-31' };
    expect([why('2026-08-31', drafted), why('2026-09-01', drafted)]).toEqual([
      'contract.amends_drafted_work',
      null,
    ]);
  });

  test('changes what it names and keeps the rest', () => {
    const before = readClauses({ retentionPercentage: '5', overtime: { dailyAfterSeconds: 28_800 } });
    const after = amend(before, { retentionPercentage: null, caps: [{ per: 'contract', hours: '100' }] });
    expect(after).toEqual({
      ...before,
      retentionPercentage: null,
      caps: [{ per: 'contract', hours: '100', amount: null }],
    });
    expect(after.overtime).toMatchObject({
      dailyAfterSeconds: 28_800,
      weeklyAfterSeconds: null,
      weekStartsOn: 1,
    });
  });
});

test.each([
  ['a retention above the whole', { retentionPercentage: '100.01' }],
  ['a negative minimum', { minimumInvoiceAmount: '-1' }],
  ['a cap of nothing', { caps: [{ per: 'contract' }] }],
  ['an eighth day', { overtime: { weekendDays: [8] } }],
  ['a rounding to no increment', { timeRounding: { incrementSeconds: 0, mode: 'up', per: 'entry' } }],
  ['money as a float', { billingModel: { type: 'not_to_exceed', amount: 10.5 } }],
  ['a clause nobody knows', { overtyme: null }],
])('%s is not a clause', (_, change) => {
  expect(clauseChange.safeParse(change).success).toBe(false);
});

test('a change that names one clause brings no other with it', () => {
  expect(clauseChange.parse({ signOffDays: 5 })).toEqual({ signOffDays: 5 });
});

describe('a cap below what is billed', () => {
  const billed = [
    { per: 'contract', key: null, amount: '1000.00', hours: '12.5' },
    { per: 'phase', key: '01960000-0000-7000-8000-000000000001', amount: '400.00', hours: '5' },
    { per: 'position', key: 'fitter', amount: '600.00', hours: '7.5' },
    { per: 'period', key: 'month', amount: '300.00', hours: '3.75' },
  ] as const;
  const below = (change: Parameters<typeof amend>[1]) =>
    capBelowBilled(amend(readClauses({}), change), billed);

  test('is refused with both figures; one that is reached exactly stands', () => {
    expect(below({ billingModel: { type: 'not_to_exceed', amount: '999.99' } })).toEqual({
      pointer: '/clauses/billingModel/amount',
      message: 'Not to exceed 999.99 is below 1000.00, which is billed already.',
    });
    expect(below({ billingModel: { type: 'not_to_exceed', amount: '1000' } })).toBeNull();
  });

  test.each([
    ['contract', { per: 'contract', hours: '12.49' }, { per: 'contract', hours: '12.5' }],
    [
      'position',
      { per: 'position', position: ' Fitter', amount: '599.99' },
      { per: 'position', position: 'Fitter', amount: '600' },
    ],
    [
      'period',
      { per: 'period', period: 'month', hours: '3.7' },
      { per: 'period', period: 'month', hours: '3.75' },
    ],
    [
      'other position',
      { per: 'position', position: 'FITTER', hours: '7' },
      { per: 'position', position: 'Welder', hours: '0' },
    ],
  ] as const)('per %s', (_, low, fine) => {
    const caps = (cap: object) => below({ caps: [{ per: 'contract', hours: '100' }, cap as never] });
    expect(caps(low)?.pointer).toMatch(/^\/clauses\/caps\/1\/(hours|amount)$/);
    expect(caps(fine)).toBeNull();
  });
});

test('a period begins on its first day, also around the end of a year and on 29 February', () => {
  expect(periodStart('2027-01-01', 'week')).toBe('2026-12-28');
  expect(periodStart('2028-02-29', 'week')).toBe('2028-02-28');
  expect(periodStart('2028-02-29', 'month')).toBe('2028-02-01');
  expect(['2026-03-31', '2026-04-01', '2026-12-31'].map((day) => periodStart(day, 'quarter'))).toEqual([
    '2026-01-01',
    '2026-04-01',
    '2026-10-01',
  ]);
  expect(periodStart('2026-12-31', 'year')).toBe('2026-01-01');
});

test('a period ends where the next one begins', () => {
  expect([
    periodEnd('2026-12-28', 'week'),
    periodEnd('2026-10-01', 'quarter'),
    periodEnd('2027-01-01', 'year'),
  ]).toEqual(['2027-01-04', '2027-01-01', '2028-01-01']);
  expect(
    ['2027-02-01', '2028-02-01', '2026-12-01', '2026-04-01'].map((day) => periodEnd(day, 'month')),
  ).toEqual(['2027-03-01', '2028-03-01', '2027-01-01', '2026-05-01']);
});
