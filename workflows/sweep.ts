/** Owns the sweep: a Temporal Schedule starts it, it wakes every subject whose due time has passed. */
import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';

const { sweepOverdue } = proxyActivities<Activities>({
  startToCloseTimeout: '1m',
  heartbeatTimeout: '10s',
  retry: { maximumAttempts: 3 },
});

export async function sweep(): Promise<void> {
  await sweepOverdue();
}
