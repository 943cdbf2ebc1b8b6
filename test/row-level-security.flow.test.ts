import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../store/new-id.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { newWorkspace } from './support/loops.ts';

// Everything here is read from the catalogue, so that a table added by a later migration is held to the same rules.
let scratch: TestDatabase;
let owner: pg.Client;
let tables: string[];
let theirs: string;
let ours: string;

interface Column {
  name: string;
  type: string;
  given: boolean;
}
const systemTables = [
  'auth_account',
  'auth_rate_limit',
  'auth_session',
  'auth_two_factor',
  'auth_user',
  'auth_verification',
  'due',
  'event_heads',
  'events',
  'hub',
  'idempotency_keys',
  'mails',
  'outbox',
  'total_deltas',
  'totals',
  'workspaces',
];
/** Unique, and not by workspace: why. */
const uniqueElsewhere: Record<string, string> = {
  'api_keys (key_hash)': 'a key is presented before its workspace is known',
  'invitations (token_hash)': 'an invitation is presented before its workspace is known',
  'outbox (id)': 'read by the relay over all workspaces, by id',
  'total_deltas (id)': 'folded over all workspaces, by id',
};
/** What the application adds to and never rewrites; of those that link two records it may remove rows. */
const insertOnly = [
  'allocations',
  'approval_substitutes',
  'bad_debts',
  'built_in_price_confirmations',
  'claims',
  'contract_versions',
  'contractor_credit_entries',
  'contractor_invoice_lines',
  'contractor_invoice_tickets',
  'conversions',
  'cost_rates',
  'credit_note_lines',
  'currency_rates',
  'document_files',
  'duty_exceptions',
  'events',
  'invoice_discounts',
  'item_adjustments',
  'opening_balances',
  'outbox',
  'payment_applications',
  'period_overrides',
  'person_keys',
  'posting_files',
  'price_schedule_entries',
  'raw_pages',
  'reminder_letter_invoices',
  'retainer_entries',
  'sign_off_remarks',
  'ticket_entries',
  'time_write_offs',
  'total_deltas',
  'withholding_lines',
  'write_off_reversals',
];

/** What a table has beside the tenant policy: it allows less, never more. */
const stricter: Record<string, string> = {
  document_files: ",DELETE RESTRICTIVE (document_type = 'statement'::text) / none",
};

async function query<T extends pg.QueryResultRow>(sql: string, params: unknown[] = []): Promise<T[]> {
  return (await owner.query<T>(sql, params)).rows;
}

beforeAll(async () => {
  scratch = await createTestDatabase();
  owner = new pg.Client({ connectionString: scratch.url });
  await owner.connect();
  const rows = await query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
  );
  tables = rows.map((row) => row.name);
  theirs = await newWorkspace(scratch.database, 'Theirs');
  ours = await newWorkspace(scratch.database, 'Ours');
  // One row of theirs in every table; foreign keys are not looked at, checks are.
  await owner.query('set session_replication_role = replica');
  // A workspace begins with words of payment; here every table has the one row that is made below, and no other.
  await owner.query('delete from payment_terms');
  for (const table of tables) await owner.query(await rowOf(table), [theirs]);
  await owner.query('reset session_replication_role');
});
afterAll(async () => {
  await owner.end();
  await scratch.drop();
});

/** Where a check looks at several columns; a column named here gets its value though it may be null. */
const checkedValues: Record<string, string> = {
  'approval_substitutes.ends_before': "'2026-02-01'",
  'client_confirmations.member_id': `'${newId()}'`,
  'client_invoices.contract_id': `'${newId()}'`,
  'client_reports.ends_before': "'2026-04-01'",
  'client_reports.quarter': "'2026-Q1'",
  'clock_moves.target_at': "now() + interval '1 day'",
  'credit_note_lines.kind': "'price'",
  'currency_rates.quote': "'BBB'",
  'invoice_discounts.percentage': '10',
  'match_proposals.matched_by': "'{amount}'",
  'mileage_clauses.percentage': '10',
  'opening_balances.kind': "'wip'",
  'person_keys.owner': "'person:x'",
  'periods.ends_before': "'2026-02-01'",
  'posting_files.ends_before': "'2026-02-01'",
  'retainers.expires_on': "'2026-02-01'",
  'ticket_lines.seconds': '60',
};

