/** Owns GET /payments. */
import { z } from 'zod';
import { listPayments as readPayments } from '../../../store/payments.ts';
import { ownClient } from '../../kit/auth.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { payment, toClientPayment } from './payment.ts';

export const listPayments = defineRoute({
  name: 'list-payments',
  method: 'get',
  path: '/payments',
  summary: 'List payments, newest first',
  permission: 'payments.read',
  own: true,
  query: z.object({
    ...pageQuery,
    clientId: id.optional(),
    unapplied: z.stringbool().default(false).meta({ description: 'Only what has money left on account.' }),
  }),
  responses: { 200: pageOf(payment) },
  handler: ({ query: { limit, cursor, clientId, unapplied }, actor, transact }) =>
    transact(async (tx) => {
      const own = ownClient(actor, 'payments.read');
      const rows = await readPayments(tx, {
        unapplied,
        clientId: own ?? clientId,
        cursor: idAfter(cursor) ?? undefined,
        limit: limit + 1,
      });
      return { status: 200, body: toIdPage(own === null ? rows : rows.map(toClientPayment), limit) };
    }),
});
