/** Owns the life of a contractor invoice from its submission: remind, escalate, decision, payment, the rest of the payment. */
import { defineQuery, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { ContractorInvoiceStep } from '../activities/contractor-invoice.ts';
import type { Activities } from '../activities/index.ts';
import { lookLoop, type SubjectInput } from './look-loop.ts';

/** Where the invoice stood at the last look, and what it waits for; null before the first. */
export const contractorInvoiceStateQuery = defineQuery<ContractorInvoiceStep | null>('state');

const { lookAtContractorInvoice, remindInvoiceApprovers, escalateContractorInvoice } =
  proxyLocalActivities<Activities>({ startToCloseTimeout: '20s' });

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
      case 'wait':
        return { waitMs: next.waitMs };
      case 'done':
        return 'end';
    }
  });
}
