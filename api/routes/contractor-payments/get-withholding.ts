/** Owns GET /contractors/:personId/withholding. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { sumWithholding } from '../../../store/contractor-payments.ts';
import { people } from '../../../store/people.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, storedDecimal } from '../../kit/schemas.ts';

export const getWithholding = defineRoute({
  name: 'get-withholding',
  method: 'get',
  path: '/contractors/:personId/withholding',
  summary: 'What was withheld from a contractor in a tax year, by scheme',
  permission: 'contractor_payments.read',
  own: true,
  query: z.object({ year: z.coerce.number().int().min(1900).max(2199) }),
  exampleQuery: { year: '2026' },
  responses: {
    200: z.object({
      personId: id,
      year: z.int(),
      totals: z.array(
        z.object({
          scheme: z.string(),
          currency: z.string(),
          base: storedDecimal,
          amount: storedDecimal.meta({ description: 'Reversals are taken off.' }),
        }),
      ),
    }),
  },
  handler: ({ params: { personId }, query: { year }, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'contractor_payments.read');
      found(own === null || own === personId ? await people.find(tx, personId) : null, 'person');
      return {
        status: 200,
        body: { personId, year, totals: await sumWithholding(tx, personId, year) },
      };
    }),
});
