/** Owns POST /series. */
import { numberLimitsOf } from '../../../domain/numbering.ts';
import { sellers } from '../../../store/sellers.ts';
import { series } from '../../../store/series.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  newSeries,
  numberRefusals,
  numberSeries,
  requireFittingPattern,
  requireOwnNumbers,
  seriesSubject,
} from './series.ts';

export const createSeries = defineRoute({
  name: 'create-series',
  method: 'post',
  path: '/series',
  summary: 'Create a number series',
  permission: 'series.create',
  body: newSeries,
  example: { sellerId: '{sellerId}', documentType: 'credit_note', pattern: '{CLIENT}-C-{NNNN}' },
  responses: { 201: numberSeries },
  errors: ['series.pattern_unfit', ...numberRefusals],
  handler: ({ body, actor, deps, transact }) =>
    transact(async (tx) => {
      await sellers.lock(tx, body.sellerId);
      const created = await series.insert(tx, body);
      requireFittingPattern(created);
      await requireOwnNumbers(tx, created, numberLimitsOf(deps.connectors.values()));
      await recordCreated(tx, actor, seriesSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/series/${created.id}` } };
    }),
});
