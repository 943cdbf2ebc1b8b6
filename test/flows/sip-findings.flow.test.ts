/** Owns `slipway exceptions --summary` over real time records: every count equals the one that the file itself gives. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClauseChange } from '../../domain/contract-terms.ts';
import { readMapping } from '../../domain/import/mapping.ts';
import { beginImport, runImport } from '../../runtime/import/run-import.ts';
import { releaseWarnings } from '../../store/exceptions.ts';
import { readReconciliation } from '../../store/reports/reconciliation.ts';
import { type Books, carryOut, expectBalanced, openBooks, requestBilling } from '../support/books.ts';
import { runCli } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeTestDirectory } from '../support/directory.ts';

const dir = makeTestDirectory('sip-findings');
/** The SiP records stand beside the checkout, with their SOURCE.md; no copy of them is ours. */
const realFile = join(import.meta.dirname, '../../../shared/data/sip/sip-time-entries.csv');

let scratch: TestDatabase;
// A database for each file: what the server knows of a table with a dozen rows is no guide to ten thousand.
beforeEach(async () => {
  scratch = await createTestDatabase();
});
afterEach(() => scratch.drop());

/** Rule → severity, exceptions, entries, hours, as the table shows them. */
type Shown = Record<string, string[]>;
const everything = 'all, each entry once';
const longDays = ['entry.over_24h', 'person_day.over_24h'];

/** Overtime from 7.5 hours a day, from 2005-01-01 to 2012-12-31, over all of these projects. */
async function importUnder(projects: string[], path: string): Promise<Books> {
  const books = await openBooks(scratch.database, {
    projects,
    contract: { startsOn: '2005-01-01', endsBefore: '2013-01-01', goLiveOn: '2000-01-01' },
  });
  const clauses: ClauseChange = {
    overtime: { dailyAfterSeconds: 27_000, needsPermission: true },
    // What is usual depends on what was billed first, and not on the file.
    severities: { 'item.far_from_history': 'off' },
  };
  await books.in((tx) =>
    tx.run('update contracts set clauses = $3 where workspace_id = $1 and id = $2', [
      books.workspaceId,
      books.contractId,
      JSON.stringify(clauses),
    ]),
  );
  const mapping = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../examples/mappings/sip.json'), 'utf8'),
  ) as { fields: object };
  const request = {
    workspaceId: books.workspaceId,
    source: { path },
    mapping: readMapping({
      ...mapping,
      fields: { ...mapping.fields, client: { name: { constant: 'Northern Ferries' } } },
      createMissing: ['task', 'person'],
    }),
    sourceName: 'SiP',
    startedBy: 'test',
  };
  await runImport(scratch.database, await beginImport(scratch.database, request), request);
  return books;
}

/** The contract's rules look at what is to be billed. */
const runToDrafts = async (books: Books) =>
  expect(
    (await carryOut(scratch.database, books, await requestBilling(books, { finishAt: 'draft' }))).status,
  ).toBe('done');

async function showSummary(books: Books): Promise<{ rules: Shown; quarantined: number }> {
  const { code, text } = await runCli(['exceptions', '--summary', '--workspace', books.workspaceId], {
    DATABASE_URL: scratch.url,
    SLIPWAY_DATA_DIR: join(dir, 'data'),
  });
  expect(code, text).toBe(0);
  const [header, ...lines] = text.trimEnd().split('\n');
  expect(header!.trim().split(/\s{2,}/)).toEqual(['Rule', 'Severity', 'Exceptions', 'Entries', 'Hours']);
  const quarantined = /^ {2}(\S+) lines are in quarantine/.exec(lines.pop()!)![1]!;
  const rows = lines.map((line) =>
    line
      .replaceAll(',', '')
      .trim()
      .split(/\s{2,}/),
  );
  return {
    rules: Object.fromEntries(
      rows.map(([rule, ...cells]) => [rule === 'all each entry once' ? everything : rule, cells]),
    ),
    quarantined: Number(quarantined.replaceAll(',', '')),
  };
}

