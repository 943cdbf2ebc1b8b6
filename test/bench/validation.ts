/** Owns the measure of validation: 100,000 entries against contracts that ask everything of them, both passes, nothing written. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../runtime/embedded-postgres.ts';
import { openCompile } from '../../store/compile-context.ts';
import { contractsInScope } from '../../store/contract-scope.ts';
import { openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { readEntries } from '../../store/open-entries.ts';
import { findAgain } from '../../store/prepare-compile.ts';
import { createWorkspace } from '../../store/workspaces.ts';

const entries = 100_000;
const people = 250;
const projects = 20;
/** As many as a run works through at once (activities/billing-run.ts); the projects are spread over them. */
const contracts = 2;
const pageSize = 5_000;
const cutoffOn = '2030-01-01';

/** Every clause that makes a rule read something. */
const clauses = {
  caps: [
    { per: 'period', period: 'week', hours: '9000', amount: '900000' },
    { per: 'contract', hours: '1000000', amount: null },
    { per: 'position', position: 'Engineer', hours: '800000', amount: null },
  ],
  billingModel: { type: 'not_to_exceed', amount: '50000000' },
  overtime: {
    dailyAfterSeconds: 30_000,
    weeklyAfterSeconds: 150_000,
    weekendDays: [6, 7],
    needsPermission: true,
  },
  allowedPositions: ['Engineer', 'Mate'],
  lateEntries: 'exception',
};

/** Two stretches of work a day of each person, 400 entries each over 200 days from 5 January 2026, one in fifty overlapping. */
async function seed(owner: pg.Client, workspaceId: string): Promise<string[]> {
  const one = async (sql: string, params: unknown[] = []) =>
    ((await owner.query(sql, [workspaceId, ...params])).rows[0] as { id: string }).id;
  const seller = await one(
    `insert into sellers (workspace_id, name, country, functional_currency, zone) values ($1, 'Bench', 'GB', 'GBP', 'UTC') returning id`,
  );
  const client = await one(
    `insert into clients (workspace_id, name, code, currency) values ($1, 'Bench', 'BEN', 'GBP') returning id`,
  );
  const { rows: agreed } = await owner.query<{ id: string }>(
    `insert into contracts (workspace_id, client_id, seller_id, name, currency, zone, starts_on, go_live_on, clauses)
     select $1, $2, $3, 'Bench ' || n, 'GBP', 'UTC', '2026-01-01', '2026-01-01', $4 from generate_series(1, ${contracts}) n returning id`,
    [workspaceId, client, seller, JSON.stringify(clauses)],
  );
  const contractIds = agreed.map(({ id }) => id);
  await owner.query(
    `insert into strategies (workspace_id, scope_type, scope_id, category, method) values ($1, 'workspace', $1, 'labor', 'service_rates')`,
    [workspaceId],
  );
  await owner.query(
    `insert into rate_cards (workspace_id, scope_type, scope_id, position, regular_rate, currency) select $1, 'contract', id, '*', 80.00, 'GBP' from contracts where workspace_id = $1`,
    [workspaceId],
  );
  const source = await one(
    `insert into sources (workspace_id, id, kind, name) values ($1, uuidv7(), 'file', 'bench') returning id`,
  );
  await owner.query(
    `insert into projects (workspace_id, client_id, contract_id, code, name, budget_amount)
     select $1, $2, ($3::uuid[])[1 + n % ${contracts}], 'P' || n, 'P' || n, 5000000 from generate_series(1, ${projects}) n`,
    [workspaceId, client, contractIds],
  );
  await owner.query(
    `insert into people (workspace_id, name) select $1, 'Hand ' || n from generate_series(1, ${people}) n`,
    [workspaceId],
  );
  await owner.query(
    `create temp table made as
     select uuidv7() as id, n, p.id as project_id, h.id as person_id, date '2026-01-05' + (n / ${people * 2})::int as day,
       8 + 4 * ((n / ${people}) % 2) - case when n % 50 = 0 and (n / ${people}) % 2 = 1 then 1 else 0 end as hour
     from generate_series(0, ${entries - 1}) n
     join (select id, row_number() over () - 1 as at from projects where workspace_id = $1) p on p.at = n % ${projects}
     join (select id, row_number() over () - 1 as at from people where workspace_id = $1) h on h.at = n % ${people}`,
    [workspaceId],
  );
  await owner.query(
    `insert into work_entries (workspace_id, id, source_id, external_id) select $1, id, $2, n::text from made`,
    [workspaceId, source],
  );
  await owner.query(
    `insert into entry_versions (workspace_id, entry_id, version, kind, work_date, started_at, ended_at, quantity, person_id, client_id, project_id,
       position, billable, approval, approved_hash, content_hash, source_refs)
     select $1, id, 1, 'labor', day, day + hour * interval '1 hour', day + (hour + 4) * interval '1 hour', 14400, person_id, $2, project_id,
       'Engineer', true, 'approved', '\\x00', '\\x00', '{}' from made`,
    [workspaceId, client],
  );
  await owner.query(
    `insert into entry_balance (workspace_id, entry_id, version, project_id, work_date, quantity) select $1, id, 1, project_id, day, 14400 from made`,
    [workspaceId],
  );
  await owner.query('analyze');
  return contractIds;
}

const dir = mkdtempSync(join(tmpdir(), 'slipway-bench-validation-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir });
const owner = new pg.Client({ connectionString: postgres.url });
try {
  await migrate(postgres.url);
  await owner.connect();
  const database = openDatabase(postgres.url, { poolSize: 2 });
  const { workspace } = await createWorkspace(database, { name: 'bench' });
  const contractIds = await seed(owner, workspace.id);
  const counts = new Map<string, number>();
  let readMs = 0;
  const validate = async (contractId: string) => {
    const entryIds = await database.inWorkspace(workspace.id, (tx) =>
      tx.rows<{ entryId: string }>(
        `select b.entry_id from entry_balance b join projects p on p.workspace_id = b.workspace_id and p.id = b.project_id
         where b.workspace_id = $1 and p.contract_id = $2 order by b.project_id, b.work_date, b.entry_id`,
        [workspace.id, contractId],
      ),
    );
    for (let from = 0; from < entryIds.length; from += pageSize)
      await database.inWorkspace(workspace.id, async (tx) => {
        const begun = performance.now();
        const [contract] = await contractsInScope(tx, { type: 'contract', id: contractId });
        const context = await openCompile(tx, { id: null, cutoffOn }, contract!);
        const page = await readEntries(
          tx,
          entryIds.slice(from, from + pageSize).map(({ entryId }) => ({ entryId, version: 1 })),
        );
        readMs += (performance.now() - begun) / contractIds.length;
        const { found } = await findAgain(tx, context, page);
        for (const { rule } of found) counts.set(rule, (counts.get(rule) ?? 0) + 1);
      });
  };
  const started = performance.now();
  await Promise.all(contractIds.map(validate));
  const ms = performance.now() - started;
  await database.close();
  console.table([...counts].map(([rule, findings]) => ({ rule, findings })));
  console.log(
    `${entries.toLocaleString('en-US')} entries read in ${Math.round(readMs)} ms and validated in ${Math.round(ms - readMs)} ms, ${Math.round(entries / (ms / 1000)).toLocaleString('en-US')} a second in all`,
  );
} finally {
  await owner.end();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
}
