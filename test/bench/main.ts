/** Owns `npm run bench`: import and billing beside a floor measured in the same run, as rates, ratios and peak memory. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../runtime/embedded-postgres.ts';
import { openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { createWorkspace } from '../../store/workspaces.ts';
import { makeFile, shape } from './make-file.ts';

const run = promisify(execFile);
const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,100000' },
    line: { type: 'string', default: 'project' },
    invoice: { type: 'string', default: 'client' },
    json: { type: 'string' },
    // Only tickets, on a hub of its own (tickets.ts).
    tickets: { type: 'boolean' },
    // Only validation, against a contract that asks everything (validation.ts).
    validation: { type: 'boolean' },
    // Only the list of clients, likewise (clients.ts).
    clients: { type: 'boolean' },
    // Only approval → invoice at the platform (latency.ts); it reads --samples, --contracts and --by-hand.
    latency: { type: 'boolean' },
    samples: { type: 'string' },
    contracts: { type: 'string' },
    'by-hand': { type: 'boolean' },
    // Only a minute without Temporal (temporal-down.ts); it reads --seconds.
    'temporal-down': { type: 'boolean' },
    seconds: { type: 'string' },
    // Only webhooks taken in (webhooks.ts); it reads --rate, --seconds and --connections.
    webhooks: { type: 'boolean' },
    rate: { type: 'string' },
    connections: { type: 'string' },
    // Only time pulled from a platform (pull.ts); it reads --entries.
    pull: { type: 'boolean' },
    entries: { type: 'string' },
  },
});
if (values.webhooks) {
  await import('./webhooks.ts');
  process.exit();
}
if (values.latency) {
  await import('./latency.ts');
  process.exit();
}
if (values['temporal-down']) {
  await import('./temporal-down.ts');
  process.exit();
}
if (values.pull) {
  await import('./pull.ts');
  process.exit();
}
if (values.tickets) {
  await import('./tickets.ts');
  process.exit();
}
if (values.clients) {
  await import('./clients.ts');
  process.exit();
}
if (values.validation) {
  await import('./validation.ts');
  process.exit();
}
const sizes = values.sizes.split(',').map(Number);

interface Measured {
  count: number;
  ms: number;
  maxRssMb: number;
  compileMs?: number;
  invoices?: number;
  runId?: string;
}

async function measure(...args: string[]): Promise<Measured> {
  const script = join(import.meta.dirname, 'measure.ts');
  const { stdout } = await run(process.execPath, ['--max-semi-space-size=8', script, ...args], {
    maxBuffer: 1 << 20,
  });
  return JSON.parse(stdout) as Measured;
}

const rate = (count: number, ms: number) => Math.round(count / (ms / 1000));
const show = (n: number) => n.toLocaleString('en-US');

/** Plain COPY of the same rows into a table with a key, and one INSERT … SELECT that groups, claims and lines them. */
async function floors(admin: pg.Client, file: string): Promise<{ copyMs: number; billMs: number }> {
  await admin.query('drop table if exists floor_claims, floor_lines, floor_entries');
  await admin.query(
    'create table floor_entries (id int primary key, day date, client text, project text, person text, hours numeric, notes text)',
  );
  const copying = performance.now();
  await admin.query(`copy floor_entries from '${file}' with (format csv, header true)`);
  const copyMs = performance.now() - copying;
  const billing = performance.now();
  await admin.query('begin');
  await admin.query(
    'create table floor_lines as select client, project, sum(hours) as hours, sum(hours) * 80 as amount from floor_entries group by 1, 2',
  );
  await admin.query('create table floor_claims (entry_id int primary key, project text)');
  await admin.query('insert into floor_claims select id, project from floor_entries');
  await admin.query('commit');
  return { copyMs, billMs: performance.now() - billing };
}

