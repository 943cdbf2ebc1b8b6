/** Owns setting the clock of a sandbox workspace forward: asking for it, each jump on the way, and what a jump waits for. */
import { nextTimeOfDay } from '../domain/digest.ts';
import { maxPrintedLines } from '../domain/printed-document.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { newId } from './new-id.ts';
import { finishOperation, type Operation, progressOperation, startOperation } from './operations.ts';
import { enqueueLook, subjectTypes } from './outbox.ts';
import { getWorkspace, type Workspace, workspaceNow } from './workspaces.ts';

export interface ClockMove {
  id: string;
  operationId: string;
  fromAt: Instant;
  targetAt: Instant;
  /** How often the clock was set on the way. */
  jumps: number;
  /** How many subjects that woke. */
  woken: number;
  /** What is done where the clock stands: platforms are read, what is due is woken, the day is done. */
  stage: 'read' | 'wake' | 'day';
  /** What was awaited in vain, as kind:id; it is not waited for again. */
  leftBehind: string[];
  /** How long the last jump has been awaited, in real time; null: not yet. */
  waitedMs: number | null;
  /** Since it was asked for, in real time. */
  ageMs: number;
  createdAt: Instant;
}

/** One request goes at most so far. */
export const mostYears = 10;
const hourMs = 3_600_000;
const columns = `id, operation_id, from_at, target_at, jumps, woken, stage, left_behind,
  (extract(epoch from clock_timestamp() - waiting_since) * 1000)::float8 as waited_ms,
  (extract(epoch from clock_timestamp() - created_at) * 1000)::float8 as age_ms, created_at`;

/**
 * Asks for the clock to be set forward; the workflow `clock` does it, step by step. Refuses with 409 a live workspace, a time
 * that has passed, and a second move while one is under way; with 422 one that goes too far.
 */
export async function requestClockMove(
  tx: WorkspaceTx,
  { targetAt, actor }: { targetAt: Instant; actor: string },
): Promise<Operation> {
  const workspace = await getWorkspace(tx, 'for no key update');
  if (workspace.kind !== 'sandbox')
    throw new Refusal({
      code: 'clock.live',
      message: 'This workspace is live: it goes by the real time.',
      whatToDo: 'Make a sandbox workspace (slipway sandbox) and set its clock forward.',
    });
  const underWay = await readClockMove(tx);
  if (underWay)
    throw new Refusal({
      code: 'clock.moving',
      message: `The clock is being set forward to ${underWay.targetAt}.`,
      whatToDo: 'Wait until that operation has ended, or cancel it.',
      details: { operationId: underWay.operationId },
    });
  const fromAt = await workspaceNow(tx);
  if (Date.parse(targetAt) <= Date.parse(fromAt))
    throw new Refusal({
      code: 'clock.backwards',
      message: `It is ${fromAt} in this workspace: its clock is never set back.`,
      whatToDo: 'Name a later time.',
      details: { now: fromAt },
    });
  if (Date.parse(targetAt) - Date.parse(fromAt) > mostYears * 366 * 24 * hourMs)
    throw new Refusal({
      code: 'clock.too_far',
      status: 422,
      message: `The clock is set forward by at most ${mostYears} years at a time.`,
      whatToDo: 'Name a nearer time, and go on from there.',
    });
  const operation = await startOperation(
    tx,
    {
      kind: 'move_clock',
      subjectId: tx.workspaceId,
      total: hoursBetween(fromAt, targetAt),
      startedBy: actor,
    },
    'queued',
  );
  await tx.run(
    'insert into clock_moves (workspace_id, id, operation_id, from_at, target_at) values ($1, $2, $3, $4, $5)',
    [tx.workspaceId, newId(), operation.id, fromAt, targetAt],
  );
  await recordEvents(tx, [
    {
      type: 'workspace.clock_move_requested',
      subjectType: 'workspace',
      subjectId: tx.workspaceId,
      actor,
      permission: 'workspace.read',
      payload: { operationId: operation.id, from: fromAt, to: targetAt },
    },
  ]);
  await wakeClock(tx, 'to be set forward');
  return operation;
}

const hoursBetween = (from: Instant, to: Instant) => Math.ceil((Date.parse(to) - Date.parse(from)) / hourMs);

/** Whatever carries the move looks at once: it begins, or it was cancelled. */
export function wakeClock(tx: WorkspaceTx, reason: string): Promise<void> {
  return enqueueLook(tx, {
    subjectType: 'clock',
    subjectId: tx.workspaceId,
    lane: 'interactive',
    reason,
  });
}

