/** Owns rematches in the background: a mapping rule that touches many entries is applied chunk by chunk, one rule at a time. */
import type { Logger } from 'pino';
import {
  findLike,
  type RematchCursor,
  type RuleScope,
  rematchLike,
  rematchStart,
} from '../store/apply-mapping-rule.ts';
import type { Database, WorkspaceTx } from '../store/database.ts';
import { recordEvents } from '../store/events.ts';
import { finishOperation, progressOperation } from '../store/operations.ts';
import { currentOrigin, from } from '../store/origin.ts';

export interface RematchJob {
  workspaceId: string;
  operationId: string;
  ruleId: string;
  rule: RuleScope;
  actor: string;
}
export interface Rematcher {
  /** How many are under way or wait for their turn. */
  waiting(): number;
  /** Carries the operation out after those that came before; its outcome is in the operation. */
  start(job: RematchJob): void;
  /** Resolves when nothing runs any more; what was not done is failed in its operation. */
  stop(): Promise<void>;
}

const entriesPerChunk = 5_000;

export function createRematcher({ database, logger }: { database: Database; logger: Logger }): Rematcher {
  const stopping = new AbortController();
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  return {
    waiting: () => waiting,
    start: (job) => {
      waiting += 1;
      // Whose request it was stays known, however late its turn comes.
      const origin = currentOrigin();
      last = last
        .then(() => from(origin, () => carryOut(database, job, stopping.signal)))
        .catch((error: unknown) =>
          logger.warn({ err: error, operationId: job.operationId }, 'a rematch failed'),
        )
        .finally(() => {
          waiting -= 1;
        });
    },
    stop: () => {
      stopping.abort(new Error('the hub is stopping; apply the rule again'));
      return last;
    },
  };
}

/** Each chunk is one transaction with its progress; applied again, it goes on where it was interrupted. */
async function carryOut(database: Database, job: RematchJob, signal: AbortSignal): Promise<void> {
  const { workspaceId, operationId, rule, ruleId, actor } = job;
  const inside = <T>(work: (tx: WorkspaceTx) => Promise<T>) => database.inWorkspace(workspaceId, work);
  try {
    const like = await inside((tx) => findLike(tx, rule));
    const result = { matched: 0, exceptions: like.reduce((sum, one) => sum + one.exceptionIds.length, 0) };
    let cursor: RematchCursor | null = rematchStart;
    let wanted = true;
    while (cursor !== null && wanted) {
      signal.throwIfAborted();
      const at: RematchCursor = cursor;
      const step = await inside(async (tx) => {
        const done = await rematchLike(tx, like, at, entriesPerChunk, actor);
        const sum = { ...result, matched: result.matched + done.matched };
        const goOn = await progressOperation(tx, operationId, {
          done: sum.matched,
          message: 'matching entries',
          result: sum,
        });
        return { ...done, goOn };
      });
      // After the commit: a chunk that is repeated is counted once.
      result.matched += step.matched;
      ({ cursor } = step);
      wanted = step.goOn;
    }
    await inside(async (tx) => {
      await recordEvents(tx, [
        {
          type: 'mapping_rule.applied',
          subjectType: 'mapping_rule',
          subjectId: ruleId,
          actor,
          permission: 'mapping_rules.read',
          payload: { operationId, ...result, cancelled: !wanted },
        },
      ]);
      await finishOperation(tx, operationId, { status: wanted ? 'done' : 'cancelled', result });
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await inside((tx) => finishOperation(tx, operationId, { status: 'failed', error: { message } }));
    throw error;
  }
}
