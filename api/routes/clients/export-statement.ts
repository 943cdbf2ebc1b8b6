/** Owns GET /clients/:clientId/statement/export. */
import { toCsvRow } from '../../../domain/csv-row.ts';
import type { Statement } from '../../../store/reports/statement.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { csvHeaders } from './client-csv.ts';
import { askedStatement, statementQuery } from './statement.ts';

export const exportStatement = defineRoute({
  name: 'export-statement',
  method: 'get',
  path: '/clients/:clientId/statement/export',
  summary: "Export a client's statement of account as CSV",
  permission: 'invoices.read',
  own: true,
  query: statementQuery,
  responses: {
    200: streamOf('text/csv', 'One movement a line, between the opening and the closing balance.'),
  },
  errors: ['report.period_empty'],
  handler: ({ params, query, actor, transact }) =>
    transact(async (tx) => {
      const read = await askedStatement(tx, params.clientId, query, actor);
      return { status: 200, headers: csvHeaders('statement'), stream: lines(read) };
    }),
});

async function* lines({ clientName, startsOn, asOf, accounts }: Statement): AsyncGenerator<string> {
  yield toCsvRow([
    'client',
    'seller',
    'currency',
    'day',
    'kind',
    'number',
    'reference',
    'dueDate',
    'amount',
    'balance',
  ]);
  for (const { sellerName, currency, opening, rows, closing } of accounts) {
    const facts = [clientName, sellerName, currency];
    yield toCsvRow([...facts, startsOn, 'opening', null, null, null, null, { decimal: opening }]);
    for (const row of rows)
      yield toCsvRow([
        ...facts,
        row.day,
        row.kind,
        row.number,
        row.reference,
        row.dueDate,
        { decimal: row.amount },
        { decimal: row.balance },
      ]);
    yield toCsvRow([...facts, asOf, 'closing', null, null, null, null, { decimal: closing }]);
  }
}