/** The move that is under way; null: the clock stands. */
export function readClockMove(
  tx: WorkspaceTx,
  lock: '' | 'for no key update' = '',
): Promise<ClockMove | null> {
  return tx.row<ClockMove>(
    `select ${columns} from clock_moves where workspace_id = $1 and ended_at is null ${lock}`,
    [tx.workspaceId],
  );
}

/** When the clock next has something to do on its way: what is due first, the workspace's time of day, or its target. */
export async function nextStop(
  tx: WorkspaceTx,
  workspace: Pick<Workspace, 'clockAt' | 'settings'>,
  move: ClockMove,
  daily: { time: string; zone: string },
): Promise<Instant> {
  const now = workspace.clockAt ?? move.fromAt;
  const due = await nextDueAfter(tx, now);
  const stops = [move.targetAt, nextTimeOfDay(now, daily.time, daily.zone), ...(due === null ? [] : [due])];
  return new Date(Math.min(...stops.map((stop) => Date.parse(stop)))).toISOString();
}

/** When something is due next in the workspace, after that instant; null: nothing is. */
export async function nextDueAfter(tx: WorkspaceTx, after: Instant): Promise<Instant | null> {
  const row = await tx.row<{ dueAt: Instant | null }>(
    `select min(due_at) as due_at from due
     where workspace_id = $1 and done_at is null and due_at > $2 and subject_type = any($3::text[])`,
    [tx.workspaceId, after, [...subjectTypes]],
  );
  return row?.dueAt ?? null;
}

/** What is due at `$2`, but for what was left behind. */
const dueRows = (types: string, leftBehind: string) => `from due d
  where d.workspace_id = $1 and d.done_at is null and d.due_at <= $2 and d.subject_type = any(${types}::text[])
    and not ('overdue:' || d.id) = any(${leftBehind}::text[])`;

/** Platforms are read again at the latest after so many days on the way; and before anything that is due, and at the end. */
const readAfterDays = 7;

/**
 * Sets the clock, and asks connections to look that are to be read again. A poll makes no stop of its own: there would be one
 * every few minutes of a year. Answers how many were asked.
 */
export async function jump(tx: WorkspaceTx, move: ClockMove, to: Instant): Promise<number> {
  await tx.run('update workspaces set clock_at = $2 where id = $1', [tx.workspaceId, to]);
  const isEnd = Date.parse(to) >= Date.parse(move.targetAt);
  const read = await tx.rows<{ subjectType: string; subjectId: string }>(
    `select 'connection' as subject_type, c.id as subject_id from connections c
     where c.workspace_id = $1 and c.status = 'active' and exists (
       select from checkpoints k where k.workspace_id = $1 and k.connection_id = c.id and k.stream in ('time', 'payments')
         and coalesce(k.sandbox_at, k.updated_at) <= $2::timestamptz - greatest(c.poll_seconds * interval '1 second',
           case when $3::boolean or exists (select ${dueRows('$4', '$5')}) then interval '0' else $6 * interval '1 day' end))`,
    [tx.workspaceId, to, isEnd, [...subjectTypes], move.leftBehind, readAfterDays],
  );
  // Asked for like by a person: it is under way until each stream was read, also between a look and the reading it leads to.
  if (read.length > 0)
    await tx.run(
      'update connections set sync_requested_at = clock_timestamp() where workspace_id = $1 and id = any($2::uuid[])',
      [tx.workspaceId, plainArray(read.map((connection) => connection.subjectId))],
    );
  await wake(tx, move, read, 'read');
  return read.length;
}

/** Asks every subject to look whose time has come. Answers how many. */
export async function wakeDue(tx: WorkspaceTx, move: ClockMove, at: Instant): Promise<number> {
  const subjects = await tx.rows<{ subjectType: string; subjectId: string }>(
    `select distinct d.subject_type, d.subject_id ${dueRows('$3', '$4')}`,
    [tx.workspaceId, at, [...subjectTypes], move.leftBehind],
  );
  if (subjects.length > 0) await wake(tx, move, subjects, 'wake');
  return subjects.length;
}

/** Few subjects are woken before others; many must not delay people. */
const mostInteractive = 50;

