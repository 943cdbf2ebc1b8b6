/** Owns finding entries that came in anew under another derived key, and closing what turned up in the file after all. */
import { chooseTwins, duplicateEntry, type PossibleTwin } from '../domain/validation/duplicate.ts';
import type { RuleSettings } from '../domain/validation/rule.ts';
import type { Day, EntryKind } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFixed, type RaisedFinding, raiseFindings } from './exceptions.ts';

/** An entry that has just been written, as it was matched. */
export interface FreshEntry {
  entryId: string;
  kind: EntryKind;
  workDate: Day;
  quantity: number;
  personId: string | null;
  projectId: string | null;
  taskId: string | null;
}

/** Whether the source had entries before: the first file of a source has nothing to be a duplicate of. */
export async function hasEntries(tx: WorkspaceTx, sourceId: string): Promise<boolean> {
  const row = await tx.row<{ any: boolean }>(
    'select exists (select from work_entries where workspace_id = $1 and source_id = $2) as any',
    [tx.workspaceId, sourceId],
  );
  return row!.any;
}

const maxTwins = 20;

/**
 * One finding for each of the entries that has a twin: living, of the same source, person, project, task, day and quantity,
 * from an earlier import, and not in this file as far as that is read. One statement; days that nobody worked on before
 * cost one look in an index.
 */
export async function findDuplicates(
  tx: WorkspaceTx,
  fresh: readonly FreshEntry[],
  options: {
    sourceId: string;
    operationId: string;
    severities: RuleSettings;
    isInFile: (key: string) => boolean;
  },
): Promise<RaisedFinding[]> {
  const severity = options.severities[duplicateEntry.code] ?? duplicateEntry.severity;
  const known = fresh.filter((entry) => entry.personId !== null && entry.projectId !== null);
  if (known.length === 0 || severity === 'off') return [];
  const possible = await tx.rows<PossibleTwin & { workDate: Day; quantity: number }>(
    `with fresh as materialized (
       select * from unnest($4::uuid[], $5::text[], $6::date[], $7::bigint[], $8::uuid[], $9::uuid[], $10::uuid[])
         as u(entry_id, kind, work_date, quantity, person_id, project_id, task_id)),
     older as materialized (
       select v.kind, d.work_date, v.quantity, d.person_id, v.project_id, v.task_id, e.id as twin_id, e.external_id as twin_key
       from (select distinct person_id, work_date from fresh) d
       cross join lateral (
         select x.entry_id, x.version, x.kind, x.quantity, x.project_id, x.task_id from entry_versions x
         where x.workspace_id = $1 and x.person_id = d.person_id and x.work_date = d.work_date
           and x.operation_id is distinct from $3 offset 0) v
       cross join lateral (
         select x.id, x.external_id from work_entries x where x.workspace_id = $1 and x.id = v.entry_id
           and x.current_version = v.version and x.source_id = $2 and x.deleted_at is null offset 0) e)
     select f.entry_id, o.twin_id, o.twin_key, f.work_date, f.quantity
     from fresh f
     cross join lateral (
       select * from older o
       where o.person_id = f.person_id and o.work_date = f.work_date and o.kind = f.kind and o.quantity = f.quantity
         and o.project_id = f.project_id and o.task_id is not distinct from f.task_id
       order by o.twin_id desc limit ${maxTwins}) o
     order by f.entry_id, o.twin_id desc`,
    [
      tx.workspaceId,
      options.sourceId,
      options.operationId,
      plainArray(known.map((entry) => entry.entryId)),
      plainArray(known.map((entry) => entry.kind)),
      plainArray(known.map((entry) => entry.workDate)),
      plainArray(known.map((entry) => entry.quantity)),
      plainArray(known.map((entry) => entry.personId)),
      plainArray(known.map((entry) => entry.projectId)),
      plainArray(known.map((entry) => entry.taskId)),
    ],
  );
  const facts = new Map(possible.map((row) => [row.entryId, row]));
  return chooseTwins(possible, options.isInFile).map(({ entryId, twinId, twinKey }) => ({
    rule: duplicateEntry.code,
    severity,
    subjectKey: `entry:${entryId}`,
    fingerprint: twinId,
    subjectType: 'entry',
    subjectId: entryId,
    detail: {
      sourceId: options.sourceId,
      twinId,
      twinKey,
      workDate: facts.get(entryId)!.workDate,
      quantity: facts.get(entryId)!.quantity,
    },
    entries: [{ entryId, version: 1 }],
  }));
}

const closePage = 5_000;

/**
 * Once a file is read to its end: closes what was found while the twin had not come yet. Answers how many. The file is the
 * whole truth of it, so this also closes what an interrupted import of the same file left.
 */
