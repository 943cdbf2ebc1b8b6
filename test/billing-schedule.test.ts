import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextPeriod, periodFrom } from '../domain/billing-schedule.ts';
import {
  type BillingTriggers,
  billingTriggers,
  gatherSeconds,
  noTriggers,
  type PeriodSchedule,
  periodScheduleOf,
  triggerKinds,
} from '../domain/billing-triggers.ts';
import { type ContractTerms, type ContractTimeline, readClauses } from '../domain/contract-terms.ts';
import { addDays } from '../domain/day.ts';
import type { Day } from '../domain/work-entry.ts';

const noHoliday = () => false;
const schedule = (periodEnd: unknown): PeriodSchedule =>
  periodScheduleOf(billingTriggers.parse({ periodEnd }))!;
/** The ends of the periods that follow one another from the day on. */
function ends(
  periodEnd: unknown,
  from: Day,
  count: number,
  { zone = 'Europe/Oslo', isHoliday = noHoliday }: { zone?: string; isHoliday?: (day: Day) => boolean } = {},
): Day[] {
  const found: Day[] = [];
  for (let day = from; found.length < count; day = found.at(-1)!)
    found.push(periodFrom(schedule(periodEnd), day, { zone, isHoliday })!.endsBefore);
  return found;
}

describe('where periods end', () => {
  test.each<[string, unknown, Day, Day[]]>([
    ['daily, over a leap day', 'day', '2028-02-28', ['2028-02-29', '2028-03-01', '2028-03-02']],
    ['weekly, closing on Sunday', 'week', '2026-03-05', ['2026-03-09', '2026-03-16']],
    [
      'weekly, closing on Friday, from a Friday',
      { every: 'week', closesOn: 5 },
      '2026-03-06',
      ['2026-03-07', '2026-03-14'],
    ],
    [
      'weekly, over the end of the year',
      { every: 'week', closesOn: 3 },
      '2026-12-24',
      ['2026-12-31', '2027-01-07'],
    ],
    [
      'twice a month, in a short month',
      { every: 'half_month' },
      '2026-02-01',
      ['2026-02-16', '2026-03-01', '2026-03-16', '2026-04-01'],
    ],
    [
      'twice a month, the first half to the 27th of a February of 28 days',
      { every: 'half_month', closesOn: 27 },
      '2026-02-01',
      ['2026-02-28', '2026-03-01'],
    ],
    [
      'monthly: months of 31, 28, 31 and 30 days',
      'month',
      '2026-01-10',
      ['2026-02-01', '2026-03-01', '2026-04-01', '2026-05-01'],
    ],
    ['monthly, in a leap year', 'month', '2028-02-01', ['2028-03-01']],
    [
      'monthly on the 31st: a shorter month closes on its last day',
      { every: 'month', closesOn: 31 },
      '2026-01-15',
      ['2026-02-01', '2026-03-01', '2026-04-01', '2026-05-01'],
    ],
    [
      'monthly on the 30th',
      { every: 'month', closesOn: 30 },
      '2026-01-15',
      ['2026-01-31', '2026-03-01', '2026-03-31', '2026-05-01'],
    ],
    [
      'monthly on the 29th, with and without a leap day',
      { every: 'month', closesOn: 29 },
      '2027-02-01',
      ['2027-03-01', '2027-03-30'],
    ],
    [
      'monthly on the 29th of a leap February',
      { every: 'month', closesOn: 29 },
      '2028-02-01',
      ['2028-03-01'],
    ],
    [
      'monthly on the 15th, over the end of the year',
      { every: 'month', closesOn: 15 },
      '2026-12-16',
      ['2027-01-16', '2027-02-16'],
    ],
    [
      // January 2026 begins on a Thursday: 1, 2, 5; February on a Sunday: 2, 3, 4.
      'monthly on the third working day',
      { every: 'month', closesOn: { workingDay: 3 } },
      '2026-01-01',
      ['2026-01-06', '2026-02-05'],
    ],
    [
      // 31 January 2026 is a Saturday.
      'monthly on the last working day',
      { every: 'month', closesOn: { workingDay: -1 } },
      '2026-01-01',
      ['2026-01-31', '2026-02-28', '2026-04-01'],
    ],
    [
      'monthly on a working day that no month has',
      { every: 'month', closesOn: { workingDay: 23 } },
      '2026-02-01',
      ['2026-03-01', '2026-04-01', '2026-05-01'],
    ],
    ['quarterly', 'quarter', '2026-02-01', ['2026-04-01', '2026-07-01', '2026-10-01', '2027-01-01']],
    [
      'quarterly, of a year that begins in February',
      { every: 'quarter', firstMonth: 2 },
      '2026-11-01',
      ['2027-02-01', '2027-05-01'],
    ],
    [
      'quarterly, of a year that begins in March',
      { every: 'quarter', firstMonth: 3 },
      '2026-01-01',
      ['2026-03-01', '2026-06-01'],
    ],
    ['by cron: Fridays', { every: 'cron', cron: '0 18 * * 5' }, '2026-03-06', ['2026-03-13', '2026-03-20']],
    [
      'by cron: the last day of the month, leap year',
      { every: 'cron', cron: '0 6 L * *' },
      '2028-01-31',
      ['2028-02-29', '2028-03-31'],
    ],
    [
      'by cron: more than once a day counts once',
      { every: 'cron', cron: '*/10 8-17 * * 1-5' },
      '2026-03-05',
      ['2026-03-06', '2026-03-09'],
    ],
    ['by cron: only in leap years', { every: 'cron', cron: '0 0 29 2 *' }, '2026-03-05', ['2028-02-29']],
  ])('%s', (_, periodEnd, from, expected) => {
    expect(ends(periodEnd, from, expected.length)).toEqual(expected);
  });

  test('working days leave out the holidays of the calendar', () => {
    const isHoliday = (day: Day) => day === '2026-01-01' || day === '2026-01-06';
    expect(ends({ every: 'month', closesOn: { workingDay: 3 } }, '2026-01-01', 1, { isHoliday })).toEqual([
      '2026-01-08',
    ]);
    expect(
      ends({ every: 'month', closesOn: { workingDay: -1 } }, '2026-12-01', 1, {
        isHoliday: (day) => day >= '2026-12-24',
      }),
    ).toEqual(['2026-12-24']);
  });
});

