/** Owns the life of a ticket from its submission: remind, escalate, decision, a contractor's invoice, payment. */
import { defineQuery, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { TicketStep } from '../activities/ticket.ts';
import { lookLoop, type SubjectInput } from './look-loop.ts';

/** Where the ticket stood at the last look, and what it waits for; null before the first. */
export const ticketStateQuery = defineQuery<TicketStep | null>('state');

const { lookAtTicket, remindApprovers, escalateTicket } = proxyLocalActivities<Activities>({
  startToCloseTimeout: '20s',
});

export async function ticket(input: SubjectInput): Promise<void> {
  let state: TicketStep | null = null;
  setHandler(ticketStateQuery, () => state);
  await lookLoop(input, async () => {
    const next = await lookAtTicket(input);
    state = next;
    switch (next.step) {
      case 'remind':
        await remindApprovers(input);
        return 'again';
      case 'escalate':
        await escalateTicket(input);
        return 'again';
      case 'wait':
        return { waitMs: next.waitMs };
      case 'done':
        return 'end';
    }
  });
}
