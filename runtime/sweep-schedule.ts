/** Owns the one Temporal Schedule: it starts the sweep each minute, so that a hub that was down catches up. */
import { type Client, ScheduleAlreadyRunning } from '@temporalio/client';

const scheduleId = 'slipway-sweep';

/** Makes the schedule when it is missing; safe to repeat. Rejects while Temporal cannot be reached. */
export async function ensureSweepSchedule(client: Client): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId,
      spec: { intervals: [{ every: '1m' }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'sweep',
        taskQueue: 'interactive',
        args: [],
        workflowId: 'slipway-sweep',
      },
      policies: { overlap: 'SKIP', catchupWindow: '1m' },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
