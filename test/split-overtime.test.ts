import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OvertimeClause } from '../domain/contract-terms.ts';
import { addDays, weekStart } from '../domain/day.ts';
import {
  type OvertimeCalendar,
  type Split,
  type Stint,
  splitOvertime,
} from '../domain/overtime/split-overtime.ts';

const hour = 3600;
const clause = (facts: Partial<OvertimeClause> = {}): OvertimeClause => ({
  dailyAfterSeconds: null,
  weeklyAfterSeconds: null,
  weekStartsOn: 1,
  weekendDays: [],
  holidaysCount: false,
  multiplier: null,
  needsPermission: false,
  ...facts,
});
const calendar = (facts: Partial<OvertimeClause>, holidays: string[] = []): OvertimeCalendar => ({
  clauseOn: () => clause(facts),
  isHoliday: (day) => holidays.includes(day),
});
const stint = (entryId: string, workDate: string, hours: number, facts: Partial<Stint> = {}): Stint => ({
  entryId,
  workDate,
  startedAt: null,
  openSeconds: hours * hour,
  billedRegularSeconds: 0,
  billedOvertimeSeconds: 0,
  ...facts,
});
/** Regular + overtime in hours, as `8+1.5`. */
const shown = (splits: Split[]) =>
  splits.map(({ regularSeconds, overtimeSeconds }) => `${regularSeconds / hour}+${overtimeSeconds / hour}`);
const monday = '2026-03-02';

describe('by the day', () => {
  const daily = calendar({ dailyAfterSeconds: 7.5 * hour });

  test('what goes beyond the threshold is overtime; exactly the threshold is not', () => {
    expect(shown(splitOvertime([stint('a', monday, 7.5), stint('b', '2026-03-03', 9)], daily))).toEqual([
      '7.5+0',
      '7.5+1.5',
    ]);
  });

  test('a day is worked through by start, then id, however its entries are given', () => {
    const early = stint('z', monday, 5, { startedAt: '2026-03-02T07:00:00Z' });
    const late = stint('a', monday, 4, { startedAt: '2026-03-02T13:00:00Z' });
    const unknown = stint('b', monday, 1);
    expect(shown(splitOvertime([unknown, late, early], daily))).toEqual(['0+1', '2.5+1.5', '5+0']);
  });

  test('hours already billed keep their class: a late entry bills the total minus what was billed', () => {
    const billed = stint('b', monday, 0, { billedRegularSeconds: 7 * hour });
    // Before the billed ones by its start, and yet the day has 9 h: 7.5 regular, of which 7 are billed.
    const late = stint('a', monday, 2, { startedAt: '2026-03-02T05:00:00Z' });
    expect(shown(splitOvertime([late, billed], daily))).toEqual(['0.5+1.5', '0+0']);
  });

  test('a correction downwards takes overtime back first, and never more than was billed of a class', () => {
    const corrected = (hours: number) =>
      stint('a', monday, hours, { billedRegularSeconds: 7.5 * hour, billedOvertimeSeconds: 2 * hour });
    expect(shown(splitOvertime([corrected(-1)], daily))).toEqual(['0+-1']);
    expect(shown(splitOvertime([corrected(-3)], daily))).toEqual(['-1+-2']);
  });
});

describe('by the week', () => {
  const both = calendar({ dailyAfterSeconds: 8 * hour, weeklyAfterSeconds: 40 * hour });
  const week = (hours: number[]) =>
    hours.map((each, index) => stint(String(index), addDays(monday, index), each));

  test('overtime of a day does not count towards the week', () => {
    expect(shown(splitOvertime(week([10, 8, 8, 8, 8]), both))).toEqual(['8+2', '8+0', '8+0', '8+0', '8+0']);
    expect(shown(splitOvertime(week([10, 8, 8, 8, 8, 3]), both)).at(-1)).toBe('0+3');
  });

  test('a late Monday turns no billed Friday around: it is overtime itself', () => {
    const billed = week([0, 8, 8, 8, 8, 8]).map((each) => ({
      ...each,
      openSeconds: 0,
      billedRegularSeconds: each.openSeconds,
    }));
    const late = stint('late', monday, 5);
    expect(shown(splitOvertime([late, ...billed.slice(1)], both))[0]).toBe('0+5');
  });

  test('a week across the end of the year is one week, and begins where the contract says', () => {
    const days = ['2026-12-31', '2027-01-01', '2027-01-02', '2027-01-03'];
    const stints = days.map((day, index) => stint(String(index), day, 12));
    const after40 = { weeklyAfterSeconds: 40 * hour };
    expect(shown(splitOvertime(stints, calendar(after40)))).toEqual(['12+0', '12+0', '12+0', '4+8']);
    // From Sunday on: 3 January begins a new one.
    expect(shown(splitOvertime(stints, calendar({ ...after40, weekStartsOn: 7 }))).at(-1)).toBe('12+0');
    expect([weekStart('2027-01-01', 1), weekStart('2027-01-03', 7), weekStart('2028-02-29', 1)]).toEqual([
      '2026-12-28',
      '2027-01-03',
      '2028-02-28',
    ]);
  });
});

