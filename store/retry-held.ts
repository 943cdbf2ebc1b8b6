/** Owns trying held invoices again: what was mended goes out, the rest stays held, each with what it lacks now. */
import type { NumberLimits } from '../domain/numbering.ts';
import type { Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFixed } from './exceptions.ts';
import { issueInvoices } from './issue.ts';

/** As many as an issue takes in one transaction. */
export const mostRetried = 200;

export interface HeldFilter {
  clientId?: string | undefined;
  contractId?: string | undefined;
  runId?: string | undefined;
}

/** The oldest after the id that the last call ended with. `next` is where to go on, or null at the end. */
export async function retryHeld(
  tx: WorkspaceTx,
  filter: HeldFilter,
  { after, actor, now, limits }: { after: string | null; actor: string; now: Instant; limits: NumberLimits },
): Promise<{ tried: number; issued: number; held: number; next: string | null }> {
  const rows = await tx.rows<{ id: string }>(
    `select id from client_invoices
     where workspace_id = $1 and status = 'held' and ($2::uuid is null or client_id = $2) and ($3::uuid is null or contract_id = $3)
       and ($4::uuid is null or run_id = $4) and ($5::uuid is null or id > $5) order by id limit $6`,
    [
      tx.workspaceId,
      filter.clientId ?? null,
      filter.contractId ?? null,
      filter.runId ?? null,
      after,
      mostRetried + 1,
    ],
  );
  const ids = rows.slice(0, mostRetried).map((row) => row.id);
  if (ids.length === 0) return { tried: 0, issued: 0, held: 0, next: null };
  await tx.run(
    `update client_invoices set status = 'draft', hold_reason = null where workspace_id = $1 and id = any($2::uuid[]) and status = 'held'`,
    [tx.workspaceId, plainArray(ids)],
  );
  const block = await issueInvoices(tx, ids, actor, now, null, limits, true);
  const mended = await tx.rows<{ id: string }>(
    `select id from client_invoices where workspace_id = $1 and id = any($2::uuid[]) and status <> 'held'`,
    [tx.workspaceId, plainArray(ids)],
  );
  await closeFixed(
    tx,
    'invoice.held',
    mended.map(({ id }) => `invoice:${id}`),
    'what it lacked was mended',
  );
  return {
    tried: ids.length,
    issued: block.issued,
    held: block.held,
    next: rows.length > mostRetried ? ids.at(-1)! : null,
  };
}
