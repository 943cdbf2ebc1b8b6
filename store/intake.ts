/** Owns taking a chunk of source entries in: match, version, validate, balance, quarantine; one transaction a chunk. */
import { createHash } from 'node:crypto';
import { suggestClientCode } from '../domain/client-code.ts';
import {
  type DirectoryRow,
  foldName,
  type MappingRule,
  type Match,
  Matcher,
  refKey,
  type TargetKind,
} from '../domain/match.ts';
import { movedIds, movedParties } from '../domain/moved-parties.ts';
import { entryRules, findAll } from '../domain/validation/entry-rules.ts';
import type { RuleSettings } from '../domain/validation/rule.ts';
import { runningTimer } from '../domain/validation/running-timer.ts';
import type {
  Day,
  EntryKind,
  Instant,
  SourceEntry,
  SourcePersonRef,
  SourceRef,
  UnreadableRow,
} from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { findDuplicates } from './duplicates.ts';
import { recordEvents } from './events.ts';
import {
  closeFixed,
  type EntryVersionRef,
  type RaisedFinding,
  raiseFindings,
  supersedeFindings,
} from './exceptions.ts';
import { newId } from './new-id.ts';
import { type CheckedDay, checkPersonDays } from './person-days.ts';
import { workspaceRuleSettings } from './rule-settings.ts';
import { lockSource } from './sources.ts';
import { addDeltas, type Delta } from './totals.ts';
import { type ArrivedWork, workArrived } from './work-arrived.ts';
import { type HashedEntry, makeEntries, type NewVersion, writeVersions } from './write-versions.ts';

export { ensureSource } from './sources.ts';
export type { HashedEntry } from './write-versions.ts';

export interface IntakeOptions {
  sourceId: string;
  /** The import or sync this belongs to; the same key twice in one operation with other content is a duplicate. */
  operationId: string;
  actor: string;
  /** Kinds that are created when the source names one we do not have. */
  createMissing: readonly TargetKind[];
  /** Entries dated before this day arrive as settled elsewhere (BILLING §2); null: no such date. */
  goLiveOn: Day | null;
  /** Today in the workspace's zone. */
  today: Day;
  /** Currency for clients created on the way. */
  currency: string;
  /** Before the workspace's own settings of its rules. */
  severities: RuleSettings;
  /** Of a file whose keys are derived from its lines, where its source had entries before: whether a key is in it so far. */
  isInFile?: ((key: string) => boolean) | undefined;
  /** True: of a platform that may be read twice in one operation, where what is read later is the newer state. */
  readsAgain?: boolean | undefined;
}

export interface IntakeCounts {
  created: number;
  unchanged: number;
  /** New versions of known entries. */
  changed: number;
  /** Approval, running or settled state moved, content the same. */
  stateChanged: number;
  quarantined: number;
  warned: number;
  /** Seconds of labor in the chunk's entries, as read. */
  seconds: number;
}

export const noCounts: IntakeCounts = {
  created: 0,
  unchanged: 0,
  changed: 0,
  stateChanged: 0,
  quarantined: 0,
  warned: 0,
  seconds: 0,
};

/** What `a` counts beside stays as it is. */
export function addCounts<Counts extends IntakeCounts>(a: Counts, b: IntakeCounts): Counts {
  const sum = { ...a };
  for (const key of Object.keys(noCounts) as (keyof IntakeCounts)[]) sum[key] = a[key] + b[key];
  return sum;
}

interface Known {
  externalId: string;
  id: string;
  currentVersion: number;
  contentHash: string;
  approval: string;
  running: boolean;
  settledElsewhere: boolean;
  billable: boolean;
  operationId: string | null;
  sourceUpdatedAt: Instant | null;
  kind: EntryKind;
  personId: string | null;
  workDate: Day;
  versionQuantity: number;
  clientId: string | null;
  projectId: string | null;
  taskId: string | null;
  quantity: number;
  claimed: number;
  totalClaimed: number;
  deleted: boolean;
}

/** Reads mapping rules and the directory once; the matcher then learns what the intake itself creates. */
export async function openMatcher(tx: WorkspaceTx, sourceId: string): Promise<Matcher> {
  const rules = await tx.rows<MappingRule>(
    `select target_kind, match_by, match_value, target_id from mapping_rules
     where workspace_id = $1 and (source_id is null or source_id = $2) order by source_id nulls first, id`,
    [tx.workspaceId, sourceId],
  );
  return new Matcher(rules, await readDirectory(tx));
}

