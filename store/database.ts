/** Owns connections to Postgres: two pools by role, the type parsers, and the only ways into a transaction. */
import { compileFunction } from 'node:vm';
import pg from 'pg';
import type { SecretBox } from './connections.ts';

// DATE stays a string (pg would parse it to local midnight, invariant 8); int8 becomes a number while it is safe.
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.DATE, (value) => value);
types.setTypeParser(pg.types.builtins.INT8, (value) => {
  const parsed = Number(value);
  if (!Number.isSafeInteger(parsed)) throw new RangeError(`int8 ${value} is beyond the safe integers`);
  return parsed;
});
types.setTypeParser(pg.types.builtins.NUMERIC, (value) => value);
types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, toInstant);

/** Sessions are in UTC: a whole second is there nearly as it is wanted, forty times as fast as by way of a Date. */
function toInstant(value: string): string {
  const isWholeSecond = value.length === 22 && value.endsWith('+00');
  return isWholeSecond ? `${value.slice(0, 10)}T${value.slice(11, 19)}.000Z` : new Date(value).toISOString();
}

/** One open transaction. Rows come back with snake_case columns turned to camelCase. */
export interface Tx {
  rows<T>(sql: string, params?: unknown[]): Promise<T[]>;
  /** The one row, or null. Throws when there is more than one. */
  row<T>(sql: string, params?: unknown[]): Promise<T | null>;
  /** Runs a statement and answers how many rows it touched. */
  run(sql: string, params?: unknown[]): Promise<number>;
}
/** What readers in other loops wait for; told after commit, never inside the transaction. `answered`: looks left the outbox. */
export type Topic = 'outbox' | 'answered' | 'events' | 'totals';

/** A transaction bound to one workspace by row-level security. */
export interface WorkspaceTx extends Tx {
  readonly workspaceId: string;
  /** Notes that this transaction wrote rows that a loop waits for. */
  touch(topic: Topic): void;
  /** What seals the keys of personal fields. Throws where the database was opened without. */
  secrets(): Promise<SecretBox>;
}

/**
 * Whether the server keeps the plans of a transaction's statements for the next time. Where few rows are asked for by their keys,
 * making the plan takes longer than carrying it out. Made anew where the best plan depends on how many rows there are.
 */
export type Plans = 'made_anew' | 'kept';

export interface Statement {
  sql: string;
  /** Arrays as their literals (arrays.ts): what cannot be sent would leave those before it to be committed alone. */
  params: readonly (string | number | boolean | null)[];
  /** Told after the commit where it answered rows. */
  touches?: Topic;
}

