/** Owns the clock of a sandbox workspace on its way forward: jump, wake what is due, wait until idle, jump again. */
import { ActivityFailure, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { beatingActivities } from './beating-activities.ts';
import { lookLoop, type SubjectInput } from './look-loop.ts';

const { lookAtClock } = proxyLocalActivities<Activities>({ startToCloseTimeout: '20s' });
// Short stretches: workflows that the jumps wake need the same workers.
const { stepClock, giveUpClock } = beatingActivities({
  startToCloseTimeout: '2m',
  retry: { initialInterval: '500ms', maximumInterval: '15s', maximumAttempts: 20 },
});

export async function clock(input: SubjectInput): Promise<void> {
  await lookLoop(input, async () => {
    const next = await lookAtClock(input);
    switch (next.step) {
      case 'go':
        try {
          await stepClock(input);
        } catch (failure) {
          if (!(failure instanceof ActivityFailure)) throw failure;
          await giveUpClock({ ...input, error: failure.cause?.message ?? failure.message });
        }
        return 'again';
      case 'done':
        return 'end';
    }
  });
}
