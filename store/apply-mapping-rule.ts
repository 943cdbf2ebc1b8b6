/** Owns applying one mapping rule to all that is like it: what it would touch, and matching that anew, chunk by chunk. */
import { ruleFits } from '../domain/match.ts';
import { Refusal } from '../domain/refusal.ts';
import type { SourceRef } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import type { EntryVersionRef } from './exceptions.ts';
import { insertMappingRule, type MappingRule, mappingRules, type NewMappingRule } from './mapping-rules.ts';
import { requireReference } from './references.ts';
import { rematchChunk } from './rematch.ts';

/** What a rule is about: the part of a mapping rule that says what is touched. */
export type RuleScope = Pick<MappingRule, 'targetKind' | 'matchBy' | 'matchValue' | 'targetId' | 'sourceId'>;

/** Open exceptions about a name that the rule fits, of one source. */
export interface LikeNames {
  sourceId: string;
  exceptionIds: string[];
}
export interface Touched {
  exceptions: number;
  /** Entries that nothing was claimed of. */
  entries: number;
  /** Labor of them. */
  seconds: number;
  /** What sources say, the first few. */
  names: string[];
}

const mostExceptions = 20_000;
const namesShown = 20;

interface OpenName extends SourceRef {
  id: string;
  sourceId: string;
}

/** All open exceptions that the rule fits, by source in the order of ids: also the order of locks. */
async function findNames(tx: WorkspaceTx, rule: RuleScope): Promise<OpenName[]> {
  const rows = await tx.rows<OpenName>(
    `select e.id, e.subject_id as source_id, e.detail ->> 'externalId' as external_id, e.detail ->> 'code' as code, e.detail ->> 'name' as name
     from exceptions e
     where e.workspace_id = $1 and e.rule = $2 and e.status = 'open' and e.subject_type = 'mapping'
       and ($3::uuid is null or e.subject_id = $3)
       and ($4::text is null or exists (
         select from exception_entries x join entry_versions v on v.workspace_id = $1 and v.entry_id = x.entry_id and v.version = x.version
         where x.workspace_id = $1 and x.exception_id = e.id and x.open and lower(v.source_refs #>> '{person,email}') = lower($4)))
     order by e.subject_id, e.id limit $5`,
    [tx.workspaceId, `match.${rule.targetKind}`, rule.sourceId, emailOf(rule), mostExceptions + 1],
  );
  if (rows.length > mostExceptions)
    throw new Refusal({
      code: 'mapping_rule.too_many_names',
      message: `More than ${mostExceptions} names of this kind are unmatched.`,
      whatToDo: 'Apply the rule to one source at a time.',
    });
  const fits = ruleFits(rule);
  return emailOf(rule) === null ? rows.filter(fits) : rows;
}

/** What a person is called does not hold their address: that is asked of the entries. */
const emailOf = ({ matchBy, matchValue }: RuleScope) => (matchBy === 'email' ? matchValue.trim() : null);

export async function findLike(tx: WorkspaceTx, rule: RuleScope): Promise<LikeNames[]> {
  return bySource(await findNames(tx, rule));
}

const bySource = (names: readonly OpenName[]): LikeNames[] =>
  [...Map.groupBy(names, ({ sourceId }) => sourceId)].map(([sourceId, of]) => ({
    sourceId,
    exceptionIds: of.map(({ id }) => id),
  }));

/** Counts what applying the rule would touch; writes nothing. Refuses with 422 a target that is not here. */
export async function previewRule(tx: WorkspaceTx, rule: RuleScope): Promise<Touched> {
  await requireReference(tx, rule.targetKind, rule.targetId, '/targetId');
  const names = await findNames(tx, rule);
  return { ...(await countEntries(tx, rule, names)), names: shownNames(names) };
}

async function countEntries(
  tx: WorkspaceTx,
  rule: RuleScope,
  names: readonly OpenName[],
): Promise<Omit<Touched, 'names'>> {
  const row = await tx.row<{ entries: number; seconds: number }>(
    `select count(*)::int as entries, coalesce(sum(v.quantity) filter (where v.kind = 'labor'), 0)::bigint as seconds
     from (select distinct entry_id, version from exception_entries
       where workspace_id = $1 and exception_id = any($2::uuid[]) and open) x
     cross join lateral (select from work_entries y
       where y.workspace_id = $1 and y.id = x.entry_id and y.current_version = x.version offset 0) e
     cross join lateral (select from entry_balance y
       where y.workspace_id = $1 and y.entry_id = x.entry_id and y.version = x.version and y.claimed = 0 offset 0) b
     cross join lateral (select y.kind, y.quantity from entry_versions y
       where y.workspace_id = $1 and y.entry_id = x.entry_id and y.version = x.version
         -- A rule for a task serves its own project only.
         and ($3::uuid is null or y.project_id = (select t.project_id from tasks t where t.workspace_id = $1 and t.id = $3))
         and ($4::text is null or lower(y.source_refs #>> '{person,email}') = lower($4)) offset 0) v`,
    [
      tx.workspaceId,
      plainArray(names.map(({ id }) => id)),
      rule.targetKind === 'task' ? rule.targetId : null,
      emailOf(rule),
    ],
  );
  return { exceptions: names.length, entries: row?.entries ?? 0, seconds: row?.seconds ?? 0 };
}

const shownNames = (names: readonly OpenName[]) => [
  ...new Set(
    names.slice(0, namesShown).map(({ name, code, externalId }) => name ?? code ?? externalId ?? ''),
  ),
];

export interface SavedRule {
  rule: MappingRule;
  /** Null where it is new. */
  before: MappingRule | null;
}

/** Makes the rule, or points the one that is about the same name at this target; two at once end in one rule. */
export async function saveRule(tx: WorkspaceTx, values: NewMappingRule): Promise<SavedRule> {
  await requireReference(tx, values.targetKind, values.targetId, '/targetId');
  const { sourceId = null, targetKind, matchBy, matchValue, targetId } = values;
  // Held to the commit: the second of two finds what the first has made.
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 21))', [
    `${tx.workspaceId}|${sourceId}|${targetKind}|${matchBy}|${matchValue}`,
  ]);
  const known = await tx.row<{ id: string }>(
    `select id from mapping_rules where workspace_id = $1 and source_id is not distinct from $2 and target_kind = $3
       and match_by = $4 and match_value = $5`,
    [tx.workspaceId, sourceId, targetKind, matchBy, matchValue],
  );
  const before = known && (await mappingRules.lock(tx, known.id));
  if (!before) return { rule: await insertMappingRule(tx, values), before: null };
  return { rule: (await mappingRules.update(tx, before.id, { targetId }))!, before };
}

/** Where a rematch stands. */
export interface RematchCursor {
  source: number;
  after: EntryVersionRef | null;
}
export interface RematchStep {
  matched: number;
  /** Null: all is done. */
  cursor: RematchCursor | null;
}
export const rematchStart: RematchCursor = { source: 0, after: null };

/** Matches the next `limit` entries at most, of one source. */
export async function rematchLike(
  tx: WorkspaceTx,
  like: readonly LikeNames[],
  cursor: RematchCursor,
  limit: number,
  actor: string,
): Promise<RematchStep> {
  const names = like[cursor.source];
  if (!names) return { matched: 0, cursor: null };
  const { matched, last } = await rematchChunk(tx, { ...names, after: cursor.after, limit }, actor);
  if (last !== null) return { matched, cursor: { source: cursor.source, after: last } };
  const isLast = cursor.source + 1 >= like.length;
  return { matched, cursor: isLast ? null : { source: cursor.source + 1, after: null } };
}
