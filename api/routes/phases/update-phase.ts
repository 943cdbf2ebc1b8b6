/** Owns PATCH /phases/:phaseId. */
import { found } from '../../../domain/refusal.ts';
import { phases } from '../../../store/phases.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { phase, phaseChange, phaseSubject } from './phase.ts';

export const updatePhase = defineRoute({
  name: 'update-phase',
  method: 'patch',
  path: '/phases/:phaseId',
  summary: 'Change a phase, close it, or open it again',
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
      return { status: 200, body: after };
    }),
});
