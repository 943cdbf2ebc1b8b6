/** Owns the life of a client's report for a quarter: its end, closed books or the end of the grace, then made and mailed. */
import { ActivityFailure, defineQuery, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { ClientReportStep } from '../activities/client-report.ts';
import type { Activities } from '../activities/index.ts';
import { beatingActivities } from './beating-activities.ts';
import { lookLoop, type SubjectInput } from './look-loop.ts';

/** Where the report stood at the last look, and what it waits for; null before the first. */
export const clientReportStateQuery = defineQuery<ClientReportStep | null>('state');

const { lookAtClientReport } = proxyLocalActivities<Activities>({ startToCloseTimeout: '20s' });
const { makeClientReport } = beatingActivities({
  startToCloseTimeout: '10m',
  retry: { initialInterval: '2s', backoffCoefficient: 3, maximumInterval: '5m', maximumAttempts: 5 },
});

/** What could not be made for long is tried again after this. */
const makeRetryMs = 3_600_000;

export async function clientReport(input: SubjectInput): Promise<void> {
  let state: ClientReportStep | null = null;
  setHandler(clientReportStateQuery, () => state);
  await lookLoop(input, async () => {
    const next = await lookAtClientReport(input);
    state = next;
    switch (next.step) {
      case 'wait':
        return { waitMs: next.waitMs };
      case 'make':
        try {
          await makeClientReport(input);
          return 'again';
        } catch (failure) {
          if (!(failure instanceof ActivityFailure)) throw failure;
          return { waitMs: input.durations.makeRetryMs ?? makeRetryMs };
        }
      case 'done':
        return 'end';
    }
  });
}