/** An insert of one row that satisfies the table's types and its lists of allowed words. */
async function rowOf(table: string): Promise<string> {
  const columns = await query<Column>(
    `select a.attname as name, format_type(a.atttypid, null) as type, not (a.attnotnull and not a.atthasdef and a.attidentity = '') as given
     from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'workspace_id'`,
    [table],
  );
  const checks = await query<{ definition: string }>(
    "select pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = $1::regclass and contype = 'c'",
    [table],
  );
  const wanted = columns.filter(({ name, given }) => !given || checkedValues[`${table}.${name}`]);
  const values = wanted.map(({ name, type }) => {
    const fixed = checkedValues[`${table}.${name}`];
    if (fixed) return fixed;
    const list = checks
      .map(({ definition }) => new RegExp(`\\(${name} = ANY \\(ARRAY\\['([^']+)'`).exec(definition)?.[1])
      .find(Boolean);
    if (list) return `'${list}'`;
    const pattern = checks
      .map(({ definition }) => new RegExp(`\\(${name} ~ '\\^\\[A-Z\\]\\{(\\d)\\}`).exec(definition)?.[1])
      .find(Boolean);
    if (pattern) return `'${'A'.repeat(Number(pattern))}'`;
    return plainValue(type);
  });
  return `insert into ${table} (${['workspace_id', ...wanted.map((column) => column.name)].join(', ')}) values (${['$1', ...values].join(', ')})`;
}

function plainValue(type: string): string {
  if (type === 'uuid') return `'${newId()}'`;
  if (type === 'text') return "'x'";
  if (type === 'date') return "'2026-01-01'";
  if (type === 'jsonb') return "'{}'";
  if (type === 'bytea') return "'\\x00'";
  if (type === 'boolean') return 'false';
  if (type === 'text[]') return "'{}'";
  if (type.startsWith('timestamp')) return 'now()';
  return '1';
}

/** Each table with what somebody of our workspace gets when they try; a refusal is its error code. */
async function tryAll(sql: (table: string) => string): Promise<Map<string, number | string>> {
  const outcomes = new Map<string, number | string>();
  for (const table of tables) {
    const outcome = await scratch.database
      .inWorkspace(ours, (tx) => tx.run(sql(table)))
      .catch((error: { code?: string; message: string }) => error.code ?? error.message);
    outcomes.set(table, outcome);
  }
  return outcomes;
}
const otherThan = (outcomes: Map<string, number | string>, ...allowed: (number | string)[]) =>
  [...outcomes].filter(([, outcome]) => !allowed.includes(outcome));

describe('one workspace to another', () => {
  test('nothing of theirs shows in any table', async () => {
    expect(tables.length).toBeGreaterThan(60);
    for (const table of tables) {
      const [row] = await query<{ count: string }>(`select count(*) from ${table} where workspace_id = $1`, [
        theirs,
      ]);
      expect(row!.count, table).toBe('1');
    }
    expect(otherThan(await tryAll((table) => `select 1 from ${table}`), 0)).toEqual([]);
    // And each row does show to its own: the emptiness above is not for lack of a privilege.
    for (const table of tables) {
      const seen = await scratch.database.inWorkspace(theirs, (tx) => tx.run(`select 1 from ${table}`));
      expect(seen, table).toBe(1);
    }
  });

  test('nothing of theirs can be changed or removed', async () => {
    expect(
      otherThan(await tryAll((table) => `update ${table} set workspace_id = workspace_id`), 0, '42501'),
    ).toEqual([]);
    expect(otherThan(await tryAll((table) => `delete from ${table}`), 0, '42501')).toEqual([]);
  });

  test('not even their own can remove the file of a document, but for a statement’s', async () => {
    const removeIn = (workspaceId: string) =>
      scratch.database.inWorkspace(workspaceId, (tx) => tx.run('delete from document_files'));
    expect(await query('select document_type from document_files')).toEqual([
      { document_type: 'client_invoice' },
    ]);
    expect(await removeIn(theirs)).toBe(0);
    await owner.query("update document_files set document_type = 'statement'");
    expect(await removeIn(ours)).toBe(0);
    expect(await removeIn(theirs)).toBe(1);
    await owner.query(await rowOf('document_files'), [theirs]);
  });

  test('nothing can be written into their workspace', async () => {
    expect(
      otherThan(await tryAll((table) => `insert into ${table} (workspace_id) values ('${theirs}')`), '42501'),
    ).toEqual([]);
  });

  test('a session of no workspace sees nothing', async () => {
    const app = new pg.Client({ connectionString: scratch.url, options: '-c role=slipway_app' });
    await app.connect();
    try {
      for (const table of [...tables, 'workspaces'])
        expect((await app.query(`select 1 from ${table}`)).rowCount, table).toBe(0);
    } finally {
      await app.end();
    }
  });

  test('what is no workspace id is not taken for one', async () => {
    for (const id of ['', 'x', `${ours}'; select 1; --`, ours.toUpperCase()])
      await expect(scratch.database.inWorkspace(id, async () => 1)).rejects.toThrow('not a workspace id');
  });
});

