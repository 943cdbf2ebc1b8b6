/** Owns readings of a stretch of days that a person asked a connection for; each is an operation that its workflow carries. */
import { dayNumber } from '../domain/day.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day } from '../domain/work-entry.ts';
import { requestSync } from './connections.ts';
import type { WorkspaceTx } from './database.ts';
import { beginOperation, type Operation, startOperation } from './operations.ts';
import { enqueueLook } from './outbox.ts';

export interface Resync {
  operationId: string;
  from: Day;
  to: Day;
  /** How often it was begun. */
  tries: number;
}

export const resyncKind = 'resync';
export const mostResyncDays = 366;
/** Asked for and not done yet, of one connection. */
const mostWaiting = 20;
/** Then a platform that is never well enough for it has failed it. */
export const mostResyncTries = 10;

/** Has every entry dated `from`..`to` (both inclusive) read again, known or not. Refuses what is no such stretch. */
export async function askResync(
  tx: WorkspaceTx,
  connectionId: string,
  { from, to }: { from: Day; to: Day },
  actor: string,
): Promise<Operation> {
  const days = dayNumber(to) - dayNumber(from) + 1;
  if (days < 1 || days > mostResyncDays)
    throw new Refusal({
      code: 'connection.resync_span',
      status: 422,
      message: `From ${from} to ${to} are ${days} days.`,
      whatToDo: `Ask for 1 to ${mostResyncDays} days at a time.`,
    });
  if ((await listResyncs(tx, connectionId)).length >= mostWaiting)
    throw new Refusal({
      code: 'connection.resync_waiting',
      message: `${mostWaiting} readings of this connection wait already.`,
      whatToDo: 'Wait until they are done.',
      retryAfterSeconds: 60,
    });
  const operation = await startOperation(
    tx,
    { kind: resyncKind, subjectId: connectionId, total: null, startedBy: actor },
    'queued',
  );
  await tx.run('update operations set result = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    operation.id,
    JSON.stringify({ from, to }),
  ]);
  await requestSync(tx, connectionId);
  await enqueueLook(tx, {
    subjectType: 'connection',
    subjectId: connectionId,
    lane: 'interactive',
    reason: 'resync requested',
  });
  return { ...operation, result: { from, to } };
}

/** It is under way; how often is kept, also where it is killed before its first page. */
export async function beginResync(
  tx: WorkspaceTx,
  operationId: string,
  facts: Omit<Resync, 'operationId'>,
): Promise<void> {
  await beginOperation(tx, operationId);
  await tx.run('update operations set result = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    operationId,
    JSON.stringify(facts),
  ]);
}

/** Those that wait or were interrupted, oldest first. */
export function listResyncs(tx: WorkspaceTx, connectionId: string): Promise<Resync[]> {
  return tx.rows<Resync>(
    `select id as operation_id, result ->> 'from' as "from", result ->> 'to' as "to", coalesce((result ->> 'tries')::int, 0) as tries
     from operations
     where workspace_id = $1 and subject_id = $2 and kind = $3 and status in ('queued', 'running') order by id limit $4`,
    [tx.workspaceId, connectionId, resyncKind, mostWaiting],
  );
}
