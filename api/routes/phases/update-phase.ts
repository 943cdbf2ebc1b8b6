/** Owns PATCH /phases/:phaseId. */
import { found } from '../../../domain/refusal.ts';
import { phases } from '../../../store/phases.ts';
import { pullPhase } from '../../../store/project-triggers.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { phase, phaseChange, phaseSubject } from './phase.ts';

export const updatePhase = defineRoute({
  name: 'update-phase',
  method: 'patch',
  path: '/phases/:phaseId',
  summary: 'Change a phase, complete it, close it, or open it again',
  description:
    'Where the contract says so (`triggers.projectReady`), what is left of a completed phase is billed, and what was held back of complete work is due. A closed one takes no work any more.',
  permission: 'projects.update',
  body: phaseChange,
  example: { status: 'closed' },
  responses: { 200: phase },
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await phases.lock(tx, params.phaseId), 'phase');
      requireCurrent(before);
      const after = found(await phases.update(tx, before.id, body), 'phase');
      await recordUpdated(tx, actor, phaseSubject, before, after);
      await pullPhase(tx, before, after, actor.id);
      return { status: 200, body: after };
    }),
});
