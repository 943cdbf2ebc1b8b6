/** Owns that what was booked at an account is followed by the connection that the account has now. */
import type { Connection } from './connections.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';

/**
 * A connection of an account whose last one was disconnected goes on with its documents: their payments would never come
 * back otherwise, and what is on its way would be booked by nobody. With the place that was reached, so that what was
 * deleted meanwhile is told. `account`: the settings that say which account it is; of none there is nothing to go on with.
 */
export async function takeOverBooks(
  tx: WorkspaceTx,
  { id, connector, baseUrlOverride }: Connection,
  account: Readonly<Record<string, string>>,
): Promise<void> {
  if (Object.keys(account).length === 0) return;
  const ended = await tx.rows<{ id: string }>(
    `select c.id from connections c
     where c.workspace_id = $1 and c.status = 'disconnected' and c.connector = $2 and c.base_url_override is not distinct from $3 and c.settings @> $4::jsonb
       and exists (select from sync_records s where s.workspace_id = $1 and s.connection_id = c.id)
     order by c.id desc limit $5 for update`,
    [tx.workspaceId, connector, baseUrlOverride, JSON.stringify(account), mostEnded],
  );
  for (const { id: from } of ended) if ((await move(tx, from, id)) > 0) await tell(tx, from, id);
}
const mostEnded = 20;

/** What the connection has a record of itself stays where it is. Answers how many documents and names go over. */
async function move(tx: WorkspaceTx, from: string, to: string): Promise<number> {
  const subject = 'o.subject_type = x.subject_type and o.subject_id = x.subject_id';
  const over = (table: string, isSame: string, only = '', also = '') =>
    tx.run(
      `update ${table} x set connection_id = $3 ${also} where x.workspace_id = $1 and x.connection_id = $2 ${only}
         and not exists (select from ${table} o where o.workspace_id = $1 and o.connection_id = $3 and ${isSame})`,
      [tx.workspaceId, from, to],
    );
  await over('payments', 'o.external_id = x.external_id');
  await over('intents', `${subject} and o.action = x.action and o.generation = x.generation`);
  // Due at once: nobody has read since.
  await over(
    'checkpoints',
    'o.stream = x.stream',
    `and x.stream in ('payments', 'documents')`,
    `, updated_at = 'epoch', sandbox_at = null`,
  );
  return over('sync_records', subject);
}

function tell(tx: WorkspaceTx, from: string, to: string): Promise<void> {
  return recordEvents(tx, [
    {
      type: 'connection.books_taken_over',
      subjectType: 'connection',
      subjectId: to,
      actor: `connection:${to}`,
      permission: 'connections.read',
      payload: { from },
    },
  ]);
}
