/** Owns exceptions: raising findings so that the same finding is one row, and closing them with an outcome. */
import { Refusal } from '../domain/refusal.ts';
import type { Severity } from '../domain/validation/rule.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { workFreed } from './work-arrived.ts';

export interface EntryVersionRef {
  entryId: string;
  version: number;
}
export interface RaisedFinding {
  rule: string;
  severity: Severity;
  /** What it is about; one open exception per rule and subject. */
  subjectKey: string;
  /** Raised again after a release only when this changes. */
  fingerprint: string;
  subjectType:
    | 'entry'
    | 'person_day'
    | 'mapping'
    | 'contract'
    | 'client_invoice'
    | 'payment'
    | 'connection'
    | 'series'
    | 'seller'
    | 'payee_account';
  subjectId: string | null;
  detail: Record<string, unknown>;
  /** Of a finding of its rules. */
  contractId?: string;
  /** True: it says why something else holds the entries back, and holds none back itself. */
  tellsOnly?: boolean;
  entries: EntryVersionRef[];
}

/** Raises findings set-based; answers how many exceptions are new or refreshed (released ones stay released). */
export async function raiseFindings(tx: WorkspaceTx, findings: RaisedFinding[]): Promise<number> {
  if (findings.length === 0) return 0;
  const merged = new Map<string, RaisedFinding>();
  for (const finding of findings) {
    const key = `${finding.rule}|${finding.subjectKey}`;
    const known = merged.get(key);
    if (known) known.entries.push(...finding.entries);
    else merged.set(key, { ...finding, entries: [...finding.entries] });
  }
  const all = [...merged.values()];
  await closeReleasedBefore(tx, all);
  const stored = await tx.rows<{ id: string; rule: string; subjectKey: string }>(
    `insert into exceptions (workspace_id, id, rule, severity, subject_key, fingerprint, subject_type, subject_id, detail, contract_id, sandbox_at)
     select $1, f.id, f.rule, f.severity, f.subject_key, f.fingerprint, f.subject_type, f.subject_id, f.detail, f.contract_id, (select clock_at from workspaces where id = $1)
     from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::jsonb[], $10::uuid[])
       as f(id, rule, severity, subject_key, fingerprint, subject_type, subject_id, detail, contract_id)
     where not exists (
       select 1 from exceptions x where x.workspace_id = $1 and x.rule = f.rule and x.subject_key = f.subject_key
         and x.fingerprint = f.fingerprint and x.status in ('released', 'written_off'))
     -- In one order everywhere: two intakes that raise the same findings wait for each other, but never in a circle.
     order by f.rule, f.subject_key
     on conflict (workspace_id, rule, subject_key) where status = 'open'
       do update set detail = excluded.detail, fingerprint = excluded.fingerprint, severity = excluded.severity, contract_id = excluded.contract_id
     returning id, rule, subject_key`,
    [
      tx.workspaceId,
      plainArray(all.map(() => newId())),
      textArray(all.map((f) => f.rule)),
      plainArray(all.map((f) => f.severity)),
      textArray(all.map((f) => f.subjectKey)),
      textArray(all.map((f) => f.fingerprint)),
      plainArray(all.map((f) => f.subjectType)),
      plainArray(all.map((f) => f.subjectId)),
      textArray(all.map((f) => JSON.stringify(f.detail))),
      plainArray(all.map((f) => f.contractId ?? null)),
    ],
  );
  const links = stored.flatMap((row) => {
    const { entries, tellsOnly } = merged.get(`${row.rule}|${row.subjectKey}`)!;
    return entries.map((entry) => ({ exceptionId: row.id, holds: tellsOnly !== true, ...entry }));
  });
  if (links.length > 0) {
    await tx.run(
      `insert into exception_entries (workspace_id, exception_id, entry_id, version, open)
       select $1, l.* from unnest($2::uuid[], $3::uuid[], $4::int[], $5::boolean[]) as l
       on conflict do nothing`,
      [
        tx.workspaceId,
        plainArray(links.map((l) => l.exceptionId)),
        plainArray(links.map((l) => l.entryId)),
        plainArray(links.map((l) => l.version)),
        plainArray(links.map((l) => l.holds)),
      ],
    );
  }
  return stored.length;
}