function readDirectory(tx: WorkspaceTx): Promise<DirectoryRow[]> {
  return tx.rows<DirectoryRow>(
    `select 'client' as kind, id, null::uuid as parent_id, code, name, null as email from clients where workspace_id = $1
     union all select 'project', id, client_id, code, name, null from projects where workspace_id = $1
     union all select 'task', id, project_id, null, name, null from tasks where workspace_id = $1
     union all select 'person', id, null, null, name, email from people where workspace_id = $1`,
    [tx.workspaceId],
  );
}

/**
 * Takes one chunk in. Repeating it changes nothing: an entry is its source and external id, a version is its content.
 * Serialised per source by an advisory lock, so that two readers of one source cannot interleave. What it creates is not
 * added to `shared`, which outlives this transaction and must name no record that a rollback takes away.
 */
export async function takeIn(
  tx: WorkspaceTx,
  shared: Matcher,
  chunk: { entries: HashedEntry[]; unreadable: UnreadableRow[] },
  asked: IntakeOptions,
): Promise<IntakeCounts> {
  const options = { ...asked, severities: { ...(await workspaceRuleSettings(tx)), ...asked.severities } };
  await lockSource(tx, options.sourceId);
  const duplicates: UnreadableRow[] = [];
  const latest = withoutRepeats(chunk.entries, duplicates);
  const read = { latest, unreadable: [...chunk.unreadable, ...duplicates] };
  if (await looksNew(tx, options.sourceId, latest)) {
    const counts = await takeInNew(tx, shared, read, options);
    if (counts) return counts;
  }
  const known = await readKnown(tx, options.sourceId, latest);
  const fresh = latest.filter(({ entry }) => !known.has(entry.externalId));
  const ids = fresh.map(() => newId());
  await makeEntries(tx, options.sourceId, fresh, ids);
  return takeInLatest(tx, shared, read, options, { known, ids });
}

/** What of a chunk counts, each key once, and what of it goes to quarantine. */
interface ReadChunk {
  latest: HashedEntry[];
  unreadable: UnreadableRow[];
}

const sampledKeys = 16;

/** Whether none of a few of the keys is known: most chunks are all new, or all known. */
async function looksNew(tx: WorkspaceTx, sourceId: string, entries: HashedEntry[]): Promise<boolean> {
  if (entries.length === 0) return false;
  const step = Math.ceil(entries.length / sampledKeys);
  const sample = entries.filter((_, index) => index % step === 0);
  const found = await tx.rows(
    'select 1 from work_entries where workspace_id = $1 and source_id = $2 and external_id = any($3::text[]) limit 1',
    [tx.workspaceId, sourceId, textArray(sample.map(({ entry }) => entry.externalId))],
  );
  return found.length === 0;
}

/** Takes all in as new, without asking for each whether it is; null, and nothing has happened, where one is known. */
async function takeInNew(
  tx: WorkspaceTx,
  shared: Matcher,
  read: ReadChunk,
  options: IntakeOptions,
): Promise<IntakeCounts | null> {
  await tx.run('savepoint taken_as_new');
  const ids = read.latest.map(() => newId());
  const made = makeEntries(tx, options.sourceId, read.latest, ids);
  made.catch(() => undefined);
  try {
    return await takeInLatest(tx, shared, read, options, { known: new Map(), ids, made });
  } catch (error) {
    const { code, table } = error as { code?: string; table?: string };
    if (code !== uniqueViolation || table !== 'work_entries') throw error;
    await tx.run('rollback to savepoint taken_as_new');
    return null;
  }
}

const uniqueViolation = '23505';

