/** Owns POST /compilations. */
import { requestCompilation } from '../../../store/compilations.ts';
import { requireReference } from '../../../store/references.ts';
import { defineRoute } from '../../kit/route.ts';
import { operation } from '../operations/operation.ts';
import { newCompilation } from './compilation.ts';

export const createCompilation = defineRoute({
  name: 'create-compilation',
  method: 'post',
  path: '/compilations',
  summary: 'Compile work into pending billable items',
  description:
    'Takes what is unbilled, stopped, approved as the contract asks, and not on a task that is not billable. Answers an operation: subjectId is the run; asked for again while it is under way, it is the same one.',
  permission: 'runs.create',
  idempotency: 'required',
  body: newCompilation,
  example: { scope: { type: 'project', id: '{projectId}' }, cutoffOn: '2026-02-01' },
  responses: { 202: operation },
  errors: ['reference.unknown'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      await requireReference(tx, body.scope.type, body.scope.id, '/scope/id');
      const started = await requestCompilation(tx, {
        scope: body.scope,
        cutoffOn: body.cutoffOn,
        taskIds: body.taskIds ?? null,
        reason: body.reason ?? null,
        actor: actor.id,
      });
      return { status: 202, body: started, headers: { Location: `/api/v1/operations/${started.id}` } };
    }),
});