/** A finding that went back to what a person released needs no second release: what was open in between is closed. */
async function closeReleasedBefore(tx: WorkspaceTx, findings: RaisedFinding[]): Promise<void> {
  await tx.run(
    `with closed as (
       update exceptions e set status = 'fixed', closed_at = ${sqlNow}, closed_by = 'system', close_reason = 'as it was when released'
       from unnest($2::text[], $3::text[], $4::text[]) as f(rule, subject_key, fingerprint)
       where e.workspace_id = $1 and e.rule = f.rule and e.subject_key = f.subject_key and e.status = 'open' and e.fingerprint <> f.fingerprint
         and exists (
           select 1 from exceptions x where x.workspace_id = $1 and x.rule = f.rule and x.subject_key = f.subject_key
             and x.fingerprint = f.fingerprint and x.status in ('released', 'written_off'))
       returning e.id)
     update exception_entries set open = false where workspace_id = $1 and exception_id in (select id from closed) and open`,
    [
      tx.workspaceId,
      textArray(findings.map((f) => f.rule)),
      textArray(findings.map((f) => f.subjectKey)),
      textArray(findings.map((f) => f.fingerprint)),
    ],
  );
}

/** Which of these findings a person has released as they are now, as `rule|subjectKey`. */
export async function findReleased(
  tx: WorkspaceTx,
  findings: Pick<RaisedFinding, 'rule' | 'subjectKey' | 'fingerprint'>[],
): Promise<Set<string>> {
  if (findings.length === 0) return new Set();
  const rows = await tx.rows<{ key: string }>(
    `select distinct f.rule || '|' || f.subject_key as key from unnest($2::text[], $3::text[], $4::text[]) as f(rule, subject_key, fingerprint)
     join exceptions x on x.workspace_id = $1 and x.rule = f.rule and x.subject_key = f.subject_key and x.fingerprint = f.fingerprint
     where x.status = 'released'`,
    [
      tx.workspaceId,
      textArray(findings.map((f) => f.rule)),
      textArray(findings.map((f) => f.subjectKey)),
      textArray(findings.map((f) => f.fingerprint)),
    ],
  );
  return new Set(rows.map((row) => row.key));
}

/** Work dated in the future blocks itself until its day has come, in the contract's zone and by the workspace's clock. */
export async function closeFutureDates(tx: WorkspaceTx, zone: string): Promise<void> {
  await tx.run(
    `with closed as (
       update exceptions set status = 'fixed', closed_at = ${sqlNow}, closed_by = 'system', close_reason = 'the day has come'
       where workspace_id = $1 and rule = 'entry.future_date' and status = 'open'
         and (detail ->> 'workDate')::date <= (${sqlNow} at time zone $2)::date
       returning id)
     update exception_entries set open = false where workspace_id = $1 and exception_id in (select id from closed) and open`,
    [tx.workspaceId, zone],
  );
}

/** Closes what older versions of these entries raised, and the exceptions that cover nothing any more. */
export async function supersedeFindings(tx: WorkspaceTx, entryIds: string[]): Promise<void> {
  if (entryIds.length === 0) return;
  await tx.run(
    `with gone as (
       update exception_entries x set open = false
       from exceptions e
       where x.workspace_id = $1 and x.entry_id = any($2::uuid[]) and x.open
         and e.workspace_id = x.workspace_id and e.id = x.exception_id and e.subject_type in ('entry', 'mapping')
       returning x.exception_id, x.entry_id, x.version)
     update exceptions e set status = 'fixed', closed_at = ${sqlNow}, closed_by = 'system', close_reason = 'a newer version of the entry'
     where e.workspace_id = $1 and e.status = 'open' and e.id in (select exception_id from gone)
       and not exists (
         select 1 from exception_entries o where o.workspace_id = $1 and o.exception_id = e.id and o.open
           and not exists (select 1 from gone g where g.exception_id = o.exception_id and g.entry_id = o.entry_id and g.version = o.version))`,
    [tx.workspaceId, plainArray(entryIds)],
  );
}