export interface Database {
  /** All tenant SQL goes through here: role slipway_app, `app.workspace` set for this transaction only. */
  inWorkspace<T>(workspaceId: string, work: (tx: WorkspaceTx) => Promise<T>, plans?: Plans): Promise<T>;
  /**
   * A transaction whose statements are all known beforehand, the rows of each: begin, statements and commit are sent together, and
   * cost one way to the server and back. Their plans are kept, however large the parameters: only for statements that need the
   * same plan for any number of rows.
   */
  inOneTrip(workspaceId: string, statements: readonly Statement[]): Promise<unknown[][]>;
  /** Relay, sequencer, roller, sweeper and the look-ups before a workspace is known: role slipway_system. */
  inSystem<T>(work: (tx: Tx) => Promise<T>, plans?: Plans): Promise<T>;
  /** Calls back after every commit that touched a topic. No NOTIFY inside commands: it serialises commits. */
  onTouched(listener: (topics: ReadonlySet<Topic>) => void): () => void;
  /** A connection of its own for LISTEN, as the system role. The caller ends it. */
  listenClient(): pg.Client;
  /** For better-auth, which brings its own SQL: role slipway_system, nothing connected until it is used. */
  readonly authPool: pg.Pool;
  /** Resolves when the server answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The same database, for work whose plans are kept. */
export const keepingPlans = (database: Database): Database => ({
  ...database,
  inWorkspace: (workspaceId, work, plans = 'kept') => database.inWorkspace(workspaceId, work, plans),
  inSystem: (work, plans = 'kept') => database.inSystem(work, plans),
});

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** The role again here: a pooler may drop the session's, and the owner would see every workspace. */
function bindTo(workspaceId: string): string {
  if (!uuidPattern.test(workspaceId)) throw new TypeError(`not a workspace id: ${workspaceId}`);
  return `set local role slipway_app; select set_config('app.workspace', '${workspaceId}', true)`;
}

const retryableCodes = new Set(['40001', '40P01']);
const maxAttempts = 4;

const camel = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Names of columns → what makes an object of a row. Kept by the names as one text; statements are few. */
const shapes = new Map<string, (row: readonly unknown[]) => unknown>();
const mostShapes = 2_000;

/**
 * An object literal is compiled for each list of columns, which makes an object three times as fast as key by key: a bulk run
 * reads millions of cells. What is compiled are names of columns in our own statements, each quoted as JSON.
 */
function shapeOf(names: readonly string[]): (row: readonly unknown[]) => unknown {
  const key = names.join('\n');
  let shape = shapes.get(key);
  if (shape === undefined) {
    const cells = names.map((name, index) => `${JSON.stringify(camel(name))}:row[${index}]`);
    shape = compileFunction(`return {${cells.join(',')}}`, ['row']) as (row: readonly unknown[]) => unknown;
    if (shapes.size >= mostShapes) shapes.clear();
    shapes.set(key, shape);
  }
  return shape;
}

/** A server process holds the plans of its connection in memory. */
const maxKept = 400;
/** Of one parameter, in characters, bytes or elements: more is of many rows. */
const maxKeptChars = 4_000;
const maxKeptElements = 40;
const keptNames = new Map<string, string>();

/** Under which name its plan is kept; undefined: it is made anew. */
function keptName(sql: string, params: readonly unknown[]): string | undefined {
  const isLarge = (param: unknown) =>
    typeof param === 'string'
      ? param.length > maxKeptChars
      : param instanceof Uint8Array
        ? param.length > maxKeptChars
        : Array.isArray(param) && param.length > maxKeptElements;
  return params.length === 0 || params.some(isLarge) ? undefined : nameOf(sql);
}

function nameOf(sql: string): string | undefined {
  const known = keptNames.get(sql);
  if (known !== undefined || keptNames.size >= maxKept) return known;
  const name = `kept_${keptNames.size}`;
  keptNames.set(sql, name);
  return name;
}

function send(client: pg.PoolClient, sql: string, params: readonly unknown[], name: string | undefined) {
  return client.query<unknown[]>({
    text: sql,
    values: [...params],
    types,
    rowMode: 'array',
    ...(name !== undefined && { name }),
  });
}

function shaped({ fields, rows }: pg.QueryArrayResult<unknown[]>): unknown[] {
  const shape = shapeOf(fields.map((field) => field.name));
  return rows.map(shape);
}

function toTx(client: pg.PoolClient, plans: Plans): Tx {
  const query = (sql: string, params: unknown[] = []) =>
    send(client, sql, params, plans === 'kept' ? keptName(sql, params) : undefined);
  const rows = async <T>(sql: string, params?: unknown[]): Promise<T[]> =>
    shaped(await query(sql, params)) as T[];
  return {
    rows,
    row: async <T>(sql: string, params?: unknown[]) => {
      const found = await rows<T>(sql, params);
      if (found.length > 1) throw new Error('expected one row, found several');
      return found[0] ?? null;
    },
    run: async (sql, params) => (await query(sql, params)).rowCount ?? 0,
  };
}

/** A kept plan outlives the size that its tables had: one that reads a small table whole would go on doing so when it has grown. */
const beginKept = 'set local enable_seqscan = off; ';
/** A migration changed what a kept statement answers: its connection is of no more use. */
const staleCode = '0A000';

/** `run` begins and commits. Whatever it throws, nothing of it stays. */
async function transaction<T>(
  pool: pg.Pool,
  run: (client: pg.PoolClient, plans: Plans) => Promise<T>,
  wanted: Plans,
): Promise<T> {
  let plans = wanted;
  for (let attempt = 1; ; attempt += 1) {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      return await run(client, plans);
    } catch (error) {
      await client.query('rollback').catch((failure: Error) => {
        broken = failure;
      });
      // A deadlock or serialisation failure rolled everything back: the whole transaction is safe to repeat.
      const code = (error as { code?: string }).code ?? '';
      const isStale = plans === 'kept' && code === staleCode;
      if (isStale) {
        broken = error as Error;
        plans = 'made_anew';
      }
      if (!(isStale || retryableCodes.has(code)) || attempt >= maxAttempts) throw error;
    } finally {
      client.release(broken);
    }
  }
}

const beginOf = (bind: string, plans: Plans) => `begin; ${plans === 'kept' ? beginKept : ''}${bind}`;

