/** Owns GET /clients/:clientId/statement/html. */
import { defineRoute, streamOf } from '../../kit/route.ts';
import { sendPage } from '../../kit/send-document.ts';
import { printedStatement, printedStatementQuery } from './statement.ts';

export const getStatementPage = defineRoute({
  name: 'get-statement-page',
  method: 'get',
  path: '/clients/:clientId/statement/html',
  summary: "Read a client's statement of account as a page, for the screen and the printer",
  permission: 'invoices.read',
  own: true,
  query: printedStatementQuery,
  responses: { 200: streamOf('text/html', 'The page; nothing in it is fetched or run.') },
  errors: ['report.period_empty', 'document.too_long'],
  handler: async ({ params, query, actor, deps }) =>
    sendPage(deps.statements.page(await printedStatement(deps.database, params.clientId, query, actor))),
});
