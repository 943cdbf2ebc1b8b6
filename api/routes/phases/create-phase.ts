/** Owns POST /phases. */
import { phases } from '../../../store/phases.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newPhase, phase, phaseSubject } from './phase.ts';

export const createPhase = defineRoute({
  name: 'create-phase',
  method: 'post',
  path: '/phases',
  summary: 'Add a phase to a project',
  permission: 'projects.update',
  body: newPhase,
  example: { projectId: '{projectId}', name: 'Dry dock', startsOn: '2026-03-01', endsBefore: '2026-05-01' },
  responses: { 201: phase },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await phases.insert(tx, body);
      await recordCreated(tx, actor, phaseSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/phases/${created.id}` } };
    }),
});
