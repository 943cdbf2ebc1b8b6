/** Owns Temporal being away under load: no command fails, and all that was asked for happens once it is back. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readToolPaths } from '../config.ts';
import { freePort } from '../runtime/ports.ts';
import { endProcess } from '../runtime/process-identity.ts';
import { startTemporalServer, type TemporalServer } from '../runtime/temporal-server.ts';
import { handInTickets, leftOf, sendCommands } from './support/commands-without-temporal.ts';
import { makeTestDirectory } from './support/directory.ts';
import { startTestHub, type TestHub } from './support/hub.ts';
import { until } from './support/loops.ts';
import { openTicketDesk, type TicketDesk } from './support/ticket-desk.ts';

/** `npm run bench -- --temporal-down` takes the whole minute. */
const awayMs = 8_000;
const perSecond = 10;
const catchUpMs = 120_000;

const dataDir = makeTestDirectory('temporal-down-commands');
let server: TemporalServer;
let hub: TestHub;
let desk: TicketDesk;

const startServer = (port: number) =>
  startTemporalServer({ dataDir, tools: readToolPaths(process.env), port });
beforeAll(async () => {
  server = await startServer(await freePort());
  hub = await startTestHub({ temporal: { address: server.address, namespace: 'default' } });
  desk = await openTicketDesk(hub, hub.test.database);
});
vi.setConfig({ testTimeout: 400_000, hookTimeout: 240_000 });
afterAll(async () => {
  await hub.stop();
  await server.stop();
});

it('ten commands a second while Temporal is away: none fails, and all is caught up after it is back', async () => {
  const waiting = await handInTickets(desk, (awayMs / 1_000) * perSecond);
  await hub.idle(120_000);
  await endProcess(server.pid, [{ signal: 'SIGKILL', waitMs: 5_000 }]);
  const sent = await sendCommands(hub, desk, waiting, { forMs: awayMs, perSecond });
  expect(sent.failed).toEqual([]);
  expect(sent.commands).toBe(80);
  // Every third, but for the one that asks for a run.
  expect(sent.approvedTickets).toBe(26);
  expect(sent.runs).toHaveLength(4);
  expect(await leftOf(hub, sent)).not.toBeNull();

  server = await startServer(Number(server.address.split(':')[1]));
  let left: string | null = null;
  await until(
    'all is caught up',
    async () => {
      left = await leftOf(hub, sent);
      return left === null;
    },
    catchUpMs,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; left: ${left}`);
  });
  // What was approved after the last run of the outage is claimed by the next one: every approved hour once.
  await hub.post('/billing-runs', {
    scope: { type: 'workspace', id: hub.workspaceId },
    cutoffOn: desk.dayAgo(0),
    reason: 'after the outage',
    finishAt: 'draft',
  });
  await hub.idle(120_000);
  const billed = await hub.in((tx) =>
    tx.row<{ seconds: number }>(
      `select coalesce(sum(claimed), 0)::int as seconds from entry_balance where workspace_id = $1`,
      [hub.workspaceId],
    ),
  );
  expect(billed!.seconds).toBe(sent.approvedTickets * 300);
  await hub.verify();
});
