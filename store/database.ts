/** Owns connections to Postgres: two pools by role, the type parsers, and the only ways into a transaction. */
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
/** What readers in other loops wait for; told after commit, never inside the transaction. */
export type Topic = 'outbox' | 'events' | 'totals';

/** A transaction bound to one workspace by row-level security. */
export interface WorkspaceTx extends Tx {
  readonly workspaceId: string;
  /** Notes that this transaction wrote rows that a loop waits for. */
  touch(topic: Topic): void;
  /** What seals the keys of personal fields. Throws where the database was opened without. */
  secrets(): Promise<SecretBox>;
}

export interface Database {
  /** All tenant SQL goes through here: role slipway_app, `app.workspace` set for this transaction only. */
  inWorkspace<T>(workspaceId: string, work: (tx: WorkspaceTx) => Promise<T>): Promise<T>;
  /** Relay, sequencer, roller, sweeper and the look-ups before a workspace is known: role slipway_system. */
  inSystem<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
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

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const retryableCodes = new Set(['40001', '40P01']);
const maxAttempts = 4;

const camelNames = new Map<string, string>();
function camel(name: string): string {
  let known = camelNames.get(name);
  if (known === undefined) {
    known = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    if (camelNames.size < 5000) camelNames.set(name, known);
  }
  return known;
}

const emptyRow = (names: readonly string[]): Record<string, unknown> =>
  JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}:null`).join(',')}}`);

function toTx(client: pg.PoolClient): Tx {
  const query = async (sql: string, params: unknown[] = []) => {
    return client.query<unknown[]>({ text: sql, values: params, types, rowMode: 'array' });
  };
  const rows = async <T>(sql: string, params?: unknown[]): Promise<T[]> => {
    const result = await query(sql, params);
    const names = result.fields.map((field) => camel(field.name));
    // Copies of one empty row: built key by key, objects of many columns become dictionaries, three times as slow to make and read.
    const empty = emptyRow(names);
    return result.rows.map((row) => {
      const shaped: Record<string, unknown> = { ...empty };
      for (let index = 0; index < names.length; index += 1) shaped[names[index]!] = row[index];
      return shaped as T;
    });
  };
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

async function inTransaction<T>(pool: pg.Pool, begin: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query(begin);
      const result = await work(toTx(client));
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch((failure: Error) => {
        broken = failure;
      });
      // A deadlock or serialisation failure rolled everything back: the whole transaction is safe to repeat.
      const code = (error as { code?: string }).code ?? '';
      if (!retryableCodes.has(code) || attempt >= maxAttempts) throw error;
    } finally {
      client.release(broken);
    }
  }
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
    });
    // A server that goes away must not end the process; the next checkout reports it.
    pool.on('error', () => undefined);
    // The pool stops listening while a client is checked out; a backend that dies then fails the query, not the process.
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  };
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
  return {
    inWorkspace: async (workspaceId, work) => {
      if (!uuidPattern.test(workspaceId)) throw new TypeError(`not a workspace id: ${workspaceId}`);
      // The role again here: a pooler may drop the session's, and the owner would see every workspace.
      const begin = `begin; set local role slipway_app; select set_config('app.workspace', '${workspaceId}', true)`;
      const topics = new Set<Topic>();
      const result = await inTransaction(app, begin, (tx) => {
        topics.clear();
        return work({ ...tx, workspaceId, touch: (topic) => topics.add(topic), secrets });
      });
      if (topics.size > 0) for (const listener of listeners) listener(topics);
      return result;
    },
    inSystem: (work) => inTransaction(system, 'begin; set local role slipway_system', work),
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
