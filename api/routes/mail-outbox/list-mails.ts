/** Owns GET /mail-outbox. */
import { z } from 'zod';
import { listMails as readMails } from '../../../store/mails.ts';
import { idAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { mail, mailStatus, toMail } from './mail.ts';

export const listMails = defineRoute({
  name: 'list-mails',
  method: 'get',
  path: '/mail-outbox',
  summary: 'List mails of the workspace, newest first',
  permission: 'workspace.update',
  query: z.object({ ...pageQuery, status: mailStatus.optional() }),
  responses: { 200: pageOf(mail) },
  handler: ({ query: { limit, cursor, status }, transact }) =>
    transact(async (tx) => {
      const before = idAfter(cursor);
      const rows = await readMails(tx, { status: status ?? null, before, limit: limit + 1 });
      return { status: 200, body: toPage(rows, limit, (row) => [row.id], toMail) };
    }),
});
