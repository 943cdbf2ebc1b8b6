/** Owns the life of a billing run: compile, draft, issue; cancelled at any point; done or failed with its reason; undone. */
import { ActivityFailure, defineQuery, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { beatingActivities } from './beating-activities.ts';
import { lookLoop, type SubjectInput } from './look-loop.ts';

export const progressQuery = defineQuery<{ step: string }>('progress');

const { lookAtBillingRun, finishBillingRun } = proxyLocalActivities<Activities>({
  startToCloseTimeout: '20s',
});
const { compileRun, draftRun, issueRun, cancelRun, undoRun } = beatingActivities({
  startToCloseTimeout: '1h',
  // About a quarter of an hour: a database that restarts or fails over is back by then, and a failed run loses its drafts.
  retry: { initialInterval: '500ms', maximumInterval: '30s', maximumAttempts: 36 },
});

export async function billingRun(input: SubjectInput): Promise<void> {
  let current = 'look';
  setHandler(progressQuery, () => ({ step: current }));
  await lookLoop(input, async () => {
    const next = await lookAtBillingRun(input);
    current = next.step;
    try {
      switch (next.step) {
        case 'compile':
          await compileRun(input);
          return 'again';
        case 'draft':
          await draftRun(input);
          return 'again';
        case 'issue':
          await issueRun(input);
          return 'again';
        case 'cancel':
          await cancelRun(input);
          return 'again';
        case 'undo':
          await undoRun(input);
          return 'again';
        case 'finish':
          await finishBillingRun({ ...input, error: null });
          return 'again';
        case 'done':
          return 'end';
      }
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
      await finishBillingRun({ ...input, error: failure.cause?.message ?? failure.message });
      return 'again';
    }
  });
}
