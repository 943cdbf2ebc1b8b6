/** Owns telling a platform which of its entries are billed here, in batches, and keeping what it refuses. */
import type { BilledMarks } from '../connectors/kit/define.ts';
import { AuthorizationLost, InvalidRequest } from '../connectors/kit/errors.ts';
import type { VendorHttp } from '../connectors/kit/http.ts';
import { closeMarks, collectBilledMarks, listOpenMarks } from '../store/billed-marks.ts';
import type { Database } from '../store/database.ts';

/** Of one reading; what is left is told by the next. */
const mostMarks = 2_000;

/** Safe to repeat: a mark may be made twice, and what was told is noted after it was done. */
export async function tellBilled(
  database: Database,
  {
    workspaceId,
    connectionId,
    sourceId,
    marks,
    http,
  }: { workspaceId: string; connectionId: string; sourceId: string; marks: BilledMarks; http: VendorHttp },
): Promise<void> {
  while (await database.inWorkspace(workspaceId, (tx) => collectBilledMarks(tx, connectionId, sourceId)));
  const open = await database.inWorkspace(workspaceId, (tx) => listOpenMarks(tx, connectionId, mostMarks));
  for (const wanted of [false, true]) {
    const ids = open.filter((mark) => mark.wanted === wanted).map((mark) => mark.externalId);
    for (let first = 0; first < ids.length; first += marks.mostAtOnce) {
      const outcome = await markSome(marks, http, ids.slice(first, first + marks.mostAtOnce), wanted);
      await database.inWorkspace(workspaceId, (tx) => closeMarks(tx, connectionId, wanted, outcome));
    }
  }
}

/**
 * A platform that refuses the whole batch refuses each of it: nothing is gained by asking again. Nor where it is a right that is
 * lacking: the same sign-in has just read the time, and must go on reading it.
 */
async function markSome(marks: BilledMarks, http: VendorHttp, externalIds: string[], wanted: boolean) {
  try {
    return await marks.mark(http, externalIds, wanted);
  } catch (problem) {
    const lacksRight = problem instanceof AuthorizationLost && problem.status === 403;
    if (!(problem instanceof InvalidRequest) && !lacksRight) throw problem;
    const refused = externalIds.map((externalId) => ({ externalId, reason: problem.message }));
    return { done: [], refused };
  }
}
