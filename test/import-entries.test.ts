/** Mapping files, keys, ready mappings, and the fingerprint of an entry. */

import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryContentHash } from '../domain/entry-content-hash.ts';
import { type ImportMappingFile, readMapping } from '../domain/import/mapping.ts';
import { readyMapping, readyMappingNames } from '../domain/import/ready-mappings.ts';
import { SeenKeys } from '../domain/import/seen-keys.ts';
import type { SourceEntry } from '../domain/work-entry.ts';
import { parseText, simpleMapping } from './fixtures/import/parse-text.ts';
import { named, sourceEntry } from './support/source-entry.ts';

const fixture = (name: string) => readFile(new URL(`./fixtures/import/${name}`, import.meta.url));
const day = '2026-01-05';

describe('a mapping file', () => {
  const { fields } = simpleMapping;
  it.each([
    ['an unknown key', { ...simpleMapping, delimter: ';' }, 'the mapping: Unrecognized key: "delimter"'],
    ['a missing field', { name: 'x', fields: { workDate: 'Day', hours: 'Hours' } }, 'fields.person: '],
    [
      'a wrong source',
      { ...simpleMapping, fields: { ...fields, hours: 5 } },
      'fields.hours: give a column name',
    ],
    [
      'an empty template',
      { ...simpleMapping, fields: { ...fields, hours: { template: 'x' } } },
      'fields.hours: a template',
    ],
    [
      'a person without a name',
      { ...simpleMapping, fields: { ...fields, person: {} } },
      'fields.person: map at least',
    ],
    ['a wrong day format', { ...simpleMapping, formats: { day: 'DD-DD-YY' } }, 'formats.day: use "auto" or'],
    ['a wrong hours format', { ...simpleMapping, formats: { hours: 'hh' } }, 'formats.hours: '],
    [
      'an unknown zone',
      { ...simpleMapping, defaults: { zone: 'Mars/Base' } },
      'defaults.zone: is not a time zone',
    ],
    ['a wrong key', { ...simpleMapping, key: { identity: ['colour'] } }, 'key: give {"natural": "Column"}'],
    ['no header and no columns', { ...simpleMapping, file: { headerLine: 0 } }, 'file: "columns" goes with'],
    ['no object', 'sip', 'the mapping: '],
  ])('with %s is refused by path', (_, file, problem) => {
    expect(() => readMapping(file)).toThrow(problem);
  });

  it('names every mistake at once', () => {
    const file = { ...simpleMapping, formats: { hours: 'x', clock: 'y' }, createMissing: ['ship'] };
    expect(() => readMapping(file)).toThrow(/formats\.hours.*formats\.clock.*createMissing\.0/s);
  });

  it('takes a line with an amount as an expense, with its receipt and its input tax', async () => {
    const mapping: ImportMappingFile = {
      ...simpleMapping,
      fields: {
        ...fields,
        currency: { column: 'Currency', optional: true },
        expense: { amount: 'Paid', inputTax: 'VAT', receiptOn: 'Receipt' },
      },
    };
    const header = 'Day,Hours,Person,Project,Notes,Currency,Paid,VAT,Receipt\n';
    const line = (hours: string, currency: string, paid: string, tax: string, receipt: string) =>
      `2026-01-05,${hours},Ada,P1,Ferry,${currency},${paid},${tax},${receipt}\n`;
    const file =
      header +
      line('', 'EUR', '119.00', '19.00', '2026-01-03') +
      line('0', 'EUR', '12.5', '', '') +
      line('1.5', '', '0.00', '', '') +
      line('', 'EUR', '50', '5.00', '') +
      line('2', 'EUR', '50', '', '') +
      line('', '', '50', '', '') +
      line('', 'EUR', '50', '50.01', '') +
      line('', 'EUR', '0.005', '', '') +
      line('', 'EUR', '-5', '', '') +
      line('', 'EUR', '50', '', '31/31/2026') +
      line('', '', '', '', '');
    const { entries, unreadable } = await parseText(file, readMapping(mapping));
    expect(entries.map(({ kind, quantity, receipt }) => [kind, quantity, receipt ?? null])).toEqual([
      ['expense', 11_900, { on: '2026-01-03', net: '100.00', inputTax: '19.00' }],
      ['expense', 1250, null],
      ['labor', 5400, null],
      ['expense', 5000, { on: null, net: '45.00', inputTax: '5.00' }],
    ]);
    expect(unreadable.map(({ reason }) => reason)).toEqual([
      'amount.with_hours',
      'currency.missing',
      'input_tax.beyond_amount',
      'amount.too_fine',
      'amount.negative',
      'receipt_on.not_a_day',
      'hours.missing',
    ]);
  });

  it('finds columns by alternatives, without regard to case, by constant, template and header', async () => {
    const file = 'DAY , Std  ,First,Last,Rate (EUR)\n2026-01-05,1,Ada,L,80.00\n';
    const mapping: ImportMappingFile = {
      name: 'alternatives',
      fields: {
        workDate: 'day',
        hours: ['Hours', 'Std'],
        person: { name: { template: '{First} {Last}' }, email: { column: 'Mail', optional: true } },
        client: { name: { constant: 'Yard' } },
        rate: 'Rate (*)',
        currency: { fromHeader: 'Rate (*)' },
      },
    };
    const { entries } = await parseText(file, readMapping(mapping));
    expect(entries).toMatchObject([
      {
        person: { name: 'Ada L', email: null },
        client: { name: 'Yard' },
        project: null,
        rate: '80.00',
        currency: 'EUR',
      },
    ]);
  });

  it('reads flags and approval by its words, and quarantines the words it does not know', async () => {
    const mapping: ImportMappingFile = {
      name: 'words',
      fields: {
        workDate: 'D',
        hours: 'H',
        person: { name: 'P' },
        billable: 'B',
        approval: 'A',
        billedElsewhere: 'I',
      },
      words: { approval: { Yes: 'approved', 'In Review': 'submitted' } },
      defaults: { approval: 'unsubmitted' },
    };
    const rows = ['YES,yes,no', 'n,in review,X', ',,', 'maybe,yes,no', 'yes,later,no', 'yes,yes,perhaps'];
    const { entries, unreadable } = await parseText(
      ['D,H,P,B,A,I', ...rows.map((row) => `${day},1,Ada,${row}`)].join('\n'),
      readMapping(mapping),
    );
    expect(entries.map((entry) => [entry.billable, entry.approval, entry.billedElsewhere])).toEqual([
      [true, 'approved', false],
      [false, 'submitted', true],
      [true, 'unsubmitted', false],
    ]);
    expect(unreadable.map(({ reason }) => reason)).toEqual([
      'billable.unknown',
      'approval.unknown',
      'billed_elsewhere.unknown',
    ]);
  });
});