/** `ids`: of what is not known, in its order; their entries are there once `made` is. */
async function takeInLatest(
  tx: WorkspaceTx,
  shared: Matcher,
  { latest, unreadable }: ReadChunk,
  options: IntakeOptions,
  { known, ids, made }: { known: Map<string, Known>; ids: string[]; made?: Promise<void> },
): Promise<IntakeCounts> {
  const counts = { ...noCounts };
  const duplicates: UnreadableRow[] = [];
  let nextId = 0;
  const fresh = latest.filter(({ entry, contentHash }) => {
    const before = known.get(entry.externalId);
    return !before || before.contentHash !== contentHash;
  });
  const missing = namingMissing(shared, fresh, options);
  await made;
  const matcher = missing.length > 0 ? await createMissing(tx, shared, missing, options) : shared;

  const versions: NewVersion[] = [];
  const moved: { known: Known; entry: SourceEntry; settledElsewhere: boolean }[] = [];
  const findings: RaisedFinding[] = [];
  const claimed: ClaimedChange[] = [];
  for (const hashed of latest) {
    const { entry, contentHash } = hashed;
    const before = known.get(entry.externalId);
    const settledElsewhere =
      entry.billedElsewhere || (options.goLiveOn !== null && entry.workDate < options.goLiveOn);
    if (entry.kind === 'labor') counts.seconds += entry.quantity;
    if (!before) {
      const claimable = entry.billable && !settledElsewhere ? entry.quantity : 0;
      versions.push({
        id: ids[nextId++]!,
        version: 1,
        hashed,
        match: matcher.match(entry),
        settledElsewhere,
        claimable,
      });
      counts.created += 1;
    } else if (before.contentHash !== contentHash) {
      const age = compareAge(entry, before);
      if (age === 'older') {
        counts.unchanged += 1;
        continue;
      }
      if (age !== 'newer' && !options.readsAgain && before.operationId === options.operationId) {
        duplicates.push(duplicateRow(hashed));
        continue;
      }
      const wanted = entry.billable && !settledElsewhere ? entry.quantity : 0;
      const version = before.currentVersion + 1;
      const match = matcher.match(entry);
      versions.push({
        id: before.id,
        version,
        hashed,
        match,
        settledElsewhere,
        claimable: wanted - before.totalClaimed,
      });
      counts.changed += 1;
      if (before.totalClaimed !== 0) claimed.push({ before, entry, version, match });
    } else if (
      compareAge(entry, before) !== 'older' &&
      (before.deleted ||
        before.approval !== entry.approval ||
        before.running !== entry.running ||
        before.settledElsewhere !== settledElsewhere)
    ) {
      moved.push({ known: before, entry, settledElsewhere });
      counts.stateChanged += 1;
    } else {
      counts.unchanged += 1;
    }
  }

  await supersedeFindings(
    tx,
    versions.filter((v) => v.version > 1).map((v) => v.id),
  );
  const written = writeVersions(tx, versions, options.operationId);
  // Worked out while the database writes; a failure of the write is reported where it is awaited.
  written.catch(() => undefined);
  const found = versions.flatMap((version) => findingsOf(version, options));
  const personDays = personDaysOf(versions, known);
  const deltas = deltasOf(versions, known);
  await written;
  await writeReceipts(tx, versions);
  await moveStates(tx, moved, findings, options);
  findings.push(...found, ...(await changedAfterClaim(tx, claimed)));
  findings.push(...(await duplicatesAmong(tx, versions, options)));
  counts.warned = findings.filter((finding) => finding.rule === 'entry.over_24h').length;
  await raiseFindings(tx, findings);
  await checkPersonDays(tx, personDays, options.severities);
  counts.quarantined = await writeQuarantine(tx, [...unreadable, ...duplicates], options);
  await addDeltas(tx, deltas);
  await recordChunk(tx, versions, counts, options);
  await workArrived(tx, arrivedOf(versions, moved), { actor: options.actor, reason: 'work was taken in' });
  return counts;
}

/** What may be billed now and could not before. */
const arrivedOf = (
  versions: readonly NewVersion[],
  moved: readonly { known: Known; entry: SourceEntry }[],
): ArrivedWork[] => [
  ...versions
    .filter(({ claimable, hashed }) => claimable !== 0 && !hashed.entry.running)
    .map(({ match, hashed }) => ({ projectId: match.projectId, approval: hashed.entry.approval })),
  ...moved
    .filter(({ entry }) => !entry.running)
    .map(({ known, entry }) => ({ projectId: known.projectId, approval: entry.approval })),
];

/**
 * Within one chunk the same key is one entry: the newer where the source says when it was changed, else the first; a
 * second one with other content and no such word is quarantined.
 */
function withoutRepeats(entries: HashedEntry[], duplicates: UnreadableRow[]): HashedEntry[] {
  const seen = new Map<string, HashedEntry>();
  for (const hashed of entries) {
    const first = seen.get(hashed.entry.externalId);
    const age = first ? compareAge(hashed.entry, first.entry) : 'newer';
    if (age === 'newer') seen.set(hashed.entry.externalId, hashed);
    else if (age === 'unknown' && first!.contentHash !== hashed.contentHash)
      duplicates.push(duplicateRow(hashed));
  }
  return [...seen.values()];
}