/** Closes open exceptions of one rule by subject, as fixed; used when the finding no longer holds. */
export async function closeFixed(
  tx: WorkspaceTx,
  rule: string,
  subjectKeys: string[],
  reason: string,
): Promise<void> {
  if (subjectKeys.length === 0) return;
  await tx.run(
    `with closed as (
       update exceptions set status = 'fixed', closed_at = ${sqlNow}, closed_by = 'system', close_reason = $4
       where workspace_id = $1 and rule = $2 and subject_key = any($3::text[]) and status = 'open' returning id)
     update exception_entries set open = false where workspace_id = $1 and exception_id in (select id from closed) and open`,
    [tx.workspaceId, rule, textArray(subjectKeys), reason],
  );
}

export const exceptionStatuses = ['open', 'fixed', 'released', 'written_off'] as const;

export interface ExceptionRow {
  id: string;
  rule: string;
  severity: Severity;
  subjectType: string;
  subjectId: string | null;
  subjectKey: string;
  status: (typeof exceptionStatuses)[number];
  detail: Record<string, unknown>;
  contractId: string | null;
  /** The member who looks after it. */
  ownerId: string | null;
  entryCount: number;
  createdAt: string;
  /** Whole days from when it was found until it was closed, or until now. */
  ageDays: number;
  closedAt: string | null;
  closedBy: string | null;
  closeReason: string | null;
}

const select = `select e.id, e.rule, e.severity, e.subject_type, e.subject_id, e.subject_key, e.status, e.detail, e.contract_id, e.owner_id,
  e.created_at, e.closed_at, e.closed_by, e.close_reason,
  floor(extract(epoch from coalesce(e.closed_at, ${sqlNow}) - coalesce(e.sandbox_at, e.created_at)) / 86400)::int as age_days,
  (select count(*) from exception_entries x where x.workspace_id = e.workspace_id and x.exception_id = e.id)::int as entry_count
  from exceptions e`;

export function readException(
  tx: WorkspaceTx,
  id: string,
  lock: '' | 'for no key update of e' = '',
): Promise<ExceptionRow | null> {
  return tx.row<ExceptionRow>(`${select} where e.workspace_id = $1 and e.id = $2 ${lock}`, [
    tx.workspaceId,
    id,
  ]);
}

/**
 * Takes the locks of the intakes whose names these exceptions are about, in one order whatever order they are named in: two
 * commands that map many never wait for each other in a circle.
 */
export async function lockMatchSources(tx: WorkspaceTx, exceptionIds: string[]): Promise<void> {
  await tx.run(
    `select pg_advisory_xact_lock(hashtextextended(s.id, 1)) from (
       select distinct subject_id::text as id from exceptions
       where workspace_id = $1 and id = any($2::uuid[]) and subject_type = 'mapping' order by 1) s`,
    [tx.workspaceId, plainArray(exceptionIds)],
  );
}

export function notOpen(exception: ExceptionRow): Refusal {
  return new Refusal({
    code: 'exception.not_open',
    message: `The exception ${exception.rule} is not open any more.`,
    whatToDo: 'Read it again to see how it ended.',
  });
}

const shownPerEntry = 200;

/** Open and closed exceptions that cover a version of the entry, newest first. */
export function exceptionsOfEntry(tx: WorkspaceTx, entryId: string): Promise<ExceptionRow[]> {
  return tx.rows<ExceptionRow>(
    `${select} where e.workspace_id = $1 and e.id in (
       select exception_id from exception_entries where workspace_id = $1 and entry_id = $2)
     order by e.id desc limit $3`,
    [tx.workspaceId, entryId, shownPerEntry],
  );
}

