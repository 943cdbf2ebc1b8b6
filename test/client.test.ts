/** Owns the words of clients without servers: statuses, lists, codes, why one is kept, and CSV tables. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { phone, website } from '../api/kit/schemas.ts';
import {
  type ClientHolds,
  type ClientStatus,
  clientStatuses,
  clientTransitions,
  firstStatus,
  requireClientStatus,
  requireListed,
  whyKept,
} from '../domain/client.ts';
import { suggestClientCode } from '../domain/client-code.ts';
import { toCsvRow } from '../domain/csv-row.ts';
import { maxCsvRows, readCsvTable } from '../domain/csv-table.ts';
import { Refusal } from '../domain/refusal.ts';

const codeOf = (work: () => unknown) => {
  try {
    work();
    return 'passed';
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
};
const email = 'accounts@acme.example';

describe('the status of a client', () => {
  test('goes where the table says and nowhere else', () => {
    const allowed = new Set([
      'pending active',
      'pending inactive',
      'active inactive',
      'inactive active',
      'archived active',
    ]);
    for (const from of clientStatuses)
      for (const status of clientStatuses) {
        const stays = from === status;
        const expected = stays || allowed.has(`${from} ${status}`) ? 'passed' : 'client.wrong_status';
        expect(
          codeOf(() => requireClientStatus({ status: from, email }, { status, email })),
          `${from} → ${status}`,
        ).toBe(expected);
      }
    expect(Object.keys(clientTransitions)).toEqual([
      'pending',
      'active',
      'inactive',
      'archived',
    ] satisfies ClientStatus[]);
  });

  test('is pending without an e-mail address, and only when asked to be', () => {
    expect(firstStatus({ status: 'pending', email: null })).toBe('pending');
    expect(codeOf(() => firstStatus({ email: null }))).toBe('client.email_missing');
    expect(firstStatus({ email })).toBe('active');
    expect(firstStatus({ status: 'inactive', email: null })).toBe('inactive');
    expect(codeOf(() => firstStatus({ status: 'active', email: null }))).toBe('client.email_missing');
    expect(codeOf(() => firstStatus({ status: 'archived', email }))).toBe('client.wrong_status');
    expect(
      codeOf(() =>
        requireClientStatus({ status: 'pending', email: null }, { status: 'active', email: null }),
      ),
    ).toBe('client.email_missing');
  });
});

test('what is on no list of the workspace is refused, unless the client had it before', () => {
  const settings = { industries: ['Fish'] };
  expect(codeOf(() => requireListed(settings, { industry: 'Fish' }))).toBe('passed');
  expect(codeOf(() => requireListed(settings, { industry: 'Shipping' }))).toBe('client.not_listed');
  expect(codeOf(() => requireListed({}, { industry: 'Shipping' }))).toBe('passed');
  expect(codeOf(() => requireListed(settings, { industry: 'Shipping' }, { industry: 'Shipping' }))).toBe(
    'passed',
  );
  expect(codeOf(() => requireListed({}, { complianceRequirements: ['SOC 2', 'ISO 14001'] }))).toBe(
    'client.not_listed',
  );
  expect(
    codeOf(() =>
      requireListed({ complianceStandards: ['ISO 14001'] }, { complianceRequirements: ['ISO 14001'] }),
    ),
  ).toBe('passed');
});

test('a client that something refers to is kept, and the sentence says what', () => {
  const nothing: ClientHolds = {
    issuedInvoices: 0,
    draftInvoices: 0,
    contracts: 0,
    projects: 0,
    entries: 0,
    payments: 0,
    purchaseOrders: 0,
    members: 0,
    reports: 0,
  };
  expect(whyKept(nothing)).toBeNull();
  expect(whyKept({ ...nothing, issuedInvoices: 2, contracts: 1, entries: 40 })).toBe(
    'It has 2 issued invoices, 1 contract and 40 work entries, which must stay readable, so it is archived instead.',
  );
});

test('a code is suggested from the initials, then from the letters, and is always free', () => {
  expect(suggestClientCode('Acme Marine Co', new Set())).toBe('AMC');
  expect(suggestClientCode('Acme Marine Co', new Set(['AMC']))).toBe('ACM');
  expect(suggestClientCode('北海', new Set())).toMatch(/^[A-Z]{3}$/);
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.array(fc.stringMatching(/^[A-Z]{3}$/)), (name, taken) => {
      const code = suggestClientCode(name, new Set(taken));
      return /^[A-Z]{3}$/.test(code) && !taken.includes(code);
    }),
  );
});

test.each([
  ['https://www.acme.example', 'https://www.acme.example/'],
  [' HTTP://acme.example/about?x=1 ', 'http://acme.example/about?x=1'],
  ['javascript:alert(1)', null],
  ['JaVaScRiPt://acme.example/%0aalert(1)', null],
  ['java\nscript:alert(1)', null],
  ['data:text/html,<script>alert(1)</script>', null],
  ['vbscript:x', null],
  ['ftp://acme.example', null],
  ['//acme.example', null],
  ['acme.example', null],
  ['https://', null],
  ['https://user:secret@acme.example', null],
  [`https://acme.example/${'x'.repeat(600)}`, null],
])('the website %j is taken as %j', (given, taken) => {
  expect(website.safeParse(given).data ?? null).toBe(taken);
});

test('a phone number is digits and what people put between them', () => {
  for (const good of ['+47 22 00 00 00', '(555) 010-9999', '555-0109 ext 12'])
    expect(phone.safeParse(good).success).toBe(true);
  for (const bad of ['call me', '12', '+47 22<script>', '1'.repeat(60)])
    expect(phone.safeParse(bad).success).toBe(false);
});

describe('a CSV table', () => {
  test('is read as any spreadsheet wrote it', () => {
    expect(readCsvTable('\uFEFFcode;name\r\nACM;"Acme; ""the"" firm"\r\n;\r\n\r\nNSL;North\r\n')).toEqual({
      header: ['code', 'name'],
      rows: [
        { line: 2, cells: ['ACM', 'Acme; "the" firm'] },
        { line: 5, cells: ['NSL', 'North'] },
      ],
    });
    expect(readCsvTable('a,b\n"x\ny",2\n3,4')).toEqual({
      header: ['a', 'b'],
      rows: [
        { line: 2, cells: ['x\ny', '2'] },
        { line: 4, cells: ['3', '4'] },
      ],
    });
  });

  test('says which line is broken', () => {
    expect(readCsvTable('')).toEqual([{ line: 1, message: 'The file is empty.' }]);
    expect(readCsvTable('a,b\n1,"2')).toEqual([
      { line: 2, message: 'A quoted cell begins here and never ends.' },
    ]);
    expect(readCsvTable('a,b\n1,2\n"1"x,2')).toMatchObject([{ line: 3 }]);
    expect(readCsvTable('a,b\n1\n1,2,3')).toEqual([
      { line: 2, message: '1 cells under 2 headings' },
      { line: 3, message: '3 cells under 2 headings' },
    ]);
    expect(readCsvTable(`a\n${'1\n'.repeat(maxCsvRows + 1)}`)).toMatchObject([{ line: maxCsvRows + 2 }]);
  });

  test('written by us comes back as it was, and nothing in it runs', () => {
    const cell = fc.oneof(
      // An apostrophe of somebody's own in the place of ours is the one thing that cannot be told apart.
      fc.string({ maxLength: 20 }).filter((text) => !text.startsWith("'")),
      fc.constantFrom('=HYPERLINK("http://x")', '+47 1', '-2', '@SUM(A1)', 'a"b', 'a,b', 'a\nb'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 }), (rows) => {
        const written = toCsvRow(['one', 'two']) + rows.map((row) => toCsvRow(row)).join('');
        const read = readCsvTable(written);
        const plain = (text: string) => text.trim();
        const kept = rows.filter((row) => row.some((text) => plain(text) !== ''));
        if (!('rows' in read)) return false;
        return (
          JSON.stringify(read.rows.map((row) => row.cells)) ===
          JSON.stringify(kept.map((row) => row.map(plain)))
        );
      }),
    );
    expect(toCsvRow(['=1+1'])).toBe("'=1+1\r\n");
  });
});
