/** Owns the cases of every rule of the contract pass and the priced pass: what just passes, and what just does not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ClauseChange, type ContractTerms, readClauses } from '../domain/contract-terms.ts';
import { capPeriod } from '../domain/validation/cap-period.ts';
import { type ContractFacts, contractPass, type WorkedEntry } from '../domain/validation/contract-pass.ts';
import {
  allRules,
  contractRules,
  entryRules,
  type Finding,
  findAll,
  pricedRules,
} from '../domain/validation/entry-rules.ts';
import { sharedSeconds } from '../domain/validation/overlap.ts';
import { type PricedFacts, pricedPass } from '../domain/validation/priced-pass.ts';
import type { ContractEntry, EntryUnderCheck, PricedEntry } from '../domain/validation/rule.ts';

const hours = (count: number) => Math.round(count * 3600);
const ids = {
  ann: '01970000-0000-7000-8000-000000000001',
  bo: '01970000-0000-7000-8000-000000000002',
  weld: '01970000-0000-7000-8000-000000000003',
  hull: '01970000-0000-7000-8000-000000000004',
};

/** The terms of a contract of 2026 in Oslo, with these clauses. */
function terms(clauses: ClauseChange = {}, facts: Partial<ContractTerms> = {}) {
  const own: ContractTerms = {
    ...readClauses(clauses),
    contractId: 'k',
    version: 0,
    versionStartsOn: '0001-01-01',
    startsOn: '2026-01-01',
    endsBefore: '2028-01-01',
    goLiveOn: '2026-02-01',
    zone: 'Europe/Oslo',
    currency: 'EUR',
    tax: { rate: '0', category: 'exempt' },
    ...facts,
  };
  return own;
}
/** An approved hour of Ann on Monday 2 March 2026. */
const entry = (facts: Partial<ContractEntry> = {}): ContractEntry => ({
  entryId: 'e1',
  version: 1,
  kind: 'labor',
  workDate: '2026-03-02',
  quantity: hours(1),
  running: false,
  projectId: 'p',
  personId: ids.ann,
  taskId: null,
  phaseId: null,
  position: 'Engineer',
  startedAt: null,
  endedAt: null,
  approvedAsIs: true,
  corrects: false,
  currency: null,
  ...facts,
});
const facts = (
  own: ContractTerms | ContractFacts['timeline'],
  more: Partial<ContractFacts> = {},
): ContractFacts => ({
  timeline: Array.isArray(own) ? (own as unknown as ContractFacts['timeline']) : [own as ContractTerms],
  settings: {},
  approvalPolicy: 'approved',
  notBillableProjectIds: new Set(),
  shutPeriods: new Map(),
  closedPhases: new Map(),
  overlaps: new Map(),
  invoicedThrough: new Map(),
  worked: [],
  isHoliday: () => false,
  withReceipt: new Set(),
  usage: [],
  ...more,
});
/** `rule: figure` of each finding of the one entry. */
const shown = (found: ReadonlyMap<string, readonly Finding[]>, id = 'e1') =>
  (found.get(id) ?? []).map(({ rule, detail }) => `${rule}: ${detail.figure}`);
const inContract = (one: Partial<ContractEntry>, own: ContractFacts) =>
  shown(contractPass([entry(one)], own));

describe('the entry pass', () => {
  const checked = (one: Partial<EntryUnderCheck>, today = '2026-03-02') =>
    findAll(
      entryRules,
      { kind: 'labor', workDate: '2026-03-02', quantity: hours(8), running: false, ...one },
      { today },
    ).map(({ rule, severity, detail }) => `${severity} ${rule}: ${detail.figure}`);

  test.each<[string, Partial<EntryUnderCheck>, string, string[]]>([
    ['exactly 24 hours pass', { quantity: 86_400 }, '2026-03-02', []],
    [
      'a second more does not',
      { quantity: 86_401 },
      '2026-03-02',
      ['W entry.over_24h: 24.01 h in one entry, limit 24'],
    ],
    [
      '25 hours on the day the clock goes back are looked at',
      { workDate: '2026-10-25', quantity: hours(25) },
      '2026-10-25',
      ['W entry.over_24h: 25 h in one entry, limit 24'],
    ],
    [
      '23 hours on the day it goes forward pass',
      { workDate: '2026-03-29', quantity: hours(23) },
      '2026-03-29',
      [],
    ],
    ['90,000 cents are no hours', { kind: 'expense', quantity: 90_000 }, '2026-03-02', []],
    ['tomorrow is let pass: the person may sit east of us', { workDate: '2026-03-03' }, '2026-03-02', []],
    [
      'the day after is the future',
      { workDate: '2026-03-04' },
      '2026-03-02',
      ['E entry.future_date: 2026-03-04, today is 2026-03-02'],
    ],
    ['29 February is the day after 28 February', { workDate: '2028-02-29' }, '2028-02-28', []],
    [
      '1 March is two days after 28 February of a leap year',
      { workDate: '2028-03-01' },
      '2028-02-28',
      ['E entry.future_date: 2028-03-01, today is 2028-02-28'],
    ],
    ['1 January is one day after 31 December', { workDate: '2027-01-01' }, '2026-12-31', []],
    [
      'a running timer waits',
      { running: true },
      '2026-03-02',
      ['E entry.running_timer: its timer is running'],
    ],
  ])('%s', (_, one, today, expected) => {
    expect(checked(one, today)).toEqual(expected);
  });
});

