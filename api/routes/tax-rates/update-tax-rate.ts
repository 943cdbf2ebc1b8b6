/** Owns PATCH /tax-rates/:taxRateId. */
import { found, invalidField } from '../../../domain/refusal.ts';
import { changeTaxRate, taxRates } from '../../../store/tax-rates.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { taxRate, taxRateChange, taxRateSubject } from './tax-rate.ts';

export const updateTaxRate = defineRoute({
  name: 'update-tax-rate',
  method: 'patch',
  path: '/tax-rates/:taxRateId',
  summary: 'End a tax rate, or move its end',
  description: 'What it is stays; create the one that comes after it.',
  permission: 'tax_rates.update',
  body: taxRateChange,
  example: { validTo: '2027-01-01' },
  responses: { 200: taxRate },
  errors: ['tax_rate.overlaps', 'tax_rate.ends_before_it_begins'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await taxRates.lock(tx, params.taxRateId), 'tax_rate');
      requireCurrent(before);
      if (body.validTo !== null && body.validTo <= before.validFrom)
        throw invalidField(
          '/validTo',
          'tax_rate.ends_before_it_begins',
          `It begins on ${before.validFrom}: its end is after that.`,
        );
      const after = found(await changeTaxRate(tx, before.id, body), 'tax_rate');
      await recordUpdated(tx, actor, taxRateSubject, before, after);
      return { status: 200, body: after };
    }),
});
