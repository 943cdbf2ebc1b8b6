/** Owns GET /projects/:projectId. */
import { found } from '../../../domain/refusal.ts';
import { projects } from '../../../store/projects.ts';
import { ownClient } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { project, projectFor } from './project.ts';

export const getProject = defineRoute({
  name: 'get-project',
  method: 'get',
  path: '/projects/:projectId',
  summary: 'Read a project',
  permission: 'projects.read',
  own: true,
  responses: { 200: project },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownClient(actor, 'projects.read');
      const row = await projects.find(tx, params.projectId);
      const visible = found(own === null || row?.clientId === own ? row : null, 'project');
      return { status: 200, body: projectFor(actor, visible) };
    }),
});