/** The story of both files: as imported, then with the long days released. */
async function expectFindings(
  path: string,
  projects: string[],
  wanted: { held: Shown; released: Shown; quarantined: number },
  dated: readonly FileLine[],
): Promise<void> {
  const books = await importUnder(projects, path);
  await runToDrafts(books);
  expect(await showSummary(books)).toEqual({ rules: wanted.held, quarantined: wanted.quarantined });
  await books.in((tx) => releaseWarnings(tx, { rules: longDays }, 'test', 'As they were recorded'));
  await runToDrafts(books);
  expect(await showSummary(books)).toEqual({ rules: wanted.released, quarantined: wanted.quarantined });
  const { all, hours, balanced } = await books.in((tx) =>
    readReconciliation(tx, { startsOn: null, endsBefore: null, sourceId: null }),
  );
  expect(all).toMatchObject({
    source: dated.reduce((sum, { cents }) => sum + cents, 0) * 36,
    difference: 0,
    quarantinedRows: wanted.quarantined,
  });
  // All drafts are drafts yet; what is not on one waits for somebody.
  expect(all).toMatchObject({ billed: 0, unbilled: all.source });
  expect(all.drafted).toBeGreaterThan(0);
  const places = new Set(dated.map(({ project, day }) => `${day.slice(0, 7)} ${project}`));
  const lost = hours
    .filter((row) => row.projectCode === null && row.period !== null)
    .map((row) => row.period);
  expect(hours.filter((row) => row.projectCode !== null).length + lost.length).toBe(places.size);
  expect(balanced).toBe(true);
  await expectBalanced(scratch.database, books);
}

const header =
  'Task Number,Summary,Project Code,Breakdown Code,Category,Sub Category,Status,Developer,Hours,Started On,Completed On';
const line = (id: number, project: string, developer: string, hours: string, completed: string) =>
  `${id},"Work, ""${id}""",${project},PBC1,Development,Bug,FINISHED,${developer},${hours},,${completed}`;
const ownLines = [
  line(1, 'P1', 'a', '8', '31-Dec-04'),
  line(2, 'P1', 'a', '7.5', '01-Jan-05'),
  line(3, 'P1', 'a', '7', '31-Dec-12'),
  line(4, 'P1', 'a', '0.75', '31-Dec-12'),
  line(5, 'P1', 'a', '1', '01-Jan-13'),
  line(6, 'P1', 'b', '24', '05-May-06'),
  line(7, 'P1', 'b', '24.01', '06-May-06'),
  line(8, 'P1', 'b', '20', '07-May-06'),
  line(9, 'P1', 'b', '4.5', '07-May-06'),
  line(10, 'P9', 'b', '5', '08-May-06'),
  line(11, 'P1', 'b', '5', '08-May-06'),
  line(12, 'P1', 'b', '3', ''),
  line(13, 'P1', 'c', '25', '01-Jan-03'),
];
/** Worked out by hand from these lines. */
const ownFindings = {
  held: {
    // 1 and 5; 13 is not looked at while its day waits for somebody.
    'contract.outside_dates': ['E', '2', '2', '9.00'],
    // 1, 4 (7.75 hours with 3) and 6; of 10 and 11 only five hours are under the contract.
    'contract.overtime_not_permitted': ['W', '3', '3', '32.75'],
    'entry.over_24h': ['W', '2', '2', '49.01'],
    'match.project': ['E', '1', '1', '5.00'],
    'person_day.over_24h': ['W', '3', '4', '73.51'],
    // 1, 4, 5, 6, 7, 8, 9, 10 and 13.
    [everything]: ['11', '9', '112.26'],
  },
  released: {
    'contract.outside_dates': ['E', '3', '3', '34.00'],
    'contract.overtime_not_permitted': ['W', '7', '7', '106.26'],
    'match.project': ['E', '1', '1', '5.00'],
    [everything]: ['11', '9', '112.26'],
  },
  quarantined: 1,
};

interface FileLine {
  raw: string;
  project: string;
  developer: string;
  /** Hundredths of an hour. */
  cents: number;
  /** Empty: unfinished. */
  day: string;
}
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The lines by their cells from the right: only the summary, far to the left, may hold a comma. */
function readLines(text: string): FileLine[] {
  const [, ...lines] = text.replaceAll('\r', '').trimEnd().split('\n');
  return lines.map((raw) => {
    const [completed, , hours, developer, , , , , project] = raw.split(',').toReversed() as string[];
    const amount = /^(\d*)\.?(\d{0,2})$/.exec(hours!)!;
    const date = /^(\d\d)-(\w{3})-(\d\d)$/.exec(completed!);
    return {
      raw,
      project: project!,
      developer: developer!,
      cents: Number(amount[1]) * 100 + Number(amount[2]!.padEnd(2, '0')),
      day: date ? `20${date[3]}-${String(months.indexOf(date[2]!) + 1).padStart(2, '0')}-${date[1]}` : '',
    };
  });
}

