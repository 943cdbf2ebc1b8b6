/** Owns one look: which outbox rows it answers, then the subject's state, in one transaction. */
import type { WorkspaceTx } from '../store/database.ts';
import { deleteLooks, type SubjectType, takeLooks } from '../store/outbox.ts';
import type { ActivityDeps } from './deps.ts';

export interface SubjectRef {
  workspaceId: string;
  subjectId: string;
}

/** Reads the rows first, decides from the state alone, and deletes exactly the rows it read. Of one subject, by its keys. */
export function look<Step>(
  deps: ActivityDeps,
  subjectType: SubjectType,
  ref: SubjectRef,
  decide: (tx: WorkspaceTx) => Promise<Step>,
): Promise<Step> {
  return deps.database.inWorkspace(
    ref.workspaceId,
    async (tx) => {
      const taken = await takeLooks(tx, subjectType, ref.subjectId);
      const step = await decide(tx);
      await deleteLooks(tx, taken);
      return step;
    },
    'kept',
  );
}