function inTransaction<T>(
  pool: pg.Pool,
  bind: string,
  work: (tx: Tx) => Promise<T>,
  wanted: Plans,
): Promise<T> {
  const run = async (client: pg.PoolClient, plans: Plans) => {
    await client.query(beginOf(bind, plans));
    const result = await work(toTx(client, plans));
    await client.query('commit');
    return result;
  };
  return transaction(pool, run, wanted);
}

function inOneTrip(
  pool: pg.Pool,
  bind: string,
  statements: readonly Statement[],
  wanted: Plans,
): Promise<unknown[][]> {
  const run = async (client: pg.PoolClient, plans: Plans) => {
    // None is awaited before the next is sent. Where one fails those behind it do too, and the commit rolls back.
    const sent = [
      client.query(beginOf(bind, plans)),
      ...statements.map(({ sql, params }) =>
        send(client, sql, params, plans === 'kept' ? nameOf(sql) : undefined),
      ),
      client.query('commit'),
    ];
    const outcomes = await Promise.allSettled(sent);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    const results = outcomes.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    return results.slice(-1 - statements.length, -1).map((result) => shaped(result as never));
  };
  return transaction(pool, run, wanted);
}

/**
 * Opens the pools. `url` is the owner's login, which must be a member of slipway_app and slipway_system
 * (the migrations grant that); sessions take the role at connection time, so no statement ever runs as the owner.
 */
export function openDatabase(
  url: string,
  options: {
    poolSize?: number;
    applicationName?: string;
    directUrl?: string;
    /** Asked once, when the first personal field is written or read: many commands need none. */
    secrets?: () => SecretBox | Promise<SecretBox>;
  } = {},
): Database {
  const poolFor = (role: string, max: number) => {
    const pool = new pg.Pool({
      connectionString: url,
      max,
      application_name: options.applicationName ?? 'slipway',
      // jit: planning thousands-of-rows unnest statements with it costs more than it gains.
      options: `-c role=${role} -c timezone=UTC -c jit=off -c idle_in_transaction_session_timeout=120000 -c statement_timeout=300000`,
      idleTimeoutMillis: 30_000,
      connectionTimeoutMillis: 15_000,
      // Nothing changes for statements that are awaited one by one; for `inOneTrip` they leave together.
      pipeline: true,
    });
    // A server that goes away must not end the process; the next checkout reports it.
    pool.on('error', () => undefined);
    // The pool stops listening while a client is checked out; a backend that dies then fails the query, not the process.
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  };
  // A pooler gives a transaction whatever session is free, and kept plans are the session's.
  const isPooled = options.directUrl !== undefined && options.directUrl !== url;
  const keptIf = (plans: Plans): Plans => (isPooled ? 'made_anew' : plans);
  const app = poolFor('slipway_app', options.poolSize ?? 12);
  const system = poolFor('slipway_system', 4);
  const authPool = poolFor('slipway_system', 4);
  const listeners = new Set<(topics: ReadonlySet<Topic>) => void>();
  let opened: Promise<SecretBox> | undefined;
  const secrets = () => {
    opened ??= Promise.resolve().then(() => {
      if (options.secrets) return options.secrets();
      throw new Error('this database was opened without the secrets that personal fields need');
    });
    return opened;
  };
  const tell = (topics: ReadonlySet<Topic>) => {
    if (topics.size > 0) for (const listener of listeners) listener(topics);
  };
  return {
    inWorkspace: async (workspaceId, work, plans = 'made_anew') => {
      const bind = bindTo(workspaceId);
      const topics = new Set<Topic>();
      const bound = (tx: Tx) => {
        topics.clear();
        return work({ ...tx, workspaceId, touch: (topic) => topics.add(topic), secrets });
      };
      const result = await inTransaction(app, bind, bound, keptIf(plans));
      tell(topics);
      return result;
    },
    inOneTrip: async (workspaceId, statements) => {
      const answers = await inOneTrip(app, bindTo(workspaceId), statements, keptIf('kept'));
      tell(
        new Set(
          statements.flatMap(({ touches }, n) =>
            touches !== undefined && answers[n]!.length > 0 ? touches : [],
          ),
        ),
      );
      return answers;
    },
    inSystem: (work, plans = 'made_anew') =>
      inTransaction(system, 'set local role slipway_system', work, keptIf(plans)),
    onTouched: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    listenClient: () =>
      new pg.Client({
        connectionString: options.directUrl ?? url,
        connectionTimeoutMillis: 15_000,
        options: '-c role=slipway_system',
      }),
    authPool,
    ping: async () => {
      await system.query('select 1');
    },
    close: async () => {
      await Promise.all([app.end(), system.end(), authPool.end()]);
    },
  };
}