/** Pages are read while people work: an entry may come twice, and by the source's own clock one reading is the newer. */
function compareAge(
  entry: { sourceUpdatedAt: Instant | null },
  before: { sourceUpdatedAt: Instant | null },
): 'newer' | 'older' | 'unknown' {
  if (entry.sourceUpdatedAt === null || before.sourceUpdatedAt === null) return 'unknown';
  const differenceMs = Date.parse(entry.sourceUpdatedAt) - Date.parse(before.sourceUpdatedAt);
  return differenceMs > 0 ? 'newer' : differenceMs < 0 ? 'older' : 'unknown';
}

function duplicateRow({ entry }: HashedEntry): UnreadableRow {
  return {
    position: `key ${entry.externalId}`,
    raw: JSON.stringify(entry),
    truncated: false,
    reason: 'key.duplicate',
    detail: `The key "${entry.externalId}" stands twice in this input with different content; give each line a key of its own.`,
  };
}

async function readKnown(
  tx: WorkspaceTx,
  sourceId: string,
  entries: HashedEntry[],
): Promise<Map<string, Known>> {
  if (entries.length === 0) return new Map();
  const keys = textArray(entries.map(({ entry }) => entry.externalId));
  // Locked first, read after: a statement that waits for a lock goes on with its older snapshot of every other row, and
  // would not see what a compile has claimed meanwhile.
  const locked = await tx.row<{ count: number }>(
    `select count(*) from (select 1 from (
       select w.id, w.current_version from work_entries w
       where w.workspace_id = $1 and w.source_id = $2 and w.external_id = any($3::text[]) order by w.id) e
     cross join lateral (
       select 1 from entry_balance x
       where x.workspace_id = $1 and x.entry_id = e.id and x.version = e.current_version for no key update) b) l`,
    [tx.workspaceId, sourceId, keys],
  );
  if (locked?.count === 0) return new Map();
  const rows = await tx.rows<Known>(
    // Each table is reached by its key (lateral, not flattened): see the ledger triggers for why.
    `select e.external_id, e.id, e.current_version, v.content_hash, v.approval, v.running, v.settled_elsewhere, v.billable,
       v.operation_id, v.source_updated_at, v.kind, v.person_id, v.work_date, v.version_quantity, v.client_id, v.project_id, v.task_id,
       b.quantity, b.claimed, e.deleted,
       (select coalesce(sum(c.claimed), 0) from entry_balance c where c.workspace_id = $1 and c.entry_id = e.id)::bigint as total_claimed
     from (
       select w.external_id, w.id, w.current_version, w.deleted_at is not null as deleted from work_entries w
       where w.workspace_id = $1 and w.source_id = $2 and w.external_id = any($3::text[]) order by w.id) e
     cross join lateral (
       select x.quantity, x.claimed from entry_balance x
       where x.workspace_id = $1 and x.entry_id = e.id and x.version = e.current_version offset 0) b
     cross join lateral (
       select encode(x.content_hash, 'hex') as content_hash, x.approval, x.running, x.settled_elsewhere, x.billable, x.operation_id,
         x.source_updated_at, x.kind, x.person_id, x.work_date, x.quantity as version_quantity, x.client_id, x.project_id, x.task_id
       from entry_versions x where x.workspace_id = $1 and x.entry_id = e.id and x.version = e.current_version offset 0) v`,
    [tx.workspaceId, sourceId, keys],
  );
  return new Map(rows.map((row) => [row.externalId, row]));
}

type Wanted = { ref: SourceRef | SourcePersonRef; parentId: string | null };
/** As long as a client's or a person's name may be. */
const maxNameLength = 200;

/** In the order in which they are created: a project needs its client. */
const createdKinds = ({ createMissing: asked }: IntakeOptions) =>
  (['client', 'person', 'project', 'task'] as const).filter((kind) => asked.includes(kind));

/** The entries that name something that nobody has and that is to be created. */
function namingMissing(matcher: Matcher, entries: HashedEntry[], options: IntakeOptions): HashedEntry[] {
  const kinds: readonly TargetKind[] = createdKinds(options);
  const isWanted = ({ kind, ambiguous }: Match['unmatched'][number]) => !ambiguous && kinds.includes(kind);
  return entries.filter(({ entry }) => matcher.match(entry).unmatched.some(isWanted));
}

/**
 * Creates the clients, projects, tasks and people that the entries name and nobody has, kind by kind, set-based. One intake
 * of a workspace creates at a time, and looks first at what others have made since. Answers the matcher for this chunk.
 */
