/** Owns GET /mapping-rules/unmatched. */
import { z } from 'zod';
import { listUnmatchedNames } from '../../../store/unmatched-names.ts';
import { idAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, instant, pageOf, pageQuery } from '../../kit/schemas.ts';
import { targetKind } from './mapping-rule.ts';

const unmatchedName = z
  .object({
    exceptionId: id.meta({ description: 'The exception that holds its entries back.' }),
    kind: targetKind,
    sourceId: id,
    sourceName: z.string(),
    externalId: z.string().nullable(),
    code: z.string().nullable(),
    name: z.string().nullable(),
    ambiguous: z.boolean().meta({ description: 'Several of ours carry the name.' }),
    entries: z.int().meta({ description: 'Entries that wait for it.' }),
    createdAt: instant,
    suggestions: z
      .array(
        z.object({
          targetId: id,
          name: z.string(),
          code: z.string().nullable(),
          score: z.number().meta({ description: 'Likeness, up to 1.' }),
        }),
      )
      .meta({ description: 'What may be meant, the most alike first; applied only by you.' }),
  })
  .meta({ id: 'UnmatchedName' });

export const listUnmatched = defineRoute({
  name: 'list-unmatched',
  method: 'get',
  path: '/mapping-rules/unmatched',
  summary: 'List names that sources use and nobody knows, with suggestions',
  permission: 'mapping_rules.read',
  query: z.object({ ...pageQuery, kind: targetKind.optional(), sourceId: id.optional() }),
  responses: { 200: pageOf(unmatchedName) },
  handler: ({ query: { limit, cursor, ...filter }, transact }) =>
    transact(async (tx) => {
      const rows = await listUnmatchedNames(tx, filter, { before: idAfter(cursor), limit });
      const page = toPage(
        rows,
        limit,
        ({ exceptionId }) => [exceptionId],
        (row) => row,
      );
      return { status: 200, body: page };
    }),
});
