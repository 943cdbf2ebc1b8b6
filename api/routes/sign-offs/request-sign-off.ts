/** Owns POST /invoices/:invoiceId/request-sign-off. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { askSignOffs, readSignOffTerms } from '../../../store/sign-offs.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { showSignOff, signOff } from './sign-off.ts';

export const requestSignOff = defineRoute({
  name: 'request-sign-off',
  method: 'post',
  path: '/invoices/:invoiceId/request-sign-off',
  summary: 'Ask the client to sign a draft off',
  description: 'Over the whole draft as it is: any change to it asks again.',
  permission: 'invoices.update',
  responses: { 200: signOff },
  errors: ['invoice.not_a_draft'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const draft = found(await readSignOffTerms(tx, params.invoiceId), 'invoice');
      if (!['draft', 'ready', 'held'].includes(draft.status)) {
        const { number, status } = found(await readInvoice(tx, draft.id), 'invoice');
        throw new Refusal({
          code: 'invoice.not_a_draft',
          message: number ? `It is issued as ${number}.` : `It is ${status.replaceAll('_', ' ')}.`,
          whatToDo: status === 'in_sign_off' ? 'Wait for the answer.' : 'Nothing: read it again.',
        });
      }
      await askSignOffs(tx, [draft], actor.id, await workspaceNow(tx));
      return { status: 200, body: await showSignOff(tx, draft.id) };
    }),
});
