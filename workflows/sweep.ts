/** Owns the sweep: a Temporal Schedule starts it, it wakes every subject whose due time has passed. */
import { beatingActivities } from './beating-activities.ts';

const { sweepOverdue } = beatingActivities({
  startToCloseTimeout: '1m',
  retry: { maximumAttempts: 3 },
});

export async function sweep(): Promise<void> {
  await sweepOverdue();
}