describe('keys', () => {
  const header = 'Day,Hours,Person,Project,Notes';
  const line = (hours: number, notes = 'x') => `${day},${hours},Ada,P1,${notes}`;
  const keys = async (...lines: string[]) =>
    (await parseText([header, ...lines].join('\n'))).entries.map(({ externalId }) => externalId);

  it('gives the same file the same keys, and two identical lines two of them', async () => {
    const first = await keys(line(1), line(1), line(2, 'y'));
    expect(new Set(first).size).toBe(3);
    expect(first[1]).toBe(`${first[0]}-2`);
    expect(await keys(line(1), line(1), line(2, 'y'))).toEqual(first);
  });
  it('keeps the key of a line whose hours were corrected', async () => {
    expect(await keys(line(1.5), line(2, 'y'))).toEqual(await keys(line(1), line(2, 'y')));
  });
  it('keeps the number of a repeated key when an earlier line with it has bad hours', async () => {
    const withBad = await keys(`${day},soon,Ada,P1,x`, line(2));
    const mended = await keys(line(1), line(2));
    expect(withBad).toEqual([mended[1]]);
  });
  it('quarantines the second line with a natural key, and a line without one', async () => {
    const mapping: ImportMappingFile = {
      ...simpleMapping,
      key: { natural: { template: '{Notes}/{Person}' } },
    };
    const { entries, unreadable } = await parseText(
      [header, line(1, 'T1'), line(2, 'T2'), line(3, 'T1'), line(4, '')].join('\n'),
      readMapping(mapping),
    );
    expect(entries.map(({ externalId }) => externalId)).toEqual(['T1/Ada', 'T2/Ada']);
    expect(unreadable).toMatchObject([
      { position: 'line 4', reason: 'external_id.repeated' },
      { position: 'line 5', reason: 'external_id.missing' },
    ]);
  });
  it('counts keys as a map does, however many there are', () => {
    const hex = fc
      .integer({ min: 0, max: 40_000 })
      .map((value) => (value * 2 + 1).toString(16).padStart(16, '0'));
    fc.assert(
      fc.property(fc.array(hex, { minLength: 1_000, maxLength: 30_000 }), (hashes) => {
        const seen = new SeenKeys();
        const counts = new Map<string, number>();
        for (const hash of hashes) {
          const expected = (counts.get(hash) ?? 0) + 1;
          counts.set(hash, expected);
          if (seen.count(hash) !== expected) return false;
        }
        return true;
      }),
      { numRuns: 20 },
    );
  });
});

