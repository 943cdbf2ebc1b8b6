/** Owns mapping a name that nobody knew: the rule, the entries that carried the name, and the exception's end. */
import { type Match, type TargetKind, targetKinds } from '../domain/match.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, EntryKind, SourceEntry, SourceRef } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import {
  type EntryVersionRef,
  type ExceptionRow,
  notOpen,
  type RaisedFinding,
  raiseFindings,
  readException,
} from './exceptions.ts';
import { openMatcher, unmatchedFindings } from './intake.ts';
import type { MappingRule } from './mapping-rules.ts';
import { checkPersonDays } from './person-days.ts';
import { requireReference } from './references.ts';
import { workspaceRuleSettings } from './rule-settings.ts';
import { lockSource } from './sources.ts';
import { addDeltas } from './totals.ts';
import { workFreed } from './work-arrived.ts';

export interface Rematched {
  mappingRule: Pick<MappingRule, 'id' | 'matchBy' | 'matchValue' | 'targetId'> | null;
  /** Entries that now have the record. */
  matched: number;
  /** Entries that the exception still covers. */
  remaining: number;
}
interface Covered {
  entryId: string;
  version: number;
  kind: EntryKind;
  workDate: Day;
  billable: boolean;
  sourceRefs: Pick<SourceEntry, 'person' | 'client' | 'project' | 'task'>;
  clientId: string | null;
  projectId: string | null;
  taskId: string | null;
  personId: string | null;
  open: number;
}
type Rematch = Covered & { match: Match };

const kindOf = (rule: string): TargetKind | null =>
  targetKinds.find((kind) => rule === `match.${kind}`) ?? null;

export const isMatchRule = (rule: string): boolean => kindOf(rule) !== null;

/**
 * Makes the rule that maps the exception's name to `targetId` (null: no rule, look again at what is there now), and
 * matches the unclaimed entries that it covers anew. Set-based, in the order of an intake: the source, then balances.
 * The exception is fixed once it covers nothing more; tasks of other projects may remain.
 */
export async function resolveMatch(
  tx: WorkspaceTx,
  exception: ExceptionRow,
  targetId: string | null,
  actor: string,
): Promise<Rematched> {
  const kind = kindOf(exception.rule);
  const sourceId = exception.subjectId;
  if (!kind || !sourceId) throw new Error(`exception ${exception.id} is not about a match`);
  // The lock of an intake, first: no chunk is taken in with the old rules meanwhile.
  await lockSource(tx, sourceId);
  const current = await readException(tx, exception.id, 'for no key update of e');
  if (current?.status !== 'open') throw notOpen(exception);
  const mappingRule = targetId === null ? null : await writeRule(tx, current, kind, sourceId, targetId);
  const covered = await readCovered(tx, await readOpenVersions(tx, [exception.id], null, null));
  const { entries, findings } = await matchAnew(tx, covered, sourceId, actor);
  const missed = findings.filter((finding) => finding.subjectKey === current.subjectKey).length;
  const matched = entries.length - missed;
  if (matched === 0 && missed > 0) throw stillUnmatched(current, kind, targetId);
  const left = await tx.row<{ count: number }>(
    'select count(*) as count from exception_entries where workspace_id = $1 and exception_id = $2 and open',
    [tx.workspaceId, exception.id],
  );
  const remaining = left?.count ?? 0;
  await recordEvents(tx, [
    {
      type: 'exception.resolved',
      subjectType: 'exception',
      subjectId: exception.id,
      actor,
      permission: 'exceptions.read',
      payload: { rule: exception.rule, targetId, mappingRuleId: mappingRule?.id ?? null, matched, remaining },
    },
  ]);
  return { mappingRule, matched, remaining };
}

/** What the source says, as an intake noted it; nothing where it names nothing. */
const namedIn = (exception: ExceptionRow) => exception.detail as Partial<SourceRef>;

/** By external id, else code, else name: the order in which a matcher looks. */
async function writeRule(
  tx: WorkspaceTx,
  exception: ExceptionRow,
  kind: TargetKind,
  sourceId: string,
  targetId: string,
): Promise<Rematched['mappingRule']> {
  await requireReference(tx, kind, targetId, '/targetId');
  const named = namedIn(exception);
  const [matchBy, matchValue] = (
    [
      ['external_id', named.externalId],
      ['code', named.code],
      ['name', named.name],
    ] as const
  ).find(([, value]) => value) ?? [null, null];
  if (!matchBy || !matchValue)
    throw new Refusal({
      code: 'exception.nothing_to_map',
      message: `The source names no ${kind}, so there is no name that a rule could map.`,
      whatToDo: `Name the ${kind} at the source and read it again, or use a mapping file with a constant ${kind}.`,
    });
  const row = await tx.row<NonNullable<Rematched['mappingRule']>>(
    `insert into mapping_rules (workspace_id, source_id, target_kind, match_by, match_value, target_id) values ($1, $2, $3, $4, $5, $6)
     on conflict (workspace_id, source_id, target_kind, match_by, match_value) do update set target_id = excluded.target_id
     returning id, match_by, match_value, target_id`,
    [tx.workspaceId, sourceId, kind, matchBy, matchValue, targetId],
  );
  return row;
}

