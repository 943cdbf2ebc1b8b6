/** Owns GET /mapping-rules. */
import { z } from 'zod';
import { mappingRules } from '../../../store/mapping-rules.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { mappingRule, targetKind } from './mapping-rule.ts';

export const listMappingRules = defineRoute({
  name: 'list-mapping-rules',
  method: 'get',
  path: '/mapping-rules',
  summary: 'List mapping rules',
  permission: 'mapping_rules.read',
  query: z.object({
    ...pageQuery,
    targetKind: targetKind.optional(),
    targetId: id.optional(),
    sourceId: id.optional(),
  }),
  responses: { 200: pageOf(mappingRule) },
  handler: ({ query: { limit, cursor, targetKind, targetId, sourceId }, transact }) =>
    transact(async (tx) => {
      const rows = await mappingRules.list(tx, {
        limit,
        after: idAfter(cursor),
        where: { targetKind, targetId, sourceId },
      });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
