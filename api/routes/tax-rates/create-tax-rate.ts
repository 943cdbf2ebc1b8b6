/** Owns POST /tax-rates. */
import { insertTaxRate } from '../../../store/tax-rates.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newTaxRate, taxRate, taxRateSubject } from './tax-rate.ts';

export const createTaxRate = defineRoute({
  name: 'create-tax-rate',
  method: 'post',
  path: '/tax-rates',
  summary: 'Set a tax rate of a region',
  description:
    "Counts for the work of clients of the region, by its tax point: of its product, else of the contract's tax category. Drafts that are there keep theirs until they are recalculated.",
  permission: 'tax_rates.create',
  body: newTaxRate,
  example: { region: 'SE', category: 'standard', rate: '25', validFrom: '2026-01-01' },
  responses: { 201: taxRate },
  errors: ['tax_rate.overlaps'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertTaxRate(tx, body);
      await recordCreated(tx, actor, taxRateSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/tax-rates/${created.id}` } };
    }),
});