async function createMissing(
  tx: WorkspaceTx,
  shared: Matcher,
  entries: HashedEntry[],
  options: IntakeOptions,
): Promise<Matcher> {
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 4))', [tx.workspaceId]);
  shared.reload(await readDirectory(tx));
  const matcher = shared.copy();
  for (const kind of createdKinds(options)) {
    const wanted = wantedRecords(matcher, kind, entries);
    if (wanted.length > 0) await createRecords(tx, matcher, kind, wanted, options);
  }
  return matcher;
}

/** What of a kind is to be created, each name and code once below its parent; an ambiguous or unusable name is not. */
function wantedRecords(matcher: Matcher, kind: TargetKind, entries: HashedEntry[]): Wanted[] {
  const taken = new Set<string>();
  const wanted: Wanted[] = [];
  for (const { entry } of entries) {
    const match = matcher.match(entry);
    for (const { kind: missing, ref, ambiguous } of match.unmatched) {
      if (missing !== kind || ambiguous) continue;
      const parentId = kind === 'project' ? match.clientId : kind === 'task' ? match.projectId : null;
      if ((kind === 'project' || kind === 'task') && !parentId) continue;
      const name = nameOf(ref);
      if (name.trim() === '' || name.length > maxNameLength) continue;
      const keys = [`${parentId}|name|${foldName(name)}`];
      if (kind === 'project') keys.push(`${parentId}|code|${foldName(ref.code ?? name)}`);
      if (keys.some((key) => taken.has(key))) continue;
      for (const key of keys) taken.add(key);
      wanted.push({ ref, parentId });
    }
  }
  return wanted;
}

const nameOf = (ref: SourceRef) => ref.name ?? ref.code ?? ref.externalId ?? '';

async function createRecords(
  tx: WorkspaceTx,
  matcher: Matcher,
  kind: TargetKind,
  wanted: Wanted[],
  options: IntakeOptions,
): Promise<void> {
  const rows: DirectoryRow[] = wanted.map(({ ref, parentId }) => ({
    kind,
    id: newId(),
    parentId,
    code: kind === 'project' ? (ref.code ?? nameOf(ref)) : null,
    name: nameOf(ref),
    email: 'email' in ref ? ref.email : null,
  }));
  const ids = plainArray(rows.map((row) => row.id));
  const names = textArray(rows.map((row) => row.name));
  const parents = plainArray(rows.map((row) => row.parentId));
  if (kind === 'client') {
    const taken = new Set(
      (
        await tx.rows<{ code: string }>('select code from clients where workspace_id = $1', [tx.workspaceId])
      ).map((r) => r.code),
    );
    for (const row of rows) {
      row.code = suggestClientCode(row.name, taken);
      taken.add(row.code);
    }
    await tx.run(
      // Nobody has said where their mail goes: the first step is a draft.
      `insert into clients (workspace_id, id, name, code, currency, status) select $1, r.*, $5, 'pending' from unnest($2::uuid[], $3::text[], $4::text[]) as r`,
      [tx.workspaceId, ids, names, textArray(rows.map((row) => row.code)), options.currency],
    );
  } else if (kind === 'person') {
    await tx.run(
      `insert into people (workspace_id, id, name, email) select $1, r.* from unnest($2::uuid[], $3::text[], $4::text[]) as r`,
      [tx.workspaceId, ids, names, textArray(rows.map((row) => row.email))],
    );
  } else if (kind === 'project') {
    await tx.run(
      `insert into projects (workspace_id, id, client_id, code, name) select $1, r.* from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) as r`,
      [tx.workspaceId, ids, parents, textArray(rows.map((row) => row.code)), names],
    );
  } else {
    await tx.run(
      `insert into tasks (workspace_id, id, project_id, name) select $1, r.* from unnest($2::uuid[], $3::uuid[], $4::text[]) as r`,
      [tx.workspaceId, ids, parents, names],
    );
  }
  for (const row of rows) matcher.add(row);
  await recordEvents(tx, [
    {
      type: `${kind}.created_from_source`,
      subjectType: kind,
      subjectId: null,
      actor: options.actor,
      permission: kind === 'person' ? 'people.read' : `${kind}s.read`,
      payload: {
        sourceId: options.sourceId,
        count: rows.length,
        // Of people the ids: their names are theirs, and each would need a key of its own.
        ...(kind === 'person'
          ? { ids: rows.slice(0, 50).map((row) => row.id) }
          : { names: rows.slice(0, 50).map((row) => row.name) }),
      },
    },
  ]);
}

