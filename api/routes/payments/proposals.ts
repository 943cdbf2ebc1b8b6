/** Owns how proposals of what a payment is for are shown over the API. */
import { z } from 'zod';
import { found, Refusal } from '../../../domain/refusal.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { recordEvents } from '../../../store/events.ts';
import { decideMatch, listMatches } from '../../../store/payment-matches.ts';
import { lockPayment, readPayment } from '../../../store/payments.ts';
import { id, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const proposals = z
  .object({
    paymentId: id,
    onAccount: storedDecimal,
    proposals: z.array(
      z.object({
        id,
        documentType: z.enum(['client_invoice', 'late_fee']),
        documentId: id,
        number: z.string(),
        clientId: id,
        clientName: z.string(),
        dueDate: storedDay.nullable(),
        amount: storedDecimal,
        matchedBy: z.array(z.string()).meta({ description: 'amount, number, reference.' }),
        tied: z.boolean().meta({ description: 'Another is as likely: a person chooses.' }),
        status: z.enum(['proposed', 'confirmed', 'rejected', 'superseded']),
      }),
    ),
  })
  .meta({ id: 'PaymentProposals' });

export async function showProposals(tx: WorkspaceTx, paymentId: string) {
  const { onAccount } = found(await readPayment(tx, paymentId), 'payment');
  return { paymentId, onAccount, proposals: await listMatches(tx, paymentId) };
}

/** Holds the payment; refuses one that has nothing to match. */
export async function requireMatchable(tx: WorkspaceTx, paymentId: string): Promise<void> {
  const payment = found(await lockPayment(tx, paymentId), 'payment');
  if (payment.status === 'cleared' && payment.direction === 'incoming') return;
  throw new Refusal({
    code: 'payment.not_cleared',
    message: `This payment is ${payment.direction === 'outgoing' ? 'a refund' : payment.status}: nothing of it can be applied.`,
  });
}

/** A person's word on one proposal, with its event; answers what the route shows. */
export async function decideProposal(
  tx: WorkspaceTx,
  { paymentId, proposalId }: { paymentId: string; proposalId: string },
  decision: 'confirmed' | 'rejected',
  actor: string,
) {
  await requireMatchable(tx, paymentId);
  found(await decideMatch(tx, paymentId, proposalId, decision, actor), 'match_proposal');
  await recordEvents(tx, [
    {
      type: `payment.proposal_${decision}`,
      subjectType: 'payment',
      subjectId: paymentId,
      actor,
      permission: 'payments.read',
      payload: { proposalId },
    },
  ]);
  return showProposals(tx, paymentId);
}
