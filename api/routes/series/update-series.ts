/** Owns PATCH /series/:seriesId. */
import { numberLimitsOf } from '../../../domain/numbering.ts';
import { found } from '../../../domain/refusal.ts';
import { sellers } from '../../../store/sellers.ts';
import { closeNumberFindings, series } from '../../../store/series.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  numberRefusals,
  numberSeries,
  requireFittingPattern,
  requireOwnNumbers,
  seriesChange,
  seriesSubject,
} from './series.ts';

export const updateSeries = defineRoute({
  name: 'update-series',
  method: 'patch',
  path: '/series/:seriesId',
  summary: 'Change a number series',
  permission: 'series.update',
  body: seriesChange,
  example: { pattern: '{CLIENT}-{YYYY}-{NNNNN}' },
  responses: { 200: numberSeries },
  errors: ['series.pattern_unfit', ...numberRefusals],
  handler: ({ params, body, actor, deps, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await series.lock(tx, params.seriesId), 'series');
      requireCurrent(before);
      await sellers.lock(tx, before.sellerId);
      const after = found(await series.update(tx, before.id, body), 'series');
      requireFittingPattern(after);
      if (after.pattern !== before.pattern || after.prefix !== before.prefix) {
        await requireOwnNumbers(tx, after, numberLimitsOf(deps.connectors.values()));
        await closeNumberFindings(tx, [after.id], 'its pattern was changed');
      }
      await recordUpdated(tx, actor, seriesSubject, before, after);
      return { status: 200, body: after };
    }),
});
