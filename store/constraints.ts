/** Owns what a violated constraint is about: its table and columns, read from the catalogue by the constraint's name. */
import type { Database } from './database.ts';

export interface ConstraintFacts {
  table: string;
  /** Without workspace_id, which every key starts with. */
  columns: string[];
}

/**
 * Null when there is none of that name. The name alone does not tell (Postgres cuts it at 63 bytes), and with row-level
 * security the error's own detail is empty: it must not show values of rows that the role may not see.
 */
export function findConstraint(
  database: Database,
  table: string,
  name: string,
): Promise<ConstraintFacts | null> {
  return database.inSystem(async (tx) => {
    const row = await tx.row<{ columns: string[] }>(
      `select coalesce(array_agg(a.attname::text order by k.place), '{}') as columns
       from (
         select conrelid as relation, conkey as keys from pg_constraint
         where conname = $2 and conrelid = to_regclass($1)
         union
         select i.indrelid, i.indkey::smallint[] from pg_index i join pg_class c on c.oid = i.indexrelid
         where c.relname = $2 and i.indrelid = to_regclass($1)
       ) found
       cross join lateral unnest(found.keys) with ordinality as k (attnum, place)
       join pg_attribute a on a.attrelid = found.relation and a.attnum = k.attnum and a.attname <> 'workspace_id'`,
      [table, name],
    );
    return row && row.columns.length > 0 ? { table, columns: [...new Set(row.columns)] } : null;
  });
}
