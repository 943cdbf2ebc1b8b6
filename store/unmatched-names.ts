/** Owns listing the names that sources use and nobody knows, each with the records of ours that may be meant. */
import type { TargetKind } from '../domain/match.ts';
import { type Candidate, hasParent, type Suggestion, SuggestionIndex } from '../domain/match-suggestions.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

export interface UnmatchedName {
  /** The exception that holds its entries back. */
  exceptionId: string;
  kind: TargetKind;
  sourceId: string;
  sourceName: string;
  externalId: string | null;
  code: string | null;
  name: string | null;
  /** Several of ours carry the name. */
  ambiguous: boolean;
  /** Entries that wait for it. */
  entries: number;
  createdAt: string;
  suggestions: Suggestion[];
}
export interface UnmatchedFilter {
  kind?: TargetKind | undefined;
  sourceId?: string | undefined;
}

/** Newest first, before the id that the last page ended with; up to limit + 1. */
export async function listUnmatchedNames(
  tx: WorkspaceTx,
  filter: UnmatchedFilter,
  page: { before: string | null; limit: number },
): Promise<UnmatchedName[]> {
  const rows = await tx.rows<Omit<UnmatchedName, 'suggestions'>>(
    `select e.id as exception_id, substr(e.rule, 7) as kind, s.id as source_id, s.name as source_name,
       e.detail ->> 'externalId' as external_id, e.detail ->> 'code' as code, e.detail ->> 'name' as name,
       coalesce((e.detail ->> 'ambiguous')::boolean, false) as ambiguous, e.created_at,
       (select count(*)::int from exception_entries x where x.workspace_id = $1 and x.exception_id = e.id and x.open) as entries
     from (select * from exceptions where workspace_id = $1 and status = 'open' and subject_type = 'mapping'
         and ($2::text is null or rule = 'match.' || $2) and ($3::uuid is null or subject_id = $3) and ($4::uuid is null or id < $4)
       order by id desc limit $5) e
     join sources s on s.workspace_id = $1 and s.id = e.subject_id
     order by e.id desc`,
    [tx.workspaceId, filter.kind ?? null, filter.sourceId ?? null, page.before, page.limit + 1],
  );
  const parents = await readParents(
    tx,
    rows.filter(({ kind }) => hasParent(kind)),
  );
  const indexes = new Map<TargetKind, SuggestionIndex>();
  const suggested: UnmatchedName[] = [];
  for (const row of rows) {
    const index = indexes.get(row.kind) ?? new SuggestionIndex(await readCandidates(tx, row.kind));
    indexes.set(row.kind, index);
    suggested.push({ ...row, suggestions: index.suggest(row, parents.get(row.exceptionId) ?? null) });
  }
  return suggested;
}

/** Of the first entries of each: where they all are below a known client or project, nothing else is meant. */
const entriesAsked = 200;

async function readParents(
  tx: WorkspaceTx,
  names: readonly { exceptionId: string; kind: TargetKind }[],
): Promise<Map<string, ReadonlySet<string>>> {
  const rows = await tx.rows<{ exceptionId: string; kind: TargetKind; parents: (string | null)[] }>(
    `select n.exception_id, n.kind, p.parents from unnest($2::uuid[], $3::text[]) as n(exception_id, kind)
     cross join lateral (
       select array_agg(distinct case n.kind when 'project' then v.client_id else v.project_id end) as parents
       from (select x.entry_id, x.version from exception_entries x
         where x.workspace_id = $1 and x.exception_id = n.exception_id and x.open order by 1, 2 limit $4) x
       cross join lateral (select y.client_id, y.project_id from entry_versions y
         where y.workspace_id = $1 and y.entry_id = x.entry_id and y.version = x.version offset 0) v) p
     where p.parents is not null`,
    [
      tx.workspaceId,
      plainArray(names.map(({ exceptionId }) => exceptionId)),
      plainArray(names.map(({ kind }) => kind)),
      entriesAsked,
    ],
  );
  const known = rows.filter(({ parents }) => parents.every((parent) => parent !== null));
  return new Map(known.map(({ exceptionId, parents }) => [exceptionId, new Set(parents as string[])]));
}

const mostCandidates = 20_000;
/** What is over is not suggested any more; the newest where there are too many. */
const candidatesOf: Record<TargetKind, string> = {
  client: `select id, null::uuid as parent_id, code, name from clients where workspace_id = $1 and status <> 'archived'`,
  project: `select id, client_id as parent_id, code, name from projects where workspace_id = $1 and status <> 'archived'`,
  task: `select id, project_id as parent_id, null as code, name from tasks where workspace_id = $1 and status <> 'done'`,
  person: `select id, null::uuid as parent_id, null as code, name from people where workspace_id = $1 and active`,
};

const readCandidates = (tx: WorkspaceTx, kind: TargetKind): Promise<Candidate[]> =>
  tx.rows<Candidate>(`${candidatesOf[kind]} order by id desc limit $2`, [tx.workspaceId, mostCandidates]);
