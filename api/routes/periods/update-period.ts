/** Owns PATCH /periods/:periodId. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { listBlockers } from '../../../store/period-blockers.ts';
import { lockPeriod, movePeriod } from '../../../store/periods.ts';
import { record, recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { period, periodChange, periodSubject } from './period.ts';

export const updatePeriod = defineRoute({
  name: 'update-period',
  method: 'patch',
  path: '/periods/:periodId',
  summary: 'Close a period, softly or for good',
  description:
    'open → soft_closed (an override still posts, until its grace ends) → closed, which is for ever. A soft-closed one may be opened again. What is unfinished in it is listed, and blocks its closing until somebody says why it may be closed.',
  permission: 'periods.update',
  body: periodChange,
  example: { status: 'soft_closed', graceEndsBefore: '2026-02-11' },
  responses: { 200: period },
  errors: ['period.closed', 'period.no_grace', 'period.unfinished'],
  handler: ({ params, body: { despite, ...change }, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await lockPeriod(tx, params.periodId), 'period');
      requireCurrent(before);
      const after = await movePeriod(tx, before, change);
      const isClosing = after.status === 'closed' && before.status !== 'closed';
      const blockers = isClosing ? await listBlockers(tx, before) : [];
      if (blockers.length > 0 && despite === undefined)
        throw new Refusal({
          code: 'period.unfinished',
          message: blockers.map((blocker) => blocker.message).join(' '),
          whatToDo: 'Finish what is listed, or say in `despite` why the period is closed all the same.',
          details: { blockers },
        });
      await recordUpdated(tx, actor, periodSubject, before, after);
      if (blockers.length > 0)
        await record(tx, actor, periodSubject, 'closed_unfinished', after.id, {
          reason: despite!,
          blockers: blockers.map(({ code, count }) => ({ code, count })),
        });
      return { status: 200, body: after };
    }),
});
