/** Owns the events: who did what, recorded with the change itself, numbered and chained after commit. */
import type { Fields } from '../domain/changed.ts';
import { type ChainedEvent, chainHash, genesisHash } from '../domain/event-chain.ts';
import type { Permission } from '../domain/permissions.ts';
import type { Tx, WorkspaceTx } from './database.ts';
import { currentOrigin } from './origin.ts';
import { type DataKey, dataKeys, type PersonalOwner, sealFields } from './personal-fields.ts';

export interface NewEvent {
  /** `member:<id>`, `key:<id>`, `system`, … */
  actor: string;
  /** Subject and past participle: `client_invoice.issued`. */
  type: string;
  subjectType: string;
  subjectId: string | null;
  /** Who may see it on the stream and in the audit: whoever may read the resource that it tells of. */
  permission: Permission;
  payload?: Fields;
  /** What was and what is, only what differs: see `changed` (domain/changed.ts). */
  before?: Fields;
  after?: Fields;
  /** Fields of the three above that are somebody's personal data: kept as ciphertext under their key. */
  personal?: { of: PersonalOwner; fields: readonly string[] };
}

/** A numbered event as the chain holds it. */
export interface RecordedEvent extends ChainedEvent {
  /** Hex; chains this event to the one before it. */
  hash: string;
}
/** A numbered event as readers of the log and the stream see it: no personal fields, and not where from. */
export type ShownEvent = Omit<RecordedEvent, 'origin' | 'personal'>;

const eventsPerStatement = 5_000;
// An event names what changed, it does not carry documents.
const maxPayloadChars = 65_536;

/**
 * Writes events in the transaction of the change that they tell of, with where it comes from (origin.ts); readers see them
 * once the sequencer has numbered them. In a sandbox workspace they also keep the sandbox's time. Throws RangeError on a
 * payload, before or after over 64 Ki characters.
 */
export async function recordEvents(tx: WorkspaceTx, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const { client, ...origin } = currentOrigin();
  const owners = events.flatMap((event) => event.personal?.of ?? []);
  const keys = await dataKeys(tx, client ? [...owners, client.of] : owners);
  const machine = client && {
    of: client.of,
    values: { 'origin.ip': client.ip, 'origin.userAgent': client.userAgent },
  };
  const rows = events.map((event) => toNewRow(tx.workspaceId, event, machine, keys));
  for (let start = 0; start < rows.length; start += eventsPerStatement) {
    const chunk = rows.slice(start, start + eventsPerStatement);
    // Ordered: ids are made in this order, and the sequencer numbers by id.
    await tx.run(
      `insert into events (workspace_id, sandbox_at, origin, actor, type, subject_type, subject_id, permission, payload, before, after, personal)
       select $1, (select clock_at from workspaces where id = $1), $2,
         n.actor, n.type, n.subject_type, n.subject_id, n.permission, n.payload, n.before, n.after, n.personal
       from unnest($3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::jsonb[], $9::jsonb[], $10::jsonb[], $11::jsonb[])
         with ordinality as n (actor, type, subject_type, subject_id, permission, payload, before, after, personal, place)
       order by n.place`,
      [
        tx.workspaceId,
        JSON.stringify(origin),
        chunk.map((row) => row.actor),
        chunk.map((row) => row.type),
        chunk.map((row) => row.subjectType),
        chunk.map((row) => row.subjectId),
        chunk.map((row) => row.permission),
        chunk.map((row) => row.payload),
        chunk.map((row) => row.before),
        chunk.map((row) => row.after),
        chunk.map((row) => row.personal),
      ],
    );
  }
  tx.touch('events');
}

interface PersonalValues {
  of: string;
  /** By where they belong: `after.name`. */
  values: Record<string, unknown>;
}

