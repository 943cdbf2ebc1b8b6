/** Owns the outbox: which subjects' workflows must look again, from the command that says so to the look that did. */
import type { Tx, WorkspaceTx } from './database.ts';

export const subjectTypes = [
  'billing_run',
  'client_invoice',
  'connection',
  'ticket',
  'contractor_invoice',
  'billing_policy',
  'clock',
  'client_report',
] as const;
/** What has a workflow of its own. */
export type SubjectType = (typeof subjectTypes)[number];

export const lanes = ['interactive', 'bulk'] as const;
/** Interactive: a person waits for it. Bulk: it may wait, and must not delay the other. */
export type Lane = (typeof lanes)[number];

export interface Look {
  subjectType: SubjectType;
  subjectId: string;
  lane: Lane;
  /** Why, for a person who reads the table; the look itself decides from the state alone. */
  reason: string;
  /** Somebody is at it already: it is sent only if it is still there when an unanswered signal would be repeated. */
  isSignalled?: boolean;
}

/** Asks that the subject's workflow look again, once this transaction has committed. Insert-only, in milliseconds. */
export function enqueueLook(tx: WorkspaceTx, look: Look): Promise<void> {
  return enqueueLooks(tx, [look]);
}

/** The same for many subjects, in one statement. */
export async function enqueueLooks(tx: WorkspaceTx, looks: readonly Look[]): Promise<void> {
  if (looks.length === 0) return;
  await tx.run(
    `insert into outbox (workspace_id, subject_type, subject_id, lane, reason, signalled_at)
     select $1, subject_type, subject_id, lane, reason, case when is_signalled then clock_timestamp() end
     from unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::boolean[]) as r(subject_type, subject_id, lane, reason, is_signalled)`,
    [
      tx.workspaceId,
      looks.map((look) => look.subjectType),
      looks.map((look) => look.subjectId),
      looks.map((look) => look.lane),
      looks.map((look) => look.reason),
      looks.map((look) => look.isSignalled ?? false),
    ],
  );
  tx.touch('outbox');
}

// A subject with more rows than this is looked at again for the rest.
const maxLooksAtOnce = 1_000;

/**
 * Which rows a look is about to answer. Read it *before* the state of the subject: a row added later than this read
 * then stays, and asks for another look.
 */
export async function takeLooks(
  tx: WorkspaceTx,
  subjectType: SubjectType,
  subjectId: string,
): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select id::text as id from outbox
     where workspace_id = $1 and subject_type = $2 and subject_id = $3 order by outbox.id limit $4`,
    [tx.workspaceId, subjectType, subjectId, maxLooksAtOnce],
  );
  return rows.map((row) => row.id);
}

/** Acknowledges exactly the looks that were taken. */
export async function deleteLooks(tx: WorkspaceTx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.run('delete from outbox where workspace_id = $1 and id = any($2::bigint[])', [
    tx.workspaceId,
    ids,
  ]);
  // A row that came in meanwhile waits behind these: the relay may send it now.
  tx.touch('answered');
}

/** A subject to signal, with the rows that the signal stands for. */
export interface ClaimedSubject {
  workspaceId: string;
  subjectType: SubjectType;
  subjectId: string;
  ids: string[];
}

export interface ClaimOptions {
  lane: Lane;
  /** At most this many subjects. */
  limit: number;
  /** Only rows after this id; 0 for all. */
  afterId: string;
  /** How long a subject stays quiet after a signal that no look has answered. */
  resignalAfterMs: number;
}

// Any fixed number: claims of several relays follow one another, so that none signals what another just did.
const claimLock = 4_711_001;
// An unanswered look is repeated at the age of 1, 2, 4, 8 … times the wait, at most every 12 waits (60 s): a workflow
// that cannot look for a day (a vendor is down) would otherwise collect 17,000 signals; Temporal ends it at 10,000
// (limit.maximumSignalsPerExecution) or at 51,200 history events.
const maxWaits = 12;

/**
 * Picks the subjects that need a signal and marks all their rows as signalled, before the signal is sent: the caller
 * commits, then calls Temporal with no lock held, and gives back with `releaseSubjects` what could not be sent.
 *
 * A subject is quiet for `resignalAfterMs` after it was marked, whatever is added to it: the look on its way reads the
 * new rows too. Where that look had read before, it deletes only what it took; the new row is then alone, unmarked, and
 * signalled at once. If no look comes, all its rows are signalled again. So no wake-up is lost, and a subject has at
 * most one unanswered look per wait.
 */
export async function claimSubjects(tx: Tx, options: ClaimOptions): Promise<ClaimedSubject[]> {
  await tx.run('select pg_advisory_xact_lock($1)', [claimLock]);
  // A row that a look is deleting right now is locked, and skipped: a subject with no other row needs no signal.
  return tx.rows<ClaimedSubject>(
    `with waiting as materialized (
       select o.id, o.workspace_id, o.subject_type, o.subject_id from outbox o
       where o.lane = $1 and o.id > $6
         and (o.signalled_at is null or o.signalled_at
           <= now() - greatest($3::interval, least($3::interval * $4::int, o.signalled_at - o.created_at)))
         and not exists (
           select from outbox s
           where s.workspace_id = o.workspace_id and s.subject_type = o.subject_type and s.subject_id = o.subject_id
             and s.signalled_at > now() - $3::interval)
       order by o.id limit $2
     ), subjects as (
       select workspace_id, subject_type, subject_id, min(id) as first_id from waiting group by 1, 2, 3
     ), locked as materialized (
       select s.first_id, r.id from subjects s cross join lateral (
         select o.id from outbox o
         where o.workspace_id = s.workspace_id and o.subject_type = s.subject_type and o.subject_id = s.subject_id
         order by o.id limit $5 for update skip locked) r
     ), marked as (
       update outbox o set signalled_at = clock_timestamp() from locked l where o.id = l.id
       returning l.first_id, o.workspace_id, o.subject_type, o.subject_id, o.id
     )
     select workspace_id, subject_type, subject_id, array_agg(id::text order by id) as ids
     from marked group by first_id, workspace_id, subject_type, subject_id order by first_id`,
    [
      options.lane,
      options.limit,
      `${options.resignalAfterMs} milliseconds`,
      maxWaits,
      maxLooksAtOnce,
      options.afterId,
    ],
  );
}

/** Gives back rows whose signal could not be sent: they count as never signalled. */
export async function releaseSubjects(tx: Tx, ids: readonly string[]): Promise<void> {
  // Never waits for a look that is deleting the same rows (and so cannot deadlock with it).
  await tx.run(
    `update outbox set signalled_at = null
     where id in (select id from outbox where id = any($1::bigint[]) order by id for update skip locked)`,
    [ids],
  );
}

/** True when no subject, of any workspace, is waiting for a look. */
export async function isOutboxEmpty(tx: Tx): Promise<boolean> {
  const row = await tx.row<{ empty: boolean }>('select not exists (select from outbox) as empty');
  return row?.empty ?? true;
}
