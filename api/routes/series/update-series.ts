/** Owns PATCH /series/:seriesId. */
import { found } from '../../../domain/refusal.ts';
import { series } from '../../../store/series.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { numberSeries, requireFittingPattern, seriesChange, seriesSubject } from './series.ts';

export const updateSeries = defineRoute({
  name: 'update-series',
  method: 'patch',
  path: '/series/:seriesId',
  summary: 'Change a number series',
  permission: 'series.update',
  body: seriesChange,
  example: { pattern: '{CLIENT}-{YYYY}-{NNNNN}' },
  responses: { 200: numberSeries },
  errors: ['series.pattern_unfit'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await series.lock(tx, params.seriesId), 'series');
      requireCurrent(before);
      const after = found(await series.update(tx, before.id, body), 'series');
      requireFittingPattern(after);
      await recordUpdated(tx, actor, seriesSubject, before, after);
      return { status: 200, body: after };
    }),
});
