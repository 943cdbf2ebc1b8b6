/** Owns the hub as a person starts it: `slipway start` and the commands beside it, each a process under plain Node. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { endProcess, isAlive, processesWith } from '../runtime/process-identity.ts';
import { type CliRun, runCli, shareBundles, startCli } from './support/cli.ts';
import { makeTestDirectory } from './support/directory.ts';

const started: CliRun[] = [];
afterAll(async () => {
  for (const run of started)
    if (isAlive(run.pid)) await endProcess(run.pid, [{ signal: 'SIGKILL', waitMs: 5_000 }]);
});
function start(dataDir: string, env: Record<string, string> = {}): CliRun {
  const run = startCli(['start'], { SLIPWAY_DATA_DIR: dataDir, SLIPWAY_PORT: '0', ...env });
  started.push(run);
  return run;
}
const keyPattern = /slk_[A-Za-z0-9]+/;
const urlOf = async (run: CliRun) => (await run.says(/Slipway serves (http:\/\/\S+)/))[1]!;
async function stop(run: CliRun): Promise<void> {
  run.signal('SIGINT');
  expect(await run.ended, run.text()).toBe(0);
}
const ask = (url: string, key: string, path: string, init: RequestInit = {}) =>
  fetch(`${url}/api/v1${path}`, {
    ...init,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  });
/** Postgres and Temporal of a data folder: their command lines name it, wherever their files are. */
const serversOf = (dataDir: string) => {
  const elsewhere = join(dataDir, 'postgres.location');
  const dirs = [dataDir, ...(existsSync(elsewhere) ? [readFileSync(elsewhere, 'utf8').trim()] : [])];
  return dirs.flatMap((dir) => processesWith(`${dir}/`));
};

describe.concurrent('slipway start', () => {
  it('names everything that is wrong with the configuration, and ends with 1', async () => {
    const { code, text } = await runCli(['start'], {
      SLIPWAY_DATA_DIR: makeTestDirectory('wrong'),
      SLIPWAY_PORT: 'eighty',
      SLIPWAY_LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://somewhere',
      TEMPORAL_TLS: 'true',
      SLIPWAY_PORTT: '1',
    });
    expect(code).toBe(1);
    for (const wrong of [
      /SLIPWAY_PORT must be a whole number/,
      /SLIPWAY_LOG_LEVEL must be one of/,
      /DATABASE_URL must look like postgres:/,
      /TEMPORAL_TLS has no effect without TEMPORAL_ADDRESS/,
      /SLIPWAY_PORTT is no setting of Slipway: did you mean SLIPWAY_PORT\?/,
    ])
      expect(text).toMatch(wrong);
    expect(text).not.toMatch(/at .*\.ts:\d/);
  });

  it('shows a key once, refuses a second start on its data, keeps its state, and ends cleanly', async () => {
    const dataDir = makeTestDirectory('start');
    shareBundles(dataDir);
    const first = start(dataDir);
    const url = await urlOf(first);
    const [key] = await first.says(keyPattern);
    expect(first.text().match(new RegExp(keyPattern, 'g'))).toHaveLength(1);
    const client = { name: 'North Pacific Ferries', email: 'ap@npf.example', code: 'NPF', currency: 'USD' };
    const made = await ask(url, key, '/clients', { method: 'POST', body: JSON.stringify(client) });
    expect(made.status).toBe(201);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    const second = await runCli(['start'], { SLIPWAY_DATA_DIR: dataDir, SLIPWAY_PORT: '0' });
    expect(second.code).toBe(1);
    expect(second.text).toMatch(
      new RegExp(`in use by another Slipway: process ${first.pid}.*answering at ${url}`),
    );
    expect(second.text).toMatch(/Stop it first \(Ctrl-C there, or: kill \d+\)/);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    const servers = serversOf(dataDir);
    expect(servers.length).toBeGreaterThanOrEqual(2);
    await stop(first);
    expect(servers.filter(isAlive)).toEqual([]);
    expect(serversOf(dataDir)).toEqual([]);

    // Nothing of an earlier start is shown again, and everything is still there.
    const third = start(dataDir);
    const again = await urlOf(third);
    expect(third.text()).not.toMatch(keyPattern);
    const listed = (await (await ask(again, key, '/clients')).json()) as { items: { code: string }[] };
    expect(listed.items.map((item) => item.code)).toEqual(['NPF']);
    // SIGTERM, as a service manager stops it.
    third.signal('SIGTERM');
    expect(await third.ended, third.text()).toBe(0);
    expect(serversOf(dataDir)).toEqual([]);
  });

  it('ends cleanly when it is interrupted while it starts, and starts well afterwards', async () => {
    const dataDir = makeTestDirectory('interrupted');
    shareBundles(dataDir);
    const interrupted = start(dataDir);
    await interrupted.says(/Preparing a PostgreSQL database/);
    await sleep(300);
    await stop(interrupted);
    expect(serversOf(dataDir)).toEqual([]);
    const next = start(dataDir);
    await urlOf(next);
    expect(`${interrupted.text()}${next.text()}`.match(new RegExp(keyPattern, 'g'))).toHaveLength(1);
    await stop(next);
    expect(serversOf(dataDir)).toEqual([]);
  });
});

