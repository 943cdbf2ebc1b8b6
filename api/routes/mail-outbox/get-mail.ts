/** Owns GET /mail-outbox/:mailId. */
import { isSecretLetter } from '../../../domain/notification.ts';
import { found } from '../../../domain/refusal.ts';
import { readMail } from '../../../store/mails.ts';
import { getWorkspace } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { mailWithWords, toMail } from './mail.ts';

export const getMail = defineRoute({
  name: 'get-mail',
  method: 'get',
  path: '/mail-outbox/:mailId',
  summary: 'Read a mail as its reader sees it',
  description:
    'Show the HTML in a sandboxed frame. The link of an invitation is forgotten once a mail server took it; that to a new password is never shown.',
  permission: 'workspace.update',
  responses: { 200: mailWithWords },
  handler: ({ params, deps, transact }) =>
    transact(async (tx) => {
      const row = found(await readMail(tx, params.mailId), 'mail');
      const { name: workspaceName } = await getWorkspace(tx);
      const link = isSecretLetter(row.kind) ? null : row.link;
      const { html, text } = await deps.showMail({ ...row, link, workspaceName });
      return { status: 200, body: { ...toMail(row), html, text } };
    }),
});