describe('the instant at which a period is complete', () => {
  test.each<[string, string, Day, string]>([
    ['in summer time', 'Europe/Oslo', '2026-07-01', '2026-06-30T22:00:00.000Z'],
    ['in winter time', 'Europe/Oslo', '2026-12-01', '2026-11-30T23:00:00.000Z'],
    // Clocks go forward on 29 March 2026 at 02:00 and back on 25 October at 03:00: these days have 23 and 25 hours.
    ['after the day that has 23 hours', 'Europe/Oslo', '2026-03-30', '2026-03-29T22:00:00.000Z'],
    ['before the day that has 25 hours', 'Europe/Oslo', '2026-10-25', '2026-10-24T22:00:00.000Z'],
    ['after the day that has 25 hours', 'Europe/Oslo', '2026-10-26', '2026-10-25T23:00:00.000Z'],
    // Beirut goes forward at midnight: the day begins at one o'clock.
    ['where midnight does not exist', 'Asia/Beirut', '2026-03-29', '2026-03-28T22:00:00.000Z'],
    // Havana goes back from one o'clock to midnight: the day begins with the first midnight of the two.
    ['where midnight comes twice', 'America/Havana', '2026-11-01', '2026-11-01T04:00:00.000Z'],
    ['ahead of UTC by 14 hours', 'Pacific/Kiritimati', '2027-01-01', '2026-12-31T10:00:00.000Z'],
  ])('%s', (_, zone, day, expected) => {
    const period = periodFrom(schedule('day'), addDays(day, -1), { zone, isHoliday: noHoliday });
    expect(period).toEqual({ startsOn: addDays(day, -1), endsBefore: day, completeAt: expected });
  });
});

test.each<[string, string, Day, string]>([
  ['in summer time', '30 18 * * *', '2026-07-01', '2026-07-01T16:30:00.000Z'],
  // On 29 March 2026 Oslo has no 02:30: as if the clocks had not been changed yet, 03:30 of the new time.
  ['at a time that the clocks skip', '30 2 * * *', '2026-03-29', '2026-03-29T01:30:00.000Z'],
  ['at a time that the clocks show twice', '30 2 * * *', '2026-10-25', '2026-10-25T00:30:00.000Z'],
])('a cron expression fires %s', (_, cron, day, expected) => {
  const place = { zone: 'Europe/Oslo', isHoliday: noHoliday };
  expect(periodFrom(schedule({ every: 'cron', cron }), addDays(day, -1), place)?.completeAt).toBe(expected);
});

