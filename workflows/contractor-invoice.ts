/** Owns the life of a contractor invoice from its submission: remind, escalate, decision, payment, the rest of the payment. */
import { ActivityFailure, defineQuery, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { ContractorInvoiceStep } from '../activities/contractor-invoice.ts';
import type { Activities } from '../activities/index.ts';
import { beatingActivities } from './beating-activities.ts';
import { lookLoop, type SubjectInput } from './look-loop.ts';

/** Where the invoice stood at the last look, and what it waits for; null before the first. */
export const contractorInvoiceStateQuery = defineQuery<ContractorInvoiceStep | null>('state');

const { lookAtContractorInvoice, remindInvoiceApprovers, escalateContractorInvoice } =
  proxyLocalActivities<Activities>({ startToCloseTimeout: '20s' });

const { pushDocuments } = beatingActivities({
  taskQueue: 'vendor',
  startToCloseTimeout: '5m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m', maximumAttempts: 20 },
});
const syncRetryMs = 300_000;

export async function contractorInvoice(input: SubjectInput): Promise<void> {
  let state: ContractorInvoiceStep | null = null;
  setHandler(contractorInvoiceStateQuery, () => state);
  await lookLoop(input, async () => {
    const next = await lookAtContractorInvoice(input);
    state = next;
    switch (next.step) {
      case 'remind':
        await remindInvoiceApprovers(input);
        return 'again';
      case 'escalate':
        await escalateContractorInvoice(input);
        return 'again';
      case 'push':
        try {
          await pushDocuments(input);
          return 'again';
        } catch (failure) {
          // The platform has been away for long: the bill stays queued and is tried again later.
          if (!(failure instanceof ActivityFailure)) throw failure;
          return { waitMs: input.durations.syncRetryMs ?? syncRetryMs };
        }
      case 'wait':
        return { waitMs: next.waitMs };
      case 'done':
        return 'end';
    }
  });
}
