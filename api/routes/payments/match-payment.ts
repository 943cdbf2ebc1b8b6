/** Owns POST /payments/:paymentId/match. */
import { z } from 'zod';
import { recordEvents } from '../../../store/events.ts';
import { applyCertain, proposeMatches } from '../../../store/payment-matches.ts';
import { readPayment } from '../../../store/payments.ts';
import { defineRoute } from '../../kit/route.ts';
import { applicationErrors } from './payment.ts';
import { proposals, requireMatchable, showProposals } from './proposals.ts';

export const matchPayment = defineRoute({
  name: 'match-payment',
  method: 'post',
  path: '/payments/:paymentId/match',
  summary: 'Work out what money on account is for, by number, reference and amount',
  description:
    'With applyCertain, what names its invoice and ties with no other is applied at once; ties, and what goes by the amount alone, wait for a person.',
  permission: 'payments.apply',
  body: z.object({ applyCertain: z.boolean().default(false) }),
  example: { applyCertain: true },
  responses: { 200: proposals },
  errors: ['payment.not_cleared', ...applicationErrors],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      await requireMatchable(tx, params.paymentId);
      const payment = (await readPayment(tx, params.paymentId))!;
      await proposeMatches(tx, payment);
      const applied = body.applyCertain ? await applyCertain(tx, payment.id, actor.id) : 0;
      await recordEvents(tx, [
        {
          type: 'payment.matched',
          subjectType: 'payment',
          subjectId: payment.id,
          actor: actor.id,
          permission: 'payments.read',
          payload: { applied },
        },
      ]);
      return { status: 200, body: await showProposals(tx, payment.id) };
    }),
});
