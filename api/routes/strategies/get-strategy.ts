/** Owns GET /strategies/:strategyId. */
import { found } from '../../../domain/refusal.ts';
import { strategies } from '../../../store/strategies.ts';
import { defineRoute } from '../../kit/route.ts';
import { strategy } from './strategy.ts';

export const getStrategy = defineRoute({
  name: 'get-strategy',
  method: 'get',
  path: '/strategies/:strategyId',
  summary: 'Read a pricing strategy',
  permission: 'strategies.read',
  responses: { 200: strategy },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await strategies.find(tx, params.strategyId), 'strategy'),
    })),
});
