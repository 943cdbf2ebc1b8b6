/** Owns POST /billable-items/hold. */
import { holdItems as hold } from '../../../store/pending-items.ts';
import { defineRoute } from '../../kit/route.ts';
import { changedItems, chosenItems } from './chosen.ts';

export const holdItems = defineRoute({
  name: 'hold-items',
  method: 'post',
  path: '/billable-items/hold',
  summary: 'Hold items for a later invoice',
  description:
    'Those on drafts are taken off them, and their lines made anew; a draft that nothing is left on is discarded. No draft takes them before they are released.',
  permission: 'items.release',
  body: chosenItems,
  example: { itemIds: ['{itemId}'], reason: 'The client pays it with the next stage' },
  responses: { 200: changedItems },
  errors: ['reference.unknown', 'item.not_open', 'invoice.not_editable', 'invoice.too_large_to_edit'],
  handler: ({ body: { itemIds, reason }, actor, transact }) =>
    transact(async (tx) => {
      await hold(tx, itemIds, { actor: actor.id, reason });
      return { status: 200, body: { items: itemIds.length } };
    }),
});
