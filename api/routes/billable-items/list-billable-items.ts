/** Owns GET /billable-items. */
import { z } from 'zod';
import { listBillableItems as readItems } from '../../../store/billable-items.ts';
import { encodeCursor, idAfter } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { billableItem, itemStatus } from './billable-item.ts';

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

export const listBillableItems = defineRoute({
  name: 'list-billable-items',
  method: 'get',
  path: '/billable-items',
  summary: 'List billable items, newest first',
  description: 'A page may be short, even empty: go on while there is a nextCursor.',
  permission: 'items.read',
  query: z.object({
    ...pageQuery,
    status: itemStatus.optional(),
    flagged: flag.optional().meta({ description: 'Without a price.' }),
    contractId: id.optional(),
    clientId: id.optional(),
    projectId: id.optional(),
    taskId: id.optional(),
    runId: id.optional().meta({ description: 'Of one compilation.' }),
  }),
  responses: { 200: pageOf(billableItem) },
  handler: ({ query: { limit, cursor, ...filter }, transact }) =>
    transact(async (tx) => {
      const { items, next } = await readItems(tx, filter, { after: idAfter(cursor), limit });
      return { status: 200, body: { items, nextCursor: next && encodeCursor([next]) } };
    }),
});
