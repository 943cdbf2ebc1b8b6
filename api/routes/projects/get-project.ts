/** Owns GET /projects/:projectId. */
import { found } from '../../../domain/refusal.ts';
import { projects } from '../../../store/projects.ts';
import { defineRoute } from '../../kit/route.ts';
import { project } from './project.ts';

export const getProject = defineRoute({
  name: 'get-project',
  method: 'get',
  path: '/projects/:projectId',
  summary: 'Read a project',
  permission: 'projects.read',
  responses: { 200: project },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await projects.find(tx, params.projectId), 'project'),
    })),
});