/** Net and input tax of the expenses that came with them (BILLING §5). */
async function writeReceipts(tx: WorkspaceTx, versions: readonly NewVersion[]): Promise<void> {
  const taxed = versions.flatMap(({ id, version, hashed: { entry } }) =>
    entry.kind === 'expense' && entry.receipt ? [{ id, version, ...entry.receipt }] : [],
  );
  if (taxed.length === 0) return;
  await tx.run(
    `update entry_versions v set receipt_on = r.receipt_on, expense_net = r.net, expense_input_tax = r.tax, expense_gross = r.net + r.tax
     from unnest($2::uuid[], $3::int[], $4::date[], $5::numeric[], $6::numeric[]) as r(entry_id, version, receipt_on, net, tax)
     where v.workspace_id = $1 and v.entry_id = r.entry_id and v.version = r.version`,
    [
      tx.workspaceId,
      plainArray(taxed.map((row) => row.id)),
      plainArray(taxed.map((row) => row.version)),
      plainArray(taxed.map((row) => row.on)),
      plainArray(taxed.map((row) => row.net)),
      plainArray(taxed.map((row) => row.inputTax)),
    ],
  );
}

/** Approval, running and settled states move without a new version, since the content is the same. */
async function moveStates(
  tx: WorkspaceTx,
  moved: { known: Known; entry: SourceEntry; settledElsewhere: boolean }[],
  findings: RaisedFinding[],
  options: IntakeOptions,
): Promise<void> {
  if (moved.length === 0) return;
  for (const { known, entry } of moved)
    findings.push(...ruleFindings({ entryId: known.id, version: known.currentVersion }, entry, options));
  await closeFixed(
    tx,
    runningTimer.code,
    moved.filter(({ entry }) => !entry.running).map(({ known }) => `entry:${known.id}`),
    'the timer was stopped',
  );
  for (const { known, entry, settledElsewhere } of moved) {
    if (known.totalClaimed === 0) continue;
    if (entry.approval === 'approved' && settledElsewhere === known.settledElsewhere) continue;
    findings.push({
      rule: 'entry.changed_after_claim',
      severity: 'W',
      subjectKey: `entry:${known.id}`,
      fingerprint: `${known.currentVersion}:${entry.approval}:${settledElsewhere}`,
      subjectType: 'entry',
      subjectId: known.id,
      detail: { was: known.approval, is: entry.approval, settledElsewhere, claimed: known.totalClaimed },
      entries: [{ entryId: known.id, version: known.currentVersion }],
    });
  }
  await tx.run(
    `update entry_versions v set approval = r.approval, running = r.running, settled_elsewhere = r.settled,
       approved_hash = case when r.approval = 'approved' then v.content_hash end, source_updated_at = coalesce(r.updated_at, v.source_updated_at)
     from unnest($2::uuid[], $3::int[], $4::text[], $5::boolean[], $6::boolean[], $7::timestamptz[])
       as r(entry_id, version, approval, running, settled, updated_at)
     where v.workspace_id = $1 and v.entry_id = r.entry_id and v.version = r.version`,
    [
      tx.workspaceId,
      plainArray(moved.map((m) => m.known.id)),
      plainArray(moved.map((m) => m.known.currentVersion)),
      plainArray(moved.map((m) => m.entry.approval)),
      plainArray(moved.map((m) => m.entry.running)),
      plainArray(moved.map((m) => m.settledElsewhere)),
      plainArray(moved.map((m) => m.entry.sourceUpdatedAt)),
    ],
  );
  await tx.run(
    'update work_entries set deleted_at = null, gone_reason = null where workspace_id = $1 and id = any($2::uuid[]) and deleted_at is not null',
    [tx.workspaceId, plainArray(moved.filter((m) => m.known.deleted).map((m) => m.known.id))],
  );
  // Settled elsewhere offers nothing; what is claimed already stays claimed and is the exception above.
  const rebalanced = moved
    .map(({ known, entry, settledElsewhere }) => ({
      id: known.id,
      version: known.currentVersion,
      was: known.quantity,
      quantity:
        entry.billable && !settledElsewhere
          ? known.versionQuantity - (known.totalClaimed - known.claimed)
          : known.claimed,
      projectId: known.projectId,
      kind: known.kind,
    }))
    .filter((row) => row.was !== row.quantity);
  if (rebalanced.length === 0) return;
  await tx.run(
    `update entry_balance b set quantity = r.quantity from unnest($2::uuid[], $3::int[], $4::bigint[]) as r(entry_id, version, quantity)
     where b.workspace_id = $1 and b.entry_id = r.entry_id and b.version = r.version`,
    [
      tx.workspaceId,
      plainArray(rebalanced.map((r) => r.id)),
      plainArray(rebalanced.map((r) => r.version)),
      plainArray(rebalanced.map((r) => r.quantity)),
    ],
  );
  await addDeltas(
    tx,
    rebalanced
      .filter((row) => row.kind === 'labor')
      .map((row) => ({
        metric: 'open_seconds',
        key: row.projectId ?? 'unmatched',
        value: String(row.quantity - row.was),
      })),
  );
}

