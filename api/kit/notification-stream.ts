/** Owns following a member's notifications: the stream of the event log's machinery, for one reader's own rows. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, WorkspaceTx } from '../../store/database.ts';
import { eventHead } from '../../store/events.ts';
import { countUnread, listNotifications, type NotificationRow } from '../../store/notifications.ts';
import type { EventTail } from './events.ts';

export interface FollowOptions {
  workspaceId: string;
  memberId: string;
  toItem: (row: NotificationRow) => unknown;
  signal: AbortSignal;
  stillAllowed: () => Promise<boolean>;
  heartbeatMs?: number;
  paceMs?: number;
}
/** More than these at once are counted, and read from the list. */
const shownAtOnce = 20;

const toMessage = (event: string, data: unknown) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/**
 * Notifications as server-sent events, for ever. Who tells somebody something records an event in the same transaction, so
 * the event log's numbers say when to look; what was told without one (the digest) is seen at the next heartbeat. Looks are
 * at least `paceMs` apart, however busy the workspace is.
 */
export async function* streamNotifications(
  deps: { database: Database; eventTail: EventTail },
  options: FollowOptions,
): AsyncGenerator<string> {
  using _place = deps.eventTail.openStream(options.workspaceId);
  const { workspaceId, memberId, signal, heartbeatMs = 15_000, paceMs = 250 } = options;
  const look = (tx: WorkspaceTx) => readState(tx, memberId);
  let aliveAtMs = Date.now();
  let known: Set<string> | null = null;
  let unread: number | null = null;
  yield 'retry: 2000\n\n';
  while (!signal.aborted) {
    const state = await deps.database.inWorkspace(workspaceId, look);
    // What was there before the stream is on the list.
    const fresh = known === null ? [] : state.newest.filter(({ id }) => !known?.has(id));
    known = new Set(state.newest.map(({ id }) => id));
    if (fresh.length > 0)
      yield fresh
        .toReversed()
        .map((row) => toMessage('notification', options.toItem(row)))
        .join('');
    if (state.unread !== unread) yield toMessage('unread', { unread: state.unread });
    unread = state.unread;
    if (Date.now() >= aliveAtMs + heartbeatMs) {
      // A key that was revoked meanwhile ends the stream.
      if (!(await options.stillAllowed())) return;
      yield ': heartbeat\n\n';
      aliveAtMs = Date.now();
    }
    await sleep(paceMs, undefined, { signal }).catch(() => undefined);
    const quietMs = Math.max(0, aliveAtMs + heartbeatMs - Date.now());
    await deps.eventTail.waitBeyond(workspaceId, state.head, quietMs, signal);
  }
}

async function readState(tx: WorkspaceTx, memberId: string) {
  // The head first: what is told after this read has a later number, and ends the wait.
  const { seq: head } = await eventHead(tx);
  const newest = await listNotifications(tx, memberId, { unread: false, before: null, limit: shownAtOnce });
  return { head, newest, unread: await countUnread(tx, memberId) };
}
