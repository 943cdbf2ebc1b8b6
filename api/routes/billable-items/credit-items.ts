/** Owns POST /billable-items/credit. */
import { z } from 'zod';
import { creditCorrections } from '../../../store/credit-corrections.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { chosenItems } from './chosen.ts';
import { correctionErrors, creditedCorrections, creditReason, showCredited } from './credited-corrections.ts';

export const creditItems = defineRoute({
  name: 'credit-items',
  method: 'post',
  path: '/billable-items/credit',
  summary: 'Credit corrections: items below zero become credit notes of the invoices that they correct',
  description:
    'For what came to less than nothing and carries forward. Hours at the price and tax that they were billed with; the items are done with, and lower no later invoice. Those on drafts are taken off them.',
  permission: 'invoices.credit',
  idempotency: 'required',
  body: chosenItems.extend(creditReason),
  example: { itemIds: ['{itemId}'], reason: 'Half a day was noted twice' },
  responses: { 200: z.object(creditedCorrections) },
  errors: ['reference.unknown', 'item.not_open', 'item.no_correction', ...correctionErrors],
  handler: ({ body: { itemIds, reason, ownReason = null }, actor, transact }) =>
    transact(async (tx) => {
      const issuer = { doer: deciderOf(actor), ownReason };
      const wanted = { issuer, reason, now: await workspaceNow(tx) };
      return { status: 200, body: showCredited(await creditCorrections(tx, itemIds, wanted), actor) };
    }),
});