const days = fc.integer({ min: 0, max: 36_000 }).map((offset) => addDays('2000-01-01', offset));
const schedules = fc.oneof(
  fc.constantFrom('day', 'week', 'month', 'quarter'),
  fc.integer({ min: 1, max: 7 }).map((closesOn) => ({ every: 'week', closesOn })),
  fc.integer({ min: 1, max: 27 }).map((closesOn) => ({ every: 'half_month', closesOn })),
  fc.integer({ min: 1, max: 31 }).map((closesOn) => ({ every: 'month', closesOn })),
  fc
    .integer({ min: -23, max: 23 })
    .filter((workingDay) => workingDay !== 0)
    .map((workingDay) => ({ every: 'month', closesOn: { workingDay } })),
  fc
    .constantFrom('0 0 1 * *', '30 2 * * *', '15 23 * * 5', '0 9 15,L * *')
    .map((cron) => ({ every: 'cron', cron })),
  fc.integer({ min: 1, max: 3 }).map((firstMonth) => ({ every: 'quarter', firstMonth })),
);
const zones = fc.constantFrom(
  'UTC',
  'Europe/London',
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Cairo',
);

test('periods tile time: wherever one asks within a period, it ends on the same day, and the next begins there', () => {
  const longest = { day: 1, week: 7, half_month: 31, month: 62, quarter: 92, cron: 31 };
  fc.assert(
    fc.property(schedules, days, zones, fc.integer({ min: 0, max: 100 }), (said, from, zone, offset) => {
      const wanted = schedule(said);
      const place = { zone, isHoliday: noHoliday };
      const period = periodFrom(wanted, from, place)!;
      expect(period.endsBefore > from).toBe(true);
      expect(period.endsBefore <= addDays(from, longest[wanted.every])).toBe(true);
      const within = addDays(from, offset);
      if (within < period.endsBefore) {
        const same = periodFrom(wanted, within, place)!;
        expect([same.endsBefore, same.completeAt]).toEqual([period.endsBefore, period.completeAt]);
      }
      const next = periodFrom(wanted, period.endsBefore, place)!;
      expect(next.startsOn).toBe(period.endsBefore);
      expect(next.completeAt > period.completeAt).toBe(true);
    }),
    { numRuns: 300 },
  );
});

interface Version {
  from?: Day;
  triggers: Partial<Record<keyof BillingTriggers, unknown>>;
}
/** A contract of the year 2026 in Oslo with these versions; the first counts from its start. */
function contract(versions: Version[], endsBefore: Day | null = null): ContractTimeline {
  const terms = versions.map(
    ({ from, triggers }, version): ContractTerms => ({
      ...readClauses({ triggers }),
      contractId: 'c',
      version,
      versionStartsOn: from ?? '0001-01-01',
      startsOn: '2026-01-01',
      endsBefore,
      goLiveOn: '2026-01-01',
      zone: 'Europe/Oslo',
      currency: 'NOK',
      tax: { rate: '25', category: 'standard' },
    }),
  );
  return terms as [ContractTerms, ...ContractTerms[]];
}
/** All periods of the contract that end in 2026, with when they are due. */
function periodsOf(timeline: ContractTimeline, from: Day = '2026-01-01'): string[] {
  const found: string[] = [];
  for (let day = from; ; ) {
    const period = nextPeriod(timeline, day, () => noHoliday);
    if (!period || period.endsBefore > '2026-12-31') return found;
    found.push(`${period.startsOn}/${period.endsBefore}`);
    day = period.endsBefore;
  }
}

