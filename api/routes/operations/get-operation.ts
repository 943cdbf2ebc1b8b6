/** Owns GET /operations/:operationId. */
import { found } from '../../../domain/refusal.ts';
import { readOperation } from '../../../store/operations.ts';
import { defineRoute } from '../../kit/route.ts';
import { operation } from './operation.ts';

export const getOperation = defineRoute({
  name: 'get-operation',
  method: 'get',
  path: '/operations/:operationId',
  summary: 'Read an operation: its progress, its result',
  permission: 'operations.read',
  responses: { 200: operation },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await readOperation(tx, params.operationId), 'operation'),
    })),
});
