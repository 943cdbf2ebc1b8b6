/** Owns PATCH /mileage-clauses/:mileageClauseId. */
import { found } from '../../../domain/refusal.ts';
import { mileageClauses, requireOnePrice } from '../../../store/mileage-clauses.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { mileageClause, mileageClauseChange, mileageClauseSubject } from './mileage-clause.ts';

export const updateMileageClause = defineRoute({
  name: 'update-mileage-clause',
  method: 'patch',
  path: '/mileage-clauses/:mileageClauseId',
  summary: 'Change a mileage clause of a client',
  permission: 'rate_cards.update',
  body: mileageClauseChange,
  example: { validTo: '2027-01-01' },
  responses: { 200: mileageClause },
  errors: ['mileage_clause.one_price', 'mileage_clause.currency'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await mileageClauses.lock(tx, params.mileageClauseId), 'mileage_clause');
      requireCurrent(before);
      // Before it is written: the table holds it too, but says it less clearly.
      const { rate = before.rate, currency = before.currency, percentage = before.percentage } = body;
      requireOnePrice({ rate, currency, percentage });
      const after = found(await mileageClauses.update(tx, before.id, body), 'mileage_clause');
      await recordUpdated(tx, actor, mileageClauseSubject, before, after);
      return { status: 200, body: after };
    }),
});
