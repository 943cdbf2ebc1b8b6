/** Owns GET /rate-cards. */
import { z } from 'zod';
import { rateCards } from '../../../store/rate-cards.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { rateCard, scopeType } from './rate-card.ts';

export const listRateCards = defineRoute({
  name: 'list-rate-cards',
  method: 'get',
  path: '/rate-cards',
  summary: 'List rate-card lines',
  permission: 'rate_cards.read',
  query: z.object({ ...pageQuery, scopeType: scopeType.optional(), scopeId: id.optional() }),
  responses: { 200: pageOf(rateCard) },
  handler: ({ query: { limit, cursor, scopeType, scopeId }, transact }) =>
    transact(async (tx) => {
      const rows = await rateCards.list(tx, { limit, after: idAfter(cursor), where: { scopeType, scopeId } });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
