/** Owns the life of an invoice that waits: sign-off, issue, sync to the accounting platform, print, payment; it ends when settled. */
import { ActivityFailure, proxyLocalActivities } from '@temporalio/workflow';
import type { ClientInvoiceStep } from '../activities/client-invoice.ts';
import type { Activities } from '../activities/index.ts';
import { beatingActivities } from './beating-activities.ts';
import { lookLoop, type Outcome, type SubjectInput } from './look-loop.ts';

const { lookAtClientInvoice } = proxyLocalActivities<Activities>({ startToCloseTimeout: '20s' });
const { expireSignOff, issueSignedOff } = beatingActivities({
  taskQueue: 'interactive',
  startToCloseTimeout: '2m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});
const { pushInvoice } = beatingActivities({
  taskQueue: 'vendor',
  startToCloseTimeout: '5m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m', maximumAttempts: 20 },
});

const { printDocuments } = beatingActivities({
  taskQueue: 'bulk',
  startToCloseTimeout: '10m',
  retry: { initialInterval: '2s', backoffCoefficient: 3, maximumInterval: '5m', maximumAttempts: 3 },
});

const connectionRetryMs = 60_000;
const syncRetryMs = 300_000;
/** A workspace's clock may be moved: it is looked at again after this. */
const longestWaitMs = 86_400_000;

export async function clientInvoice(input: SubjectInput): Promise<void> {
  await lookLoop(input, async () => {
    const next = await lookAtClientInvoice(input);
    // Beside the step: the platform does not wait for paper.
    const printed = next.print ? printAll(input) : null;
    const outcome = await doStep(input, next);
    await printed;
    return outcome;
  });
}

/** What could not be printed for long is printed when it is next looked at, or asked for. */
async function printAll(input: SubjectInput): Promise<void> {
  try {
    await printDocuments(input);
  } catch (failure) {
    if (!(failure instanceof ActivityFailure)) throw failure;
  }
}

async function doStep(input: SubjectInput, next: ClientInvoiceStep): Promise<Outcome> {
  switch (next.step) {
    case 'sync':
      try {
        await pushInvoice(input);
        return 'again';
      } catch (failure) {
        // The platform has been away for long: the document stays queued and is tried again later.
        if (!(failure instanceof ActivityFailure)) throw failure;
        return { waitMs: input.durations.syncRetryMs ?? syncRetryMs };
      }
    case 'wait_for_sign_off':
      return { waitMs: Math.min(next.waitMs, input.durations.longestWaitMs ?? longestWaitMs) };
    case 'expire_sign_off':
      await expireSignOff(input);
      return 'again';
    case 'issue':
      await issueSignedOff(input);
      return 'again';
    case 'wait':
      return { waitMs: next.retry ? (input.durations.connectionRetryMs ?? connectionRetryMs) : null };
    case 'done':
      return 'end';
  }
}
