/** Owns how workflows ask for activities that take longer than a look: each beats, and so a killed process is noticed. */
import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';

/**
 * Activities of other processes. Each beats while it runs (runtime/heartbeat.ts): what a killed process left behind is taken up
 * within these 10 s, and not only when the time that it may take is over.
 */
export function beatingActivities(options: Omit<ActivityOptions, 'heartbeatTimeout'>) {
  return proxyActivities<Activities>({ ...options, heartbeatTimeout: '10s' });
}
