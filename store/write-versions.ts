/** Owns writing what came in: entries, their versions and balances, each in one statement a chunk. */
import type { Match } from '../domain/match.ts';
import type { SourceEntry, SourceRef } from '../domain/work-entry.ts';
import { asRows, plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

export interface HashedEntry {
  entry: SourceEntry;
  /** Hex SHA-256 over the billing-relevant content; a different hash is a new version. */
  contentHash: string;
}

export interface NewVersion {
  id: string;
  version: number;
  hashed: HashedEntry;
  match: Match;
  settledElsewhere: boolean;
  /** What may still be claimed of this version, signed: its quantity less what earlier versions gave away. */
  claimable: number;
}

export async function makeEntries(
  tx: WorkspaceTx,
  sourceId: string,
  entries: HashedEntry[],
  ids: string[],
): Promise<void> {
  if (entries.length === 0) return;
  const { from, params } = asRows(
    {
      id: { type: 'uuid', values: ids },
      external_id: { type: 'text', values: entries.map(({ entry }) => entry.externalId), text: true },
    },
    3,
  );
  await tx.run(
    `insert into work_entries (workspace_id, id, source_id, external_id) select $1, id, $2, external_id from ${from}`,
    [tx.workspaceId, sourceId, ...params],
  );
}

/** The rows of the statement that writes balances; its first parameter is taken. */
const balanceRows = (versions: NewVersion[]): ReturnType<typeof asRows> =>
  asRows(
    {
      entry_id: { type: 'uuid', values: versions.map((v) => v.id) },
      version: { type: 'int', values: versions.map((v) => v.version) },
      project_id: { type: 'uuid', values: versions.map((v) => v.match.projectId) },
      work_date: { type: 'date', values: versions.map((v) => v.hashed.entry.workDate) },
      claimable: { type: 'bigint', values: versions.map((v) => v.claimable) },
    },
    2,
  );

/** The rows of the statement that writes versions; its first two parameters are taken. */
function versionRows(versions: NewVersion[]): ReturnType<typeof asRows> {
  const entries = versions.map((v) => v.hashed.entry);
  return asRows(
    {
      entry_id: { type: 'uuid', values: versions.map((v) => v.id) },
      version: { type: 'int', values: versions.map((v) => v.version) },
      kind: { type: 'text', values: entries.map((e) => e.kind) },
      work_date: { type: 'date', values: entries.map((e) => e.workDate) },
      zone: { type: 'text', values: entries.map((e) => e.zone), text: true },
      started_at: { type: 'timestamptz', values: entries.map((e) => e.startedAt) },
      ended_at: { type: 'timestamptz', values: entries.map((e) => e.endedAt) },
      quantity: { type: 'bigint', values: entries.map((e) => e.quantity) },
      person_id: { type: 'uuid', values: versions.map((v) => v.match.personId) },
      client_id: { type: 'uuid', values: versions.map((v) => v.match.clientId) },
      project_id: { type: 'uuid', values: versions.map((v) => v.match.projectId) },
      task_id: { type: 'uuid', values: versions.map((v) => v.match.taskId) },
      position: { type: 'text', values: entries.map((e) => e.position), text: true },
      billable: { type: 'boolean', values: entries.map((e) => e.billable) },
      running: { type: 'boolean', values: entries.map((e) => e.running) },
      approval: { type: 'text', values: entries.map((e) => e.approval) },
      settled_elsewhere: { type: 'boolean', values: versions.map((v) => v.settledElsewhere) },
      content_hash: { type: 'bytea', values: versions.map((v) => v.hashed.contentHash) },
      notes: { type: 'text', values: entries.map((e) => e.notes), text: true },
      rate: { type: 'numeric', values: entries.map((e) => e.rate) },
      cost_rate: { type: 'numeric', values: entries.map((e) => e.cost) },
      currency: { type: 'text', values: entries.map((e) => e.currency), text: true },
      source_refs: { type: 'jsonb', values: entries.map(refsText), text: true },
      source_updated_at: { type: 'timestamptz', values: entries.map((e) => e.sourceUpdatedAt) },
    },
    3,
  );
}

/** Statement by statement: while the database runs one, the rows of the next are put together. */
export async function writeVersions(
  tx: WorkspaceTx,
  versions: NewVersion[],
  operationId: string,
): Promise<void> {
  if (versions.length === 0) return;
  const later = versions.filter((v) => v.version > 1);
  if (later.length > 0) {
    await tx.run(
      `update work_entries e set current_version = r.version, deleted_at = null, gone_reason = null from unnest($2::uuid[], $3::int[]) as r(id, version)
       where e.workspace_id = $1 and e.id = r.id`,
      [tx.workspaceId, plainArray(later.map((v) => v.id)), plainArray(later.map((v) => v.version))],
    );
    // What earlier versions still offered is offered by the new one: close them at what they gave.
    await tx.run(
      `update entry_balance set quantity = claimed where workspace_id = $1 and entry_id = any($2::uuid[]) and quantity <> claimed`,
      [tx.workspaceId, plainArray(later.map((v) => v.id))],
    );
  }
  const balances = balanceRows(versions);
  const balanced = tx.run(
    `insert into entry_balance (workspace_id, entry_id, version, project_id, work_date, quantity)
     select $1, entry_id, version, project_id, work_date, claimable from ${balances.from}`,
    [tx.workspaceId, ...balances.params],
  );
  balanced.catch(() => undefined);
  const { from, params } = versionRows(versions);
  await balanced;
  await tx.run(
    `insert into entry_versions (workspace_id, entry_id, version, kind, work_date, zone, started_at, ended_at, quantity, person_id, client_id,
       project_id, task_id, position, billable, running, approval, approved_hash, settled_elsewhere, content_hash, notes, rate, cost_rate,
       currency, source_refs, source_updated_at, operation_id)
     select $1, entry_id, version, kind, work_date, zone, started_at, ended_at, quantity, person_id, client_id, project_id, task_id, position,
       billable, running, approval, case when approval = 'approved' then content_hash end, settled_elsewhere,
       content_hash, notes, rate, cost_rate, currency, source_refs, source_updated_at, $2
     from ${from}`,
    [tx.workspaceId, operationId, ...params],
  );
}

/** The parties of a file come again and again, and are the same object each time. */
const refTexts = new WeakMap<SourceRef, string>();

function refText(ref: SourceRef): string {
  let text = refTexts.get(ref);
  if (text === undefined) {
    text = JSON.stringify(ref, (_, value: unknown) => (value === null ? undefined : value));
    refTexts.set(ref, text);
  }
  return text;
}

/** What the source called the parties, without what it did not say. */
function refsText({ person, client, project, task, costCentre }: SourceEntry): string {
  const parts: string[] = [];
  if (person) parts.push(`"person":${refText(person)}`);
  if (client) parts.push(`"client":${refText(client)}`);
  if (project) parts.push(`"project":${refText(project)}`);
  if (task) parts.push(`"task":${refText(task)}`);
  if (costCentre) parts.push(`"costCentre":${JSON.stringify(costCentre)}`);
  return `{${parts.join(',')}}`;
}