test('weekends and holidays are overtime whole, and do not use up the week', () => {
  const rules = calendar({ weeklyAfterSeconds: 10 * hour, weekendDays: [6, 7], holidaysCount: true }, [
    '2026-03-03',
  ]);
  const stints = [
    stint('sun', '2026-03-08', 4),
    stint('holiday', '2026-03-03', 6),
    stint('wed', '2026-03-04', 10),
    stint('thu', '2026-03-05', 1),
  ];
  expect(shown(splitOvertime(stints, rules))).toEqual(['0+4', '0+6', '10+0', '0+1']);
});

test('days before the clause was agreed are regular, and do not count', () => {
  const rules: OvertimeCalendar = {
    clauseOn: (day) => (day < '2026-03-04' ? null : clause({ weeklyAfterSeconds: 10 * hour })),
    isHoliday: () => false,
  };
  const stints = ['2026-03-02', '2026-03-04', '2026-03-05'].map((day) => stint(day, day, 8));
  expect(shown(splitOvertime(stints, rules))).toEqual(['8+0', '8+0', '2+6']);
});

const quarter = 900;
const anyClause = fc.record({
  dailyAfterSeconds: fc.option(fc.integer({ min: 0, max: 48 }).map((n) => n * quarter)),
  weeklyAfterSeconds: fc.option(fc.integer({ min: 0, max: 200 }).map((n) => n * quarter)),
  weekStartsOn: fc.integer({ min: 1, max: 7 }),
  weekendDays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { maxLength: 3 }),
  holidaysCount: fc.boolean(),
});
const anyHolidays = fc.array(
  fc.integer({ min: 0, max: 20 }).map((n) => addDays('2026-12-21', n)),
  { maxLength: 3 },
);
const anyStints = (maxLength = 14) =>
  fc.uniqueArray(
    fc.record({
      entryId: fc.string({ minLength: 1, maxLength: 3 }),
      workDate: fc.integer({ min: 0, max: 20 }).map((n) => addDays('2026-12-21', n)),
      startedAt: fc.option(
        fc.integer({ min: 0, max: 23 }).map((n) => `2026-12-21T${String(n).padStart(2, '0')}:00:00.000Z`),
      ),
      openSeconds: fc.integer({ min: 0, max: 48 }).map((n) => n * quarter),
      billedRegularSeconds: fc.constant(0),
      billedOvertimeSeconds: fc.constant(0),
    }),
    { selector: (each) => each.entryId, maxLength },
  );

/** Slow, and written another way: time passes by quarters of an hour, and each is looked at by itself. */
function quarterByQuarter(stints: readonly Stint[], rules: OvertimeCalendar): Map<string, number> {
  const overtime = new Map(stints.map((each) => [each.entryId, 0]));
  const key = ({ workDate, startedAt, entryId }: Stint) => [workDate, startedAt ?? '~', entryId];
  const sorted = [...stints].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    const at = x.findIndex((part, index) => part !== y[index]);
    return at < 0 ? 0 : x[at]! < y[at]! ? -1 : 1;
  });
  const regular: { day: string; week: string }[] = [];
  for (const { entryId, workDate, openSeconds } of sorted) {
    const one = rules.clauseOn(workDate)!;
    const weekday = new Date(workDate).getUTCDay() || 7;
    let week = workDate;
    while ((new Date(week).getUTCDay() || 7) !== one.weekStartsOn) week = addDays(week, -1);
    for (let passed = 0; passed < openSeconds; passed += quarter) {
      const ofDay = regular.filter((each) => each.day === workDate).length * quarter;
      const ofWeek = regular.filter((each) => each.week === week).length * quarter;
      const isOver =
        one.weekendDays.includes(weekday) ||
        (one.holidaysCount && rules.isHoliday(workDate)) ||
        (one.dailyAfterSeconds !== null && ofDay >= one.dailyAfterSeconds) ||
        (one.weeklyAfterSeconds !== null && ofWeek >= one.weeklyAfterSeconds);
      if (isOver) overtime.set(entryId, overtime.get(entryId)! + quarter);
      else regular.push({ day: workDate, week });
    }
  }
  return overtime;
}