/** The others have no day, and are in quarantine. */
const datedOf = (text: string) => readLines(text).filter(({ day }) => day !== '');

type Found = Map<string, FileLine[][]>;
/** The same rules once more, over the lines of the file: each finding with the lines that it is about. */
function findIn(text: string, unmatched: string): { held: Shown; released: Shown; quarantined: number } {
  const lines = readLines(text);
  const dated = datedOf(text);
  const matched = dated.filter(({ project }) => project !== unmatched);
  const sum = (some: FileLine[]) => some.reduce((total, { cents }) => total + cents, 0);
  const long = [...Map.groupBy(dated, ({ developer, day }) => `${developer} ${day}`).values()].filter(
    (day) => sum(day) > 2_400,
  );
  const isLong = new Set(long.flat());
  const soFar = new Map<string, number>();
  const overtime = matched.filter(({ developer, day, cents }) => {
    const hours = (soFar.get(`${developer} ${day}`) ?? 0) + cents;
    soFar.set(`${developer} ${day}`, hours);
    return cents > 0 && hours > 750;
  });
  const outside = matched.filter(({ day, cents }) => cents > 0 && (day < '2005-01-01' || day > '2012-12-31'));
  const each = (some: FileLine[]) => some.map((one) => [one]);
  const lost: [string, FileLine[][]] = [
    'match.project',
    [dated.filter(({ project }) => project === unmatched)],
  ];
  const show = (found: Found): Shown => {
    const all = [...found.values()].flat();
    const counts = (findings: FileLine[][]) => {
      const covered = [...new Set(findings.flat())];
      const cents = String(sum(covered)).padStart(3, '0');
      return [String(findings.length), String(covered.length), `${cents.slice(0, -2)}.${cents.slice(-2)}`];
    };
    return {
      ...Object.fromEntries(
        [...found].map(([rule, findings]) => [
          rule,
          [/match|outside/.test(rule) ? 'E' : 'W', ...counts(findings)],
        ]),
      ),
      [everything]: counts(all),
    };
  };
  return {
    held: show(
      new Map([
        ['contract.outside_dates', each(outside.filter((one) => !isLong.has(one)))],
        ['contract.overtime_not_permitted', each(overtime.filter((one) => !isLong.has(one)))],
        ['entry.over_24h', each(dated.filter(({ cents }) => cents > 2_400))],
        ['person_day.over_24h', long],
        lost,
      ]),
    ),
    released: show(
      new Map([
        ['contract.outside_dates', each(outside)],
        ['contract.overtime_not_permitted', each(overtime)],
        lost,
      ]),
    ),
    // The same line twice is one row of the quarantine.
    quarantined: new Set(lines.filter(({ day }) => day === '').map(({ raw }) => raw)).size,
  };
}

test('what is found in a small file is what a person finds in it by hand, and what the file itself gives', async () => {
  const text = [header, ...ownLines].join('\n');
  const path = join(dir, 'own.csv');
  writeFileSync(path, text);
  expect(findIn(text, 'P9')).toEqual(ownFindings);
  await expectFindings(path, ['P1'], ownFindings, datedOf(text));
});

const beside = existsSync(realFile);
test.runIf(beside)(
  'what is found in ten years of real records is what the file itself gives',
  async () => {
    const text = readFileSync(realFile, 'utf8');
    const unmatched = 'PC18';
    const wanted = findIn(text, unmatched);
    // Published control totals (SOURCE.md): this reading of the file is right.
    expect(wanted.held['entry.over_24h']!.slice(0, 3)).toEqual(['W', '449', '449']);
    expect(wanted.held['match.project']).toEqual(['E', '1', '2206', '13470.55']);
    expect(wanted.quarantined).toBe(2_586);
    const projects = [...new Set(readLines(text).map(({ project }) => project))];
    await expectFindings(
      realFile,
      projects.filter((code) => code !== unmatched),
      wanted,
      datedOf(text),
    );
  },
  180_000,
);