export interface ExceptionFilter {
  status?: string | undefined;
  rule?: string | undefined;
  severity?: Severity | undefined;
  contractId?: string | undefined;
  ownerId?: string | undefined;
  /** True: those without an owner only. */
  unowned?: boolean | undefined;
  /** Covers an entry of this project, or of this person. */
  projectId?: string | undefined;
  personId?: string | undefined;
  /** At least as many whole days old. */
  minAgeDays?: number | undefined;
}

/** Newest first, after `cursor` (an id). */
export async function listExceptions(
  tx: WorkspaceTx,
  filter: ExceptionFilter & { cursor?: string | undefined; limit: number },
): Promise<ExceptionRow[]> {
  return tx.rows<ExceptionRow>(
    // The page first: entries are counted for its rows only.
    `${select} where e.workspace_id = $1 and e.id = any(array(
       select x.id from exceptions x
       where x.workspace_id = $1 and ($2::text is null or x.status = $2) and ($3::text is null or x.rule = $3)
         and ($4::uuid is null or x.id < $4)
         and ($6::text is null or x.severity = $6) and ($7::uuid is null or x.contract_id = $7)
         and ($8::uuid is null or x.owner_id = $8) and (not $9::boolean or x.owner_id is null)
         and ($10::int is null or coalesce(x.sandbox_at, x.created_at) <= ${sqlNow} - make_interval(days => $10))
         and ($11::uuid is null and $12::uuid is null or exists (
           select 1 from exception_entries c
           join entry_versions v on v.workspace_id = $1 and v.entry_id = c.entry_id and v.version = c.version
           where c.workspace_id = $1 and c.exception_id = x.id
             and ($11::uuid is null or v.project_id = $11) and ($12::uuid is null or v.person_id = $12)))
       order by x.id desc limit $5))
     order by e.id desc`,
    [
      tx.workspaceId,
      filter.status ?? null,
      filter.rule ?? null,
      filter.cursor ?? null,
      filter.limit,
      filter.severity ?? null,
      filter.contractId ?? null,
      filter.ownerId ?? null,
      filter.unowned ?? false,
      filter.minAgeDays ?? null,
      filter.projectId ?? null,
      filter.personId ?? null,
    ],
  );
}

export interface RuleCount {
  rule: string;
  severity: Severity;
  exceptions: number;
  entries: number;
}
/** Open exceptions by rule, with how many entries they cover. */
export async function countOpenExceptions(tx: WorkspaceTx): Promise<RuleCount[]> {
  return tx.rows<RuleCount>(
    `select e.rule, e.severity, count(distinct e.id)::int as exceptions, count(distinct x.entry_id)::int as entries
     from exceptions e left join exception_entries x on x.workspace_id = e.workspace_id and x.exception_id = e.id
     where e.workspace_id = $1 and e.status = 'open' group by 1, 2 order by 1`,
    [tx.workspaceId],
  );
}

/** How often each of the rules was ever broken here, and how much of that is open; a rule that never was is left out. */
export function countByRule(
  tx: WorkspaceTx,
  rules: string[],
): Promise<{ rule: string; openWarnings: number; openErrors: number }[]> {
  return tx.rows(
    `select rule, count(*) filter (where status = 'open' and severity = 'W')::int as open_warnings,
       count(*) filter (where status = 'open' and severity = 'E')::int as open_errors
     from exceptions where workspace_id = $1 and rule = any($2::text[]) group by rule`,
    [tx.workspaceId, textArray(rules)],
  );
}

