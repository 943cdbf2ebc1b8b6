/** Owns GET /clients/rates/export. */
import { listClientRates } from '../../../store/client-rates.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { csvHeaders, csvLines, rateColumns, toCells } from './client-csv.ts';

export const exportClientRates = defineRoute({
  name: 'export-client-rates',
  method: 'get',
  path: '/clients/rates/export',
  summary: 'Export the rates of all clients as CSV',
  description: 'The same columns that POST /clients/rates/import takes.',
  permission: 'rate_cards.read',
  responses: { 200: streamOf('text/csv', 'One rate-card line a line.') },
  handler: ({ deps, workspaceId }) =>
    Promise.resolve({
      status: 200 as const,
      headers: csvHeaders('client-rates'),
      stream: csvLines(Object.keys(rateColumns), listClientRates(deps.database, workspaceId), (row) =>
        toCells(row, rateColumns),
      ),
    }),
});
