/** Owns GET /rate-cards/:rateCardId. */
import { found } from '../../../domain/refusal.ts';
import { rateCards } from '../../../store/rate-cards.ts';
import { defineRoute } from '../../kit/route.ts';
import { rateCard } from './rate-card.ts';

export const getRateCard = defineRoute({
  name: 'get-rate-card',
  method: 'get',
  path: '/rate-cards/:rateCardId',
  summary: 'Read a rate-card line',
  permission: 'rate_cards.read',
  responses: { 200: rateCard },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await rateCards.find(tx, params.rateCardId), 'rate_card'),
    })),
});
