/** Owns GET /sellers/:sellerId/bank-accounts. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { bankAccounts } from '../../../store/bank-accounts.ts';
import { sellers } from '../../../store/sellers.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { bankAccount } from './bank-account.ts';

export const listBankAccounts = defineRoute({
  name: 'list-bank-accounts',
  method: 'get',
  path: '/sellers/:sellerId/bank-accounts',
  summary: "List a seller's bank accounts",
  permission: 'sellers.read',
  query: z.object(pageQuery),
  responses: { 200: pageOf(bankAccount) },
  handler: ({ params, query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const seller = found(await sellers.find(tx, params.sellerId), 'seller');
      const rows = await bankAccounts.list(tx, {
        limit,
        after: idAfter(cursor),
        where: { sellerId: seller.id },
      });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
