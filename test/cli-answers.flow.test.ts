/** Owns what the one-off commands say when they could not do what was asked: in words, with what to do next. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requireReadable } from '../cli/commands/import.ts';
import { requireRules, whyNotReleased } from '../cli/commands/release.ts';
import { saysWhatBlocks, toMoneyText } from '../cli/commands/run.ts';
import { readMapping } from '../domain/import/mapping.ts';
import { beginImport, runImport } from '../runtime/import/run-import.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { releaseWarnings } from '../store/exceptions.ts';
import { countQuarantineReasons } from '../store/quarantine.ts';
import { runCli } from './support/cli.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { makeTestDirectory } from './support/directory.ts';
import { newWorkspace } from './support/loops.ts';

const rows = [
  'Id,Date,Hours,Client,Project,Person',
  '1,2026-01-05,2.5,Acme,Hull,Ann',
  '2,2026-01-06,3x,Acme,Hull,Ann',
  '3,2026-01-07,30,Acme,Hull,Ann',
  '4,2026-01-08,4y,Acme,Hull,Ann',
];
const mapping = readMapping({
  name: 'small',
  key: { natural: 'Id' },
  fields: {
    workDate: 'Date',
    hours: 'Hours',
    person: { name: 'Person' },
    client: { name: 'Client' },
    project: { name: 'Project' },
  },
  formats: { day: 'YYYY-MM-DD' },
  defaults: { approval: 'approved' },
  createMissing: ['client', 'project', 'person'],
});
const dir = makeTestDirectory('cli-answers');
const path = join(dir, 'small.csv');

let test: TestDatabase;
let workspaceId: string;
let operationId: string;
const inWorkspace = <T>(work: (tx: WorkspaceTx) => Promise<T>) =>
  test.database.inWorkspace(workspaceId, work);

beforeAll(async () => {
  test = await createTestDatabase();
  workspaceId = await newWorkspace(test.database);
  writeFileSync(path, rows.join('\n'));
  const request = { workspaceId, source: { path }, mapping, sourceName: 'small.csv', startedBy: 'test' };
  const operation = await beginImport(test.database, request);
  operationId = operation.id;
  await runImport(test.database, operation, request);
});
afterAll(() => test.drop());

it('an import names each reason of its quarantine with its count and one place', async () => {
  const reasons = await inWorkspace((tx) => countQuarantineReasons(tx, 'small.csv', operationId));
  expect(reasons).toEqual([
    {
      reason: 'hours.not_a_number',
      rows: 2,
      position: 'line 3',
      detail: expect.stringContaining('"3x"') as string,
    },
  ]);
});

it('a file that cannot be read is told apart from one that is not there', async () => {
  mkdirSync(join(dir, 'folder'));
  await expect(requireReadable(join(dir, 'none.csv'))).rejects.toThrow(/^There is no file .*none.csv\.$/);
  await expect(requireReadable(join(dir, 'folder'))).rejects.toThrow(/folder is a folder; name one file/);
  await requireReadable(path);
});

it('a release and a run say what is in the way, step by step', async () => {
  const blocks = () =>
    inWorkspace((tx) => saysWhatBlocks(tx, { type: 'workspace', id: workspaceId }, '2026-02-01'));
  const rules = ['entry.over_24h', 'person_day.over_24h'];
  expect(await inWorkspace((tx) => whyNotReleased(tx, ['sync.failed', ...rules]))).toEqual([
    expect.stringContaining('sync.failed: no exception of this workspace ever had this rule'),
  ]);
  expect(await blocks()).toContain('  W entry.over_24h: 1 entries');
  await inWorkspace((tx) => releaseWarnings(tx, { rules }, 'test', 'sea trial'));
  expect(await inWorkspace((tx) => whyNotReleased(tx, ['entry.over_24h']))).toEqual([
    'entry.over_24h: nothing is open any more.',
  ]);
  const [first, second] = await blocks();
  expect(first).toBe('Nothing was billed. What the open work lacks:');
  expect(second).toMatch(/^ {2}2 entries: .*contract/i);
  await inWorkspace((tx) =>
    tx.run(
      `update exceptions set status = 'open', severity = 'E' where workspace_id = $1 and rule = 'entry.over_24h'`,
      [workspaceId],
    ),
  );
  expect(await inWorkspace((tx) => whyNotReleased(tx, ['entry.over_24h']))).toEqual([
    'entry.over_24h: 1 are of severity E, which must be fixed and cannot be released.',
  ]);
});

it('a rule that does not exist is a slip of the pen: it is refused with the list of those that do', async () => {
  const refused = (rules: string[]) => inWorkspace((tx) => requireRules(tx, rules));
  await expect(refused(['entry.over_24h', 'match.project'])).resolves.toBeUndefined();
  await expect(refused(['entry.over_24h', 'entry.over_42h'])).rejects.toThrow(
    /^There is no rule "entry.over_42h". The rules are:\n(.*\n)* {2}entry.over_24h\n/,
  );
  const env = { DATABASE_URL: test.url, SLIPWAY_DATA_DIR: dir };
  const { code, text } = await runCli(['release', '--rule', 'nonsense', '--reason', 'none'], env);
  expect(text).toContain('There is no rule "nonsense". The rules are:');
  expect(text).toContain('  invoice.held');
  expect(code).toBe(2);
});

it('amounts keep every digit that a float would lose', () => {
  expect(toMoneyText('90071992547409931.07')).toBe('90071992547409931.07');
  expect(toMoneyText('80')).toBe('80.00');
  expect(toMoneyText('0.125')).toBe('0.125');
});
