/** Owns GET /compliance. */
import { z } from 'zod';
import { listCompliance as readAll } from '../../../store/documents.ts';
import { idAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { personCompliance, shownCompliance } from './compliance.ts';

export const listCompliance = defineRoute({
  name: 'list-compliance',
  method: 'get',
  path: '/compliance',
  summary: 'List who has what of what is required of them',
  permission: 'documents.read',
  query: z.object({
    ...pageQuery,
    lacking: z.stringbool().default(false).meta({ description: 'Only those who lack something.' }),
    kind: z.enum(['contractor', 'employee']).optional(),
  }),
  responses: { 200: pageOf(personCompliance) },
  handler: ({ query: { limit, cursor, lacking, kind }, transact }) =>
    transact(async (tx) => {
      const rows = await readAll(tx, { lacking, kind }, { after: idAfter(cursor), limit });
      return { status: 200, body: toPage(rows, limit, (row) => [row.personId], shownCompliance) };
    }),
});
