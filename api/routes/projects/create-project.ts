/** Owns POST /projects. */
import { insertProject } from '../../../store/projects.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newProject, ownProject, project, projectSubject } from './project.ts';

export const createProject = defineRoute({
  name: 'create-project',
  method: 'post',
  path: '/projects',
  summary: 'Create a project',
  permission: 'projects.create',
  body: newProject,
  example: { clientId: '{clientId}', contractId: '{contractId}', code: 'PC2', name: 'Propeller change' },
  responses: { 201: project },
  errors: ['project.contract_of_other_client', 'project.manager_unfit'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertProject(tx, body);
      await recordCreated(tx, actor, projectSubject, created);
      return {
        status: 201,
        body: ownProject(actor, created),
        headers: { Location: `/api/v1/projects/${created.id}` },
      };
    }),
});