async function wake(
  tx: WorkspaceTx,
  move: ClockMove,
  subjects: readonly { subjectType: string; subjectId: string }[],
  stage: ClockMove['stage'],
): Promise<void> {
  if (subjects.length > 0) {
    await tx.run(
      `insert into outbox (workspace_id, subject_type, subject_id, lane, reason)
       select $1, s.subject_type, s.subject_id, $2, 'the clock was set forward'
       from unnest($3::text[], $4::uuid[]) as s (subject_type, subject_id)`,
      [
        tx.workspaceId,
        subjects.length > mostInteractive ? 'bulk' : 'interactive',
        subjects.map((subject) => subject.subjectType),
        plainArray(subjects.map((subject) => subject.subjectId)),
      ],
    );
    tx.touch('outbox');
  }
  await tx.run(
    `update clock_moves set stage = $3, jumps = jumps + case when $3 = 'read' then 1 else 0 end, woken = woken + $4, waiting_since = null
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, move.id, stage, subjects.length],
  );
}

/** All is idle that came before the workspace's day. */
export async function beginDay(tx: WorkspaceTx, move: ClockMove): Promise<void> {
  await tx.run(
    `update clock_moves set stage = 'day', waiting_since = null where workspace_id = $1 and id = $2`,
    [tx.workspaceId, move.id],
  );
}

/** Notes how far it has come; false when it is to stop. */
export function noteProgress(
  tx: WorkspaceTx,
  move: ClockMove,
  { at, message }: { at: Instant; message: string },
): Promise<boolean> {
  return progressOperation(tx, move.operationId, {
    done: hoursBetween(move.fromAt, at),
    message,
    result: resultOf(move, at),
  });
}

const resultOf = ({ fromAt, targetAt, jumps, woken, leftBehind }: ClockMove, at: Instant) => ({
  from: fromAt,
  to: targetAt,
  at,
  jumps,
  woken,
  leftBehind: leftBehind.length,
});

export type ClockOutcome =
  | { status: 'done' | 'cancelled' }
  | { status: 'failed'; error: { message: string; whatToDo: string } };

/** The clock stays where it is. Nothing where the move has ended already. */
export async function endClockMove(tx: WorkspaceTx, move: ClockMove, outcome: ClockOutcome): Promise<void> {
  const ended = await tx.run(
    'update clock_moves set ended_at = now() where workspace_id = $1 and id = $2 and ended_at is null',
    [tx.workspaceId, move.id],
  );
  if (ended === 0) return;
  const at = await workspaceNow(tx);
  const error = outcome.status === 'failed' ? outcome.error : null;
  await finishOperation(tx, move.operationId, { status: outcome.status, result: resultOf(move, at), error });
  await recordEvents(tx, [
    {
      type: outcome.status === 'done' ? 'workspace.clock_moved' : `workspace.clock_move_${outcome.status}`,
      subjectType: 'workspace',
      subjectId: tx.workspaceId,
      actor: 'system:clock',
      permission: 'workspace.read',
      payload: {
        operationId: move.operationId,
        ...resultOf(move, at),
        ...(error && { error: error.message }),
      },
    },
  ]);
}

/** What a jump waits for. The first three end by themselves, the others may hang on something outside. */
const awaited = ['look', 'run', 'operation', 'issue', 'overdue', 'push', 'poll', 'print'] as const;
/** Something that is under way in the workspace. */
export interface UnderWay {
  kind: (typeof awaited)[number];
  id: string;
  what: string;
}

/** Whether it ends by itself: then it is waited for until it has, or the move fails. */
export const endsByItself = ({ kind }: UnderWay): boolean =>
  kind === 'look' || kind === 'run' || kind === 'operation';

/** Notes since when the workspace is awaited, in real time. */
export async function beginWait(tx: WorkspaceTx, move: ClockMove): Promise<void> {
  await tx.run(
    `update clock_moves set waiting_since = clock_timestamp() where workspace_id = $1 and id = $2 and waiting_since is null`,
    [tx.workspaceId, move.id],
  );
}

const mostLeftBehind = 10_000;
/** What is due is awaited once it was woken. */
type AwaitedMove = Pick<ClockMove, 'leftBehind' | 'createdAt' | 'stage'>;

/** Gives up on what hangs on something outside: it is not waited for again on this way. Answers how much that is. */
export async function leaveBehind(tx: WorkspaceTx, move: ClockMove): Promise<number> {
  const left = [...(await listUnderWay(tx, move, mostLeftBehind)), ...(await unprinted(tx, move))];
  const keys = left.filter((one) => !endsByItself(one)).map(({ kind, id }) => `${kind}:${id}`);
  const kept = [...move.leftBehind, ...keys].slice(-mostLeftBehind);
  await tx.run(
    `update clock_moves set left_behind = $3::text[], waiting_since = null where workspace_id = $1 and id = $2`,
    [tx.workspaceId, move.id, kept],
  );
  return keys.length;
}

/** What is neither done nor waits for a person or for money; null when nothing is. First what ends by itself. */
export async function underWay(tx: WorkspaceTx, move: AwaitedMove): Promise<UnderWay | null> {
  const [first] = await listUnderWay(tx, move, 1);
  return first ?? (await unprinted(tx, move))[0] ?? null;
}

function listUnderWay(
  tx: WorkspaceTx,
  { leftBehind, stage }: AwaitedMove,
  limit: number,
): Promise<UnderWay[]> {
  return tx.rows<UnderWay>(
    `select kind, id, what from (
       -- A workflow that is at a platform looks when it is back from there.
       select case when o.subject_type = 'connection' then 'poll' when s.status in ('queued', 'syncing') then 'push' else 'look' end as kind,
         o.subject_id as id, o.subject_type as what
       from outbox o left join sync_records s on s.workspace_id = $1 and s.subject_id = o.subject_id and s.subject_type = o.subject_type
       where o.workspace_id = $1 and o.subject_type <> 'clock'
       union all
       select 'run', id, status from runs where workspace_id = $1 and (status = 'running' or status = 'queued' and approval is distinct from 'asked')
       union all
       select case kind when 'sync_time' then 'poll' else 'operation' end, case kind when 'sync_time' then subject_id else id end, kind from operations
         where workspace_id = $1 and status in ('queued', 'running') and kind <> 'move_clock'
       union all
       select 'issue', i.id, i.status from client_invoices i
         join runs r on r.workspace_id = $1 and r.id = i.run_id join clients c on c.workspace_id = $1 and c.id = i.client_id
         where i.workspace_id = $1 and i.status = 'ready' and r.finish_at = 'issue'
           and (r.trigger = 'by_hand' or c.auto_invoicing and c.status = 'active')
       union all
       select 'overdue', d.id, d.subject_type || ', ' || d.kind from due d join workspaces w on w.id = $1
         where d.workspace_id = $1 and d.done_at is null and d.due_at <= w.clock_at and d.subject_type = any($2::text[]) and $6
       union all
       select 'push', s.subject_id, s.status from sync_records s join connections c on c.workspace_id = $1 and c.id = s.connection_id
         where s.workspace_id = $1 and c.status = 'active' and (s.subject_type = 'client_invoice' or s.owner_id is not null) and s.status in ('queued', 'syncing')
       union all
       select 'poll', c.id, c.connector from connections c
         left join checkpoints k on k.workspace_id = $1 and k.connection_id = c.id and k.stream <> 'window'
         where c.workspace_id = $1 and c.status = 'active'
           and (k.connection_id is null or k.updated_at = 'epoch' or c.sync_requested_at > k.updated_at
             or greatest(c.last_success_at, (c.last_error ->> 'at')::timestamptz, '-infinity') < k.updated_at)
     ) open
     where not (kind || ':' || id) = any($3::text[])
     order by array_position($4::text[], kind) limit $5`,
    [tx.workspaceId, [...subjectTypes], [...leftBehind], [...awaited], limit, stage !== 'read'],
  );
}

/** Invoices and late fees of this way that have no files yet: their mails go out with them. */
function unprinted(tx: WorkspaceTx, { leftBehind, createdAt }: AwaitedMove): Promise<UnderWay[]> {
  return tx.rows<UnderWay>(
    `select 'print' as kind, i.id, i.number as what from client_invoices i
     where i.workspace_id = $1 and i.status in ('issued', 'sent', 'partially_paid', 'settled') and i.created_at >= $2
       and i.number_given_by <> 'opening' and i.snapshot ? 'seller' and i.line_count <= $4
       and not ('print:' || i.id) = any($3::text[])
       and not exists (select from document_files f
         where f.workspace_id = $1 and f.document_type = 'client_invoice' and f.document_id = i.id)
     union all
     select 'print', l.id, l.number from late_fees l
     join client_invoices i on i.workspace_id = $1 and i.id = l.invoice_id and i.status not in ('void', 'discarded')
     where l.workspace_id = $1 and l.status in ('issued', 'settled') and l.created_at >= $2 and l.snapshot ? 'lateFee'
       and not ('print:' || l.id) = any($3::text[])
       and not exists (select from document_files f where f.workspace_id = $1 and f.document_type = 'late_fee' and f.document_id = l.id)
     limit 100`,
    [tx.workspaceId, createdAt, [...leftBehind], maxPrintedLines],
  );
}
