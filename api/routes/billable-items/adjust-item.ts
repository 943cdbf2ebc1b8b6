/** Owns POST /billable-items/:itemId/adjust. */
import { z } from 'zod';
import type { Adjustment } from '../../../domain/adjustment.ts';
import { found } from '../../../domain/refusal.ts';
import { worthOf, adjustItem as write } from '../../../store/adjust-item.ts';
import { readBillableItem } from '../../../store/billable-items.ts';
import { requireItemDuties } from '../../../store/item-duties.ts';
import { lockPendingItems } from '../../../store/pending-items.ts';
import { defineRoute } from '../../kit/route.ts';
import { decimal, note, price } from '../../kit/schemas.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { billableItem } from './billable-item.ts';

export const adjustItem = defineRoute({
  name: 'adjust-item',
  method: 'post',
  path: '/billable-items/:itemId/adjust',
  summary: 'Write an item up or down',
  description:
    'What of it is billed, never what was worked: another quantity, another price, or another amount at the same quantity. Lines of a draft that hold it are made anew.',
  permission: 'items.adjust',
  idempotency: 'required',
  body: z
    .object({
      quantity: decimal.optional(),
      unitPrice: price.optional(),
      amount: decimal.optional(),
      reason: note,
    })
    .strict()
    .refine(
      ({ quantity, unitPrice, amount }) =>
        [quantity, unitPrice, amount].filter((value) => value !== undefined).length === 1,
      { path: ['quantity'], message: 'one of quantity, unitPrice and amount' },
    ),
  example: { unitPrice: '75.00', reason: 'Goodwill after the late delivery' },
  responses: { 200: billableItem },
  errors: [
    'item.not_open',
    'item.included',
    'item.agreed',
    'item.sign_changes',
    'item.amount_unreachable',
    'item.unchanged',
    'invoice.not_editable',
    'invoice.too_large_to_edit',
    'duty.own_work',
    'duty.beyond_limit',
  ],
  handler: ({ params, body: { reason, quantity, unitPrice, amount }, actor, transact }) =>
    transact(async (tx) => {
      const known = found(await readBillableItem(tx, params.itemId), 'billable_item');
      const [item] = await lockPendingItems(tx, [known.id]);
      const change: Adjustment =
        quantity !== undefined ? { quantity } : unitPrice !== undefined ? { unitPrice } : { amount: amount! };
      await requireItemDuties(tx, deciderOf(actor), {
        action: 'price_change',
        permission: 'items.adjust',
        subject: { type: 'billable_item', id: known.id },
        personIds: [item!.personId],
        amounts: new Map([[item!.currency, worthOf(item!, change)]]),
        reason,
      });
      await write(tx, item!, change, { actor: actor.id, reason });
      return { status: 200, body: found(await readBillableItem(tx, known.id), 'billable_item') };
    }),
});
