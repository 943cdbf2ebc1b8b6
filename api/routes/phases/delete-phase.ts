/** Owns DELETE /phases/:phaseId. */
import { found } from '../../../domain/refusal.ts';
import { phases } from '../../../store/phases.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { phaseSubject } from './phase.ts';

export const deletePhase = defineRoute({
  name: 'delete-phase',
  method: 'delete',
  path: '/phases/:phaseId',
  summary: 'Remove a phase that no task or milestone is in',
  permission: 'projects.update',
  responses: { 204: empty },
  errors: ['tasks.in_use', 'milestones.in_use'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = found(await phases.lock(tx, params.phaseId), 'phase');
      await phases.remove(tx, row.id);
      await recordDeleted(tx, actor, phaseSubject, row);
      return { status: 204 };
    }),
});
