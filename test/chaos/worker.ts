/**
 * Owns a worker to be killed: `node worker.ts`, the workers and the relay of a hub in a process of their own, as `slipway
 * worker` starts them, with the short waits of tests. Loading takes longer than starting: it loads, says so, and starts when it is
 * told to (SIGUSR2), so that the next one can be ready when one is killed.
 */
import { once } from 'node:events';
import pino from 'pino';
import { startHub } from '../../cli/hub.ts';
import { readConfig } from '../../config.ts';

const alive = setInterval(() => undefined, 60_000);
const told = once(process, 'SIGUSR2');
console.log('Loaded.');
await told;
clearInterval(alive);
const hub = await startHub({
  config: readConfig(process.env),
  logger: pino({ level: 'warn' }, pino.destination(2)),
  version: 'chaos',
  parts: { api: false, worker: true },
  durations: { durations: { client_invoice: { connectionRetryMs: 500, syncRetryMs: 1_000 } } },
  vendorTimeoutMs: 1_000,
});
console.log('The workers run.');
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void hub.stop().then(() => process.exit());
  });
