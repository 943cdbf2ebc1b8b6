/** Owns PATCH /tax-registrations/:taxRegistrationId. */
import { found, invalidField } from '../../../domain/refusal.ts';
import { taxRegistrations } from '../../../store/tax-registrations.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { taxRegistration, taxRegistrationChange, taxRegistrationSubject } from './tax-registration.ts';

export const updateTaxRegistration = defineRoute({
  name: 'update-tax-registration',
  method: 'patch',
  path: '/tax-registrations/:taxRegistrationId',
  summary: "End a seller's tax registration, or move its end",
  permission: 'sellers.update',
  body: taxRegistrationChange,
  example: { validTo: '2027-01-01' },
  responses: { 200: taxRegistration },
  errors: ['tax_registration.ends_before_it_begins'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await taxRegistrations.lock(tx, params.taxRegistrationId), 'tax_registration');
      requireCurrent(before);
      if (body.validTo !== null && body.validTo <= before.validFrom)
        throw invalidField(
          '/validTo',
          'tax_registration.ends_before_it_begins',
          `It begins on ${before.validFrom}: its end is after that.`,
        );
      const after = found(await taxRegistrations.update(tx, before.id, body), 'tax_registration');
      await recordUpdated(tx, actor, taxRegistrationSubject, before, after);
      return { status: 200, body: after };
    }),
});
