/** Owns POST /billing-runs/:runId/undo-compilation. */
import { found } from '../../../domain/refusal.ts';
import { requestUndo } from '../../../store/undo-run.ts';
import { defineRoute } from '../../kit/route.ts';
import { operation } from '../operations/operation.ts';

export const undoCompilation = defineRoute({
  name: 'undo-compilation',
  method: 'post',
  path: '/billing-runs/:runId/undo-compilation',
  summary: 'Give back to their entries the items that a run compiled',
  description:
    'While nothing of them is on a document. Items that are held back stay, and those that an entry’s later version differs from.',
  permission: 'runs.cancel',
  responses: { 202: operation },
  errors: ['compilation.running', 'compilation.undone', 'compilation.empty', 'compilation.allocated'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const started = found(await requestUndo(tx, params.runId, actor.id), 'billing_run');
      return { status: 202, body: started, headers: { Location: `/api/v1/operations/${started.id}` } };
    }),
});