/** A new version of an entry of which something is claimed. */
interface ClaimedChange {
  before: Known;
  entry: SourceEntry;
  version: number;
  match: Match;
}

/** Says by how much an entry changed, and by name which parties it moved between: that decides whose invoice is wrong. */
async function changedAfterClaim(tx: WorkspaceTx, changes: ClaimedChange[]): Promise<RaisedFinding[]> {
  const names = await readNames(
    tx,
    changes.flatMap(({ before, match }) => movedIds(before, match)),
  );
  return changes.map(({ before, entry, version, match }) => {
    const moved = movedParties(before, match, names);
    return {
      rule: 'entry.changed_after_claim',
      // Released with a reason, the signed difference is billed as an item of its own (BILLING §1).
      severity: 'W',
      subjectKey: `entry:${before.id}`,
      fingerprint: String(version),
      subjectType: 'entry',
      subjectId: before.id,
      detail: {
        claimed: before.totalClaimed,
        was: before.versionQuantity,
        is: entry.quantity,
        ...(Object.keys(moved).length > 0 && { moved }),
      },
      entries: [{ entryId: before.id, version }],
    };
  });
}

/** Id → how clients, projects, tasks and people are called. */
async function readNames(tx: WorkspaceTx, ids: string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.rows<{ id: string; name: string }>(
    `select id, name from clients where workspace_id = $1 and id = any($2::uuid[])
     union all select id, case when code = name then name else code || ' · ' || name end from projects where workspace_id = $1 and id = any($2::uuid[])
     union all select id, name from tasks where workspace_id = $1 and id = any($2::uuid[])
     union all select id, name from people where workspace_id = $1 and id = any($2::uuid[])`,
    [tx.workspaceId, plainArray([...new Set(ids)])],
  );
  return new Map(rows.map((row) => [row.id, row.name]));
}

function duplicatesAmong(
  tx: WorkspaceTx,
  versions: NewVersion[],
  { isInFile, ...options }: IntakeOptions,
): Promise<RaisedFinding[]> {
  if (!isInFile) return Promise.resolve([]);
  const fresh = versions.filter((version) => version.version === 1 && version.claimable !== 0);
  return findDuplicates(
    tx,
    fresh.map(({ id, match, hashed: { entry } }) => ({ ...match, ...entry, entryId: id })),
    { ...options, isInFile },
  );
}

function findingsOf({ id, version, hashed, match }: NewVersion, options: IntakeOptions): RaisedFinding[] {
  const ref = { entryId: id, version };
  return [
    ...ruleFindings(ref, hashed.entry, options),
    ...unmatchedFindings(ref, hashed.entry, match, options.sourceId),
  ];
}

function ruleFindings(ref: EntryVersionRef, entry: SourceEntry, options: IntakeOptions): RaisedFinding[] {
  return findAll(entryRules, entry, { today: options.today }, options.severities).map((finding) => ({
    ...finding,
    subjectKey: `entry:${ref.entryId}`,
    fingerprint: String(ref.version),
    subjectType: 'entry',
    subjectId: ref.entryId,
    entries: [ref],
  }));
}

/** One exception per name that nobody knows, covering all its entries: a person maps it once. */
export function unmatchedFindings(
  ref: EntryVersionRef,
  entry: Pick<SourceEntry, 'project' | 'billable'>,
  match: Match,
  sourceId: string,
): RaisedFinding[] {
  const findingOf = (kind: TargetKind, key: string, detail: Record<string, unknown>): RaisedFinding => ({
    rule: `match.${kind}`,
    severity: 'E',
    subjectKey: `source:${sourceId}:${kind}:${key}`,
    fingerprint: '',
    subjectType: 'mapping',
    subjectId: sourceId,
    detail: { kind, sourceId, ...detail },
    entries: [ref],
  });
  const unmatched = match.unmatched.map(({ kind, ref: named, ambiguous }) =>
    findingOf(kind, refKey(named), {
      externalId: named.externalId,
      code: named.code,
      name: named.name,
      ...(ambiguous ? { ambiguous } : {}),
    }),
  );
  if (entry.project || !entry.billable) return unmatched;
  return [...unmatched, findingOf('project', 'none', { name: null })];
}

