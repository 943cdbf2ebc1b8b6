/** Owns PATCH /periods/:periodId. */
import { found } from '../../../domain/refusal.ts';
import { lockPeriod, movePeriod } from '../../../store/periods.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { period, periodChange, periodSubject } from './period.ts';

export const updatePeriod = defineRoute({
  name: 'update-period',
  method: 'patch',
  path: '/periods/:periodId',
  summary: 'Close a period, softly or for good',
  description:
    'open → soft_closed (an override still posts, until its grace ends) → closed, which is for ever. A soft-closed one may be opened again.',
  permission: 'periods.update',
  body: periodChange,
  example: { status: 'soft_closed', graceEndsBefore: '2026-02-11' },
  responses: { 200: period },
  errors: ['period.closed', 'period.no_grace'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await lockPeriod(tx, params.periodId), 'period');
      requireCurrent(before);
      const after = await movePeriod(tx, before, body);
      await recordUpdated(tx, actor, periodSubject, before, after);
      return { status: 200, body: after };
    }),
});