/** Open exceptions by rule that keep claimable entries of these projects (null: all) from being billed. */
export async function countBlockingExceptions(
  tx: WorkspaceTx,
  projectIds: string[] | null,
  cutoffOn: Day,
): Promise<RuleCount[]> {
  return tx.rows<RuleCount>(
    `select e.rule, e.severity, count(distinct e.id)::int as exceptions, count(distinct x.entry_id)::int as entries
     from exceptions e
     join exception_entries x on x.workspace_id = e.workspace_id and x.exception_id = e.id and x.open
     join entry_balance b on b.workspace_id = x.workspace_id and b.entry_id = x.entry_id and b.version = x.version and b.claimed <> b.quantity
     where e.workspace_id = $1 and e.status = 'open' and b.work_date < $3 and ($2::uuid[] is null or b.project_id = any($2))
     group by 1, 2 order by 1`,
    [tx.workspaceId, projectIds ? plainArray(projectIds) : null, cutoffOn],
  );
}

export interface ExceptionChoice {
  ids?: string[] | undefined;
  rules?: string[] | undefined;
}

/** Gives open exceptions of the choice to a member, or to nobody (null); answers those that had another owner before. */
export function assignExceptions(
  tx: WorkspaceTx,
  choice: ExceptionChoice,
  ownerId: string | null,
): Promise<{ id: string; rule: string }[]> {
  return tx.rows(
    `update exceptions set owner_id = $4, assigned_at = case when $4::uuid is null then null else now() end
     where workspace_id = $1 and status = 'open' and (id = any($2::uuid[]) or rule = any($3::text[])) and owner_id is distinct from $4
     returning id, rule`,
    [tx.workspaceId, plainArray(choice.ids ?? []), textArray(choice.rules ?? []), ownerId],
  );
}

export interface CoveredEntry extends EntryVersionRef {
  exceptionId: string;
  personId: string | null;
}
/** What open exceptions of the choice hold back, at most `limit`. */
export function coveredEntries(
  tx: WorkspaceTx,
  choice: ExceptionChoice,
  limit: number,
): Promise<CoveredEntry[]> {
  return tx.rows<CoveredEntry>(
    `select x.exception_id, x.entry_id, x.version, v.person_id
     from exceptions e
     join exception_entries x on x.workspace_id = $1 and x.exception_id = e.id and x.open
     join entry_versions v on v.workspace_id = $1 and v.entry_id = x.entry_id and v.version = x.version
     where e.workspace_id = $1 and e.status = 'open' and (e.id = any($2::uuid[]) or e.rule = any($3::text[]))
     order by x.entry_id, x.version, x.exception_id limit $4`,
    [tx.workspaceId, plainArray(choice.ids ?? []), textArray(choice.rules ?? []), limit],
  );
}

/**
 * Closes every open exception that held only these entries, as written off, and lets the others go on without them.
 * Answers which it closed.
 */
export async function closeWrittenOff(
  tx: WorkspaceTx,
  entries: readonly EntryVersionRef[],
  outcome: { writeOffId: string; by: string; reason: string },
): Promise<{ id: string; rule: string }[]> {
  const touched = await tx.rows<{ exceptionId: string }>(
    `with let_go as (
       update exception_entries x set open = false from unnest($2::uuid[], $3::int[]) as r(entry_id, version)
       where x.workspace_id = $1 and x.entry_id = r.entry_id and x.version = r.version and x.open returning x.exception_id)
     select distinct exception_id from let_go`,
    [
      tx.workspaceId,
      plainArray(entries.map((entry) => entry.entryId)),
      plainArray(entries.map((entry) => entry.version)),
    ],
  );
  return tx.rows(
    `update exceptions e set status = 'written_off', closed_at = ${sqlNow}, closed_by = $3, close_reason = $4, write_off_id = $5
     where e.workspace_id = $1 and e.id = any($2::uuid[]) and e.status = 'open'
       and not exists (select 1 from exception_entries x where x.workspace_id = $1 and x.exception_id = e.id and x.open)
     returning id, rule`,
    [
      tx.workspaceId,
      plainArray(touched.map((row) => row.exceptionId)),
      outcome.by,
      outcome.reason,
      outcome.writeOffId,
    ],
  );
}
/** Released where the thing itself is released: an invoice is issued with a reason. */
export const releasedElsewhere = 'invoice.held';

