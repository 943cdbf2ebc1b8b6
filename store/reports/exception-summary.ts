/** Owns the summary of what is open: by rule and severity how many exceptions there are, and the hours that they cover. */
import type { Severity } from '../../domain/validation/rule.ts';
import type { WorkspaceTx } from '../database.ts';

export interface Covered {
  exceptions: number;
  /** Entries as they are now; one that several exceptions cover counts once. */
  entries: number;
  /** Labor of these entries. */
  seconds: number;
}
export interface RuleSummary extends Covered {
  rule: string;
  severity: Severity;
}
export interface ExceptionSummary {
  rules: RuleSummary[];
  /** Less than the sum of the rules where an entry is covered by several. */
  all: Covered;
  /** Lines that could not be read: of them nothing can be checked. */
  quarantined: number;
}

/**
 * Open exceptions with the current versions that they cover; what was deleted at its source is left out. Each table is reached
 * by its key (lateral, not flattened), whatever the statistics know of a new workspace yet.
 */
const covered = `select e.rule, e.severity, e.id, v.entry_id, case when v.kind = 'labor' then v.quantity end as seconds
  from (select rule, severity, id from exceptions where workspace_id = $1 and status = 'open' offset 0) e
  left join lateral (
    select x.entry_id, y.kind, y.quantity
    from (select entry_id, version from exception_entries where workspace_id = $1 and exception_id = e.id offset 0) x
    cross join lateral (
      select 1 from work_entries w
      where w.workspace_id = $1 and w.id = x.entry_id and w.current_version = x.version and w.deleted_at is null offset 0) w
    cross join lateral (
      select z.kind, z.quantity from entry_versions z
      where z.workspace_id = $1 and z.entry_id = x.entry_id and z.version = x.version offset 0) y) v on true`;

export async function summarizeExceptions(tx: WorkspaceTx): Promise<ExceptionSummary> {
  // One row an entry first: its hours count once, however many exceptions of the rule cover it.
  const rules = await tx.rows<RuleSummary>(
    `with covered as materialized (${covered}),
     found as (select rule, severity, count(distinct id) as exceptions from covered group by 1, 2),
     worked as (select rule, severity, entry_id, max(seconds) as seconds from covered where entry_id is not null group by 1, 2, 3)
     select f.rule, f.severity, f.exceptions::int as exceptions, count(w.entry_id)::int as entries,
       coalesce(sum(w.seconds), 0)::bigint as seconds
     from found f left join worked w using (rule, severity) group by f.rule, f.severity, f.exceptions order by f.rule, f.severity`,
    [tx.workspaceId],
  );
  const all = await tx.row<Covered>(
    `with covered as materialized (${covered})
     select (select count(distinct id) from covered)::int as exceptions, count(*)::int as entries, coalesce(sum(seconds), 0)::bigint as seconds
     from (select entry_id, max(seconds) as seconds from covered where entry_id is not null group by 1) w`,
    [tx.workspaceId],
  );
  const unread = await tx.row<{ lines: number }>(
    `select count(*)::int as lines from quarantine where workspace_id = $1 and status = 'open'`,
    [tx.workspaceId],
  );
  return { rules, all: all!, quarantined: unread!.lines };
}
