/** Owns POST /periods/:periodId/overrides. */
import { found, invalidField } from '../../../domain/refusal.ts';
import { lockPeriod, overridePeriod as override } from '../../../store/periods.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newOverride, periodOverride, periodSubject } from './period.ts';

export const overridePeriod = defineRoute({
  name: 'override-period',
  method: 'post',
  path: '/periods/:periodId/overrides',
  summary: 'Let a member post into a soft-closed period, with the reason',
  permission: 'periods.override',
  body: newOverride,
  example: { reason: 'A late supplier invoice, agreed with the auditor' },
  responses: { 201: periodOverride },
  errors: ['period.not_soft_closed', 'period.override_names_nobody'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const period = found(await lockPeriod(tx, params.periodId), 'period');
      const memberId = body.memberId ?? actor.memberId;
      if (memberId === null)
        throw invalidField('/memberId', 'period.override_names_nobody', 'An override names a person.');
      const made = await override(tx, period, { memberId, reason: body.reason });
      await record(tx, actor, periodSubject, 'overridden', period.id, { memberId, reason: body.reason });
      return { status: 201, body: made };
    }),
});
