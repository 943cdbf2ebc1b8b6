/** Owns `npm run bench -- --pull`: time entries pulled from a loopback Harvest without limits, through the activity that a hub runs. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { createConnectionActivities } from '../../activities/connection.ts';
import { startEmbeddedPostgres } from '../../runtime/embedded-postgres.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { insertConnection } from '../../store/connections.ts';
import { openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { listOperations } from '../../store/operations.ts';
import { createWorkspace } from '../../store/workspaces.ts';
import { startScript } from '../support/script.ts';

const { values } = parseArgs({
  strict: false,
  options: { entries: { type: 'string', default: '100000' } },
});
const count = Number(values.entries);

const dataDir = mkdtempSync(join(tmpdir(), 'slipway-bench-pull-'));
const postgres = await startEmbeddedPostgres({ dataDir });
// A process of its own, as a vendor is: its answers cost the hub no time.
const vendor = startScript('test/bench/pull-vendor.ts', [String(count)], {});
const secrets = createSecretBox(new Map([[1, Buffer.alloc(32, 7)]]));
try {
  const [, url, settings, held] = await vendor.says(/ready (\S+) (\{.*\}) (\{.*\})\n/);
  await migrate(postgres.url);
  const database = openDatabase(postgres.url, { poolSize: 4, secrets: () => secrets });
  const { workspace } = await createWorkspace(database, { name: 'bench' });
  const connection = await database.inWorkspace(workspace.id, (tx) =>
    insertConnection(
      tx,
      secrets,
      {
        connector: 'harvest',
        name: 'Harvest',
        goLiveOn: '2020-01-01',
        settings: JSON.parse(settings!) as Record<string, string>,
        ownership: { createMissing: ['client', 'project', 'task', 'person'] },
        baseUrlOverride: url!,
      },
      JSON.parse(held!) as Record<string, string>,
    ),
  );
  const activities = createConnectionActivities({
    database,
    secrets,
    logger: pino({ level: 'silent' }),
    documents: { keep: () => Promise.reject(new Error('nothing is printed')) },
    vendor: { allowLoopback: true, timeoutMs: null, unlimited: true },
  });
  const rows = [];
  for (const work of ['the first reading', 'all of it again, nothing changes']) {
    const cpuBefore = process.cpuUsage();
    const startedMs = performance.now();
    await activities.syncTime({ workspaceId: workspace.id, subjectId: connection.id });
    const tookMs = performance.now() - startedMs;
    const cpu = process.cpuUsage(cpuBefore);
    const [operation] = await database.inWorkspace(workspace.id, (tx) =>
      listOperations(tx, { kind: 'sync_time' }, { before: null, limit: 1 }),
    );
    if (operation?.status !== 'done') throw new Error(JSON.stringify(operation));
    const { created, unchanged } = operation.result as { created: number; unchanged: number };
    if (created + unchanged !== count) throw new Error(`${created} + ${unchanged} of ${count} came in`);
    rows.push({
      work,
      entries: count,
      'per second': Math.round(count / (tookMs / 1_000)),
      ms: Math.round(tookMs),
      // On a machine that others use too, this says more than the rate.
      'hub CPU µs an entry': Math.round((cpu.user + cpu.system) / count),
      'peak MB': Math.round(process.resourceUsage().maxRSS / 1024),
    });
    await database.inWorkspace(workspace.id, (tx) =>
      tx.run('update checkpoints set cursor = null where workspace_id = $1', [workspace.id]),
    );
  }
  console.log(
    `node ${process.version}, ${cpus().length} cores; PostgreSQL with fsync on, the vendor a process of its own`,
  );
  console.table(rows);
  await database.close();
} finally {
  vendor.signal('SIGTERM');
  await vendor.ended;
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}
