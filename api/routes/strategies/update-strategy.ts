/** Owns PATCH /strategies/:strategyId. */
import { found } from '../../../domain/refusal.ts';
import { strategies } from '../../../store/strategies.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { strategy, strategyChange, strategySubject } from './strategy.ts';

export const updateStrategy = defineRoute({
  name: 'update-strategy',
  method: 'patch',
  path: '/strategies/:strategyId',
  summary: 'Change a pricing strategy',
  permission: 'strategies.update',
  body: strategyChange,
  example: { method: 'entry_or_task_price' },
  responses: { 200: strategy },
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await strategies.lock(tx, params.strategyId), 'strategy');
      requireCurrent(before);
      const after = found(await strategies.update(tx, before.id, body), 'strategy');
      await recordUpdated(tx, actor, strategySubject, before, after);
      return { status: 200, body: after };
    }),
});