/** Open exceptions among the choice that no release may close, a few of them: severity E is fixed, not released. */
export async function unreleasable(
  tx: WorkspaceTx,
  choice: ExceptionChoice,
): Promise<{ id: string; rule: string; severity: Severity }[]> {
  return tx.rows(
    `select id, rule, severity from exceptions
     where workspace_id = $1 and status = 'open' and (severity = 'E' or rule = $4)
       and (id = any($2::uuid[]) or rule = any($3::text[])) order by id limit 20`,
    [tx.workspaceId, plainArray(choice.ids ?? []), textArray(choice.rules ?? []), releasedElsewhere],
  );
}

/** Which of the ids are no exceptions of this workspace. */
export async function unknownExceptions(tx: WorkspaceTx, ids: string[]): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select r.id from unnest($2::uuid[]) as r(id)
     where not exists (select from exceptions e where e.workspace_id = $1 and e.id = r.id)`,
    [tx.workspaceId, plainArray(ids)],
  );
  return rows.map((row) => row.id);
}

/** Releases open warnings with a reason; answers how many of each rule, with the entries they covered. */
export async function releaseByRule(
  tx: WorkspaceTx,
  choice: ExceptionChoice,
  by: string,
  reason: string,
): Promise<{ rule: string; exceptions: number; entries: number }[]> {
  const released = await tx.rows<{ id: string; rule: string }>(
    `update exceptions set status = 'released', closed_at = ${sqlNow}, closed_by = $4, close_reason = $5
     where workspace_id = $1 and status = 'open' and severity = 'W' and rule <> $6
       and (id = any($2::uuid[]) or rule = any($3::text[])) returning id, rule`,
    [
      tx.workspaceId,
      plainArray(choice.ids ?? []),
      textArray(choice.rules ?? []),
      by,
      reason,
      releasedElsewhere,
    ],
  );
  const freed = await tx.rows<{ rule: string; exceptions: number; entries: number }>(
    `with chosen as (select * from unnest($2::uuid[], $3::text[]) as r(id, rule)),
     freed as (
       update exception_entries x set open = false from chosen c
       where x.workspace_id = $1 and x.exception_id = c.id and x.open returning c.rule, x.entry_id)
     select c.rule, count(*)::int as exceptions,
       (select count(distinct f.entry_id) from freed f where f.rule = c.rule)::int as entries
     from chosen c group by c.rule order by c.rule`,
    [tx.workspaceId, plainArray(released.map((row) => row.id)), textArray(released.map((row) => row.rule))],
  );
  await workFreed(
    tx,
    { exceptionIds: released.map((row) => row.id) },
    { actor: by, reason: 'exceptions were released' },
  );
  return freed;
}

/** The same where only the number matters. */
export async function releaseWarnings(
  tx: WorkspaceTx,
  choice: ExceptionChoice,
  by: string,
  reason: string,
): Promise<number> {
  const released = await releaseByRule(tx, choice, by, reason);
  return released.reduce((sum, row) => sum + row.exceptions, 0);
}

/** Closes one open exception with an outcome, and what it covered with it. */
export async function closeException(
  tx: WorkspaceTx,
  id: string,
  outcome: { status: 'fixed' | 'released'; by: string; reason: string },
): Promise<void> {
  await tx.run(
    `update exceptions set status = $3, closed_at = ${sqlNow}, closed_by = $4, close_reason = $5
     where workspace_id = $1 and id = $2 and status = 'open'`,
    [tx.workspaceId, id, outcome.status, outcome.by, outcome.reason],
  );
  await tx.run(
    'update exception_entries set open = false where workspace_id = $1 and exception_id = $2 and open',
    [tx.workspaceId, id],
  );
  await workFreed(
    tx,
    { exceptionIds: [id] },
    { actor: outcome.by, reason: `an exception was ${outcome.status}` },
  );
}
