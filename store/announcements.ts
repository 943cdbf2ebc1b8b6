/** Owns telling the finance team of exceptions: gathered while they come in, each told once. */
import { listRules } from '../domain/announcement.ts';
import type { Tx, WorkspaceTx } from './database.ts';
import { type Notice, notify } from './notifications.ts';

/** Told to whoever may resolve them. */
const toFinance = { permission: 'exceptions.resolve' } as const;

const workspacesAtOnce = 100;

/** Workspaces with open exceptions that nobody has been told of, and how long ago the last and first of them came. */
export function findUntold(tx: Tx): Promise<{ workspaceId: string; quietMs: number; waitingMs: number }[]> {
  return tx.rows(
    `select workspace_id, (extract(epoch from now() - max(created_at)) * 1000)::float8 as quiet_ms,
       (extract(epoch from now() - min(created_at)) * 1000)::float8 as waiting_ms
     from exceptions where told_at is null and status = 'open' group by 1 order by 3 desc limit $1`,
    [workspacesAtOnce],
  );
}

const takenAtOnce = 50_000;
const reasonsShown = 20;

/**
 * Tells the finance team of what nobody has been told yet, in one notice per kind however many exceptions there are.
 * Answers how many exceptions were told of. An operation under way puts it off, unless `evenNow`.
 */
export async function announceExceptions(tx: WorkspaceTx, evenNow: boolean): Promise<number> {
  if (!evenNow && (await isUnderWay(tx))) return 0;
  if (!(await isOurs(tx))) return 0;
  const taken = await tx.rows<Taken>(
    `with taken as (
       update exceptions set told_at = now() where workspace_id = $1 and id in (
         select id from exceptions where workspace_id = $1 and told_at is null and status = 'open'
         order by id limit $2 for no key update)
       returning id, rule, detail, subject_type, subject_id)
     select t.rule, case when t.rule = 'invoice.held' or t.subject_type = 'connection' then t.detail ->> 'reason' end as reason,
       case when t.subject_type = 'connection' then t.subject_id end as connection_id, c.name as connection_name,
       count(*)::int as exceptions, min(t.id::text)::uuid as first_id
     from taken t left join connections c on c.workspace_id = $1 and t.subject_type = 'connection' and c.id = t.subject_id
     group by 1, 2, 3, 4 order by 1, 5 desc`,
    [tx.workspaceId, takenAtOnce],
  );
  await notify(tx, noticesOf(taken));
  return taken.reduce((sum, { exceptions }) => sum + exceptions, 0);
}

/** One process tells at a time: two that shared what is new would tell of it in two words. The other finds the rest later. */
async function isOurs(tx: WorkspaceTx): Promise<boolean> {
  const lock = await tx.row<{ got: boolean }>(
    'select pg_try_advisory_xact_lock(hashtextextended($1, 11)) as got',
    [`announce:${tx.workspaceId}`],
  );
  return lock?.got ?? false;
}

async function isUnderWay(tx: WorkspaceTx): Promise<boolean> {
  const row = await tx.row<{ running: boolean }>(
    `select exists (select from operations where workspace_id = $1 and status = 'running') as running`,
    [tx.workspaceId],
  );
  return row?.running ?? false;
}

interface Taken {
  rule: string;
  reason: string | null;
  connectionId: string | null;
  connectionName: string | null;
  exceptions: number;
  firstId: string;
}

function noticesOf(taken: readonly Taken[]): Notice[] {
  const held = taken.filter(({ rule }) => rule === 'invoice.held');
  const paused = taken.filter(({ rule }) => rule === 'connection.authorization_lost');
  const others = taken.filter((found) => !held.includes(found) && !paused.includes(found));
  return [
    ...paused.map(
      ({ connectionId, connectionName, reason, firstId }): Notice => ({
        kind: 'connection.paused',
        to: toFinance,
        key: `connection.paused:${firstId}`,
        subjectType: 'connection',
        subjectId: connectionId,
        params: { connection: connectionName ?? 'of a platform', reason: reason ?? '' },
      }),
    ),
    ...(held.length === 0
      ? []
      : [
          {
            kind: 'run.held',
            to: toFinance,
            key: `run.held:${firstOf(held)}`,
            subjectType: 'client_invoice',
            subjectId: null,
            params: {
              count: countOf(held),
              reasons: held
                .slice(0, reasonsShown)
                .map(({ exceptions, reason }) => `${exceptions} × ${reason ?? 'without a reason'}`)
                .join('\n'),
            },
          } satisfies Notice,
        ]),
    ...(others.length === 0
      ? []
      : [
          {
            kind: 'exception.new',
            to: toFinance,
            key: `exception.new:${firstOf(others)}`,
            subjectType: 'exception',
            subjectId: null,
            params: { count: countOf(others), rules: listRules(others) },
          } satisfies Notice,
        ]),
  ];
}

const countOf = (taken: readonly Taken[]) =>
  String(taken.reduce((sum, { exceptions }) => sum + exceptions, 0));
/** No exception is told of twice, so its id makes a key that nothing else has. */
const firstOf = (taken: readonly Taken[]) => taken.map(({ firstId }) => firstId).sort()[0]!;
