/** Owns the work entries behind tasks, and how what is recorded here goes through the same intake as every source. */
import { localDay } from '../domain/day.ts';
import { Matcher } from '../domain/match.ts';
import type { RecordedWork } from '../domain/task-entry.ts';
import type { SourceRef } from '../domain/work-entry.ts';
import { asRows } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { markDeletedAtSource } from './deleted-entries.ts';
import { ensureSource, type HashedEntry, takeIn } from './intake.ts';
import { newId } from './new-id.ts';
import { currencyOf, getWorkspace, workspaceNow, zoneOf } from './workspaces.ts';

export const timerSource = { kind: 'timer', name: 'Task timers', connectionId: null } as const;

/** An entry that is new here, a newer version of a known one, or the same with another approval; safe to repeat. */
export async function takeInWork(
  tx: WorkspaceTx,
  works: readonly RecordedWork[],
  actor: string,
): Promise<void> {
  if (works.length === 0) return;
  const entries = works.map(({ entry, contentHash }) => ({ entry, contentHash }));
  const sourceId = await takeInOwn(tx, timerSource, { matcher: matcherById(works), entries }, actor);
  await noteOwnFacts(tx, sourceId, works);
}

/** Entries of a source that is a part of this product, which names our own ids. Answers the source's id. */
export async function takeInOwn(
  tx: WorkspaceTx,
  source: Parameters<typeof ensureSource>[1],
  { matcher, entries }: { matcher: Matcher; entries: HashedEntry[] },
  actor: string,
): Promise<string> {
  const sourceId = await ensureSource(tx, source);
  const workspace = await getWorkspace(tx);
  await takeIn(
    tx,
    matcher,
    { entries, unreadable: [] },
    {
      sourceId,
      // Each command is one reading of its source: other content is a newer version, never a duplicate.
      operationId: newId(),
      actor,
      createMissing: [],
      goLiveOn: null,
      today: localDay(await workspaceNow(tx), zoneOf(workspace)),
      currency: currencyOf(workspace),
      severities: {},
    },
  );
  return sourceId;
}

/** What a source entry has no words for: our product, a price that counts, and that an expense is of the day of the work unless its receipt says another. */
async function noteOwnFacts(
  tx: WorkspaceTx,
  sourceId: string,
  works: readonly RecordedWork[],
): Promise<void> {
  const { from, params } = asRows(
    {
      external_id: { type: 'text', values: works.map(({ entry }) => entry.externalId), text: true },
      product_id: { type: 'uuid', values: works.map(({ productId }) => productId) },
      unit_price: { type: 'numeric', values: works.map(({ unitPrice }) => unitPrice) },
    },
    3,
  );
  await tx.run(
    `update entry_versions v set product_id = r.product_id, unit_price = r.unit_price,
       receipt_on = case when v.kind = 'expense' then coalesce(v.receipt_on, v.work_date) end
     from ${from}
     join work_entries e on e.workspace_id = $1 and e.source_id = $2 and e.external_id = r.external_id
     where v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
       and (v.product_id is distinct from r.product_id or v.unit_price is distinct from r.unit_price or v.kind = 'expense')`,
    [tx.workspaceId, sourceId, ...params],
  );
}

/** What is deleted offers nothing any more; of what was claimed a person is asked. */
export async function deleteWork(
  tx: WorkspaceTx,
  externalIds: readonly string[],
  actor: string,
): Promise<void> {
  if (externalIds.length > 0)
    await markDeletedAtSource(tx, await ensureSource(tx, timerSource), [...externalIds], actor);
}

/** Work that is recorded here names its parties by our own ids: they match themselves, and mapping rules do not touch them. */
function matcherById(works: readonly RecordedWork[]): Matcher {
  const ids = (pick: (work: RecordedWork) => SourceRef | null) => [
    ...new Set(works.flatMap((work) => pick(work)?.externalId ?? [])),
  ];
  const self = (targetKind: 'client' | 'project' | 'task' | 'person') => (targetId: string) =>
    ({ targetKind, matchBy: 'external_id', matchValue: targetId, targetId }) as const;
  const rules = [
    ...ids(({ entry }) => entry.client).map(self('client')),
    ...ids(({ entry }) => entry.project).map(self('project')),
    ...ids(({ entry }) => entry.task).map(self('task')),
    ...ids(({ entry }) => entry.person).map(self('person')),
  ];
  const row = { code: null, email: null };
  const directory = works.flatMap(({ entry }) => {
    const [clientId, projectId, taskId] = [entry.client, entry.project, entry.task].map(
      (ref) => ref!.externalId!,
    );
    return [
      { ...row, kind: 'project' as const, id: projectId!, parentId: clientId!, name: projectId! },
      { ...row, kind: 'task' as const, id: taskId!, parentId: projectId!, name: taskId! },
    ];
  });
  return new Matcher(rules, directory);
}
