/** Owns a contract that bills by itself: triggers, period ends and watches become runs, one after the other; it ends with the contract. */
import { defineQuery, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { BillingPolicyStep } from '../activities/billing-policy.ts';
import type { Activities } from '../activities/index.ts';
import { failedInPlace } from './failed-in-place.ts';
import { lookLoop, type SubjectInput } from './look-loop.ts';

/** What the policy waits for since its last look; null before the first. */
export const billingPolicyStateQuery = defineQuery<BillingPolicyStep | null>('state');

const { lookAtBillingPolicy } = proxyLocalActivities<Activities>({ startToCloseTimeout: '20s' });

/** Once: what it leaves, the run's own workflow does. */
const { billInPlace } = proxyLocalActivities<Activities>({
  startToCloseTimeout: '2m',
  retry: { maximumAttempts: 1 },
});

/** What is due by now and yet waits is looked at again after this, and not at once. */
const shortestWaitMs = 1_000;

export async function billingPolicy(input: SubjectInput): Promise<void> {
  let state: BillingPolicyStep | null = null;
  setHandler(billingPolicyStateQuery, () => state);
  await lookLoop(input, async () => {
    const next = await lookAtBillingPolicy(input);
    state = next;
    const wait = (waitMs: number | null) => ({
      waitMs: waitMs === null ? null : Math.max(waitMs, input.durations.shortestWaitMs ?? shortestWaitMs),
    });
    switch (next.step) {
      case 'bill':
        try {
          await billInPlace({ ...input, subjectId: next.runId });
        } catch (failure) {
          if (!failedInPlace(failure)) throw failure;
        }
        return wait(next.waitMs);
      case 'wait':
        return wait(next.waitMs);
      case 'done':
        return 'end';
    }
  });
}
