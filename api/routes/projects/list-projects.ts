/** Owns GET /projects. */
import { z } from 'zod';
import { projects } from '../../../store/projects.ts';
import { ownClient } from '../../kit/auth.ts';
import { emptyPage, idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery, shortText } from '../../kit/schemas.ts';
import { project, projectFor, status } from './project.ts';

export const listProjects = defineRoute({
  name: 'list-projects',
  method: 'get',
  path: '/projects',
  summary: 'List projects',
  permission: 'projects.read',
  own: true,
  query: z.object({
    ...pageQuery,
    clientId: id.optional(),
    contractId: id.optional(),
    status: status.optional(),
    managerId: id.optional(),
    teamId: id.optional(),
    costCentre: shortText.optional(),
  }),
  responses: { 200: pageOf(project) },
  handler: ({ query: { limit, cursor, clientId, ...where }, actor, transact }) =>
    transact(async (tx) => {
      const own = ownClient(actor, 'projects.read');
      if (own !== null && clientId !== undefined && clientId !== own) return { status: 200, body: emptyPage };
      const rows = await projects.list(tx, {
        limit,
        after: idAfter(cursor),
        where: { ...where, clientId: own ?? clientId },
      });
      return {
        status: 200,
        body: toIdPage(
          rows.map((row) => projectFor(actor, row)),
          limit,
        ),
      };
    }),
});
