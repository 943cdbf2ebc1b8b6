/** Owns GET /payment-terms. */
import { z } from 'zod';
import { paymentTerms as table } from '../../../store/payment-terms.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { language, pageOf, pageQuery } from '../../kit/schemas.ts';
import { paymentTerms } from './payment-terms.ts';

export const listPaymentTerms = defineRoute({
  name: 'list-payment-terms',
  method: 'get',
  path: '/payment-terms',
  summary: 'List the library of payment terms',
  permission: 'payment_terms.read',
  query: z.object({ ...pageQuery, language: language.optional() }),
  responses: { 200: pageOf(paymentTerms) },
  handler: ({ query: { limit, cursor, language: spoken }, transact }) =>
    transact(async (tx) => {
      const rows = await table.list(tx, { limit, after: idAfter(cursor), where: { language: spoken } });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
