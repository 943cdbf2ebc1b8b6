/** Owns POST /sellers/:sellerId/tax-registrations. */
import { found } from '../../../domain/refusal.ts';
import { sellers } from '../../../store/sellers.ts';
import { taxRegistrations } from '../../../store/tax-registrations.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newTaxRegistration, taxRegistration, taxRegistrationSubject } from './tax-registration.ts';

export const createTaxRegistration = defineRoute({
  name: 'create-tax-registration',
  method: 'post',
  path: '/sellers/:sellerId/tax-registrations',
  summary: 'Register a seller for tax in a country',
  permission: 'sellers.update',
  body: newTaxRegistration,
  example: { country: 'NO', number: 'NO 987654321 MVA' },
  responses: { 201: taxRegistration },
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const seller = found(await sellers.find(tx, params.sellerId), 'seller');
      const created = await taxRegistrations.insert(tx, { ...body, sellerId: seller.id });
      await recordCreated(tx, actor, taxRegistrationSubject, created);
      return { status: 201, body: created };
    }),
});
