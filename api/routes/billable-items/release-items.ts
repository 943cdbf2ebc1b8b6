/** Owns POST /billable-items/release. */
import { requireDutiesOnItems } from '../../../store/item-duties.ts';
import { lockOpenItems, releaseItems as release } from '../../../store/pending-items.ts';
import { defineRoute } from '../../kit/route.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { changedItems, chosenItems } from './chosen.ts';

export const releaseItems = defineRoute({
  name: 'release-items',
  method: 'post',
  path: '/billable-items/release',
  summary: 'Release held items: the next drafts take them',
  description: 'Also what a void, a credit or a write-off that was taken back has returned.',
  permission: 'items.release',
  body: chosenItems,
  example: { itemIds: ['{itemId}'], reason: 'Agreed with the client' },
  responses: { 200: changedItems },
  errors: ['reference.unknown', 'item.not_open', 'item.not_held', 'duty.own_work', 'duty.beyond_limit'],
  handler: ({ body: { itemIds, reason }, actor, transact }) =>
    transact(async (tx) => {
      const items = await lockOpenItems(tx, itemIds);
      await requireDutiesOnItems(tx, deciderOf(actor), items, {
        action: 'release',
        permission: 'items.release',
        reason,
      });
      return { status: 200, body: { items: await release(tx, items, { actor: actor.id, reason }) } };
    }),
});