/** The person-days that the versions add to, and those that a later version leaves or lessens: these may be mended. */
function personDaysOf(versions: NewVersion[], known: Map<string, Known>): CheckedDay[] {
  const days = new Map<string, CheckedDay>();
  const note = (kind: EntryKind, personId: string | null, workDate: Day, changed: boolean) => {
    if (!personId || kind !== 'labor') return;
    const key = `${personId}:${workDate}`;
    days.set(key, { personId, workDate, changed: changed || (days.get(key)?.changed ?? false) });
  };
  for (const { match, hashed } of versions) {
    const { kind, workDate, quantity, externalId } = hashed.entry;
    note(kind, match.personId, workDate, quantity < 0);
    const before = known.get(externalId);
    if (before) note(before.kind, before.personId, before.workDate, true);
  }
  return [...days.values()];
}

/** The same raw row seen again is the same quarantine row. Answers how many rows of this chunk are in quarantine. */
export async function writeQuarantine(
  tx: WorkspaceTx,
  rows: UnreadableRow[],
  options: { sourceId: string; operationId: string | null },
): Promise<number> {
  if (rows.length === 0) return 0;
  const distinct = new Map(
    rows.map((row) => [createHash('sha256').update(`${row.reason}\n${row.raw}`).digest('hex'), row]),
  );
  const hashes = [...distinct.keys()];
  const all = [...distinct.values()];
  await tx.run(
    `insert into quarantine (workspace_id, source_id, operation_id, position, raw, raw_hash, truncated, reason, detail)
     select $1, $2, $3, r.position, r.raw, decode(r.raw_hash, 'hex'), r.truncated, r.reason, r.detail
     from unnest($4::text[], $5::text[], $6::text[], $7::boolean[], $8::text[], $9::text[]) as r(position, raw, raw_hash, truncated, reason, detail)
     on conflict (workspace_id, source_id, raw_hash) do update set last_seen_at = now(),
       status = case quarantine.status when 'fixed' then 'open' else quarantine.status end`,
    [
      tx.workspaceId,
      options.sourceId,
      options.operationId,
      textArray(all.map((r) => r.position)),
      textArray(all.map((r) => r.raw)),
      plainArray(hashes),
      plainArray(all.map((r) => r.truncated)),
      textArray(all.map((r) => r.reason)),
      textArray(all.map((r) => r.detail)),
    ],
  );
  return rows.length;
}

function deltasOf(versions: NewVersion[], known: Map<string, Known>): Delta[] {
  if (versions.length === 0) return [];
  let seconds = 0;
  const open = new Map<string, number>();
  const addOpen = (projectId: string | null, value: number) => {
    const key = projectId ?? 'unmatched';
    open.set(key, (open.get(key) ?? 0) + value);
  };
  for (const { match, hashed, claimable } of versions) {
    const before = known.get(hashed.entry.externalId);
    if (before?.kind === 'labor') {
      addOpen(before.projectId, before.claimed - before.quantity);
      seconds -= before.versionQuantity;
    }
    if (hashed.entry.kind !== 'labor') continue;
    addOpen(match.projectId, claimable);
    seconds += hashed.entry.quantity;
  }
  return [
    { metric: 'entries', key: '', value: String(versions.filter((v) => v.version === 1).length) },
    { metric: 'entry_seconds', key: '', value: String(seconds) },
    ...[...open].map(([key, value]) => ({ metric: 'open_seconds', key, value: String(value) })),
  ];
}

/** A bulk intake is one event a chunk, with the hash over its rows (invariant 10). */
async function recordChunk(
  tx: WorkspaceTx,
  versions: NewVersion[],
  counts: IntakeCounts,
  options: IntakeOptions,
): Promise<void> {
  if (versions.length === 0 && counts.stateChanged === 0 && counts.quarantined === 0) return;
  const hash = createHash('sha256');
  for (const { id, version, hashed } of versions) hash.update(`${id}:${version}:${hashed.contentHash}\n`);
  await recordEvents(tx, [
    {
      type: 'entries.taken_in',
      subjectType: 'source',
      subjectId: options.sourceId,
      actor: options.actor,
      permission: 'entries.read',
      payload: { operationId: options.operationId, ...counts, rowsSha256: hash.digest('hex') },
    },
  ]);
}
