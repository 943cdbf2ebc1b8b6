/** Owns DELETE /strategies/:strategyId. */
import { found } from '../../../domain/refusal.ts';
import { strategies } from '../../../store/strategies.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { strategySubject } from './strategy.ts';

export const deleteStrategy = defineRoute({
  name: 'delete-strategy',
  method: 'delete',
  path: '/strategies/:strategyId',
  summary: 'Delete a pricing strategy',
  permission: 'strategies.delete',
  responses: { 204: empty },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await strategies.lock(tx, params.strategyId), 'strategy');
      await strategies.remove(tx, before.id);
      await recordDeleted(tx, actor, strategySubject, before);
      return { status: 204 };
    }),
});
