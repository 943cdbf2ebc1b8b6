/** Owns POST /operations/:operationId/cancel. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { cancelRunOf } from '../../../store/compilations.ts';
import { readOperation, requestOperationCancel } from '../../../store/operations.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { operation } from './operation.ts';

export const cancelOperation = defineRoute({
  name: 'cancel-operation',
  method: 'post',
  path: '/operations/:operationId/cancel',
  summary: 'Ask an operation to stop',
  description: 'It stops at the edge of its next chunk; what it has taken in stays.',
  permission: 'operations.cancel',
  responses: { 202: operation },
  errors: ['operation.ended', 'operation.not_cancellable'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = found(await readOperation(tx, params.operationId), 'operation');
      if (!(await requestOperationCancel(tx, row.id)))
        throw new Refusal({
          code: 'operation.ended',
          message: `This operation has ended: it is ${row.status}.`,
          whatToDo: 'Nothing: read its result.',
        });
      await cancelRunOf(tx, row, actor.id);
      const subject = { type: 'operation', permission: 'operations.read' } as const;
      await record(tx, actor, subject, 'cancel_requested', row.id);
      return { status: 202, body: { ...row, cancelRequested: true } };
    }),
});
