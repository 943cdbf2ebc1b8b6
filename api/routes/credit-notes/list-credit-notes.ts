/** Owns GET /credit-notes. */
import { z } from 'zod';
import { creditNoteStatuses } from '../../../domain/credit-note.ts';
import { listCreditNotes as readCreditNotes } from '../../../store/credit-notes.ts';
import { ownClient } from '../../kit/auth.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { creditNote, show } from './credit-note.ts';

export const listCreditNotes = defineRoute({
  name: 'list-credit-notes',
  method: 'get',
  path: '/credit-notes',
  summary: 'List credit notes, newest first',
  permission: 'invoices.read',
  own: true,
  query: z.object({
    ...pageQuery,
    invoiceId: id.optional(),
    clientId: id.optional(),
    status: z.enum(creditNoteStatuses).optional(),
  }),
  responses: { 200: pageOf(creditNote) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const ownClientId = ownClient(actor, 'invoices.read');
      const isOthers = ownClientId !== null && (filter.clientId ?? ownClientId) !== ownClientId;
      const rows = isOthers
        ? []
        : await readCreditNotes(tx, {
            ...filter,
            ...(ownClientId === null ? {} : { clientId: ownClientId, status: 'issued' as const }),
            after: idAfter(cursor),
            limit: limit + 1,
          });
      return {
        status: 200,
        body: toIdPage(
          rows.map((row) => show(row, actor)),
          limit,
        ),
      };
    }),
});
