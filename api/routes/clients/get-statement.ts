/** Owns GET /clients/:clientId/statement. */
import { defineRoute } from '../../kit/route.ts';
import { askedStatement, statement, statementQuery } from './statement.ts';

export const getStatement = defineRoute({
  name: 'get-statement',
  method: 'get',
  path: '/clients/:clientId/statement',
  summary: "Read a client's statement of account",
  permission: 'invoices.read',
  own: true,
  query: statementQuery,
  responses: { 200: statement },
  errors: ['report.period_empty'],
  handler: ({ params, query, actor, transact }) =>
    transact(async (tx) => ({ status: 200, body: await askedStatement(tx, params.clientId, query, actor) })),
});
