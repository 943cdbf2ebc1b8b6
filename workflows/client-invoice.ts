/**
 * Owns the life of an invoice that waits: sign-off with reminders, issue, sync beside print and mail, reminders before and after
 * it is due, late fees, a person who asks, payment, release of contractors, thanks. It ends when settled, void or credited, and
 * begins again where a payment is taken back. A dispute and a pause stop letters until they are over.
 */
import {
  ActivityFailure,
  condition,
  defineQuery,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import type { ClientInvoiceStep } from '../activities/client-invoice-step.ts';
import type { Activities } from '../activities/index.ts';
import { beatingActivities } from './beating-activities.ts';
import { failedInPlace } from './failed-in-place.ts';
import { lookLoop, type Outcome, type SubjectInput } from './look-loop.ts';
import { nameDocument } from './name-document.ts';

const { lookAtClientInvoice } = proxyLocalActivities<Activities>({ startToCloseTimeout: '20s' });
const {
  remindSignOff,
  expireSignOff,
  issueSignedOff,
  remindClient,
  chargeLateFee,
  chaseInvoice,
  releaseContractors,
  thankClient,
} = beatingActivities({
  taskQueue: 'interactive',
  startToCloseTimeout: '2m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});
const { pushInvoice, pushDocuments } = beatingActivities({
  taskQueue: 'vendor',
  startToCloseTimeout: '5m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m', maximumAttempts: 20 },
});

/** In place: what a single approval bills is to be at the platform at once. Once: what it leaves is done as any other push. */
const { pushInPlace } = proxyLocalActivities<Activities>({
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 1 },
});

const { printDocuments } = beatingActivities({
  taskQueue: 'bulk',
  startToCloseTimeout: '10m',
  retry: { initialInterval: '2s', backoffCoefficient: 3, maximumInterval: '5m', maximumAttempts: 3 },
});

const connectionRetryMs = 60_000;
const syncRetryMs = 300_000;
/** A client that is asked is looked at again after this. */
const longestWaitMs = 86_400_000;

/** Where the invoice stood at the last look, and what it waits for; null before the first. */
export const clientInvoiceStateQuery = defineQuery<ClientInvoiceStep | null>('state');

export async function clientInvoice(input: SubjectInput): Promise<void> {
  let state: ClientInvoiceStep | null = null;
  setHandler(clientInvoiceStateQuery, () => state);
  await lookLoop(input, async () => {
    const next = await lookAtClientInvoice(input);
    state = next;
    nameDocument(next.number);
    // Beside the step: the platform does not wait for paper.
    let isOver = false;
    const printed = next.print
      ? printAll(input)
      : next.printInMs
        ? printUnless(() => isOver, next.printInMs, input)
        : null;
    const outcome = await doStep(input, next);
    isOver = true;
    await printed;
    return outcome;
  });
}

/** Papers that wait for a push: the look after it sees to them, unless it takes too long. */
async function printUnless(isOver: () => boolean, waitMs: number, input: SubjectInput): Promise<void> {
  if (!(await condition(isOver, waitMs))) await printAll(input);
}

/** What could not be printed for long is printed when it is next looked at, or asked for. */
async function printAll(input: SubjectInput): Promise<void> {
  try {
    await printDocuments(input);
  } catch (failure) {
    if (!(failure instanceof ActivityFailure)) throw failure;
  }
}

/** False: it is left to the queue of the platforms. */
async function pushedInPlace(input: SubjectInput): Promise<boolean> {
  try {
    return await pushInPlace(input);
  } catch (failure) {
    if (!failedInPlace(failure)) throw failure;
    return false;
  }
}

async function doStep(input: SubjectInput, next: ClientInvoiceStep): Promise<Outcome> {
  switch (next.step) {
    case 'sync':
    case 'push':
      try {
        if (next.step !== 'sync') await pushDocuments(input);
        else if (!(next.inPlace && (await pushedInPlace(input)))) await pushInvoice(input);
        return 'again';
      } catch (failure) {
        // The platform has been away for long: the document stays queued and is tried again later.
        if (!(failure instanceof ActivityFailure)) throw failure;
        return { waitMs: input.durations.syncRetryMs ?? syncRetryMs };
      }
    case 'wait_for_sign_off':
      return {
        waitMs:
          next.waitMs === null ? null : Math.min(next.waitMs, input.durations.longestWaitMs ?? longestWaitMs),
      };
    case 'remind_sign_off':
      await remindSignOff(input);
      return 'again';
    case 'expire_sign_off':
      await expireSignOff(input);
      return 'again';
    case 'issue':
      await issueSignedOff(input);
      return 'again';
    case 'remind':
      await remindClient(input);
      return 'again';
    case 'charge_late_fee':
      await chargeLateFee(input);
      return 'again';
    case 'chase':
      await chaseInvoice(input);
      return 'again';
    case 'release_contractors':
      await releaseContractors(input);
      return 'again';
    case 'thank':
      await thankClient(input);
      return 'again';
    case 'wait': {
      const waitMs = next.waitMs ?? null;
      if (!next.retry) return { waitMs };
      return {
        waitMs: Math.min(waitMs ?? longestWaitMs, input.durations.connectionRetryMs ?? connectionRetryMs),
      };
    }
    case 'done':
      return 'end';
  }
}
