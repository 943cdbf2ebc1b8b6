/** Owns the one limiter of each connection in this process, whose ledger all processes of the hub share. */
import type { RateLimit } from '../connectors/kit/define.ts';
import type { Limiter } from '../connectors/kit/limit.ts';
import { createSharedLimiter } from '../connectors/kit/shared-limit.ts';
import { pauseCalls, takeCallSlots } from '../store/call-slots.ts';
import type { Database } from '../store/database.ts';

const keptLimiters = 2_000;
/** By database, which stands for the process: tests open several in one. */
const limiters = new WeakMap<Database, Map<string, Limiter>>();

/** Workers of this process that share a connection share its leases, too. */
export function sharedLimiterOf(
  database: Database,
  workspaceId: string,
  connectionId: string,
  limit: RateLimit,
): Limiter {
  const own = limiters.get(database) ?? new Map<string, Limiter>();
  limiters.set(database, own);
  const known =
    own.get(connectionId) ??
    createSharedLimiter(limit, {
      take: (taken) =>
        database.inWorkspace(workspaceId, (tx) => takeCallSlots(tx, connectionId, limit, taken)),
      pause: (ms) => database.inWorkspace(workspaceId, (tx) => pauseCalls(tx, connectionId, ms)),
    });
  own.delete(connectionId);
  own.set(connectionId, known);
  if (own.size > keptLimiters) own.delete(own.keys().next().value!);
  return known;
}
