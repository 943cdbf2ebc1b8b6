/** Owns the events: who did what, recorded with the change itself, numbered and chained after commit. */
import { type ChainedEvent, chainHash, genesisHash } from '../domain/event-chain.ts';
import type { Permission } from '../domain/permissions.ts';
import type { Tx, WorkspaceTx } from './database.ts';

export interface NewEvent {
  /** `member:<id>`, `key:<id>`, `system`, … */
  actor: string;
  /** Subject and past participle: `client_invoice.issued`. */
  type: string;
  subjectType: string;
  subjectId: string | null;
  /** Who may see it on the stream and in the audit: whoever may read the resource that it tells of. */
  permission: Permission;
  payload?: Record<string, unknown>;
}

/** A numbered event as readers see it. */
export interface RecordedEvent extends ChainedEvent {
  /** Hex; chains this event to the one before it. */
  hash: string;
}

const eventsPerStatement = 5_000;
// An event names what changed, it does not carry documents.
const maxPayloadChars = 65_536;

/**
 * Writes events in the transaction of the change that they tell of; readers see them once the sequencer has numbered
 * them. In a sandbox workspace they also keep the sandbox's time. Throws RangeError on a payload over 64 Ki characters.
 */
export async function recordEvents(tx: WorkspaceTx, events: readonly NewEvent[]): Promise<void> {
  for (let start = 0; start < events.length; start += eventsPerStatement) {
    const chunk = events.slice(start, start + eventsPerStatement);
    // Ordered: ids are made in this order, and the sequencer numbers by id.
    await tx.run(
      `insert into events (workspace_id, sandbox_at, actor, type, subject_type, subject_id, permission, payload)
       select $1, (select clock_at from workspaces where id = $1),
         n.actor, n.type, n.subject_type, n.subject_id, n.permission, n.payload
       from unnest($2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::jsonb[])
         with ordinality as n (actor, type, subject_type, subject_id, permission, payload, place)
       order by n.place`,
      [
        tx.workspaceId,
        chunk.map((event) => event.actor),
        chunk.map((event) => event.type),
        chunk.map((event) => event.subjectType),
        chunk.map((event) => event.subjectId),
        chunk.map((event) => event.permission),
        chunk.map((event) => payloadText(event)),
      ],
    );
  }
  if (events.length > 0) tx.touch('events');
}

function payloadText(event: NewEvent): string {
  // jsonb refuses NUL and lone surrogates; text from outside may hold them, and must not fail the change itself.
  const text = JSON.stringify(event.payload ?? {}, (_, part: unknown) =>
    typeof part === 'string' ? part.replaceAll('\u0000', '\uFFFD').toWellFormed() : part,
  );
  if (text.length > maxPayloadChars)
    throw new RangeError(`payload of ${event.type} has ${text.length} characters`);
  return text;
}

// Microseconds, as stored: a Date would cut them, and the hash must cover what the row says.
const utc = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const chainedColumns = `seq, id, ${utc('at')} as at, ${utc('sandbox_at')} as sandbox_at, actor, type, subject_type,
  subject_id, permission, payload, encode(hash, 'hex') as hash`;

interface EventRow {
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
  hash: string;
}

function toEvent({ subjectType, subjectId, ...row }: EventRow): RecordedEvent {
  return { ...row, subject: { type: subjectType, id: subjectId } };
}

export interface EventPage {
  events: RecordedEvent[];
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
  const rows = await tx.rows<EventRow>(
    `select ${chainedColumns} from events
     where workspace_id = $1 and seq > $2 and seq <= $3 and ($4::text[] is null or permission = any($4))
     order by seq limit $5`,
    [tx.workspaceId, options.after, head.seq, options.permissions ?? null, limit],
  );
  const next = rows.length < limit ? head.seq : (rows.at(-1)?.seq ?? head.seq);
  return { events: rows.map(toEvent), next };
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
