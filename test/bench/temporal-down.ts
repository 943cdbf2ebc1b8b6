/** Owns `npm run bench -- --temporal-down`: a minute without Temporal under ten commands a second, and how long the catching up takes. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { startHub } from '../../cli/hub.ts';
import { readConfig, readToolPaths } from '../../config.ts';
import { endProcess } from '../../runtime/process-identity.ts';
import { startTemporalServer, type TemporalServer } from '../../runtime/temporal-server.ts';
import { handInTickets, leftOf, sendCommands } from '../support/commands-without-temporal.ts';
import { openTicketDesk } from '../support/ticket-desk.ts';
import { openTestWorkspace } from '../support/workspace.ts';

const { values } = parseArgs({ strict: false, options: { seconds: { type: 'string', default: '60' } } });
const awayMs = Number(values.seconds) * 1_000;
const perSecond = 10;
const caughtUpWithinMs = 120_000;

const dataDir = mkdtempSync(join(tmpdir(), 'slipway-bench-temporal-down-'));
const { PATH, HOME } = process.env;
let temporal: TemporalServer = await startTemporalServer({ dataDir, tools: readToolPaths(process.env) });
const port = Number(temporal.address.split(':')[1]);
const hub = await startHub({
  config: readConfig({
    PATH,
    HOME,
    SLIPWAY_DATA_DIR: dataDir,
    SLIPWAY_PORT: '0',
    TEMPORAL_ADDRESS: temporal.address,
  }),
  logger: pino({ level: 'silent' }),
  version: 'bench',
});
try {
  const at = await openTestWorkspace(hub, hub.database);
  const desk = await openTicketDesk(at, hub.database);
  const tickets = await handInTickets(desk, (awayMs / 1_000) * perSecond);
  await at.idle(caughtUpWithinMs);
  await endProcess(temporal.pid, [{ signal: 'SIGKILL', waitMs: 5_000 }]);
  const sent = await sendCommands(at, desk, tickets, { forMs: awayMs, perSecond });
  const waiting = await leftOf(at, sent);
  temporal = await startTemporalServer({ dataDir, tools: readToolPaths(process.env), port });
  const backAt = performance.now();
  while ((await leftOf(at, sent)) !== null && performance.now() - backAt < caughtUpWithinMs) await sleep(100);
  const caughtUpMs = performance.now() - backAt;
  const left = await leftOf(at, sent);
  console.log(
    `node ${process.version}, ${cpus().length} cores; Temporal killed, and away for ${awayMs / 1_000} s under ${perSecond} commands a second`,
  );
  console.table([
    {
      commands: sent.commands,
      failed: sent.failed.length,
      'p50 ms': Math.round(sent.p50Ms),
      'p95 ms': Math.round(sent.p95Ms),
      'slowest ms': Math.round(sent.slowestMs),
      'waiting at its return': waiting,
      'caught up after s': left === null ? (caughtUpMs / 1_000).toFixed(1) : `never: ${left}`,
      bound: `0 failed, ${caughtUpWithinMs / 1_000} s`,
    },
  ]);
  for (const failure of sent.failed.slice(0, 5)) console.log(failure);
  if (sent.failed.length > 0 || left !== null) process.exitCode = 1;
} finally {
  await hub.stop();
  await temporal.stop();
  await rm(dataDir, { recursive: true, force: true });
}
