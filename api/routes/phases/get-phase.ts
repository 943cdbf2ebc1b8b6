/** Owns GET /phases/:phaseId. */
import { found } from '../../../domain/refusal.ts';
import { phases } from '../../../store/phases.ts';
import { defineRoute } from '../../kit/route.ts';
import { phase } from './phase.ts';

export const getPhase = defineRoute({
  name: 'get-phase',
  method: 'get',
  path: '/phases/:phaseId',
  summary: 'Read a phase',
  permission: 'projects.read',
  responses: { 200: phase },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({ status: 200, body: found(await phases.find(tx, params.phaseId), 'phase') })),
});