describe('ready mappings', () => {
  it('are what the example files hold, each under its own name', async () => {
    expect(readyMappingNames).toEqual(['clockify-detailed', 'harvest-detailed', 'sip', 'toggl-detailed']);
    for (const name of readyMappingNames) {
      const text = await readFile(new URL(`../examples/mappings/${name}.json`, import.meta.url), 'utf8');
      expect(readyMapping(name)).toEqual(readMapping(JSON.parse(text)));
      expect(readyMapping(name)!.name).toBe(name);
    }
    expect(readyMapping('constructor')).toBeNull();
  });

  it('read a Harvest export', async () => {
    const { entries, unreadable } = await parseText(
      await fixture('harvest-detailed.csv'),
      readyMapping('harvest-detailed')!,
    );
    expect(entries).toHaveLength(4);
    expect(entries[0]).toEqual({
      externalId: expect.stringMatching(/^row-[0-9a-f]{32}$/),
      kind: 'labor',
      workDate: '2026-09-14',
      zone: null,
      startedAt: null,
      endedAt: null,
      quantity: 5688,
      person: { externalId: null, code: null, name: 'Ines Roth', email: null },
      client: { externalId: null, code: null, name: 'Nordlicht GmbH' },
      project: { externalId: null, code: 'NL-7', name: 'Import rebuild' },
      task: { externalId: null, code: null, name: 'Development' },
      position: 'Engineer',
      billable: true,
      running: false,
      approval: 'approved',
      billedElsewhere: false,
      notes: 'Rework of import job',
      rate: '120.00',
      cost: '55.00',
      currency: 'EUR',
      sourceUpdatedAt: null,
    });
    expect(entries[1]!.externalId).toBe(`${entries[0]!.externalId}-2`);
    expect(entries[2]).toMatchObject({
      quantity: 1800,
      billable: false,
      approval: 'unsubmitted',
      notes: 'Kick-off\nwith the yard',
      rate: '0',
    });
    expect(entries[3]).toMatchObject({
      workDate: '2026-09-26',
      billedElsewhere: true,
      notes: '=HYPERLINK("http://x")',
      position: null,
      cost: null,
    });
    expect(unreadable).toMatchObject([{ position: 'line 7', reason: 'work_date.ambiguous' }]);
  });

  it('read a Toggl Track export, times as instants once a zone is stated', async () => {
    const file = await fixture('toggl-detailed.csv');
    const plain = await parseText(file, readyMapping('toggl-detailed')!);
    expect(plain.unreadable).toEqual([]);
    expect(plain.entries).toMatchObject([
      {
        quantity: 5400,
        zone: null,
        startedAt: null,
        notes: 'Design, round 2',
        approval: 'approved',
        currency: 'USD',
      },
      { quantity: 1800, billable: false, client: null, task: null },
      { quantity: 2826, person: { name: 'Ben', email: 'ben@example.test' } },
    ]);
    const zoned = await parseText(file, readyMapping('toggl-detailed', { zone: 'Europe/Oslo' })!);
    expect(zoned.entries.slice(0, 2)).toMatchObject([
      { zone: 'Europe/Oslo', startedAt: '2026-03-10T08:00:00.000Z', endedAt: '2026-03-10T09:30:00.000Z' },
      { startedAt: '2026-03-10T22:45:00.000Z', endedAt: '2026-03-10T23:15:00.000Z' },
    ]);
    // Stating a zone later must not make every line a new entry.
    expect(zoned.entries.map(({ externalId }) => externalId)).toEqual(
      plain.entries.map(({ externalId }) => externalId),
    );
  });

  it('read a Clockify export once its day format is stated', async () => {
    const file = await fixture('clockify-detailed.csv');
    const guessed = await parseText(file, readyMapping('clockify-detailed')!);
    expect(guessed.unreadable.map(({ reason }) => reason)).toEqual([
      'work_date.ambiguous',
      'work_date.ambiguous',
      'work_date.missing',
    ]);
    const settings = { dayFormat: 'MM/DD/YYYY', zone: 'America/New_York', client: 'Yard' };
    const { entries, unreadable } = await parseText(file, readyMapping('clockify-detailed', settings)!);
    expect(entries).toMatchObject([
      {
        workDate: '2026-03-06',
        quantity: 7200,
        startedAt: '2026-03-06T15:00:00.000Z',
        endedAt: '2026-03-06T17:00:00.000Z',
        client: { name: 'Yard' },
        rate: '150.00',
        currency: 'EUR',
      },
      { quantity: 2730, billable: false, task: { name: 'Support' }, endedAt: '2026-03-07T05:15:30.000Z' },
    ]);
    expect(unreadable).toMatchObject([{ reason: 'work_date.missing', position: 'line 4' }]);
  });

  it('lay settings over a mapping, and refuse a wrong one', () => {
    expect(readyMapping('harvest-detailed', { approval: 'approved' })!.fields.approval).toBeUndefined();
    expect(() => readyMapping('sip', { zone: 'Nowhere' })).toThrow('defaults.zone');
  });
});