/** The event with its JSON as text, and its personal fields moved from where they are into ciphertext. */
function toNewRow(
  workspaceId: string,
  event: NewEvent,
  machine: PersonalValues | undefined,
  keys: ReadonlyMap<string, DataKey>,
) {
  const { personal, ...rest } = event;
  const fields = personal?.fields ?? [];
  const subject: PersonalValues = { of: personal?.of ?? '', values: {} };
  const clear = (section: 'payload' | 'before' | 'after'): string | null => {
    const kept = Object.entries(event[section] ?? {}).filter(([name, value]) => {
      // That there is no e-mail is nobody's secret, and an emptied field should show as such.
      const isPersonal = fields.includes(name) && value !== null && value !== undefined;
      if (isPersonal) subject.values[`${section}.${name}`] = value;
      return !isPersonal;
    });
    if (kept.length === 0 && section !== 'payload') return null;
    return toJson(event, section, Object.fromEntries(kept));
  };
  const sections = { payload: clear('payload'), before: clear('before'), after: clear('after') };
  const sealed = [subject, ...(machine ? [machine] : [])]
    .filter(({ values }) => Object.keys(values).length > 0)
    .map(({ of, values }) => sealFields(workspaceId, keys.get(of)!, values));
  return { ...rest, ...sections, personal: sealed.length === 0 ? null : JSON.stringify(sealed) };
}

function toJson(event: NewEvent, section: string, value: unknown): string {
  // jsonb refuses NUL and lone surrogates; text from outside may hold them, and must not fail the change itself.
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'string' ? part.replaceAll('\u0000', '\uFFFD').toWellFormed() : part,
  );
  if (text.length > maxPayloadChars)
    throw new RangeError(`${section} of ${event.type} has ${text.length} characters`);
  return text;
}

// Microseconds, as stored: a Date would cut them, and the hash must cover what the row says.
const utc = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
/** All that readers of the log see. */
export const shownColumns = `seq, id, ${utc('at')} as at, ${utc('sandbox_at')} as sandbox_at, actor, type, subject_type,
  subject_id, permission, payload, before, after, encode(hash, 'hex') as hash`;
/** All that the hash covers. */
export const chainedColumns = `${shownColumns}, origin, personal`;

export interface EventRow {
  seq: number;
  id: string;
  at: string;
  sandboxAt: string | null;
  actor: string;
  type: string;
  subjectType: string;
  subjectId: string | null;
  permission: string;
  payload: unknown;
  before: unknown;
  after: unknown;
  origin: unknown;
  personal: unknown;
  hash: string;
}

type ShownRow = Omit<EventRow, 'origin' | 'personal'>;

export function toEvent<Row extends ShownRow>({ subjectType, subjectId, ...row }: Row) {
  return { ...row, subject: { type: subjectType, id: subjectId } };
}

export interface EventPage {
  events: ShownEvent[];
  /** Continue after this number: beyond the last event even where the last ones may not be seen. */
  next: number;
}

const maxPage = 1_000;

/**
 * The events numbered after `after`, oldest first, only those that one of `permissions` shows (all when left out).
 * Numbers become visible in order, so whoever continues from `next` misses nothing.
 */
export async function readEvents(
  tx: WorkspaceTx,
  options: { after: number; limit: number; permissions?: readonly string[] },
): Promise<EventPage> {
  const limit = Math.min(options.limit, maxPage);
  const head = await eventHead(tx);
  if (head.seq <= options.after) return { events: [], next: options.after };
  const rows = await tx.rows<ShownRow>(
    `select ${shownColumns} from events
     where workspace_id = $1 and seq > $2 and seq <= $3 and ($4::text[] is null or permission = any($4))
     order by seq limit $5`,
    [tx.workspaceId, options.after, head.seq, options.permissions ?? null, limit],
  );
  const next = rows.length < limit ? head.seq : (rows.at(-1)?.seq ?? head.seq);
  return { events: rows.map((row) => toEvent(row)), next };
}

/** The last number given in this workspace and its hash (hex); 0 and the genesis hash before the first. */
export async function eventHead(tx: WorkspaceTx): Promise<{ seq: number; hash: string }> {
  const head = await tx.row<{ seq: number; hash: string }>(
    `select seq, encode(hash, 'hex') as hash from event_heads where workspace_id = $1`,
    [tx.workspaceId],
  );
  return head ?? { seq: 0, hash: toHex(genesisHash(tx.workspaceId)) };
}

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const verifyPage = 2_000;

/**
 * Recomputes the chain up to the head, page by page. Not ok: a number is missing, an event differs from what was
 * hashed, or the chain ends before or beside the head. `events` counts those found good.
 */
