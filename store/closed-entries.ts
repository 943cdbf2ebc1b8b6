/** Owns entries that offer nothing any more: what is open of them goes, and what is claimed of them asks a person. */
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { raiseFindings } from './exceptions.ts';
import { addDeltas } from './totals.ts';

export interface ClosingEntry {
  id: string;
  version: number;
  kind: string;
  projectId: string | null;
  quantity: number;
  claimed: number;
  /** Of all its versions. */
  totalClaimed: number;
}

/**
 * Locks the balances of entries, in id order as every change of an entry does, then answers them as they are. `entries`: a
 * query of their id, current_version, kind and project_id, by id, with `params`, of which the first is the workspace.
 */
export async function lockToClose(
  tx: WorkspaceTx,
  entries: string,
  params: unknown[],
): Promise<ClosingEntry[]> {
  await tx.run(
    `select 1 from (${entries}) e cross join lateral (
       select 1 from entry_balance b where b.workspace_id = $1 and b.entry_id = e.id and b.version = e.current_version for no key update) l`,
    params,
  );
  return tx.rows(
    `select e.id, e.current_version as version, e.kind, e.project_id, b.quantity, b.claimed,
       (select coalesce(sum(c.claimed), 0) from entry_balance c where c.workspace_id = $1 and c.entry_id = e.id)::bigint as total_claimed
     from (${entries}) e
     cross join lateral (select x.quantity, x.claimed from entry_balance x
       where x.workspace_id = $1 and x.entry_id = e.id and x.version = e.current_version offset 0) b`,
    params,
  );
}

/** Takes away what is open of them, here and in the totals. `why`: of the findings on what is claimed. */
export async function closeEntries(
  tx: WorkspaceTx,
  entries: readonly ClosingEntry[],
  why: { fingerprint: string; detail: Record<string, unknown> },
): Promise<void> {
  await tx.run(
    'update entry_balance set quantity = claimed where workspace_id = $1 and entry_id = any($2::uuid[]) and quantity <> claimed',
    [tx.workspaceId, plainArray(entries.map((entry) => entry.id))],
  );
  await addDeltas(
    tx,
    entries
      .filter((entry) => entry.kind === 'labor')
      .map((entry) => ({
        metric: 'open_seconds',
        key: entry.projectId ?? 'unmatched',
        value: String(entry.claimed - entry.quantity),
      })),
  );
  await raiseFindings(
    tx,
    entries
      .filter((entry) => entry.totalClaimed !== 0)
      .map((entry) => ({
        rule: 'entry.changed_after_claim',
        severity: 'W' as const,
        subjectKey: `entry:${entry.id}`,
        fingerprint: `${why.fingerprint}:${entry.version}`,
        subjectType: 'entry' as const,
        subjectId: entry.id,
        detail: { ...why.detail, claimed: entry.totalClaimed },
        entries: [{ entryId: entry.id, version: entry.version }],
      })),
  );
}
