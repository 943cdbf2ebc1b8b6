/** Owns POST /rate-cards. */
import { insertRateCard } from '../../../store/rate-cards.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newRateCard, rateCard, rateCardSubject } from './rate-card.ts';

export const createRateCard = defineRoute({
  name: 'create-rate-card',
  method: 'post',
  path: '/rate-cards',
  summary: 'Create a rate-card line',
  permission: 'rate_cards.create',
  body: newRateCard,
  example: {
    scopeType: 'contract',
    scopeId: '{contractId}',
    position: 'Welder',
    regularRate: '80.00',
    currency: 'EUR',
  },
  responses: { 201: rateCard },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertRateCard(tx, body);
      await recordCreated(tx, actor, rateCardSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/rate-cards/${created.id}` } };
    }),
});
