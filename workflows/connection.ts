/** Owns the life of a connection: read time, read payments, look at documents, push what is its own, wait for the next poll or a request; one workflow for all platforms. */
import { ActivityFailure, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { beatingActivities } from './beating-activities.ts';
import { lookLoop, type SubjectInput } from './look-loop.ts';

const { lookAtConnection } = proxyLocalActivities<Activities>({ startToCloseTimeout: '20s' });
const { keepWebhooks, syncTime, readPayments, lookAtDocuments } = beatingActivities({
  taskQueue: 'vendor',
  startToCloseTimeout: '2h',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m', maximumAttempts: 6 },
});

const { pushDocuments } = beatingActivities({
  taskQueue: 'vendor',
  startToCloseTimeout: '5m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m', maximumAttempts: 20 },
});

export async function connection(input: SubjectInput): Promise<void> {
  await lookLoop(input, async () => {
    const next = await lookAtConnection(input);
    try {
      switch (next.step) {
        case 'keep_webhooks':
          await keepWebhooks(input);
          return 'again';
        case 'sync_time':
          await syncTime(input);
          return 'again';
        case 'read_payments':
          await readPayments(input);
          return 'again';
        case 'look_at_documents':
          await lookAtDocuments(input);
          return 'again';
        case 'push':
          // What stays queued after that long is tried again by the next look.
          await pushDocuments(input);
          return 'again';
        case 'wait':
          return { waitMs: next.waitMs };
        case 'done':
          return 'end';
      }
    } catch (failure) {
      // The poll began, so the look says when the next one is due; the connection's page shows the last error.
      if (!(failure instanceof ActivityFailure)) throw failure;
      return 'again';
    }
  });
}
