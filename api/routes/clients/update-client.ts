/** Owns PATCH /clients/:clientId. */
import { requireListed } from '../../../domain/client.ts';
import { changeClient, lockClient } from '../../../store/clients.ts';
import { requireActiveProduct } from '../../../store/products.ts';
import { getWorkspace } from '../../../store/workspaces.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { clientChange, clientSubject, readWhole, wholeClient } from './client.ts';

export const updateClient = defineRoute({
  name: 'update-client',
  method: 'patch',
  path: '/clients/:clientId',
  summary: 'Change a client: any of its steps, by the fields of that step',
  permission: 'clients.update',
  body: clientChange,
  example: { paymentTermsDays: 45 },
  responses: { 200: wholeClient },
  errors: [
    'clients.duplicate',
    'client.code_fixed',
    'client.wrong_status',
    'client.email_missing',
    'client.not_listed',
    'product.unfit',
  ],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = await lockClient(tx, params.clientId, body.code === undefined ? 'no_key' : 'key');
      requireCurrent(await readWhole(tx, before));
      requireListed((await getWorkspace(tx)).settings, body, before);
      await requireActiveProduct(tx, body.defaultProductId, '/defaultProductId', before.defaultProductId);
      const after = await changeClient(tx, before, body);
      await recordUpdated(tx, actor, clientSubject, before, after);
      return { status: 200, body: await readWhole(tx, after) };
    }),
});
