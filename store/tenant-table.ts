/** Owns the plain reads and writes that every set-up table needs; tables with rules of their own write their own SQL. */
import type { WorkspaceTx } from './database.ts';

/** Values to write: a missing or undefined field keeps the column's default or current value. */
export type Values<Row> = { [K in keyof Row]?: Row[K] | undefined };
/** Values of a new row: `Required` must be there. */
export type NewRow<Row, Required extends keyof Row> = Pick<Row, Required> & Values<Row>;

export interface ListOptions<Row> {
  /** How many rows at most; one more is read, so that the caller sees whether there is a next page. */
  limit: number;
  /** Id of the last row of the page before. */
  after: string | null;
  /** Equal to; undefined fields are ignored. */
  where?: Values<Row>;
  /** Rows whose column (one that the table generates in small letters) holds this text, however it is written. */
  holding?: { column: string; text: string } | undefined;
  /** Rows of these statuses or kinds are left out. */
  without?: { column: string; values: readonly string[] } | undefined;
}

export interface TenantTable<Row> {
  insert: (tx: WorkspaceTx, values: Values<Row>) => Promise<Row>;
  find: (tx: WorkspaceTx, id: string) => Promise<Row | null>;
  /** Like find, and holds the row until the transaction ends. */
  lock: (tx: WorkspaceTx, id: string) => Promise<Row | null>;
  update: (tx: WorkspaceTx, id: string, values: Values<Row>) => Promise<Row | null>;
  /** By id, which is by creation; up to limit + 1 rows. */
  list: (tx: WorkspaceTx, options: ListOptions<Row>) => Promise<Row[]>;
  /** True when there was such a row. */
  remove: (tx: WorkspaceTx, id: string) => Promise<boolean>;
}

/** json: the value is serialised here, because pg would send an array as a Postgres array. */
type ColumnKind = 'plain' | 'json';

/** A pattern of LIKE in which nothing of the text is a wildcard. */
const containing = (text: string) => `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * `columns` names every field of the row but `id`, in camelCase; a field it lacks does not compile. Names come from
 * code, never from a request.
 */
export function tenantTable<Row extends { id: string }>(
  table: string,
  columns: Record<Exclude<keyof Row & string, 'id'>, ColumnKind>,
): TenantTable<Row> {
  const kinds: Record<string, ColumnKind> = { id: 'plain', ...columns };
  const selected = Object.keys(kinds).map(snake).join(', ');
  const written = (values: Values<Row>) =>
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => {
        if (!(name in kinds)) throw new TypeError(`${table} has no field ${name}`);
        const json = kinds[name] === 'json' && value !== null;
        return { column: snake(name), value: json ? JSON.stringify(value) : value };
      });

  const one = (tx: WorkspaceTx, id: string, suffix: string) =>
    tx.row<Row>(`select ${selected} from ${table} where workspace_id = $1 and id = $2 ${suffix}`, [
      tx.workspaceId,
      id,
    ]);

  return {
    insert: async (tx, values) => {
      const fields = written(values);
      const names = ['workspace_id', ...fields.map((field) => field.column)];
      const places = names.map((_, index) => `$${index + 1}`);
      const row = await tx.row<Row>(
        `insert into ${table} (${names.join(', ')}) values (${places.join(', ')}) returning ${selected}`,
        [tx.workspaceId, ...fields.map((field) => field.value)],
      );
      if (!row) throw new Error(`insert into ${table} returned no row`);
      return row;
    },
    find: (tx, id) => one(tx, id, ''),
    lock: (tx, id) => one(tx, id, 'for no key update'),
    update: async (tx, id, values) => {
      const fields = written(values);
      if (fields.length === 0) return one(tx, id, '');
      const sets = fields.map((field, index) => `${field.column} = $${index + 3}`);
      return tx.row<Row>(
        `update ${table} set ${sets.join(', ')} where workspace_id = $1 and id = $2 returning ${selected}`,
        [tx.workspaceId, id, ...fields.map((field) => field.value)],
      );
    },
    list: (tx, { limit, after, where = {}, holding, without }) => {
      const params: unknown[] = [tx.workspaceId, limit + 1];
      const conditions = ['workspace_id = $1'];
      if (after !== null) conditions.push(`id > $${params.push(after)}`);
      for (const { column, value } of written(where)) conditions.push(`${column} = $${params.push(value)}`);
      if (holding) conditions.push(`${holding.column} like $${params.push(containing(holding.text))}`);
      if (without) conditions.push(`${without.column} <> all($${params.push(without.values)}::text[])`);
      return tx.rows<Row>(
        `select ${selected} from ${table} where ${conditions.join(' and ')} order by id limit $2`,
        params,
      );
    },
    remove: async (tx, id) =>
      (await tx.run(`delete from ${table} where workspace_id = $1 and id = $2`, [tx.workspaceId, id])) > 0,
  };
}
