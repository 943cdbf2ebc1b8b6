/** Owns GET /payee-accounts. */
import { z } from 'zod';
import { listPayeeAccounts as list } from '../../../store/payee-accounts.ts';
import { listedPerson } from '../../kit/auth.ts';
import { emptyPage, idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { payeeAccount, payeeAccountStatus } from './payee-account.ts';

export const listPayeeAccounts = defineRoute({
  name: 'list-payee-accounts',
  method: 'get',
  path: '/payee-accounts',
  summary: 'List the accounts that people are paid to, masked, newest first',
  permission: 'payee_accounts.read',
  own: true,
  query: z.object({ ...pageQuery, personId: id.optional(), status: payeeAccountStatus.optional() }),
  responses: { 200: pageOf(payeeAccount) },
  handler: ({ query: { limit, cursor, personId, status }, actor, transact }) =>
    transact(async (tx) => {
      const listed = listedPerson(actor, 'payee_accounts.read', personId);
      if (listed === null) return { status: 200, body: emptyPage };
      const rows = await list(
        tx,
        { personId: listed.personId ?? null, status: status ?? null },
        { after: idAfter(cursor), limit: limit + 1 },
      );
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
