/** Owns POST /billable-items/write-off. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { requireDutiesOnItems } from '../../../store/item-duties.ts';
import { lockOpenItems } from '../../../store/pending-items.ts';
import { writeOffReasons } from '../../../store/write-off.ts';
import { readWriteOff, writeOffItems as write } from '../../../store/write-off-items.ts';
import { defineRoute } from '../../kit/route.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { writeOff } from '../write-offs/write-off.ts';
import { chosenItems } from './chosen.ts';

export const writeOffItems = defineRoute({
  name: 'write-off-items',
  method: 'post',
  path: '/billable-items/write-off',
  summary: 'Write pending items off: they will not be billed',
  description:
    'Those on drafts are taken off them. It can be taken back: POST /write-offs/{writeOffId}/reverse.',
  permission: 'items.write_off',
  idempotency: 'required',
  body: chosenItems.extend({ reasonCode: z.enum(writeOffReasons) }),
  example: { itemIds: ['{itemId}'], reasonCode: 'goodwill', reason: 'Agreed with the client' },
  responses: { 200: writeOff },
  errors: [
    'reference.unknown',
    'item.not_open',
    'write_off.negative',
    'invoice.not_editable',
    'duty.own_work',
    'duty.beyond_limit',
  ],
  handler: ({ body: { itemIds, reasonCode, reason }, actor, transact }) =>
    transact(async (tx) => {
      const items = await lockOpenItems(tx, itemIds);
      await requireDutiesOnItems(tx, deciderOf(actor), items, {
        action: 'write_off',
        permission: 'items.write_off',
        reason,
      });
      const id = await write(tx, items, { reasonCode, reason, actor: actor.id });
      return { status: 200, body: found(await readWriteOff(tx, id), 'write_off') };
    }),
});