/** The real records beside the checkout where they are, else a few lines of our own. Totals: its SOURCE.md. */
const realFile = join(import.meta.dirname, '..', '..', 'shared', 'data', 'sip', 'sip-time-entries.csv');
const facts = existsSync(realFile)
  ? {
      file: realFile,
      entries: '9,713',
      hours: '54,731.30',
      quarantined: '2,586',
      over24: [449, 449],
      personDays: [458, 2_389],
      billedItems: '4,146',
      net: '1364728.00',
    }
  : {
      file: join(import.meta.dirname, 'fixtures', 'import', 'sip-like.csv'),
      entries: '6',
      hours: '167.46',
      quarantined: '2',
      over24: [1, 1],
      personDays: [2, 3],
      billedItems: '4',
      net: '2356.00',
    };
const row = (name: string, ...values: (string | number)[]) =>
  new RegExp(`${name.replaceAll('.', '\\.')}\\s+${values.join('\\s+')}\\s`);

/** The file with another hour on its first finished line of PC2, which is billed, and of another project, which is not. */
function changedCopy(dir: string): string {
  const lines = readFileSync(facts.file, 'utf8').split('\n');
  const change = (isWanted: (project: string) => boolean) => {
    const index = lines.findIndex((line, at) => {
      const fields = line.split(',');
      return at > 0 && fields.length === 11 && fields[10]!.trim() !== '' && isWanted(fields[2]!);
    });
    const fields = lines[index]!.split(',');
    fields[8] = String(Number(fields[8]) + 1);
    lines[index] = fields.join(',');
  };
  change((project) => project === 'PC2');
  change((project) => project !== 'PC2');
  const path = join(dir, 'changed.csv');
  writeFileSync(path, lines.join('\n'));
  return path;
}

describe('a file, imported and billed from the command line', () => {
  const dataDir = makeTestDirectory('records');
  const slipway = (...args: string[]) => runCli(args, { SLIPWAY_DATA_DIR: dataDir });
  const succeed = async (...args: string[]) => {
    const { code, text } = await slipway(...args);
    expect(code, text).toBe(0);
    return text;
  };

  it('alone: takes every line in or into quarantine, and nothing the second time', async () => {
    shareBundles(dataDir);
    const first = await succeed('import', facts.file, '--map', 'sip', '--new-workspace', 'Records');
    expect(first).toMatch(row('new entries', facts.entries));
    expect(first).toMatch(row('lines in quarantine', facts.quarantined));
    expect(first).toContain(`hours in the file's entries: ${facts.hours}`);
    expect(first).toMatch(row('work_date.missing', facts.quarantined));
    expect(first).toMatch(row('entry.over_24h', 'W', ...facts.over24));
    expect(first).toMatch(row('person_day.over_24h', 'W', ...facts.personDays));
    const second = await succeed('import', facts.file, '--map', 'sip');
    expect(second).toMatch(row('new entries', 0));
    expect(second).toMatch(row('unchanged', facts.entries));
    expect(second).toMatch(row('new versions', 0));
    expect(second).toMatch(row('entry.over_24h', 'W', ...facts.over24));
    expect(serversOf(dataDir)).toEqual([]);
  });

  it('beside a running hub: a contract, the warnings released, and exactly the amount agreed', async () => {
    const hub = start(dataDir);
    await urlOf(hub);
    expect(hub.text()).not.toMatch(keyPattern);
    const agreed = await succeed(
      ...['contract', '--client', 'SiP', '--project', 'PC2', '--rate', '80.00', '--currency', 'GBP'],
      ...['--from', '2000-01-01'],
    );
    expect(agreed).toMatch(/80\.00 GBP an hour from 2000-01-01, 1 project/);
    // A warning blocks its entries, and only these, until a person has said why it is right.
    const released = await succeed(
      ...['release', '--rule', 'entry.over_24h', '--rule', 'person_day.over_24h'],
      ...['--reason', 'booked per task when it was finished'],
    );
    expect(released).toContain(`${facts.over24[0]! + facts.personDays[0]!} warnings released`);
    const run = await succeed('run', '--project', 'PC2', '--reason', 'the first invoice');
    expect(run).toMatch(row('items', facts.billedItems));
    expect(run).toContain(`issue: 1 for ${facts.net} GBP`);
    const nothing = await succeed('run', '--project', 'PC2', '--reason', 'nothing is left');
    expect(nothing).toMatch(/Nothing was billed/);
    const verified = await succeed('verify');
    expect(verified).not.toContain('✗');
    expect(verified).toMatch(new RegExp(`billed exactly once: ${facts.billedItems} entries`));
    expect(await succeed('restart-workflows')).toMatch(
      /1 open documents? and connections will look again now/,
    );
    await stop(hub);
    expect(serversOf(dataDir)).toEqual([]);
  });

  it('a changed line is a new version where it is not billed, and an exception where it is', async () => {
    const text = await succeed('import', changedCopy(makeTestDirectory('changed')), '--map', 'sip');
    expect(text).toMatch(row('new entries', 0));
    expect(text).toMatch(row('new versions', 2));
    expect(text).toMatch(row('entry.changed_after_claim', 'W', 1, 1));
    const run = await succeed('run', '--project', 'PC2', '--reason', 'after the change');
    expect(run).not.toMatch(/issue: 1/);
    expect(await succeed('verify')).not.toContain('✗');
    expect(serversOf(dataDir)).toEqual([]);
  });

  it('a command that is told nonsense says what it takes, and ends with 2', async () => {
    for (const args of [['import'], ['run'], ['verify', '--workspace', 'Nowhere'], ['sail']]) {
      const { code, text } = await slipway(...args);
      expect(code, text).toBe(2);
      expect(text.length).toBeGreaterThan(20);
      expect(text).not.toMatch(/at .*\.ts:\d/);
    }
    expect(serversOf(dataDir)).toEqual([]);
  });
});
