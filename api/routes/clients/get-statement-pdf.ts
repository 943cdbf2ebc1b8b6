/** Owns GET /clients/:clientId/statement/pdf. */
import { statementFileName } from '../../../domain/printed-statement.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { sendCopy } from '../../kit/send-document.ts';
import { printedStatement, printedStatementQuery } from './statement.ts';

export const getStatementPdf = defineRoute({
  name: 'get-statement-pdf',
  method: 'get',
  path: '/clients/:clientId/statement/pdf',
  summary: "Print a client's statement of account as PDF",
  description:
    'A sheet for each seller and currency: the movements with the running balance, and what is open by its age.',
  permission: 'invoices.read',
  own: true,
  query: printedStatementQuery,
  responses: { 200: streamOf('application/pdf', 'The statement, printed now.') },
  errors: ['report.period_empty', 'document.too_long'],
  handler: async ({ params, query, actor, deps }) => {
    const printed = await printedStatement(deps.database, params.clientId, query, actor);
    return sendCopy(await deps.statements.pdf(printed), statementFileName(printed));
  },
});
