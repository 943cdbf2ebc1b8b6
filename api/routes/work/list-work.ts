/** Owns GET /work: the approved work that a client may see. */
import { z } from 'zod';
import { entryKinds } from '../../../domain/work-entry.ts';
import { listApprovedWork } from '../../../store/approved-work.ts';
import { ownClient } from '../../kit/auth.ts';
import { encodeCursor, idAfter } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { day, id, pageOf, pageQuery, storedDay } from '../../kit/schemas.ts';

const work = z
  .object({
    id,
    workDate: storedDay,
    kind: z.enum(entryKinds),
    quantity: z.int().meta({ description: 'Signed whole units by kind: seconds, metres, cents, counts.' }),
    billable: z.boolean(),
    position: z.string().nullable(),
    personName: z.string().nullable(),
    clientId: id,
    projectId: id,
    projectName: z.string(),
    taskName: z.string().nullable(),
  })
  .meta({ id: 'ApprovedWork' });

export const listWork = defineRoute({
  name: 'list-work',
  method: 'get',
  path: '/work',
  summary: 'List approved work, newest first, as clients see it',
  description:
    'Without cost, price or notes. A page may be short, even empty: go on while there is a nextCursor.',
  permission: 'work.read',
  own: true,
  query: z.object({
    ...pageQuery,
    projectId: id.optional(),
    from: day.optional().meta({ description: 'First work date.' }),
    before: day.optional().meta({ description: 'First work date that is no longer wanted.' }),
  }),
  responses: { 200: pageOf(work) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const clientId = ownClient(actor, 'work.read');
      const { work, next } = await listApprovedWork(
        tx,
        { ...filter, clientId },
        { after: idAfter(cursor), limit },
      );
      return { status: 200, body: { items: work, nextCursor: next && encodeCursor([next]) } };
    }),
});