export async function verifyChain(
  tx: WorkspaceTx,
): Promise<{ events: number; ok: boolean; firstBrokenSeq: number | null }> {
  const head = await eventHead(tx);
  let hash = genesisHash(tx.workspaceId);
  let seq = 0;
  while (seq < head.seq) {
    const rows = await tx.rows<EventRow>(
      `select ${chainedColumns} from events where workspace_id = $1 and seq > $2 and seq <= $3 order by seq limit $4`,
      [tx.workspaceId, seq, head.seq, verifyPage],
    );
    if (rows.length === 0) return { events: seq, ok: false, firstBrokenSeq: seq + 1 };
    for (const row of rows) {
      const expected = chainHash(hash, toEvent(row));
      if (row.seq !== seq + 1 || row.hash !== toHex(expected)) {
        return { events: seq, ok: false, firstBrokenSeq: seq + 1 };
      }
      hash = expected;
      seq = row.seq;
    }
  }
  const ok = toHex(hash) === head.hash;
  return { events: seq, ok, firstBrokenSeq: ok ? null : Math.max(seq, 1) };
}

/**
 * Numbers and chains up to `limit` committed events, of all workspaces; answers how many. Events are numbered in the
 * order of their ids among those committed by now; one that commits later gets a later number.
 *
 * Correct whoever else runs it: the events are read after the heads are locked, so an event is numbered once and a
 * workspace's numbers become visible in order.
 */
export async function numberEvents(tx: Tx, limit: number): Promise<number> {
  // The planner expects few events without a number, and would read and sort all of them for each batch: with 50,000
  // waiting, four times as slow as walking their index.
  await tx.run(`select set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)`);
  const waiting = await tx.rows<{ workspaceId: string }>(
    `select distinct workspace_id from (select workspace_id from events where seq is null order by id limit $1) w`,
    [limit],
  );
  if (waiting.length === 0) return 0;
  const heads = await lockHeads(
    tx,
    waiting.map((row) => row.workspaceId),
  );
  const rows = await tx.rows<EventRow & { workspaceId: string }>(
    `select workspace_id, ${chainedColumns}
     from (select * from events where seq is null order by id limit $2) e
     where workspace_id = any($1::uuid[]) order by id`,
    [[...heads.keys()], limit],
  );
  const numbered = rows.map((row) => {
    const head = heads.get(row.workspaceId)!;
    head.seq += 1;
    head.hash = chainHash(head.hash, toEvent({ ...row, seq: head.seq }));
    return { workspaceId: row.workspaceId, id: row.id, ...head };
  });
  if (numbered.length > 0) {
    await writeNumbers(tx, numbered);
    await writeHeads(tx, heads);
  }
  return numbered.length;
}

interface Head {
  seq: number;
  hash: Uint8Array;
}

async function lockHeads(tx: Tx, workspaceIds: string[]): Promise<Map<string, Head>> {
  // In one order everywhere, so that two of these never wait for each other in a circle.
  const lock = () =>
    tx.rows<Head & { workspaceId: string }>(
      'select workspace_id, seq, hash from event_heads where workspace_id = any($1::uuid[]) order by 1 for update',
      [workspaceIds],
    );
  let rows = await lock();
  if (rows.length < workspaceIds.length) {
    await tx.run(
      `insert into event_heads (workspace_id, seq, hash)
       select w, 0, h from unnest($1::uuid[], $2::bytea[]) as n (w, h) order by w on conflict do nothing`,
      [workspaceIds, workspaceIds.map((id) => genesisHash(id))],
    );
    rows = await lock();
  }
  return new Map(rows.map(({ workspaceId, seq, hash }) => [workspaceId, { seq, hash }]));
}

async function writeNumbers(tx: Tx, numbered: (Head & { workspaceId: string; id: string })[]): Promise<void> {
  await tx.run(
    `update events e set seq = n.seq, hash = n.hash
     from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[]) as n (workspace_id, id, seq, hash)
     where e.workspace_id = n.workspace_id and e.id = n.id`,
    [
      numbered.map((event) => event.workspaceId),
      numbered.map((event) => event.id),
      numbered.map((event) => event.seq),
      numbered.map((event) => event.hash),
    ],
  );
}

async function writeHeads(tx: Tx, heads: Map<string, Head>): Promise<void> {
  const all = [...heads.values()];
  await tx.run(
    `update event_heads h set seq = n.seq, hash = n.hash
     from unnest($1::uuid[], $2::bigint[], $3::bytea[]) as n (workspace_id, seq, hash)
     where h.workspace_id = n.workspace_id`,
    [[...heads.keys()], all.map((head) => head.seq), all.map((head) => head.hash)],
  );
}
