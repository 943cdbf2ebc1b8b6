/** Owns POST /strategies. */
import { insertStrategy } from '../../../store/strategies.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newStrategy, strategy, strategySubject } from './strategy.ts';

export const createStrategy = defineRoute({
  name: 'create-strategy',
  method: 'post',
  path: '/strategies',
  summary: 'Create a pricing strategy',
  permission: 'strategies.create',
  body: newStrategy,
  example: { scopeType: 'contract', scopeId: '{contractId}', category: 'expenses', method: 'markup' },
  responses: { 201: strategy },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertStrategy(tx, body);
      await recordCreated(tx, actor, strategySubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/strategies/${created.id}` } };
    }),
});
