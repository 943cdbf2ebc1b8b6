/** Owns the rates of clients by their codes, as spreadsheets know them: read in pages, and written as one. */
import { textArray } from './arrays.ts';
import type { Database, WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import type { RateCard } from './rate-cards.ts';

export interface ClientRate extends Omit<RateCard, 'id' | 'scopeType' | 'scopeId'> {
  /** The client's code. */
  client: string;
}

const pageRows = 1_000;

/** Pages of a transaction each: a slow reader holds none. */
export async function* listClientRates(
  database: Database,
  workspaceId: string,
): AsyncGenerator<(ClientRate & { id: string })[]> {
  for (let after: string | null = null; ; ) {
    const at: string | null = after;
    const rows: (ClientRate & { id: string })[] = await database.inWorkspace(workspaceId, (tx) =>
      tx.rows(
        `select r.id, c.code as client, r.position, r.unit, r.regular_rate, r.overtime_rate, r.currency, r.valid_from, r.valid_to
         from rate_cards r join clients c on c.workspace_id = $1 and c.id = r.scope_id
         where r.workspace_id = $1 and r.scope_type = 'client' and ($2::uuid is null or r.id > $2) order by r.id limit $3`,
        [workspaceId, at, pageRows],
      ),
    );
    yield rows;
    if (rows.length < pageRows) return;
    after = rows.at(-1)!.id;
  }
}

/** The codes among these that no client has. */
export async function unknownCodes(tx: WorkspaceTx, codes: readonly string[]): Promise<Set<string>> {
  const rows = await tx.rows<{ code: string }>(
    `select w.code from unnest($2::text[]) w (code)
     where not exists (select from clients c where c.workspace_id = $1 and c.code = w.code)`,
    [tx.workspaceId, textArray(codes)],
  );
  return new Set(rows.map((row) => row.code));
}

/**
 * Writes all of them: one of the same client, position, unit and first day is changed, any other is new. No two of the rates
 * may be the same line, and each code must be a client's.
 */
export async function writeClientRates(
  tx: WorkspaceTx,
  rates: readonly ClientRate[],
): Promise<{ created: number; changed: number; unchanged: number }> {
  const column = <K extends keyof ClientRate>(name: K) => textArray(rates.map((rate) => rate[name]));
  const rows = await tx.rows<{ created: boolean }>(
    `insert into rate_cards as r (workspace_id, id, scope_type, scope_id, position, unit, regular_rate, overtime_rate, currency, valid_from, valid_to)
     select $1, n.id, 'client', c.id, n.position, n.unit, n.regular_rate, n.overtime_rate, n.currency, n.valid_from, n.valid_to
     from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::numeric[], $8::text[], $9::date[], $10::date[])
       as n (id, client, position, unit, regular_rate, overtime_rate, currency, valid_from, valid_to)
     join clients c on c.workspace_id = $1 and c.code = n.client
     on conflict (workspace_id, scope_type, scope_id, position, unit, valid_from) do update
       set regular_rate = excluded.regular_rate, overtime_rate = excluded.overtime_rate, currency = excluded.currency, valid_to = excluded.valid_to
       where (r.regular_rate, r.overtime_rate, r.currency, r.valid_to)
         is distinct from (excluded.regular_rate, excluded.overtime_rate, excluded.currency, excluded.valid_to)
     returning r.id = any($2::uuid[]) as created`,
    [
      tx.workspaceId,
      textArray(rates.map(() => newId())),
      column('client'),
      column('position'),
      column('unit'),
      column('regularRate'),
      column('overtimeRate'),
      column('currency'),
      column('validFrom'),
      column('validTo'),
    ],
  );
  const created = rows.filter((row) => row.created).length;
  return { created, changed: rows.length - created, unchanged: rates.length - rows.length };
}
