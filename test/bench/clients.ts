/** Owns measuring the list of clients over HTTP: 10,000 of them, its first page, a deep page, and a search. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { startHub } from '../../cli/hub.ts';
import { readConfig } from '../../config.ts';
import { openTestWorkspace } from '../support/workspace.ts';

const clients = 10_000;
const rounds = 300;
const boundMs = 50;

const dataDir = mkdtempSync(join(tmpdir(), 'slipway-bench-clients-'));
const { PATH, HOME } = process.env;
const hub = await startHub({
  config: readConfig({ PATH, HOME, SLIPWAY_DATA_DIR: dataDir, SLIPWAY_PORT: '0' }),
  logger: pino({ level: 'silent' }),
  version: 'bench',
  parts: { api: true, worker: false },
});
const at = (sorted: readonly number[], share: number) => sorted[Math.ceil(sorted.length * share) - 1]!;

try {
  const workspace = await openTestWorkspace(hub, hub.database);
  await workspace.in((tx) =>
    tx.run(
      `insert into clients (workspace_id, name, code, email, contact_name, currency, address)
       select $1, 'Client ' || n || ' Marine Works', chr(65 + n / 676) || chr(65 + n / 26 % 26) || chr(65 + n % 26),
         'accounts' || n || '@client' || n || '.example', 'Siri Aas ' || n, 'EUR', '{"city": "Bergen"}'
       from generate_series(0, $2::int - 1) n`,
      [workspace.workspaceId, clients],
    ),
  );
  const deep = (await workspace.get<{ nextCursor: string }>('/clients?limit=200')).nextCursor;
  const asked: Record<string, string> = {
    'first page of 50': '/clients',
    'a page of 200, further on': `/clients?limit=200&cursor=${deep}`,
    'search that many match': '/clients?search=marine',
    'search that one matches': '/clients?search=client9999.example',
    'search that none matches': '/clients?search=nobody',
  };
  const rows: Record<string, string | number>[] = [];
  for (const [work, path] of Object.entries(asked)) {
    const tookMs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const started = performance.now();
      await workspace.get(path);
      tookMs.push(performance.now() - started);
    }
    tookMs.sort((a, b) => a - b);
    const [p50, p95] = [at(tookMs, 0.5), at(tookMs, 0.95)];
    rows.push({ work, 'p50 ms': p50.toFixed(1), 'p95 ms': p95.toFixed(1), bound: `${boundMs} ms p95` });
    if (p95 > boundMs) process.exitCode = 1;
  }
  console.log(
    `node ${process.version}, ${cpus().length} cores; ${clients} clients, over HTTP, one at a time`,
  );
  console.table(rows);
} finally {
  await hub.stop();
  await rm(dataDir, { recursive: true, force: true });
}
