/** Owns the life of a billing run: waits for its turn, compile, draft, issue; asked again, cancelled at any point; done or failed; undone. */
import { ActivityFailure, defineQuery, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { beatingActivities } from './beating-activities.ts';
import { failedInPlace } from './failed-in-place.ts';
import { lookLoop, type SubjectInput } from './look-loop.ts';

/** Where it is, for whose end or word it waits, and what it had counted when it last looked. */
export interface RunProgress {
  step: string;
  waitsFor: string | null;
  counts: Record<string, number>;
}
export const progressQuery = defineQuery<RunProgress>('progress');

const { lookAtBillingRun, finishBillingRun } = proxyLocalActivities<Activities>({
  startToCloseTimeout: '20s',
});
const { compileRun, draftRun, issueRun, askAgain, cancelRun, undoRun } = beatingActivities({
  startToCloseTimeout: '1h',
  // About a quarter of an hour: a database that restarts or fails over is back by then, and a failed run loses its drafts.
  retry: { initialInterval: '500ms', maximumInterval: '30s', maximumAttempts: 36 },
});

/** In place: what a single approval bills is to be at the platform at once. */
const { billAtOnce } = proxyLocalActivities<Activities>({
  startToCloseTimeout: '5m',
  retry: { initialInterval: '500ms', maximumInterval: '30s', maximumAttempts: 36 },
});

export async function billingRun(input: SubjectInput): Promise<void> {
  let current: RunProgress = { step: 'look', waitsFor: null, counts: {} };
  setHandler(progressQuery, () => current);
  await lookLoop(input, async () => {
    const next = await lookAtBillingRun(input);
    current = {
      step: next.step,
      waitsFor: next.step === 'wait' ? next.for : null,
      counts: next.counts ?? current.counts,
    };
    try {
      switch (next.step) {
        case 'bill_at_once':
          await billAtOnce(input);
          return 'again';
        case 'compile':
          await compileRun(input);
          return 'again';
        case 'draft':
          await draftRun(input);
          return 'again';
        case 'issue':
          await issueRun(input);
          return 'again';
        case 'wait':
          return { waitMs: null };
        case 'ask_again':
          await askAgain(input);
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
      const inPlace = next.step === 'bill_at_once' && failedInPlace(failure);
      if (!(inPlace || failure instanceof ActivityFailure)) throw failure;
      await finishBillingRun({ ...input, error: failure.cause?.message ?? failure.message });
      return 'again';
    }
  });
}
