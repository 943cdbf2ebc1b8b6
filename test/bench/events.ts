/** Owns measuring the audit: commands that commit events beside the sequencer, how fast it numbers, proves and shows them. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../runtime/embedded-postgres.ts';
import { startPoke } from '../../runtime/poke.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { startSequencer } from '../../runtime/sequencer.ts';
import { listAudit } from '../../store/audit.ts';
import { beginExport, exportLines } from '../../store/audit-export.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { eventHead, type NewEvent, numberEvents, recordEvents, verifyChain } from '../../store/events.ts';
import { migrate } from '../../store/migrate.ts';
import { from } from '../../store/origin.ts';
import { createWorkspace } from '../../store/workspaces.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '50000' },
    seconds: { type: 'string', default: '5' },
    writers: { type: 'string', default: '16' },
  },
});
const total = Number(values.events);
const writers = Number(values.writers);
const commandsForMs = Number(values.seconds) * 1000;
const subjects = Array.from({ length: 500 }, () => randomUUID());
const logger = pino({ level: 'silent' });
const rows: Record<string, string | number>[] = [];

const eventOf = (n: number): NewEvent => ({
  actor: `member:${n % 40}`,
  type: n % 3 === 0 ? 'person.updated' : 'ticket.approved',
  subjectType: 'ticket',
  subjectId: subjects[n % subjects.length]!,
  permission: 'tickets.read',
  payload: { number: `T-${n}` },
  before: { status: 'submitted', name: 'Ida Berg' },
  after: { status: 'approved', name: 'Ida Nansen' },
  personal: { of: `person:${n % 40}`, fields: ['name'] },
});
/** As from a browser: the address is sealed too. */
const asRequest = <T>(n: number, work: () => Promise<T>): Promise<T> =>
  from(
    {
      via: 'api',
      requestId: randomUUID(),
      client: { of: `member:${n % 40}`, ip: '192.0.2.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64)' },
    },
    work,
  );

async function timed(work: string, count: number, run: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await run();
  const ms = performance.now() - started;
  rows.push({
    work,
    'per second': Math.round((count * 1000) / ms).toLocaleString('en-US'),
    ms: Math.round(ms),
  });
}

/** Commands of one event each, one after the other in each of the writers; answers how many, and the slowest twentieth. */
async function commands(database: Database, workspaceId: string, work: string): Promise<number> {
  const tookMs: number[] = [];
  const until = performance.now() + commandsForMs;
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      while (performance.now() < until) {
        const started = performance.now();
        await asRequest(writer, () =>
          database.inWorkspace(workspaceId, (tx) => recordEvents(tx, [eventOf(tookMs.length)])),
        );
        tookMs.push(performance.now() - started);
      }
    }),
  );
  rows.push({
    work,
    'per second': Math.round((tookMs.length * 1000) / commandsForMs).toLocaleString('en-US'),
    'p95 ms': percentile(tookMs),
  });
  return tookMs.length;
}

const percentile = (tookMs: number[]) =>
  Number(tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length * 0.95)]!.toFixed(1));

async function reads(database: Database, workspaceId: string): Promise<void> {
  const filters = {
    'the newest': {},
    'by who': { actor: 'member:7' },
    'by subject': { subjectId: subjects[7]! },
    'by what (a third of all)': { type: 'person.updated' },
    'of a minute ago, none': { from: new Date(0).toISOString(), to: new Date(1).toISOString() },
  };
  for (const [name, filter] of Object.entries(filters)) {
    const tookMs: number[] = [];
    for (let n = 0; n < 40; n += 1) {
      const started = performance.now();
      await database.inWorkspace(workspaceId, (tx) => listAudit(tx, filter, { before: null, limit: 50 }));
      tookMs.push(performance.now() - started);
    }
    rows.push({ work: `read a page of the audit, ${name}`, 'p95 ms': percentile(tookMs) });
  }
}

const dir = mkdtempSync(join(tmpdir(), 'slipway-bench-events-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir });
const admin = new pg.Client({ connectionString: postgres.url });
try {
  await migrate(postgres.url);
  await admin.connect();
  const secrets = createSecretBox(new Map([[1, Buffer.alloc(32, 1)]]));
  const database = openDatabase(postgres.url, { poolSize: writers, secrets: () => secrets });
  const { workspace } = await createWorkspace(database, { name: 'bench' });
  const inWorkspace = <T>(work: Parameters<typeof database.inWorkspace<T>>[1]) =>
    database.inWorkspace(workspace.id, work);
  console.log(
    `node ${process.version}, ${cpus().length} cores; PostgreSQL with fsync on; ${writers} writers`,
  );

  // The same commands three times: the first warm the pool and make the keys.
  await commands(database, workspace.id, 'commands of one event, warming up');
  await commands(database, workspace.id, 'commands of one event, nobody numbers');
  while ((await database.inSystem((tx) => numberEvents(tx, 2_000))) > 0);
  const poke = startPoke({ database, logger });
  const sequencer = startSequencer({ database, poke, logger });
  const before = (await inWorkspace(eventHead)).seq;
  const committed = await commands(database, workspace.id, 'commands of one event, numbered meanwhile');
  const numbered = (await inWorkspace(eventHead)).seq - before;
  rows.push({ work: `… of which numbered when the last had committed: ${numbered} of ${committed}` });
  await sequencer.stop();
  await poke.stop();

  while ((await database.inSystem((tx) => numberEvents(tx, 2_000))) > 0);
  await timed(`record ${total} events, 1,000 a command`, total, async () => {
    for (let n = 0; n < total; n += 1_000)
      await asRequest(n, () =>
        inWorkspace((tx) =>
          recordEvents(
            tx,
            Array.from({ length: 1_000 }, (_, at) => eventOf(n + at)),
          ),
        ),
      );
  });
  await admin.query('analyze events');
  await timed(`number and chain ${total} events`, total, async () => {
    while ((await database.inSystem((tx) => numberEvents(tx, 2_000))) > 0);
  });
  const { seq } = await inWorkspace(eventHead);
  await timed(`verify ${seq} events`, seq, async () => {
    const { ok } = await inWorkspace(verifyChain);
    if (!ok) throw new Error('the chain does not verify');
  });
  const head = await inWorkspace((tx) => beginExport(tx, { format: 'jsonl', filter: {}, actor: 'bench' }));
  await timed(`export ${seq} events`, seq, async () => {
    for await (const _ of exportLines(database, head, { format: 'jsonl', filter: {} }));
  });
  await admin.query('vacuum analyze events');
  await reads(database, workspace.id);
  const { rows: sizes } = await admin.query<{ size: string }>(
    `select pg_total_relation_size('events') / (select count(*) from events) as size`,
  );
  rows.push({ work: `bytes an event, with its indexes: ${sizes[0]!.size}` });
  await database.close();
  console.table(rows);
} finally {
  await admin.end();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}