/** A contract per client, one rate for all. */
async function makeContracts(admin: pg.Client, workspaceId: string): Promise<void> {
  await admin.query(
    `insert into sellers (workspace_id, name, country, functional_currency, zone) values ($1, 'Bench', 'GB', 'USD', 'UTC')`,
    [workspaceId],
  );
  await admin.query(
    `insert into series (workspace_id, seller_id, document_type, pattern) select $1, id, 'invoice', '{CLIENT}-{YYYY}-{NNNNN}' from sellers where workspace_id = $1`,
    [workspaceId],
  );
  await admin.query(
    `insert into contracts (workspace_id, client_id, seller_id, name, currency, zone, starts_on, go_live_on, grouping)
     select c.workspace_id, c.id, s.id, 'Bench', 'USD', 'UTC', '2020-01-01', '2020-01-01', jsonb_build_object('invoice', $2::text, 'line', $3::text)
     from clients c join sellers s on s.workspace_id = c.workspace_id where c.workspace_id = $1`,
    [workspaceId, values.invoice, values.line],
  );
  await admin.query(
    `update projects p set contract_id = k.id from contracts k where p.workspace_id = $1 and k.workspace_id = $1 and k.client_id = p.client_id`,
    [workspaceId],
  );
  await admin.query(
    `insert into strategies (workspace_id, scope_type, scope_id, category, method) values ($1, 'workspace', $1, 'labor', 'service_rates')`,
    [workspaceId],
  );
  await admin.query(
    `insert into rate_cards (workspace_id, scope_type, scope_id, position, regular_rate, currency)
     select workspace_id, 'contract', id, '*', 80.00, 'USD' from contracts where workspace_id = $1`,
    [workspaceId],
  );
}

const dir = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir });
const admin = new pg.Client({ connectionString: postgres.url });
const rows: Record<string, string | number>[] = [];
try {
  await migrate(postgres.url);
  await admin.connect();
  const database = openDatabase(postgres.url, { poolSize: 2 });
  console.log(
    `node ${process.version}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; PostgreSQL with fsync on; ${shape.clients * shape.projectsPerClient} projects`,
  );
  for (const size of sizes) {
    const file = join(tmpdir(), `slipway-bench-${process.pid}-${size}.csv`);
    await makeFile(file, size);
    const { workspace } = await createWorkspace(database, { name: `bench ${size}` });
    const floor = await floors(admin, file);
    const imported = await measure('import', postgres.url, workspace.id, file);
    const again = await measure('import', postgres.url, workspace.id, file);
    await makeContracts(admin, workspace.id);
    await admin.query('analyze');
    const drafted = await measure('draft', postgres.url, workspace.id, '-');
    const issued = await measure('issue', postgres.url, workspace.id, drafted.runId!);
    if (imported.count !== size || drafted.count !== size)
      throw new Error(`lost entries: ${imported.count} imported, ${drafted.count} billed of ${size}`);
    rows.push(
      line(size, 'import (parse, match, validate, store)', imported, floor.copyMs, 'plain COPY'),
      line(size, 'import again (nothing changes)', again, floor.copyMs, 'plain COPY'),
      line(
        size,
        `entries → ${show(drafted.invoices!)} drafts (compile ${Math.round(drafted.compileMs!)} ms)`,
        drafted,
        floor.billMs,
        'INSERT … SELECT',
      ),
      {
        size,
        work: 'issue (number, totals, snapshot)',
        'per second': show(rate(issued.count, issued.ms)),
        ms: Math.round(issued.ms),
        'peak MB': Math.round(issued.maxRssMb),
      },
    );
    console.log(`${show(size)} entries, file of ${(statSync(file).size / 1e6).toFixed(1)} MB`);
    rmSync(file);
  }
  await database.close();
  console.table(rows);
  if (values.json) writeFileSync(values.json, JSON.stringify(rows, null, 2));
} finally {
  await admin.end();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}
// Asked for nothing in particular, it shows how long an approval takes too.
if (process.argv.length === 2) await import('./latency.ts');

function line(
  size: number,
  work: string,
  measured: Measured,
  floorMs: number,
  floorName: string,
): Record<string, string | number> {
  return {
    size,
    work,
    'per second': show(rate(size, measured.ms)),
    ms: Math.round(measured.ms),
    'peak MB': Math.round(measured.maxRssMb),
    floor: floorName,
    'floor/s': show(rate(size, floorMs)),
    'times slower': (measured.ms / floorMs).toFixed(1),
  };
}
