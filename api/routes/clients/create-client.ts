/** Owns POST /clients. */
import { requireListed } from '../../../domain/client.ts';
import { insertClient } from '../../../store/clients.ts';
import { requireActiveProduct } from '../../../store/products.ts';
import { getWorkspace } from '../../../store/workspaces.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { clientSubject, newClient, readWhole, wholeClient } from './client.ts';

export const createClient = defineRoute({
  name: 'create-client',
  method: 'post',
  path: '/clients',
  summary: 'Create a client',
  description:
    'With its first step, or any more. The other steps are saved by PATCH, each with its own fields. Company name and e-mail address are required: what lacks the address is a draft, saved with the status pending and finished by PATCH with the address and the status active.',
  permission: 'clients.create',
  body: newClient,
  example: {
    name: 'North Sea Lines',
    email: 'accounts@nsl.example',
    code: 'NSL',
    currency: 'EUR',
    paymentTermsDays: 30,
  },
  responses: { 201: wholeClient },
  errors: ['clients.duplicate', 'client.not_listed', 'client.email_missing', 'product.unfit'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      requireListed((await getWorkspace(tx)).settings, body);
      await requireActiveProduct(tx, body.defaultProductId, '/defaultProductId');
      const created = await insertClient(tx, body);
      await recordCreated(tx, actor, clientSubject, created);
      return {
        status: 201,
        body: await readWhole(tx, created),
        headers: { Location: `/api/v1/clients/${created.id}` },
      };
    }),
});