describe('the contract pass', () => {
  const month = { startsOn: '2026-03-01', endsBefore: '2026-04-01' } as const;
  const morning = { startedAt: '2026-03-02T07:00:00Z', endedAt: '2026-03-02T08:00:00Z' };
  const permit = { overtime: { dailyAfterSeconds: hours(7.5), needsPermission: true } };
  const done = (seconds: number, more: Partial<WorkedEntry> = {}): WorkedEntry[] => [
    { entryId: 'e1', personId: ids.ann, workDate: '2026-03-02', seconds, ...more },
  ];

  test.each<[string, Partial<ContractEntry>, ContractFacts, string[]]>([
    ['the first day of the contract is covered', { workDate: '2026-02-01' }, facts(terms()), []],
    [
      'the day before it is not',
      { workDate: '2025-12-31' },
      facts(terms({}, { goLiveOn: '2025-01-01' })),
      ['contract.outside_dates: 2025-12-31, the contract runs from 2026-01-01 to before 2028-01-01'],
    ],
    ['the last day is covered', { workDate: '2027-12-31' }, facts(terms()), []],
    [
      'the day on which it has ended is not',
      { workDate: '2028-01-01' },
      facts(terms()),
      ['contract.outside_dates: 2028-01-01, the contract runs from 2026-01-01 to before 2028-01-01'],
    ],
    [
      'a contract that ends before 1 March covers 29 February',
      { workDate: '2028-02-29' },
      facts(terms({}, { endsBefore: '2028-03-01' })),
      [],
    ],
    ['the day of going live bills', { workDate: '2026-02-01' }, facts(terms()), []],
    [
      'the day before it does not',
      { workDate: '2026-01-31' },
      facts(terms()),
      ['contract.before_go_live: 2026-01-31, go-live 2026-02-01'],
    ],
    [
      'work on a project that is not billable',
      {},
      facts(terms(), { notBillableProjectIds: new Set(['p']) }),
      ['project.not_billable: the project is not billable'],
    ],
    [
      'a closed period',
      {},
      facts(terms(), { shutPeriods: new Map([['2026-03-02', { ...month, status: 'closed' }]]) }),
      ['entry.closed_period: 2026-03-02, the time period 2026-03-01 to 2026-04-01 is closed'],
    ],
    [
      'a soft-closed period without an override',
      {},
      facts(terms(), { shutPeriods: new Map([['2026-03-02', { ...month, status: 'soft_closed' }]]) }),
      ['entry.closed_period: 2026-03-02, the time period 2026-03-01 to 2026-04-01 is soft-closed'],
    ],
    [
      'the day after a closed period',
      { workDate: '2026-04-01' },
      facts(terms(), { shutPeriods: new Map([['2026-03-31', { ...month, status: 'closed' }]]) }),
      [],
    ],
    ['a person whom the contract names', {}, facts(terms({ allowedPersonIds: [ids.ann] })), []],
    [
      'one whom it does not name',
      { personId: ids.bo },
      facts(terms({ allowedPersonIds: [ids.ann] })),
      ['contract.person_not_allowed: not one of the 1 people allowed'],
    ],
    [
      'nobody, where it names somebody',
      { personId: null },
      facts(terms({ allowedPersonIds: [ids.ann] })),
      ['contract.person_not_allowed: not one of the 1 people allowed'],
    ],
    [
      'a position in other letters',
      { position: ' engineer' },
      facts(terms({ allowedPositions: ['Engineer'] })),
      [],
    ],
    [
      'a position that it does not name',
      { position: 'Diver' },
      facts(terms({ allowedPositions: ['Engineer', 'Mate'] })),
      ['contract.position_not_allowed: Diver, allowed: Engineer, Mate'],
    ],
    [
      'no position, where it names some',
      { position: null },
      facts(terms({ allowedPositions: ['Engineer'] })),
      ['contract.position_not_allowed: no position, allowed: Engineer'],
    ],
    [
      'an expense has no position',
      { kind: 'expense', position: null },
      facts(terms({ allowedPositions: ['Engineer'] })),
      [],
    ],
    ['a task that it names', { taskId: ids.weld }, facts(terms({ allowedTaskIds: [ids.weld] })), []],
    [
      'a task that it does not name',
      { taskId: ids.hull },
      facts(terms({ allowedTaskIds: [ids.weld] })),
      ['contract.task_not_allowed: not one of the 1 tasks allowed'],
    ],
    [
      'an open phase',
      { phaseId: ids.hull },
      facts(terms(), { closedPhases: new Map([[ids.weld, 'Docking']]) }),
      [],
    ],
    [
      'a closed phase',
      { phaseId: ids.weld },
      facts(terms(), { closedPhases: new Map([[ids.weld, 'Docking']]) }),
      ['phase.closed: work of 2026-03-02 in phase "Docking", which is closed'],
    ],
    [
      'another content than was approved',
      { version: 3, approvedAsIs: false },
      facts(terms()),
      ['entry.changed_after_approval: version 3 is another than was approved'],
    ],
    [
      'the same where no approval is asked for',
      { approvedAsIs: false },
      facts(terms(), { approvalPolicy: 'any' }),
      [],
    ],
    [
      'another entry at the same time',
      morning,
      facts(terms(), { overlaps: new Map([['e1', { entryId: 'e0', seconds: 1800 }]]) }),
      ['entry.overlap: 0.5 h on 2026-03-02 at the same time as another entry of the person'],
    ],
    [
      'work of an invoiced day goes on the next invoice',
      {},
      facts(terms(), { invoicedThrough: new Map([['p', '2026-03-31']]) }),
      [],
    ],
    [
      'unless the contract asks for a look',
      {},
      facts(terms({ lateEntries: 'exception' }), { invoicedThrough: new Map([['p', '2026-03-31']]) }),
      ['contract.late_entry: 2026-03-02, invoiced through 2026-03-31'],
    ],
    [
      'the last invoiced day is late',
      {},
      facts(terms({ lateEntries: 'exception' }), { invoicedThrough: new Map([['p', '2026-03-02']]) }),
      ['contract.late_entry: 2026-03-02, invoiced through 2026-03-02'],
    ],
    [
      'the day after is not',
      {},
      facts(terms({ lateEntries: 'exception' }), { invoicedThrough: new Map([['p', '2026-03-01']]) }),
      [],
    ],
    [
      'nor is a difference to what was billed',
      { corrects: true, version: 2 },
      facts(terms({ lateEntries: 'exception' }), { invoicedThrough: new Map([['p', '2026-03-31']]) }),
      [],
    ],
    ['exactly 7.5 hours a day are regular', {}, facts(terms(permit), { worked: done(hours(7.5)) }), []],
    [
      'a minute more needs a permission',
      {},
      facts(terms(permit), { worked: done(hours(7.5) + 60) }),
      ['contract.overtime_not_permitted: 7.52 h on 2026-03-02, overtime from 7.5 a day'],
    ],
    [
      'overtime that needs none',
      {},
      facts(terms({ overtime: { dailyAfterSeconds: hours(7.5) } }), { worked: done(hours(12)) }),
      [],
    ],
    [
      'a day of the weekend',
      { workDate: '2026-03-07' },
      facts(terms({ overtime: { weekendDays: [6, 7], needsPermission: true } }), {
        worked: done(hours(2), { workDate: '2026-03-07' }),
      }),
      ['contract.overtime_not_permitted: 2 h on 2026-03-07, a day of the weekend'],
    ],
    [
      'Friday is none',
      { workDate: '2026-03-06' },
      facts(terms({ overtime: { weekendDays: [6, 7], needsPermission: true } }), {
        worked: done(hours(2), { workDate: '2026-03-06' }),
      }),
      [],
    ],
    [
      'a holiday',
      {},
      facts(terms({ overtime: { holidaysCount: true, needsPermission: true } }), {
        worked: done(hours(2)),
        isHoliday: (day) => day === '2026-03-02',
      }),
      ['contract.overtime_not_permitted: 2 h on 2026-03-02, a holiday'],
    ],
    [
      'hours up to a cap of nothing left',
      { quantity: hours(2.5) },
      facts(terms({ caps: [{ per: 'contract', hours: '40' }] }), {
        usage: [
          {
            workDate: '2026-03-01',
            projectId: 'p',
            phaseId: null,
            position: null,
            seconds: hours(37.5),
            amount: '0',
          },
        ],
      }),
      [],
    ],
    [
      'hours beyond it',
      { quantity: hours(5) },
      facts(terms({ caps: [{ per: 'contract', hours: '40' }] }), {
        usage: [
          {
            workDate: '2026-03-01',
            projectId: 'p',
            phaseId: null,
            position: null,
            seconds: hours(37.5),
            amount: '0',
          },
        ],
      }),
      ['contract.hours_over_cap: 42.5 h in all, cap 40'],
    ],
  ])('%s', (_, one, own, expected) => {
    expect(inContract(one, own)).toEqual(expected);
  });

  const weekCap = facts(terms({ caps: [{ per: 'period', period: 'week', hours: '40' }] }));
  const day = (workDate: string, quantity: number) => entry({ entryId: workDate, workDate, quantity });

  test('42.5 hours in a week with a cap of 40: the entry that goes beyond waits, and names the week', () => {
    // 2 to 6 November 2026 is week 45.
    const week = ['02', '03', '04', '05', '06'].map((date) => day(`2026-11-${date}`, hours(8.5)));
    const found = contractPass(week, weekCap);
    expect([...found.keys()]).toEqual(['2026-11-06']);
    expect(shown(found, '2026-11-06')).toEqual(['contract.hours_over_cap: 42.5 h in week 2026-W45, cap 40']);
    expect(found.get('2026-11-06')![0]!.detail.clause).toBe('caps');
  });

  test('a week across the end of the year is one week, and Monday begins the next', () => {
    // Thursday 31 December 2026 and Friday 1 January 2027 are week 53; Monday 4 January is week 1.
    const work = ['2026-12-30', '2026-12-31', '2027-01-01', '2027-01-02', '2027-01-04'].map((date) =>
      day(date, hours(12)),
    );
    const found = contractPass(work, weekCap);
    expect([...found.keys()]).toEqual(['2027-01-02']);
    expect(shown(found, '2027-01-02')).toEqual(['contract.hours_over_cap: 48 h in week 2026-W53, cap 40']);
  });

  test('a day on which the clock changes counts its hours as any other', () => {
    // Sunday 25 October 2026 has 25 hours in Oslo, 29 March has 23; both end a week.
    for (const [saturday, sunday, label] of [
      ['2026-10-24', '2026-10-25', '2026-W43'],
      ['2026-03-28', '2026-03-29', '2026-W13'],
    ] as const) {
      const found = contractPass([day(saturday, hours(20)), day(sunday, hours(20.25))], weekCap);
      expect(shown(found, sunday)).toEqual([`contract.hours_over_cap: 40.25 h in week ${label}, cap 40`]);
    }
  });

  test('29 February belongs to its month', () => {
    const found = contractPass(
      [day('2028-02-28', hours(6)), day('2028-02-29', hours(4.5)), day('2028-03-01', hours(10))],
      facts(terms({ caps: [{ per: 'period', period: 'month', hours: '10' }] }, { endsBefore: null })),
    );
    expect([...found.keys()]).toEqual(['2028-02-29']);
    expect(shown(found, '2028-02-29')).toEqual(['contract.hours_over_cap: 10.5 h in month 2028-02, cap 10']);
  });

  test('the day of the work counts, wherever the contract sits: late in Oslo is still that Sunday', () => {
    // 23:30 on Sunday 8 November in Honolulu is Monday in Oslo; the entry says the day that the person wrote down.
    const late = entry({
      entryId: 'late',
      workDate: '2026-11-08',
      startedAt: '2026-11-09T09:30:00Z',
      endedAt: '2026-11-09T10:30:00Z',
      quantity: hours(1),
    });
    const found = contractPass([day('2026-11-07', hours(40)), late], weekCap);
    expect(shown(found, 'late')).toEqual(['contract.hours_over_cap: 41 h in week 2026-W45, cap 40']);
  });

  test('an entry that does not fit leaves room for a smaller one after it', () => {
    const found = contractPass(
      [day('2026-11-02', hours(38)), day('2026-11-03', hours(8)), day('2026-11-04', hours(2))],
      weekCap,
    );
    expect([...found.keys()]).toEqual(['2026-11-03']);
  });

  test('a released warning is let in, and counts for those after it', () => {
    const own = facts(
      terms({ caps: [{ per: 'contract', hours: '8' }], severities: { 'contract.hours_over_cap': 'W' } }),
    );
    const work = [day('2026-11-02', hours(6)), day('2026-11-03', hours(6)), day('2026-11-04', hours(1))];
    expect([...contractPass(work, own).keys()]).toEqual(['2026-11-03']);
    const after = contractPass(work, own, new Set(['contract.hours_over_cap|entry:2026-11-03']));
    expect(shown(after, '2026-11-04')).toEqual(['contract.hours_over_cap: 13 h in all, cap 8']);
    expect([...after.keys()]).toEqual(['2026-11-04']);
  });

  test('an error is never released', () => {
    const own = facts(terms({ caps: [{ per: 'contract', hours: '1' }] }));
    const released = new Set(['contract.hours_over_cap|entry:e1']);
    expect(contractPass([entry({ quantity: hours(2) })], own, released).size).toBe(1);
  });

  test('a cap of a phase or of a position binds only what is in it', () => {
    const own = facts(
      terms({
        caps: [
          { per: 'phase', phaseId: ids.hull, hours: '1' },
          { per: 'position', position: 'engineer', hours: '2' },
        ],
      }),
    );
    expect(inContract({ quantity: hours(2), position: 'Engineer' }, own)).toEqual([]);
    expect(inContract({ quantity: hours(2), phaseId: ids.hull, position: 'Mate' }, own)).toEqual([
      'contract.hours_over_cap: 2 h in this phase, cap 1',
    ]);
    expect(inContract({ quantity: hours(3), position: 'Engineer' }, own)).toEqual([
      'contract.hours_over_cap: 3 h as engineer, cap 2',
    ]);
  });

  test('an amendment counts from its day: the work before it goes by what was agreed before', () => {
    const before = terms({ allowedPersonIds: [ids.ann] });
    const amended = terms({ allowedPersonIds: [ids.bo] }, { version: 1, versionStartsOn: '2026-04-01' });
    const own = facts([before, amended]);
    expect(inContract({ workDate: '2026-03-31' }, own)).toEqual([]);
    expect(inContract({ workDate: '2026-04-01' }, own)).toHaveLength(1);
    expect(inContract({ workDate: '2026-04-01', personId: ids.bo }, own)).toEqual([]);
  });

  test('weekly hours add up in the order of the work, and not over the end of the week', () => {
    const own = terms({ overtime: { weeklyAfterSeconds: hours(37.5), needsPermission: true } });
    const dates = ['2026-12-28', '2026-12-29', '2026-12-30', '2026-12-31', '2027-01-01', '2027-01-04'];
    const work = dates.map((date) => day(date, hours(7.5)));
    const worked = work.map((one) => ({
      entryId: one.entryId,
      personId: ids.ann,
      workDate: one.workDate,
      seconds: one.quantity,
    }));
    expect(contractPass(work, facts(own, { worked })).size).toBe(0);
    worked[1]!.seconds += 60;
    const found = contractPass(work, facts(own, { worked }));
    expect([...found.keys()]).toEqual(['2027-01-01']);
    expect(shown(found, '2027-01-01')).toEqual([
      'contract.overtime_not_permitted: 37.52 h in the week of 2027-01-01, overtime from 37.5 a week',
    ]);
  });

  test('the order in which entries come in changes nothing', () => {
    const quantities = fc.array(fc.integer({ min: 900, max: 36_000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(quantities, fc.infiniteStream(fc.nat()), (seconds, order) => {
        const work = seconds.map((quantity, index) =>
          entry({ entryId: `e${index}`, workDate: `2026-11-0${(index % 7) + 1}`, quantity }),
        );
        const keys = new Map(work.map((one) => [one.entryId, order.next().value as number]));
        const mixed = work.toSorted((a, b) => keys.get(a.entryId)! - keys.get(b.entryId)!);
        const held = contractPass(work, weekCap);
        expect(contractPass(mixed, weekCap)).toEqual(held);
        // What is let in never goes beyond the cap.
        const weeks = Map.groupBy(
          work.filter((one) => !held.has(one.entryId)),
          (one) => capPeriod(one.workDate, 'week').name,
        );
        for (const week of weeks.values())
          expect(week.reduce((sum, one) => sum + one.quantity, 0)).toBeLessThanOrEqual(hours(40));
      }),
    );
  });
});

test.each([
  ['2026-01-01', 'week 2026-W01', '2025-12-29', '2026-01-05'],
  ['2027-01-03', 'week 2026-W53', '2026-12-28', '2027-01-04'],
  ['2028-02-29', 'month 2028-02', '2028-02-01', '2028-03-01'],
  ['2026-12-31', 'month 2026-12', '2026-12-01', '2027-01-01'],
  ['2026-12-31', 'quarter 2026-Q4', '2026-10-01', '2027-01-01'],
  ['2026-12-31', 'year 2026', '2026-01-01', '2027-01-01'],
] as const)('%s is in the %s', (date, name, startsOn, endsBefore) => {
  const period = name.split(' ')[0] as Parameters<typeof capPeriod>[1];
  expect(capPeriod(date, period)).toEqual({ name, startsOn, endsBefore });
});

describe('what two entries share', () => {
  test.each([
    ['they follow each other', '08:00', '09:00', '09:00', '10:00', 0],
    ['they share a second', '08:00', '09:00:01', '09:00', '10:00', 1],
    ['one lies within the other', '08:00', '12:00', '09:00', '09:30', 1800],
    ['they lie apart', '08:00', '09:00', '11:00', '12:00', 0],
  ])('%s', (_, from, to, otherFrom, otherTo, seconds) => {
    const at = (time: string) => `2026-03-02T${time.length === 5 ? `${time}:00` : time}Z`;
    expect(
      sharedSeconds(
        { startedAt: at(from), endedAt: at(to) },
        { startedAt: at(otherFrom), endedAt: at(otherTo) },
      ),
    ).toBe(seconds);
  });

  test('the hour that a clock repeats is two hours: instants do not overlap', () => {
    // 02:30 twice in Oslo on 25 October 2026: 00:30 and 01:30 UTC.
    const first = { startedAt: '2026-10-25T00:00:00Z', endedAt: '2026-10-25T01:00:00Z' };
    const second = { startedAt: '2026-10-25T01:00:00Z', endedAt: '2026-10-25T02:00:00Z' };
    expect(sharedSeconds(first, second)).toBe(0);
  });
});

describe('receipts', () => {
  const from100 = facts(terms({ receiptFromAmount: '100.00' }));
  const expense = (quantity: number, currency: string | null = null) =>
    ({ kind: 'expense', quantity, currency }) as const;
  const missing = (figure: string) => [`contract.receipt_missing: ${figure}`];
  test.each<[string, Partial<ContractEntry>, ContractFacts, string[]]>([
    ['a cent below the amount needs none', expense(9_999), from100, []],
    [
      'the amount itself does',
      expense(10_000),
      from100,
      missing('100.00 EUR without a receipt, needed from 100.00 EUR'),
    ],
    ['with its receipt it passes', expense(10_000), { ...from100, withReceipt: new Set(['e1']) }, []],
    [
      'in another currency it always does: nothing is converted silently',
      expense(100, 'NOK'),
      from100,
      missing('1.00 NOK without a receipt, needed from 100.00 EUR'),
    ],
    ['what takes an expense back needs none', expense(-10_000), from100, []],
    ['hours have no receipt', { quantity: 100_000 }, from100, []],
    ['nor does a contract ask that is silent', expense(1_000_000), facts(terms()), []],
    [
      'from nothing on: every expense',
      expense(1),
      facts(terms({ receiptFromAmount: '0' })),
      missing('0.01 EUR without a receipt, needed from 0.00 EUR'),
    ],
    [
      'switched off by the contract',
      expense(10_000),
      facts(terms({ receiptFromAmount: '100', severities: { 'contract.receipt_missing': 'off' } })),
      [],
    ],
  ])('%s', (_, one, own, expected) => expect(inContract(one, own)).toEqual(expected));

  test('it may be released, unless the contract makes it an error', () => {
    const severityOf = (setting: 'E' | 'W' | null) =>
      contractPass(
        [entry(expense(10_000))],
        facts(
          terms({
            receiptFromAmount: '100',
            severities: setting ? { 'contract.receipt_missing': setting } : {},
          }),
        ),
        new Set(['contract.receipt_missing|entry:e1']),
      ).get('e1')?.[0]?.severity;
    expect([severityOf(null), severityOf('W'), severityOf('E')]).toEqual([undefined, undefined, 'E']);
  });
});

describe('the priced pass', () => {
  const priced = (amount: string, more: Partial<PricedEntry> = {}): PricedEntry => ({
    ...entry(),
    costRate: null,
    included: false,
    overtimeSplit: null,
    priced: { unit: 'hour', unitPrice: '80.00', amount, flagged: false },
    ...more,
  });
  const about = (clauses: ClauseChange = {}, more: Partial<PricedFacts> = {}): PricedFacts => ({
    timeline: [terms(clauses)],
    settings: {},
    currency: 'EUR',
    methodOf: () => null,
    hasCurrencyRate: () => false,
    usage: [],
    budgets: new Map(),
    purchaseOrder: null,
    history: new Map(),
    ...more,
  });
  const used = (amount: string, seconds = 0) => [
    { workDate: '2026-02-02', projectId: 'p', phaseId: null, position: null, seconds, amount },
  ];
  const budget = (limitAmount: string | null, limitSeconds: number | null) =>
    new Map([['p', { limitAmount, limitSeconds }]]);
  const order = (usedAmount: string, limitAmount: string | null = '1000') => ({
    number: 'PO-7',
    currency: 'EUR',
    limitAmount,
    usedAmount,
  });
  const history = (items: number) => new Map([['labor' as const, { items, averageAmount: '80' }]]);
  const noPrice = { unit: 'hour', unitPrice: '0.00', amount: '0', flagged: true };

  test.each<[string, PricedEntry, PricedFacts, string[]]>([
    [
      'a position without a line on the rate card',
      priced('0', { priced: noPrice }),
      about({}, { methodOf: () => 'service_rates' }),
      ['item.position_not_on_rate_card: no EUR rate for Engineer on 2026-03-02'],
    ],
    [
      'work without a position has none that a line could name',
      priced('0', { priced: noPrice, position: null }),
      about({}, { methodOf: () => 'service_rates' }),
      [],
    ],
    ['no price, but no rate card asked for one', priced('0', { priced: noPrice }), about(), []],
    [
      'a receipt in another currency without a rate',
      priced('80', { kind: 'expense', currency: 'USD' }),
      about(),
      ['item.currency_without_rate: USD on 2026-03-02, the contract is in EUR'],
    ],
    [
      'one with a rate',
      priced('80', { kind: 'expense', currency: 'USD' }),
      about({}, { hasCurrencyRate: () => true }),
      [],
    ],
    ['one in the currency of the contract', priced('80', { kind: 'expense', currency: 'EUR' }), about(), []],
    [
      'hours are priced by the contract, whatever the source says',
      priced('80', { currency: 'USD' }),
      about(),
      [],
    ],
    [
      'exactly the amount not to exceed',
      priced('80'),
      about({ billingModel: { type: 'not_to_exceed', amount: '1000' } }, { usage: used('920') }),
      [],
    ],
    [
      'a cent more',
      priced('80.01'),
      about({ billingModel: { type: 'not_to_exceed', amount: '1000' } }, { usage: used('920') }),
      ['contract.not_to_exceed: 1000.01 EUR in all, not to exceed 1000.00'],
    ],
    [
      'an amount of a week',
      priced('80'),
      about({ caps: [{ per: 'period', period: 'week', amount: '79.99' }] }),
      ['contract.not_to_exceed: 80.00 EUR in week 2026-W10, not to exceed 79.99'],
    ],
    [
      'what goes back never exceeds',
      priced('-80'),
      about({ billingModel: { type: 'not_to_exceed', amount: '1000' } }, { usage: used('1200') }),
      [],
    ],
    [
      'exactly the budget',
      priced('80'),
      about({}, { budgets: budget('1000', null), usage: used('920') }),
      [],
    ],
    [
      'a cent beyond the budget',
      priced('80'),
      about({}, { budgets: budget('1000', null), usage: used('920.01') }),
      ['project.budget_reached: 1000.01 EUR, budget 1000.00'],
    ],
    [
      'exactly the hours of the budget',
      priced('80'),
      about({}, { budgets: budget(null, hours(10)), usage: used('0', hours(9)) }),
      [],
    ],
    [
      'a second beyond them',
      priced('80'),
      about({}, { budgets: budget(null, hours(10)), usage: used('0', hours(9) + 1) }),
      ['project.budget_reached: 10.01 h, budget 10'],
    ],
    [
      'a purchase order that the contract asks for',
      priced('80'),
      about({ purchaseOrderRequired: true }),
      ['contract.purchase_order: no purchase order, and the contract asks for one'],
    ],
    [
      'a ticket without overtime, where the contract finds an hour and a half',
      priced('80', { overtimeSplit: { ticketSeconds: 0, contractSeconds: 5400 } }),
      about(),
      ['item.overtime_split_differs: 0 h of overtime that day on tickets, 1.5 h by the contract'],
    ],
    [
      'overtime that the contract does not know',
      priced('80', { overtimeSplit: { ticketSeconds: 3600, contractSeconds: 0 } }),
      about(),
      ['item.overtime_split_differs: 1 h of overtime that day on tickets, 0 h by the contract'],
    ],
    [
      'both agree to the second',
      priced('80', { overtimeSplit: { ticketSeconds: 3601, contractSeconds: 3601 } }),
      about(),
      [],
    ],
    ['none asked for', priced('80'), about(), []],
    [
      'one with something left',
      priced('80'),
      about({ purchaseOrderRequired: true }, { purchaseOrder: order('999.99') }),
      [],
    ],
    [
      'one that is used up',
      priced('80'),
      about({}, { purchaseOrder: order('1000') }),
      ['contract.purchase_order: 1000.00 EUR of purchase order PO-7 invoiced, limit 1000.00'],
    ],
    ['one without a limit', priced('80'), about({}, { purchaseOrder: order('5000', null) }), []],
    ['ten times the average', priced('800'), about({}, { history: history(30) }), []],
    [
      'more than that',
      priced('800.01'),
      about({}, { history: history(30) }),
      ['item.far_from_history: 800.01 EUR, 80.00 on average over 30 items of labor'],
    ],
    ['more, but nobody knows yet what is usual', priced('8000'), about({}, { history: history(29) }), []],
    ['work that earns what it costs', priced('80', { costRate: '80' }), about(), []],
    [
      'work that costs a cent more',
      priced('80', { costRate: '80.01' }),
      about(),
      ['item.margin_negative: 80.00 EUR a hour, cost 80.01'],
    ],
    [
      'a cost that nobody can convert is not compared',
      priced('80', { costRate: null, currency: 'NOK' }),
      about(),
      [],
    ],
    ['a platform that would charge as much', priced('80', { sourceRate: '80.00' }), about(), []],
    [
      'a platform that would charge a cent less',
      priced('80', { sourceRate: '79.99' }),
      about(),
      ['item.platform_rate_differs: 80.00 EUR an hour, 79.99 at its source'],
    ],
    [
      'a platform that would charge in another currency',
      priced('80', { sourceRate: '79.99', currency: 'NOK' }),
      about(),
      [],
    ],
    [
      'work that a fixed price includes earns nothing of its own',
      priced('0', { costRate: '80', included: true, priced: { ...noPrice, flagged: false } }),
      about(),
      [],
    ],
  ])('%s', (_, one, own, expected) => {
    expect(shown(pricedPass([one], own))).toEqual(expected);
  });

  test('money fills up in the order of the work; both parts of an entry wait together and give back what they took', () => {
    const own = about({ billingModel: { type: 'not_to_exceed', amount: '200' } });
    const parts = [
      priced('120', { entryId: 'a', workDate: '2026-03-02' }),
      priced('60', { entryId: 'b', workDate: '2026-03-03' }),
      priced('60', { entryId: 'b', workDate: '2026-03-03' }),
      priced('80', { entryId: 'c', workDate: '2026-03-04' }),
    ];
    const found = pricedPass(parts.toReversed(), own);
    expect([...found.keys()]).toEqual(['b']);
    expect(shown(found, 'b')).toEqual(['contract.not_to_exceed: 240.00 EUR in all, not to exceed 200.00']);
  });

  test('what only tells holds nothing back: its amount counts', () => {
    const own = about({}, { methodOf: () => 'service_rates', budgets: budget(null, hours(1)) });
    const found = pricedPass(
      [priced('0', { entryId: 'a', priced: noPrice }), priced('80', { entryId: 'b' })],
      own,
    );
    expect(found.get('a')!.map((finding) => finding.tellsOnly)).toEqual([true]);
    expect(shown(found, 'b')).toEqual(['project.budget_reached: 2 h, budget 1']);
  });
});

describe('settings', () => {
  const own = terms({ allowedPersonIds: [ids.bo] });
  const severityBy = (workspace: 'E' | 'W' | 'off' | null, contract: 'E' | 'W' | 'off' | null) => {
    const named = (setting: 'E' | 'W' | 'off' | null) =>
      setting === null ? {} : { 'contract.person_not_allowed': setting };
    const found = contractPass([entry()], {
      ...facts({ ...own, severities: named(contract) }),
      settings: named(workspace),
    });
    return found.get('e1')?.[0]?.severity ?? 'none';
  };
  test.each([
    [null, null, 'E'],
    ['W', null, 'W'],
    ['off', null, 'none'],
    ['off', 'E', 'E'],
    ['E', 'off', 'none'],
    ['W', 'E', 'E'],
  ] as const)('workspace %s, contract %s: %s', (workspace, contract, expected) => {
    expect(severityBy(workspace, contract)).toBe(expected);
  });

  test('every rule has a code of its own, a severity and a sentence on what to do', () => {
    expect(new Set(allRules.map((rule) => rule.code)).size).toBe(allRules.length);
    expect(allRules).toHaveLength(entryRules.length + contractRules.length + pricedRules.length + 2);
    for (const rule of allRules) expect(rule.whatToDo, rule.code).toMatch(/\.$/);
  });
});
