/** Owns GET /mail-outbox/:mailId. */
import { isLetter } from '../../../domain/notification.ts';
import { found } from '../../../domain/refusal.ts';
import { readMail } from '../../../store/mails.ts';
import { readPayButtons } from '../../../store/payment-links.ts';
import { getWorkspace } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { mailWithWords, toMail } from './mail.ts';

/** Stands where its reader finds the link. */
const hiddenLink = '/…';

export const getMail = defineRoute({
  name: 'get-mail',
  method: 'get',
  path: '/mail-outbox/:mailId',
  summary: 'Read a mail as its reader sees it',
  description:
    'Show the HTML in a sandboxed frame. Links that let their reader in, of invitations and new passwords, are left out; a button to pay is there while there is something to pay.',
  permission: 'workspace.update',
  responses: { 200: mailWithWords },
  handler: ({ params, deps, transact }) =>
    transact(async (tx) => {
      const row = found(await readMail(tx, params.mailId), 'mail');
      const { name: workspaceName } = await getWorkspace(tx);
      const link = isLetter(row.kind) ? hiddenLink : row.link;
      const pay = await readPayButtons(tx, row);
      const { html, text } = await deps.showMail({ ...row, link, pay, workspaceName });
      return { status: 200, body: { ...toMail(row), html, text } };
    }),
});