describe('the catalogue', () => {
  test('every table that carries a workspace has row-level security with the one tenant policy', async () => {
    const rows = await query<{ name: string; secured: boolean; policies: string[] | null }>(
      `select c.relname as name, c.relrowsecurity as secured,
         (select array_agg(p.cmd || ' ' || p.permissive || ' ' || coalesce(p.qual, 'none') || ' / ' || coalesce(p.with_check, 'none') order by p.cmd, p.policyname)
          from pg_policies p where p.tablename = c.relname and ('slipway_app' = any(p.roles) or 'public' = any(p.roles))) as policies
       from pg_class c where c.relname = any($1) and c.relnamespace = 'public'::regnamespace order by 1`,
      [tables],
    );
    const rule = `(workspace_id = ( SELECT (NULLIF(current_setting('app.workspace'::text, true), ''::text))::uuid AS "nullif"))`;
    expect(
      rows.filter(
        ({ name, secured, policies }) =>
          !secured || policies?.join() !== `ALL PERMISSIVE ${rule} / ${rule}${stricter[name] ?? ''}`,
      ),
    ).toEqual([]);
    const open = await query(
      "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity order by 1",
    );
    expect(open).toEqual([{ relname: 'hub' }, { relname: 'migrations' }, { relname: 'migrations_lock' }]);
  });

  test('workspace_id is never null', async () => {
    const rows = await query(
      "select attrelid::regclass::text as name from pg_attribute where attname = 'workspace_id' and not attnotnull and attrelid::regclass::text = any($1)",
      [tables],
    );
    expect(rows).toEqual([]);
  });

  test('every foreign key begins with the workspace, on both sides', async () => {
    const rows = await query<{ name: string; own: string; target: string; to: string }>(
      `select c.conrelid::regclass || ' ' || c.conname as name, c.confrelid::regclass::text as to, a.attname as own, f.attname as target
       from pg_constraint c
       join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
       join pg_attribute f on f.attrelid = c.confrelid and f.attnum = c.confkey[1]
       where c.contype = 'f' and c.connamespace = 'public'::regnamespace`,
    );
    expect(rows.length).toBeGreaterThan(80);
    // Who signs in is no workspace's: one user may be a member of several. Only sign-in's own tables point there.
    const ofSignIn = rows.filter(({ to }) => to === 'auth_user').map(({ name }) => name.split(' ')[0]);
    expect(new Set(ofSignIn)).toEqual(new Set(['auth_account', 'auth_session', 'auth_two_factor']));
    expect(
      rows.filter(
        ({ own, target, to }) =>
          to !== 'auth_user' &&
          (own !== 'workspace_id' || target !== (to === 'workspaces' ? 'id' : 'workspace_id')),
      ),
    ).toEqual([]);
  });

  test('every unique key begins with the workspace, but for those with a reason', async () => {
    const rows = await query<{ key: string }>(
      `select i.indrelid::regclass || ' (' || (select string_agg(a.attname, ', ' order by k.place) from unnest(i.indkey::smallint[]) with ordinality k(attnum, place)
         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum) || ')' as key
       from pg_index i join pg_attribute f on f.attrelid = i.indrelid and f.attnum = i.indkey[0]
       where i.indisunique and i.indrelid::regclass::text = any($1) and f.attname <> 'workspace_id' order by 1`,
      [tables],
    );
    expect(rows.map((row) => row.key)).toEqual(Object.keys(uniqueElsewhere));
  });

  test('the application owns nothing, and neither of its roles stands above the policies', async () => {
    const roles = await query(
      'select rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolcanlogin from pg_roles where rolname like $1 order by 1',
      ['slipway\\_%'],
    );
    const plain = {
      rolsuper: false,
      rolbypassrls: false,
      rolcreatedb: false,
      rolcreaterole: false,
      rolcanlogin: false,
    };
    expect(roles).toEqual([
      { rolname: 'slipway_app', ...plain },
      { rolname: 'slipway_system', ...plain },
    ]);
    const owned = await query(
      "select relname from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname like 'slipway\\_%'",
    );
    expect(owned).toEqual([]);
    const members = await query(
      "select 1 from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname like 'slipway\\_%'",
    );
    expect(members).toEqual([]);
    const creates = await query(
      "select r.rolname from pg_roles r where r.rolname like 'slipway\\_%' and has_schema_privilege(r.rolname, 'public', 'create')",
    );
    expect(creates).toEqual([]);
  });

  test('the system role reaches its own tables only', async () => {
    const rows = await query<{ name: string }>(
      `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
       and has_table_privilege('slipway_system', c.oid, 'select, insert, update, delete, truncate') order by 1`,
    );
    expect(rows.map((row) => row.name)).toEqual(systemTables);
  });

  test('ledgers and events are append-only for the application', async () => {
    const rows = await query<{ name: string }>(
      `select c.relname as name from pg_class c where c.relname = any($1) and c.relnamespace = 'public'::regnamespace
       and has_table_privilege('slipway_app', c.oid, 'insert') and not has_any_column_privilege('slipway_app', c.oid, 'update') order by 1`,
      [tables],
    );
    expect(rows.map((row) => row.name)).toEqual(insertOnly);
    const removable = await query<{ name: string }>(
      `select t as name from unnest(array['allocations', 'claims', 'events', 'payment_applications', 'contractor_credit_entries', 'bad_debts', 'item_adjustments', 'write_off_reversals', 'client_invoices', 'payments', 'billable_items', 'entry_versions']) t
       where has_table_privilege('slipway_app', t::regclass, 'delete, truncate')`,
    );
    expect(removable).toEqual([]);
  });

  test('not even the owner changes a ledger row or a numbered event', async () => {
    for (const table of [
      'claims',
      'allocations',
      'payment_applications',
      'contractor_credit_entries',
      'bad_debts',
      'item_adjustments',
      'opening_balances',
      'price_schedule_entries',
      'retainer_entries',
      'write_off_reversals',
    ])
      for (const sql of [`update ${table} set id = id`, `delete from ${table}`])
        await expect(owner.query(sql), sql).rejects.toThrow('append-only');
    await expect(owner.query("update events set type = 'y'")).rejects.toThrow('append-only');
    await expect(owner.query('delete from events')).rejects.toThrow('append-only');
  });

  test('views run with the rights of who reads them, and functions with the rights of the owner are known and few', async () => {
    const views = await query(
      "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm') and not coalesce(reloptions::text like '%security_invoker=true%', false)",
    );
    expect(views).toEqual([]);
    const definers = await query<{ name: string; open: boolean }>(
      `select p.proname as name, has_function_privilege('public', p.oid, 'execute') or has_function_privilege('slipway_app', p.oid, 'execute') as open
       from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef order by 1`,
    );
    expect(definers).toEqual([
      { name: 'find_api_key', open: false },
      { name: 'find_connection', open: false },
      { name: 'find_invitation', open: false },
      { name: 'find_members_of_user', open: false },
      { name: 'forget_user', open: false },
      { name: 'is_expected', open: false },
      { name: 'search_values', open: false },
      { name: 'seed_workspace', open: false },
    ]);
  });
});