describe('the content hash', () => {
  const entry = sourceEntry('1', {
    workDate: day,
    person: { externalId: null, code: null, name: 'Ada', email: 'Ada@example.test' },
    client: { externalId: '7', code: null, name: 'Yard' },
    project: named('Hull', 'P1'),
    notes: 'x',
    rate: '80.00',
    currency: 'EUR',
  });
  const hash = (change: Partial<SourceEntry> = {}) => entryContentHash({ ...entry, ...change });

  it('does not change from one release to the next', () => {
    expect(hash()).toBe('f35dc9e74ba7030afe88b53d152766f6e3ef139a2bc18506d95ce8ab083ecaa7');
  });
  it.each<[string, Partial<SourceEntry>]>([
    ['approval', { approval: 'rejected' }],
    ['running', { running: true }],
    ['billed elsewhere', { billedElsewhere: true }],
    ['its time of change', { sourceUpdatedAt: '2026-01-06T00:00:00Z' }],
    ['a renamed client with an id', { client: { externalId: '7', code: null, name: 'New yard' } }],
    ['a renamed project with a code', { project: { externalId: null, code: 'P1', name: 'Hull 2' } }],
    ['zeros behind the rate', { rate: '80' }],
  ])('is the same after a change of %s', (_, change) => {
    expect(hash(change)).toBe(hash());
  });
  it.each<[string, Partial<SourceEntry>]>([
    ['kind', { kind: 'mileage_time' }],
    ['work date', { workDate: '2026-01-06' }],
    ['quantity', { quantity: 3601 }],
    ['person', { person: { ...entry.person!, email: 'eve@example.test' } }],
    ['client', { client: null }],
    ['project', { project: { externalId: null, code: 'P2', name: 'Hull' } }],
    ['task', { task: { externalId: null, code: null, name: 'Survey' } }],
    ['position', { position: 'Engineer' }],
    ['billable', { billable: false }],
    ['notes', { notes: null }],
    ['rate', { rate: '800' }],
    ['cost', { cost: '80.00' }],
    ['currency', { currency: 'USD' }],
  ])('is another after a change of %s', (_, change) => {
    expect(hash(change)).not.toBe(hash());
  });
});
