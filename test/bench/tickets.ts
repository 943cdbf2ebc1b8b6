/** Owns measuring tickets on a whole hub, over HTTP: how fast one approval answers, and a thousand in one call. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { startHub } from '../../cli/hub.ts';
import { readConfig } from '../../config.ts';
import { openTicketDesk } from '../support/ticket-desk.ts';
import { openTestWorkspace } from '../support/workspace.ts';

const oneByOne = 200;
const atOnce = 1_000;
/** 10 minutes, twice, an expense and a drive: five entries. */
const lines = [
  { kind: 'labor', seconds: 300 },
  { kind: 'labor', seconds: 300, overtime: true },
  { kind: 'expense', amount: '12.50', currency: 'USD', category: 'Parking' },
  { kind: 'mileage', metres: 4_200, transportSeconds: 600 },
];
const ticketsPerDay = 100;

const dataDir = mkdtempSync(join(tmpdir(), 'slipway-bench-tickets-'));
const { PATH, HOME } = process.env;
const hub = await startHub({
  config: readConfig({ PATH, HOME, SLIPWAY_DATA_DIR: dataDir, SLIPWAY_PORT: '0' }),
  logger: pino({ level: 'silent' }),
  version: 'bench',
});

const at = (sorted: readonly number[], share: number) => sorted[Math.ceil(sorted.length * share) - 1]!;
const rows: Record<string, string | number>[] = [];
async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

try {
  const workspace = await openTestWorkspace(hub, hub.database);
  const desk = await openTicketDesk(workspace, hub.database);
  const ids: string[] = [];
  const submitting: number[] = [];
  for (let n = 0; n < oneByOne + atOnce; n += 1)
    submitting.push(
      await timed(async () =>
        ids.push(await desk.handIn(desk.dayAgo(1 + Math.floor(n / ticketsPerDay)), lines)),
      ),
    );
  submitting.sort((a, b) => a - b);
  const report = (work: string, p50: number, p95: number, bound: string) =>
    rows.push({ work, 'p50 ms': Math.round(p50), 'p95 ms': Math.round(p95), bound });
  report('write and submit one (two calls)', at(submitting, 0.5), at(submitting, 0.95), '–');
  await workspace.idle(120_000);

  const approving: number[] = [];
  for (const id of ids.slice(0, oneByOne))
    approving.push(await timed(() => desk.send(desk.manager, 'POST', `/tickets/${id}/approve`, {})));
  approving.sort((a, b) => a - b);
  report(`approve one, ${oneByOne} times`, at(approving, 0.5), at(approving, 0.95), '50 ms p95');
  await workspace.idle(120_000);

  const many = { ids: ids.slice(oneByOne) };
  for (const [work, wanted] of [
    [`approve ${atOnce} in one call`, 'approved'],
    ['the same call again', 'already_approved'],
  ] as const) {
    let outcomes: { outcome: string }[] = [];
    const ms = await timed(async () => {
      outcomes = (
        await desk.send<{ items: { outcome: string }[] }>(desk.manager, 'POST', '/tickets/approve', many)
      ).items;
    });
    const other = outcomes.find(({ outcome }) => outcome !== wanted);
    if (outcomes.length !== atOnce || other)
      throw new Error(`${work}: ${outcomes.length}, ${other?.outcome}`);
    report(work, ms, ms, '3,000 ms');
  }
  const caughtUp = await timed(() => workspace.idle(120_000));
  console.log(
    `node ${process.version}, ${cpus().length} cores; whole hub with its own Postgres (fsync on) and Temporal; tickets of five entries; the ${atOnce} workflows had seen it ${Math.round(caughtUp / 1000)} s later`,
  );
  console.table(rows);
  await workspace.verify();
} finally {
  await hub.stop();
  await rm(dataDir, { recursive: true, force: true });
}
