/** Owns POST /contracts/:contractId/amendments. */
import { found } from '../../../domain/refusal.ts';
import { amendContract as amend } from '../../../store/contract-versions.ts';
import { contracts } from '../../../store/contracts.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { amendment, contractSubject, newAmendment } from './contract.ts';

export const amendContract = defineRoute({
  name: 'amend-contract',
  method: 'post',
  path: '/contracts/:contractId/amendments',
  summary: 'Amend a contract from a day on',
  description:
    'Clauses that are not named stay as they are. What is billed stays as it was billed; work that no document holds yet is priced anew by the next run.',
  permission: 'contracts.update',
  body: newAmendment,
  example: {
    startsOn: '2026-07-01',
    clauses: { overtime: { dailyAfterSeconds: 27000, multiplier: '1.5' } },
    reason: 'Overtime agreed in June',
  },
  responses: { 201: amendment },
  errors: [
    'contract.amendments_overlap',
    'contract.amendment_outside_dates',
    'contract.amends_billed_work',
    'contract.amends_drafted_work',
    'contract.cap_below_billed',
    'contract.price_below_billed',
    'contract.price_below_milestones',
    'contract.too_many_amendments',
    'reference.unknown',
  ],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const contract = found(await contracts.lock(tx, params.contractId), 'contract');
      const made = await amend(tx, contract, {
        startsOn: body.startsOn,
        change: body.clauses,
        reason: body.reason,
        actor: actor.id,
      });
      const { version, startsOn, reason } = made;
      await record(tx, actor, contractSubject, 'amended', contract.id, {
        version,
        startsOn,
        reason,
        clauses: body.clauses,
      });
      return { status: 201, body: made };
    }),
});
