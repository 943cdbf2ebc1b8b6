/** What counts as a day and a time of day in a cell, and when both become an instant. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseClock } from '../domain/import/parse-clock.ts';
import { parseDay } from '../domain/import/parse-day.ts';
import { instantIn } from '../domain/import/to-instant.ts';

const german = 'Januar Februar März April Mai Juni Juli August September Oktober November Dezember'.split(
  ' ',
);

describe('a day', () => {
  it.each([
    ['26-Feb-04', 'DD-Mon-YY', '2004-02-26'],
    ['1-sept-14', 'DD-Mon-YY', '2014-09-01'],
    ['26-February-04', 'DD-Mon-YY', '2004-02-26'],
    ['01-Jan-68', 'DD-Mon-YY', '2068-01-01'],
    ['01-Jan-69', 'DD-Mon-YY', '1969-01-01'],
    ['03/06/2024', 'MM/DD/YYYY', '2024-03-06'],
    ['03/06/2024', 'DD/MM/YYYY', '2024-06-03'],
    ['3.6.2024', 'DD.MM.YYYY', '2024-06-03'],
    ['20240603', 'YYYYMMDD', '2024-06-03'],
    ['Jun 3, 2024', 'Mon DD, YYYY', '2024-06-03'],
    ['2024-06-03', 'auto', '2024-06-03'],
    ['2024/6/3', 'auto', '2024-06-03'],
    ['2024-06-03 09:15:00', 'auto', '2024-06-03'],
    ['2024-06-03T09:15', 'auto', '2024-06-03'],
    ['03.06.2024', 'auto', '2024-06-03'],
    ['25/03/2024', 'auto', '2024-03-25'],
    ['03/25/2024', 'auto', '2024-03-25'],
    ['03/03/2024', 'auto', '2024-03-03'],
    ['3 June 2024', 'auto', '2024-06-03'],
    ['June 3, 2024', 'auto', '2024-06-03'],
    ['29-Feb-2024', 'auto', '2024-02-29'],
  ])('%j read as %s is %s', (cell, pattern, day) => {
    expect(parseDay(cell, { pattern })).toBe(day);
  });

  it.each([
    ['', 'auto', 'work_date.missing'],
    ['03/06/2024', 'auto', 'work_date.ambiguous'],
    ['03-06-2024', 'auto', 'work_date.ambiguous'],
    ['26-Feb-04', 'auto', 'work_date.ambiguous'],
    ['03/06/24', 'auto', 'work_date.ambiguous'],
    ['31.02.2024', 'auto', 'work_date.not_a_day'],
    ['29-Feb-05', 'DD-Mon-YY', 'work_date.not_a_day'],
    ['13/13/2024', 'auto', 'work_date.not_a_day'],
    ['2024-06-03T23:30:00Z', 'auto', 'work_date.not_a_day'],
    ['0024-06-03', 'auto', 'work_date.not_a_day'],
    ['2024111', 'YYYYMMDD', 'work_date.not_a_day'],
    ['45000', 'auto', 'work_date.not_a_day'],
    ['yesterday', 'auto', 'work_date.not_a_day'],
    ['=TODAY()', 'auto', 'work_date.formula'],
    ['26-Foo-04', 'DD-Mon-YY', 'work_date.not_a_day'],
  ])('%j read as %s is refused as %s', (cell, pattern, reason) => {
    expect(parseDay(cell, { pattern })).toMatchObject({ reason });
  });

  it('takes the century from the pivot and the month names from the mapping', () => {
    expect(parseDay('01-Jan-30', { pattern: 'DD-Mon-YY', pivotYear: 30 })).toBe('1930-01-01');
    expect(parseDay('3. März 2024', { pattern: 'DD. Mon YYYY', monthNames: german })).toBe('2024-03-03');
    expect(parseDay('3. March 2024', { pattern: 'DD. Mon YYYY', monthNames: german })).toMatchObject({
      reason: 'work_date.not_a_day',
    });
  });

  const days = fc
    .date({ min: new Date('1970-01-01'), max: new Date('2068-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

  it('reads back every day written in every format', () => {
    fc.assert(
      fc.property(days, (day) => {
        const [year, month, date] = day.split('-') as [string, string, string];
        const name = months[Number(month) - 1]!;
        const written: Record<string, string> = {
          'YYYY-MM-DD': day,
          'DD-Mon-YY': `${date}-${name}-${year.slice(2)}`,
          'MM/DD/YYYY': `${month}/${date}/${year}`,
          'DD/MM/YY': `${date}/${month}/${year.slice(2)}`,
          'DD.MM.YYYY': `${Number(date)}.${Number(month)}.${year}`,
          YYYYMMDD: `${year}${month}${date}`,
        };
        for (const [pattern, cell] of Object.entries(written)) expect(parseDay(cell, { pattern })).toBe(day);
        expect(parseDay(`${date}-${name}-${year}`, { pattern: 'auto' })).toBe(day);
        // Without a stated format a slashed day is read rightly or not at all.
        const guess = parseDay(`${month}/${date}/${year}`, { pattern: 'auto' });
        if (typeof guess === 'string') expect(guess).toBe(day);
        else expect(guess.reason).toBe('work_date.ambiguous');
      }),
    );
  });
});

describe('a time of day', () => {
  it.each([
    ['9:05am', 'auto', 32_700],
    ['12:00 AM', 'auto', 0],
    ['12:00 pm', 'auto', 43_200],
    ['2:05 p.m.', '12h', 50_700],
    ['11:59:59\u202fPM', 'auto', 86_399],
    ['14:05', 'auto', 50_700],
    ['14:05:10', '24h', 50_710],
    ['', 'auto', null],
  ] as const)('%j on a clock of %s is %j', (cell, format, seconds) => {
    expect(parseClock(cell, format, 'started_at')).toBe(seconds);
  });

  it.each([
    ['24:00', 'auto'],
    ['13:00 PM', 'auto'],
    ['0:30am', 'auto'],
    ['9:05', '12h'],
    ['9:05am', '24h'],
    ['9:60', 'auto'],
    ['nine', 'auto'],
  ] as const)('%j on a clock of %s is refused', (cell, format) => {
    expect(parseClock(cell, format, 'started_at')).toMatchObject({ reason: 'started_at.not_a_time' });
  });
});

describe('an instant', () => {
  const hour = 3600;
  it.each([
    ['Europe/Oslo', '2026-07-01', 9 * hour, '2026-07-01T07:00:00.000Z'],
    ['Europe/Oslo', '2026-07-01', 1 * hour, '2026-06-30T23:00:00.000Z'],
    // 02:30 does not exist on this day; read with the offset before the change.
    ['Europe/Oslo', '2026-03-29', 2.5 * hour, '2026-03-29T01:30:00.000Z'],
    // 02:30 exists twice; the first.
    ['Europe/Oslo', '2026-10-25', 2.5 * hour, '2026-10-25T00:30:00.000Z'],
    ['Europe/Oslo', '2026-10-25', 3 * hour, '2026-10-25T02:00:00.000Z'],
    ['America/New_York', '2026-11-01', 1.5 * hour, '2026-11-01T05:30:00.000Z'],
    ['Australia/Lord_Howe', '2026-04-05', 1.75 * hour, '2026-04-04T14:45:00.000Z'],
    ['Asia/Kathmandu', '2026-01-01', 5.75 * hour, '2026-01-01T00:00:00.000Z'],
  ])('in %s, %s + %d s is %s', (zone, day, seconds, instant) => {
    expect(instantIn(zone)(day, seconds)).toBe(instant);
  });
});