/** A chunk of what exceptions of one source cover, matched by the rules of now. */
export interface RematchedChunk {
  /** Entries that now have the record. */
  matched: number;
  /** Where to go on; null: this was the last chunk. */
  last: EntryVersionRef | null;
}

/**
 * Matches at most `limit` of the entry versions that these open match exceptions of one source cover, from `after` on, and ends
 * the exceptions that cover nothing more. Safe to repeat; in the order of an intake: the source, then balances.
 */
export async function rematchChunk(
  tx: WorkspaceTx,
  chunk: { sourceId: string; exceptionIds: readonly string[]; after: EntryVersionRef | null; limit: number },
  actor: string,
): Promise<RematchedChunk> {
  const { sourceId, exceptionIds, after, limit } = chunk;
  await lockSource(tx, sourceId);
  const versions = await readOpenVersions(tx, exceptionIds, after, limit);
  const covered = await readCovered(tx, versions);
  const { entries, findings } = await matchAnew(tx, covered, sourceId, actor);
  const keys = await tx.rows<{ subjectKey: string }>(
    'select subject_key from exceptions where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(exceptionIds)],
  );
  const looked = new Set(keys.map(({ subjectKey }) => subjectKey));
  const missed = findings.filter(({ subjectKey }) => looked.has(subjectKey)).length;
  const full = versions.length === limit;
  return { matched: entries.length - missed, last: full ? versions.at(-1)! : null };
}

async function matchAnew(
  tx: WorkspaceTx,
  covered: Covered[],
  sourceId: string,
  actor: string,
): Promise<{ entries: Rematch[]; findings: RaisedFinding[] }> {
  const matcher = await openMatcher(tx, sourceId);
  const entries = covered.map((entry) => ({ ...entry, match: matcher.match(entry.sourceRefs) }));
  await writeMatches(tx, entries);
  const findings = await moveFindings(tx, entries, sourceId, actor);
  await checkPersonDays(tx, personDaysOf(entries), await workspaceRuleSettings(tx));
  await workFreed(
    tx,
    { entryIds: entries.map(({ entryId }) => entryId) },
    { actor, reason: 'work was matched anew' },
  );
  return { entries, findings };
}

/** The entry versions that open exceptions cover, in order, after one of them; `limit` null: all. */
function readOpenVersions(
  tx: WorkspaceTx,
  exceptionIds: readonly string[],
  after: EntryVersionRef | null,
  limit: number | null,
): Promise<EntryVersionRef[]> {
  return tx.rows<EntryVersionRef>(
    `select distinct entry_id, version from exception_entries
     where workspace_id = $1 and exception_id = any($2::uuid[]) and open
       and ($3::uuid is null or (entry_id, version) > ($3, $4::int))
     order by 1, 2 limit $5`,
    [tx.workspaceId, plainArray(exceptionIds), after?.entryId ?? null, after?.version ?? null, limit],
  );
}

/** Current versions among them that nothing was claimed of, under the ordered lock of their balances. */
function readCovered(tx: WorkspaceTx, versions: readonly EntryVersionRef[]): Promise<Covered[]> {
  return tx.rows<Covered>(
    `select v.entry_id, v.version, v.kind, v.work_date, v.billable, v.source_refs, v.client_id, v.project_id, v.task_id, v.person_id,
       b.quantity - b.claimed as open
     from (select * from unnest($2::uuid[], $3::int[]) as r(entry_id, version) order by 1, 2) x
     cross join lateral (select 1 from work_entries y
       where y.workspace_id = $1 and y.id = x.entry_id and y.current_version = x.version offset 0) e
     cross join lateral (select y.quantity, y.claimed from entry_balance y
       where y.workspace_id = $1 and y.entry_id = x.entry_id and y.version = x.version and y.claimed = 0 for no key update) b
     cross join lateral (select y.* from entry_versions y
       where y.workspace_id = $1 and y.entry_id = x.entry_id and y.version = x.version offset 0) v`,
    [
      tx.workspaceId,
      plainArray(versions.map(({ entryId }) => entryId)),
      plainArray(versions.map(({ version }) => version)),
    ],
  );
}

