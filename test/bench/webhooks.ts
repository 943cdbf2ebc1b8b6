/** Owns `npm run bench -- --webhooks`: how many webhooks a second a hub takes in, each checked and stored before its answer. */
import { createHmac } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { readToolPaths } from '../../config.ts';
import { startQuickbooksSandbox } from '../../connectors/quickbooks/sandbox.ts';
import { startEmbeddedPostgres } from '../../runtime/embedded-postgres.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { startTemporalServer } from '../../runtime/temporal-server.ts';
import { openDatabase } from '../../store/database.ts';
import { startScript } from '../support/script.ts';
import { openTestWorkspace } from '../support/workspace.ts';
import { openPlainHttp, type PlainHttp } from './plain-http.ts';

const { values } = parseArgs({
  strict: false,
  options: {
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '4' },
  },
});
const seconds = Number(values.seconds);
const perSecond = Number(values.rate);
const connectionCount = Number(values.connections);
const warmUpSeconds = 3;
const tickMs = 1;
const realm = { realmId: '9130350000000001', accessToken: 'quickbooks-token' };
const webhookSecret = 'verifier-token-of-the-app';

const dataDir = mkdtempSync(join(tmpdir(), 'slipway-bench-webhooks-'));
const { PATH, HOME } = process.env;
const postgres = await startEmbeddedPostgres({ dataDir });
const temporal = await startTemporalServer({ dataDir, tools: readToolPaths(process.env) });
const key = Buffer.alloc(32, 7);
const hub = startScript('cli/main.ts', ['start'], {
  ...(PATH !== undefined && { PATH }),
  ...(HOME !== undefined && { HOME }),
  NODE_OPTIONS: '--max-semi-space-size=8 --max-old-space-size=768',
  DATABASE_URL: postgres.url,
  TEMPORAL_ADDRESS: temporal.address,
  SLIPWAY_DATA_DIR: join(dataDir, 'hub'),
  SLIPWAY_PORT: '0',
  SLIPWAY_SECRET_KEY: key.toString('base64'),
  SLIPWAY_ALLOW_LOOPBACK_VENDORS: 'true',
});
const quickbooks = await startQuickbooksSandbox({ ...realm, rateLimit: 'off', homeCurrency: 'USD' });
const database = openDatabase(postgres.url, {
  poolSize: 2,
  secrets: () => createSecretBox(new Map([[1, key]])),
});
const client = new Client({ connection: Connection.lazy({ address: temporal.address }) });
try {
  const url = (await hub.says(/Slipway serves (http:\/\/\S+)/))[1]!;
  const at = await openTestWorkspace({ url, temporal: client }, database);
  const ids: string[] = [];
  for (let n = 0; n < connectionCount; n += 1)
    ids.push(
      (
        await at.post<{ id: string }>('/connections', {
          connector: 'quickbooks',
          name: `QuickBooks ${n}`,
          goLiveOn: '2020-01-01',
          settings: { realmId: realm.realmId, environment: 'sandbox', incomeAccountId: '79' },
          secrets: { accessToken: realm.accessToken, webhookSecret },
          baseUrlOverride: quickbooks.url,
        })
      ).id,
    );
  await sleep(2_000);
  const address = new URL(url);
  const requests = (forSeconds: number, name: string) =>
    Array.from({ length: forSeconds * perSecond }, (_, n) =>
      requestOf(address, ids[n % ids.length]!, bodyOf(`${name}-${n}`)),
    );
  // Made beforehand: a vendor signs on machines of its own.
  const warmUp = requests(warmUpSeconds, 'warm-up');
  const measuring = requests(seconds, 'measured');
  const vendor = openPlainHttp(address, 256);
  await load(vendor, warmUp);
  const before = await cpuOf(hub.pid);
  const ownBefore = process.cpuUsage();
  const measured = await load(vendor, measuring);
  const cpu = (await cpuOf(hub.pid)) - before;
  const own = process.cpuUsage(ownBefore);
  vendor.close();
  const row = await at.in((tx) =>
    tx.row<{ count: number }>(
      'select count(*)::int as count from webhook_deliveries where workspace_id = $1',
      [tx.workspaceId],
    ),
  );
  const sent = measured.sent + warmUpSeconds * perSecond;
  if (row!.count !== sent) throw new Error(`${sent} were sent and ${row!.count} are stored`);
  console.log(
    `node ${process.version}, ${cpus().length} cores; PostgreSQL with fsync on and Temporal running, hub and driver a process each; ${connectionCount} connections`,
  );
  console.table([
    {
      asked: `${perSecond}/s`,
      'accepted/s': Math.round(measured.sent / (measured.tookMs / 1_000)),
      'p50 ms': measured.p50.toFixed(1),
      'p95 ms': measured.p95.toFixed(1),
      'p99 ms': measured.p99.toFixed(1),
      'slowest ms': Math.round(measured.slowest),
      // On a machine that others use too, these say more than the rate.
      'hub CPU ms each': ((cpu * 1_000) / measured.sent).toFixed(2),
      'driver CPU ms each': ((own.user + own.system) / 1_000 / measured.sent).toFixed(2),
    },
  ]);
} finally {
  hub.signal('SIGINT');
  await hub.ended;
  await client.connection.close();
  await database.close();
  await quickbooks.close();
  await temporal.stop();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}

/** So many a second, whether or not those before were answered; each is timed from when it was due. */
async function load(vendor: PlainHttp, requests: readonly Buffer[]) {
  const total = requests.length;
  const tookMs: number[] = [];
  const failures: string[] = [];
  const open = new Set<Promise<void>>();
  const startedMs = performance.now();
  let sent = 0;
  while (sent < total) {
    const dueBy = Math.min(total, Math.floor(((performance.now() - startedMs) * perSecond) / 1_000) + 1);
    for (; sent < dueBy; sent += 1) {
      const dueMs = startedMs + (sent * 1_000) / perSecond;
      const one = vendor.send(requests[sent]!).then(
        (status) => {
          tookMs.push(performance.now() - dueMs);
          if (status !== 202) failures.push(String(status));
        },
        (error: Error) => {
          failures.push(error.message);
        },
      );
      open.add(one);
      void one.finally(() => open.delete(one));
    }
    await sleep(tickMs);
  }
  await Promise.all(open);
  if (failures.length > 0) throw new Error(`${failures.length} of ${total} failed, first: ${failures[0]}`);
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1]!;
  return {
    sent,
    tookMs: performance.now() - startedMs,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    slowest: sorted.at(-1)!,
  };
}

function requestOf({ host }: URL, connectionId: string, body: string): Buffer {
  const signature = createHmac('sha256', webhookSecret).update(body).digest('base64');
  const head = [
    `POST /api/v1/webhooks/${connectionId} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `intuit-signature: ${signature}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** The form of QuickBooks' own example. */
function bodyOf(id: string): string {
  return JSON.stringify([
    {
      specversion: '1.0',
      id,
      source: 'intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=',
      type: 'qbo.payment.updated.v1',
      time: '2026-04-10T21:12:18Z',
      intuitentityid: '1234',
      intuitaccountid: realm.realmId,
      data: {},
    },
  ]);
}

/** Seconds of processor that a process has used so far (Linux: /proc, in ticks of 10 ms). */
async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}
