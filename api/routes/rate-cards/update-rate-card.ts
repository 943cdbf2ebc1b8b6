/** Owns PATCH /rate-cards/:rateCardId. */
import { found } from '../../../domain/refusal.ts';
import { rateCards } from '../../../store/rate-cards.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { rateCard, rateCardChange, rateCardSubject } from './rate-card.ts';

export const updateRateCard = defineRoute({
  name: 'update-rate-card',
  method: 'patch',
  path: '/rate-cards/:rateCardId',
  summary: 'Change a rate-card line',
  permission: 'rate_cards.update',
  body: rateCardChange,
  example: { overtimeRate: '120.00' },
  responses: { 200: rateCard },
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await rateCards.lock(tx, params.rateCardId), 'rate_card');
      requireCurrent(before);
      const after = found(await rateCards.update(tx, before.id, body), 'rate_card');
      await recordUpdated(tx, actor, rateCardSubject, before, after);
      return { status: 200, body: after };
    }),
});
