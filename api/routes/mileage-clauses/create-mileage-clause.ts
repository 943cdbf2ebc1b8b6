/** Owns POST /mileage-clauses. */
import { insertMileageClause } from '../../../store/mileage-clauses.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { mileageClause, mileageClauseSubject, newMileageClause } from './mileage-clause.ts';

export const createMileageClause = defineRoute({
  name: 'create-mileage-clause',
  method: 'post',
  path: '/mileage-clauses',
  summary: 'Say what transport costs a client from a day on',
  permission: 'rate_cards.create',
  body: newMileageClause,
  example: {
    scopeId: '{clientId}',
    kind: 'distance',
    rate: '0.65',
    currency: 'EUR',
    validFrom: '2026-07-01',
  },
  responses: { 201: mileageClause },
  errors: ['reference.unknown', 'mileage_clause.one_price', 'mileage_clause.currency'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertMileageClause(tx, body);
      await recordCreated(tx, actor, mileageClauseSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/mileage-clauses/${created.id}` } };
    }),
});