async function writeMatches(tx: WorkspaceTx, entries: Rematch[]): Promise<void> {
  const moved = entries.filter(
    ({ match, ...entry }) =>
      match.clientId !== entry.clientId ||
      match.projectId !== entry.projectId ||
      match.taskId !== entry.taskId ||
      match.personId !== entry.personId,
  );
  if (moved.length === 0) return;
  await tx.run(
    `with moved as (
       select * from unnest($2::uuid[], $3::int[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[])
         as r(entry_id, version, client_id, project_id, task_id, person_id)),
     balanced as (
       update entry_balance b set project_id = m.project_id from moved m
       where b.workspace_id = $1 and b.entry_id = m.entry_id and b.version = m.version and b.project_id is distinct from m.project_id)
     update entry_versions v set client_id = m.client_id, project_id = m.project_id, task_id = m.task_id, person_id = m.person_id
     from moved m where v.workspace_id = $1 and v.entry_id = m.entry_id and v.version = m.version`,
    [
      tx.workspaceId,
      plainArray(moved.map((entry) => entry.entryId)),
      plainArray(moved.map((entry) => entry.version)),
      plainArray(moved.map(({ match }) => match.clientId)),
      plainArray(moved.map(({ match }) => match.projectId)),
      plainArray(moved.map(({ match }) => match.taskId)),
      plainArray(moved.map(({ match }) => match.personId)),
    ],
  );
  await addDeltas(
    tx,
    moved
      .filter((entry) => entry.kind === 'labor')
      .flatMap((entry) => [
        { metric: 'open_seconds', key: entry.projectId ?? 'unmatched', value: String(-entry.open) },
        { metric: 'open_seconds', key: entry.match.projectId ?? 'unmatched', value: String(entry.open) },
      ]),
  );
}

/** Leaves each entry with the match exceptions that it has now: found names are closed, newly missing ones raised. */
async function moveFindings(
  tx: WorkspaceTx,
  entries: Rematch[],
  sourceId: string,
  actor: string,
): Promise<RaisedFinding[]> {
  const findings = entries.flatMap((entry) =>
    unmatchedFindings(
      { entryId: entry.entryId, version: entry.version },
      { project: entry.sourceRefs.project, billable: entry.billable },
      entry.match,
      sourceId,
    ),
  );
  await tx.run(
    `with wanted as (select * from unnest($3::uuid[], $4::text[], $5::text[]) as r(entry_id, rule, subject_key))
     update exception_entries x set open = false from exceptions e
     where x.workspace_id = $1 and x.entry_id = any($2::uuid[]) and x.open
       and e.workspace_id = x.workspace_id and e.id = x.exception_id and e.subject_type = 'mapping'
       and not exists (select from wanted w where w.entry_id = x.entry_id and w.rule = e.rule and w.subject_key = e.subject_key)`,
    [
      tx.workspaceId,
      plainArray(entries.map((entry) => entry.entryId)),
      plainArray(findings.map((finding) => finding.entries[0]!.entryId)),
      textArray(findings.map((finding) => finding.rule)),
      textArray(findings.map((finding) => finding.subjectKey)),
    ],
  );
  await tx.run(
    `update exceptions e set status = 'fixed', closed_at = ${sqlNow}, closed_by = $3, close_reason = 'mapped'
     where e.workspace_id = $1 and e.status = 'open' and e.subject_type = 'mapping' and e.subject_id = $2
       and not exists (select from exception_entries x where x.workspace_id = $1 and x.exception_id = e.id and x.open)`,
    [tx.workspaceId, sourceId, actor],
  );
  await raiseFindings(tx, findings);
  return findings;
}

function personDaysOf(entries: Rematch[]) {
  const days = new Map<string, { personId: string; workDate: Day; changed: boolean }>();
  for (const { kind, workDate, personId, match } of entries) {
    if (kind !== 'labor' || !match.personId || match.personId === personId) continue;
    days.set(`${match.personId}:${workDate}`, { personId: match.personId, workDate, changed: false });
  }
  return [...days.values()];
}

function stillUnmatched(exception: ExceptionRow, kind: TargetKind, targetId: string | null): Refusal {
  const named = namedIn(exception);
  const name = named.name ?? named.code ?? named.externalId ?? '';
  return new Refusal({
    code: 'exception.still_unmatched',
    message:
      targetId === null
        ? `Nothing here is called "${name}" yet.`
        : `That ${kind} belongs to another project than the entries that name "${name}".`,
    whatToDo:
      targetId === null
        ? `Name the ${kind} that it is as targetId, or create one of that name first.`
        : `Use a ${kind} of the entries' own project.`,
  });
}