describe('for any hours and any clause', () => {
  test('the parts add up to the raw time, and none is negative', () => {
    fc.assert(
      fc.property(anyStints(), anyClause, anyHolidays, (stints, facts, holidays) => {
        splitOvertime(stints, calendar(facts, holidays)).forEach(
          ({ regularSeconds, overtimeSeconds }, index) => {
            expect(regularSeconds + overtimeSeconds).toBe(stints[index]!.openSeconds);
            expect(Math.min(regularSeconds, overtimeSeconds)).toBeGreaterThanOrEqual(0);
          },
        );
      }),
      { numRuns: 300 },
    );
  });

  test('the order in which entries are given has no part in it', () => {
    const shuffled = anyStints().chain((stints) =>
      fc.tuple(fc.constant(stints), fc.shuffledSubarray(stints, { minLength: stints.length })),
    );
    fc.assert(
      fc.property(shuffled, anyClause, anyHolidays, ([stints, others], facts, holidays) => {
        const rules = calendar(facts, holidays);
        const byId = (given: Stint[]) =>
          new Map(splitOvertime(given, rules).map((split, index) => [given[index]!.entryId, split]));
        const before = byId(stints);
        for (const [id, split] of byId(others)) expect(split).toEqual(before.get(id));
      }),
      { numRuns: 300 },
    );
  });

  test('it is what a clock finds that looks at each quarter of an hour', () => {
    fc.assert(
      fc.property(anyStints(8), anyClause, anyHolidays, (stints, facts, holidays) => {
        const rules = calendar(facts, holidays);
        const expected = quarterByQuarter(stints, rules);
        splitOvertime(stints, rules).forEach(({ overtimeSeconds }, index) => {
          expect(overtimeSeconds).toBe(expected.get(stints[index]!.entryId));
        });
      }),
      { numRuns: 200 },
    );
  });

  test('billed in two goes, a week has the overtime of one go, as far as what is new can bear it', () => {
    const weekly = anyClause.map((facts) => ({
      ...facts,
      weeklyAfterSeconds: facts.weeklyAfterSeconds ?? 40 * hour,
    }));
    fc.assert(
      fc.property(
        anyStints(10),
        fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
        weekly,
        (stints, isLate, facts) => {
          const rules = calendar(facts);
          const first = stints.filter((_, index) => !isLate[index]);
          const billed = splitOvertime(first, rules);
          const second = stints.map((each) => {
            const at = first.indexOf(each);
            if (at < 0) return each;
            const { regularSeconds, overtimeSeconds } = billed[at]!;
            return {
              ...each,
              openSeconds: 0,
              billedRegularSeconds: regularSeconds,
              billedOvertimeSeconds: overtimeSeconds,
            };
          });
          const whole = quarterByQuarter(stints, rules);
          const added = splitOvertime(second, rules);
          const weekOf = (index: number) => weekStart(stints[index]!.workDate, facts.weekStartsOn);
          for (const week of new Set(stints.map((_, index) => weekOf(index)))) {
            const inWeek = stints.map((_, index) => index).filter((index) => weekOf(index) === week);
            const sum = (of: (index: number) => number) =>
              inWeek.reduce((total, index) => total + of(index), 0);
            const missing = sum((at) => whole.get(stints[at]!.entryId)! - second[at]!.billedOvertimeSeconds);
            const open = sum((at) => second[at]!.openSeconds);
            expect(sum((at) => added[at]!.overtimeSeconds)).toBe(Math.max(0, Math.min(open, missing)));
            for (const at of inWeek) {
              expect(added[at]!.regularSeconds).toBeGreaterThanOrEqual(0);
              expect(added[at]!.overtimeSeconds).toBeGreaterThanOrEqual(0);
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
