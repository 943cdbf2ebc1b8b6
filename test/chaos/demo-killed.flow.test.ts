/** Owns the promise of a killed demo: whenever the process dies, starting it again ends in the same totals. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { expectedOf, makeEntries } from '../../cli/demo/firm.ts';
import { startEmbeddedPostgres } from '../../runtime/embedded-postgres.ts';
import { processesWith } from '../../runtime/process-identity.ts';
import { openDatabase } from '../../store/database.ts';
import { verifyWorkspace } from '../../store/verify.ts';
import { type CliRun, runCli, shareBundles, startCli } from '../support/cli.ts';
import { makeTestDirectory } from '../support/directory.ts';

/** Where a run is killed: so long after its screen said something. */
interface KillPoint {
  name: string;
  after: RegExp;
  waitMs: number;
}
const points = {
  servers: { name: 'while Postgres and Temporal start', after: /1 {2}Servers/, waitMs: 1_500 },
  setUp: { name: 'while the firm is set up', after: /✓ A workspace/, waitMs: 150 },
  time: { name: 'while time is read', after: /3 {2}Time comes in/, waitMs: 400 },
  run: { name: 'within the billing run', after: /4 {2}Billing run/, waitMs: 150 },
  push: { name: 'while invoices are pushed', after: /5 {2}The accounting system/, waitMs: 500 },
  payments: { name: 'while payments are read back', after: /✓ Two clients pay/, waitMs: 40 },
} satisfies Record<string, KillPoint>;

function startDemo(dataDir: string): CliRun {
  return startCli(['demo', '--exit'], { SLIPWAY_DATA_DIR: dataDir });
}

/** What stands in the stand-in's file: it outlives every kill, as a vendor's books do. */
function booksOf(home: string): { DocNumber: string; TotalAmt: number }[] {
  const { records } = JSON.parse(readFileSync(join(home, 'quickbooks-sandbox.json'), 'utf8')) as {
    records: { Invoice: { entriesOfMap: [string, { DocNumber: string; TotalAmt: number }][] } };
  };
  return records.Invoice.entriesOfMap.map(([, invoice]) => invoice);
}

async function lookInside<T>(home: string, work: (database: ReturnType<typeof openDatabase>) => Promise<T>) {
  const postgres = await startEmbeddedPostgres({ dataDir: home });
  const database = openDatabase(postgres.url, { poolSize: 2 });
  try {
    return await work(database);
  } finally {
    await database.close();
    await postgres.stop();
  }
}

// Each line of kills takes a minute, and more beside other tests; a stuck demo gives up by itself after three.
const timeoutMs = 240_000;

describe.concurrent('the demo, killed and started again', { timeout: timeoutMs }, () => {
  it.each([
    { kills: [points.servers, points.time, points.push] },
    { kills: [points.setUp, points.run, points.payments] },
  ])('ends in the same totals: $kills.0.name, $kills.1.name, $kills.2.name', async ({ kills }) => {
    const dataDir = makeTestDirectory('demo-killed');
    const home = join(dataDir, 'demo');
    mkdirSync(home);
    shareBundles(home);
    for (const { after, waitMs } of kills) {
      const run = startDemo(dataDir);
      await run.says(after);
      await sleep(waitMs);
      await run.kill();
    }
    const { code, text } = await runCli(['demo', '--exit'], { SLIPWAY_DATA_DIR: dataDir }, timeoutMs);
    expect(text).toContain('Everything adds up.');
    expect(text).not.toContain('✗');
    expect(code).toBe(0);

    const { workspaceId, firstDay } = JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8')) as {
      workspaceId: string;
      firstDay: string;
    };
    const expected = expectedOf(makeEntries(firstDay));
    const booked = booksOf(home);
    expect(booked).toHaveLength(Object.keys(expected.cents).length);
    expect(booked.map((invoice) => Math.round(invoice.TotalAmt * 100)).sort((a, b) => a - b)).toEqual(
      Object.values(expected.cents).sort((a, b) => a - b),
    );
    await lookInside(home, async (database) => {
      const { checks } = await verifyWorkspace(database, workspaceId);
      expect(checks.filter((check) => !check.ok)).toEqual([]);
      const left = await database.inWorkspace(workspaceId, (tx) =>
        tx.row(
          `select (select count(*) from operations where workspace_id = $1 and status in ('queued', 'running')) as operations,
             (select count(*) from runs where workspace_id = $1 and status in ('queued', 'running')) as runs,
             (select count(*) from outbox where workspace_id = $1) as looks,
             (select count(*) from runs where workspace_id = $1) as all_runs,
             (select count(*) from payments where workspace_id = $1) as payments`,
          [workspaceId],
        ),
      );
      expect(left).toEqual({ operations: 0, runs: 0, looks: 0, allRuns: 1, payments: 2 });
    });
    // Nothing of four starts still runs: each adopted or ended what the one before left.
    expect(processesWith(`${dataDir}/`)).toEqual([]);
  });
});
