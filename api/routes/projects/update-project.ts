/** Owns PATCH /projects/:projectId. */
import { found } from '../../../domain/refusal.ts';
import { pullProject } from '../../../store/project-triggers.ts';
import { changeProject, projects } from '../../../store/projects.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { ownProject, project, projectChange, projectSubject } from './project.ts';

export const updateProject = defineRoute({
  name: 'update-project',
  method: 'patch',
  path: '/projects/:projectId',
  summary: 'Change a project, or move it to its next status',
  description:
    'Where its contract says so (`triggers.projectReady`), a project that becomes ready for billing is billed; a completed one gets its final invoice, and what was held back of complete work is due.',
  permission: 'projects.update',
  body: projectChange,
  example: { costCentre: '4100' },
  responses: { 200: project },
  errors: [
    'project.contract_of_other_client',
    'project.manager_unfit',
    'project.wrong_status',
    'project.has_open_work',
    'milestone.beyond_price',
    'milestone.project_without_price',
  ],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await projects.lock(tx, params.projectId), 'project');
      requireCurrent(ownProject(actor, before));
      const after = await changeProject(tx, before, body);
      await recordUpdated(tx, actor, projectSubject, before, after);
      await pullProject(tx, before, after, actor.id);
      return { status: 200, body: ownProject(actor, after) };
    }),
});
