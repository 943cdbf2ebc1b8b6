/** Owns GET /mileage-clauses/:mileageClauseId. */
import { found } from '../../../domain/refusal.ts';
import { mileageClauses } from '../../../store/mileage-clauses.ts';
import { defineRoute } from '../../kit/route.ts';
import { mileageClause } from './mileage-clause.ts';

export const getMileageClause = defineRoute({
  name: 'get-mileage-clause',
  method: 'get',
  path: '/mileage-clauses/:mileageClauseId',
  summary: 'Read a mileage clause of a client',
  permission: 'rate_cards.read',
  responses: { 200: mileageClause },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await mileageClauses.find(tx, params.mileageClauseId), 'mileage_clause'),
    })),
});
