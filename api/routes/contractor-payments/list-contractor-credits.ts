/** Owns GET /contractor-credits. */
import { z } from 'zod';
import { listContractorCredits as list } from '../../../store/contractor-credits.ts';
import { listedPerson } from '../../kit/auth.ts';
import { emptyPage, idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, instant, pageOf, pageQuery, storedDay, storedDecimal } from '../../kit/schemas.ts';

const contractorCredit = z
  .object({
    id,
    personId: id,
    ticketId: id,
    ticketNumber: z.string(),
    correctsTicketId: id,
    correctsTicketNumber: z.string(),
    currency: z.string(),
    amount: storedDecimal,
    netted: storedDecimal.meta({ description: 'Of it taken from payments.' }),
    postingDate: storedDay,
    createdAt: instant,
  })
  .meta({ id: 'ContractorCredit' });

export const listContractorCredits = defineRoute({
  name: 'list-contractor-credits',
  method: 'get',
  path: '/contractor-credits',
  summary: 'List what contractors owe back from corrected tickets, newest first',
  description: 'Made when a ticket that corrects a paid one downwards is approved; the next payment nets it.',
  permission: 'contractor_payments.read',
  own: true,
  query: z.object({ ...pageQuery, personId: id.optional(), open: z.stringbool().optional() }),
  responses: { 200: pageOf(contractorCredit) },
  handler: ({ query: { limit, cursor, personId, open = false }, actor, transact }) =>
    transact(async (tx) => {
      const listed = listedPerson(actor, 'contractor_payments.read', personId);
      if (listed === null) return { status: 200, body: emptyPage };
      const rows = await list(
        tx,
        { personId: listed.personId ?? null, open },
        { after: idAfter(cursor), limit: limit + 1 },
      );
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
