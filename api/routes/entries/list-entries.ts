/** Owns GET /entries. */
import { z } from 'zod';
import { listEntries as readEntries } from '../../../store/entries.ts';
import { listedPerson } from '../../kit/auth.ts';
import { emptyPage, encodeCursor, idAfter } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { day, id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { entry, entryStatus } from './entry.ts';

export const listEntries = defineRoute({
  name: 'list-entries',
  method: 'get',
  path: '/entries',
  summary: 'List work entries, newest first',
  description: 'A page may be short, even empty: go on while there is a nextCursor.',
  permission: 'entries.read',
  own: true,
  query: z.object({
    ...pageQuery,
    projectId: id.optional(),
    personId: id.optional(),
    from: day.optional().meta({ description: 'First work date.' }),
    before: day.optional().meta({ description: 'First work date that is no longer wanted.' }),
    status: entryStatus.optional(),
  }),
  responses: { 200: pageOf(entry) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const listed = listedPerson(actor, 'entries.read', filter.personId);
      if (listed === null) return { status: 200, body: emptyPage };
      const { entries, next } = await readEntries(
        tx,
        { ...filter, ...listed },
        { after: idAfter(cursor), limit },
      );
      return { status: 200, body: { items: entries, nextCursor: next && encodeCursor([next]) } };
    }),
});