describe('the periods of a contract', () => {
  test('follow each other from its first day on, and its end ends the last', () => {
    const timeline = contract([{ triggers: { periodEnd: 'month' } }], '2026-04-11');
    expect(periodsOf(timeline, '2026-01-20')).toEqual([
      '2026-01-20/2026-02-01',
      '2026-02-01/2026-03-01',
      '2026-03-01/2026-04-01',
      '2026-04-01/2026-04-11',
    ]);
  });

  test('a grace lets late approvals in: the period is due so much later, and ends when it ends', () => {
    const [terms] = contract([{ triggers: { periodEnd: 'month', graceHours: 36 } }]);
    expect(nextPeriod([terms], '2026-01-01', () => noHoliday)).toEqual({
      startsOn: '2026-01-01',
      endsBefore: '2026-02-01',
      completeAt: '2026-01-31T23:00:00.000Z',
      dueAt: '2026-02-02T11:00:00.000Z',
    });
  });

  test('an amendment from month to week begins its weeks where it counts, and no day is lost between', () => {
    const timeline = contract([
      { triggers: { periodEnd: 'month' } },
      { from: '2026-11-18', triggers: { periodEnd: 'week' } },
    ]);
    expect(periodsOf(timeline, '2026-10-01')).toEqual([
      '2026-10-01/2026-11-01',
      '2026-11-01/2026-11-23',
      '2026-11-23/2026-11-30',
      '2026-11-30/2026-12-07',
      '2026-12-07/2026-12-14',
      '2026-12-14/2026-12-21',
      '2026-12-21/2026-12-28',
    ]);
  });

  test('an amendment that ends periods ends the one that runs; a later one begins anew on its day', () => {
    const timeline = contract([
      { triggers: { periodEnd: 'month' } },
      { from: '2026-03-10', triggers: {} },
      { from: '2026-08-05', triggers: { periodEnd: 'quarter' } },
    ]);
    expect(periodsOf(timeline, '2026-02-01')).toEqual([
      '2026-02-01/2026-03-01',
      '2026-03-01/2026-03-10',
      '2026-08-05/2026-10-01',
    ]);
  });

  test('there are none where no version has them, and none after the end', () => {
    expect(periodsOf(contract([{ triggers: {} }]))).toEqual([]);
    expect(
      nextPeriod(contract([{ triggers: { periodEnd: 'day' } }], '2026-02-01'), '2026-02-01', () => noHoliday),
    ).toBe(null);
  });

  test('whatever the versions are, the periods tile the time in which there are any', () => {
    const version = fc.record({ offset: fc.integer({ min: 1, max: 120 }), periodEnd: fc.option(schedules) });
    fc.assert(
      fc.property(schedules, fc.array(version, { maxLength: 4 }), (first, later) => {
        let from = '2026-01-01';
        const versions: Version[] = [{ triggers: { periodEnd: first } }];
        for (const { offset, periodEnd } of later) {
          from = addDays(from, offset);
          versions.push({ from, triggers: { periodEnd } });
        }
        const timeline = contract(versions);
        let before = '2026-01-01';
        for (const key of periodsOf(timeline)) {
          const [startsOn, endsBefore] = key.split('/') as [Day, Day];
          expect(startsOn >= before && endsBefore > startsOn, key).toBe(true);
          // A gap is there only where a version that bills no periods begins with it.
          if (startsOn > before)
            expect(
              timeline.some((terms) => terms.versionStartsOn === before && terms.triggers.periodEnd === null),
              key,
            ).toBe(true);
          before = endsBefore;
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('the clause', () => {
  test('as it was stored before reads as it was meant', () => {
    const stored = { onApproval: true, periodEnd: 'month', thresholdHours: '40', thresholdAmount: null };
    const { triggers } = readClauses({ triggers: stored });
    expect(triggers).toMatchObject({ ...stored, graceHours: 0, unbilledDays: null, projectReady: false });
    expect(gatherSeconds(triggers)).toBe(5);
    expect(periodScheduleOf(triggers)).toEqual({ every: 'month', closesOn: 'last' });
    expect(triggerKinds(triggers)).toEqual({
      onEntry: true,
      onPeriod: true,
      onWatch: true,
      onProject: false,
    });
    expect(gatherSeconds(noTriggers)).toBe(null);
    expect(gatherSeconds(billingTriggers.parse({ onApproval: {} }))).toBe(5);
  });

  test.each<[string, unknown]>([
    ['a week that closes on its ninth day', { periodEnd: { every: 'week', closesOn: 9 } }],
    ['a month that closes on its 32nd', { periodEnd: { every: 'month', closesOn: 32 } }],
    ['a working day before the first', { periodEnd: { every: 'month', closesOn: { workingDay: 0 } } }],
    ['a half month that ends with the month', { periodEnd: { every: 'half_month', closesOn: 28 } }],
    ['a period nobody knows', { periodEnd: 'fortnight' }],
    ['a window of no time', { onApproval: { windowSeconds: 0 } }],
    ['a grace below zero', { graceHours: -1 }],
    ['a threshold that is no number', { thresholdAmount: 'lots' }],
    ['a cron expression of nonsense', { periodEnd: { every: 'cron', cron: 'each friday' } }],
    ['a cron expression beyond the clock', { periodEnd: { every: 'cron', cron: '61 * * * *' } }],
    ['a cron expression with seconds', { periodEnd: { every: 'cron', cron: '0 0 0 * * *' } }],
    ['a cron expression of a day there is not', { periodEnd: { every: 'cron', cron: '0 0 30 2 *' } }],
    ['a trigger nobody knows', { onFullMoon: true }],
  ])('refuses %s', (_, triggers) => {
    expect(billingTriggers.safeParse(triggers).success).toBe(false);
  });
});