export async function closeReappeared(
  tx: WorkspaceTx,
  sourceId: string,
  isInFile: (key: string) => boolean,
): Promise<number> {
  let closed = 0;
  let after: string | null = null;
  for (;;) {
    const open: { id: string; subjectKey: string; twinKey: string }[] = await tx.rows(
      `select id, subject_key, detail ->> 'twinKey' as twin_key from exceptions
       where workspace_id = $1 and rule = $2 and status = 'open' and detail ->> 'sourceId' = $3 and ($4::uuid is null or id > $4)
       order by id limit $5`,
      [tx.workspaceId, duplicateEntry.code, sourceId, after, closePage],
    );
    const back = open.filter((row) => isInFile(row.twinKey));
    await closeFixed(
      tx,
      duplicateEntry.code,
      back.map((row) => row.subjectKey),
      'the other one is still in the file',
    );
    closed += back.length;
    if (open.length < closePage) return closed;
    after = open[open.length - 1]!.id;
  }
}

/** Holds back what another source of the same account has already, the older one counts; frees what none has any more. */
export async function holdTwins(
  tx: WorkspaceTx,
  {
    sourceId,
    siblings,
    externalIds,
  }: { sourceId: string; siblings: readonly string[]; externalIds: readonly string[] },
): Promise<void> {
  if (siblings.length === 0 || externalIds.length === 0) return;
  const rows = await tx.rows<{ id: string; version: number; twinId: string | null; twinKey: string }>(
    `select e.id, e.current_version as version, e.external_id as twin_key, (
       select o.id from work_entries o where o.workspace_id = $1 and o.source_id = any($3::uuid[])
         and o.external_id = e.external_id and o.id < e.id and o.deleted_at is null order by o.id limit 1) as twin_id
     from work_entries e
     where e.workspace_id = $1 and e.source_id = $2 and e.external_id = any($4::text[]) and e.deleted_at is null order by e.id`,
    [tx.workspaceId, sourceId, plainArray(siblings), textArray([...externalIds])],
  );
  const alone = rows.filter(({ twinId }) => twinId === null);
  await closeFixed(
    tx,
    duplicateEntry.code,
    alone.map(({ id }) => `entry:${id}`),
    'no other connection has it any more',
  );
  await raiseFindings(
    tx,
    rows.flatMap(({ id, version, twinId, twinKey }) =>
      twinId === null
        ? []
        : [
            {
              rule: duplicateEntry.code,
              severity: duplicateEntry.severity,
              subjectKey: `entry:${id}`,
              fingerprint: twinId,
              subjectType: 'entry' as const,
              subjectId: id,
              detail: { sourceId, twinId, twinKey },
              entries: [{ entryId: id, version }],
            },
          ],
    ),
  );
}

const mostGone = 1_000;

/**
 * Holds back what looks like work that is billed already, was deleted at its source and is asked about: somebody may have
 * deleted it there and written it down anew. Whichever of the two is billed is for a person to say. Safe to repeat.
 */
export async function holdRemade(tx: WorkspaceTx, sourceId: string): Promise<void> {
  const possible = await tx.rows<PossibleTwin & { version: number }>(
    `with gone as materialized (
       select g.id, g.external_id, v.kind, v.work_date, v.quantity, v.person_id, v.project_id, v.task_id from exceptions x
       join work_entries g on g.workspace_id = $1 and g.id = x.subject_id and g.source_id = $2 and g.deleted_at is not null
       join entry_versions v on v.workspace_id = $1 and v.entry_id = g.id and v.version = g.current_version and v.project_id is not null
       where x.workspace_id = $1 and x.rule = 'entry.changed_after_claim' and x.status = 'open' and x.detail ->> 'deletedAtSource' = 'true'
       order by g.id limit ${mostGone})
     select n.entry_id, n.version, gone.id as twin_id, gone.external_id as twin_key from gone
     cross join lateral (
       select v.entry_id, v.version from entry_versions v
       join work_entries e on e.workspace_id = $1 and e.id = v.entry_id and e.current_version = v.version and e.source_id = $2
         and e.deleted_at is null
       join entry_balance b on b.workspace_id = $1 and b.entry_id = v.entry_id and b.version = v.version and b.claimed = 0 and b.quantity <> 0
       where v.workspace_id = $1 and v.project_id = gone.project_id and v.work_date = gone.work_date and v.kind = gone.kind
         and v.quantity = gone.quantity and v.person_id is not distinct from gone.person_id
         and v.task_id is not distinct from gone.task_id and e.id > gone.id
       order by e.id limit ${maxTwins}) n
     order by n.entry_id, gone.id`,
    [tx.workspaceId, sourceId],
  );
  const versions = new Map(possible.map(({ entryId, version }) => [entryId, version]));
  await raiseFindings(
    tx,
    chooseTwins(possible, () => false).map(({ entryId, twinId, twinKey }) => ({
      rule: duplicateEntry.code,
      // Released with a reason it is billed: where the other one was credited.
      severity: 'W' as const,
      subjectKey: `entry:${entryId}`,
      fingerprint: twinId,
      subjectType: 'entry' as const,
      subjectId: entryId,
      detail: { sourceId, twinId, twinKey },
      entries: [{ entryId, version: versions.get(entryId)! }],
    })),
  );
}
