/** Owns GET /clients/export. */
import { type Client, clients } from '../../../store/clients.ts';
import type { Database } from '../../../store/database.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { clientColumns, csvHeaders, csvLines, toCells } from './client-csv.ts';

export const exportClients = defineRoute({
  name: 'export-clients',
  method: 'get',
  path: '/clients/export',
  summary: 'Export all clients as CSV',
  description:
    'The same columns that POST /clients/import takes. Cells that a spreadsheet would run begin with an apostrophe.',
  permission: 'clients.read',
  responses: { 200: streamOf('text/csv', 'One client a line.') },
  handler: ({ deps, workspaceId }) =>
    Promise.resolve({
      status: 200 as const,
      headers: csvHeaders('clients'),
      stream: csvLines(Object.keys(clientColumns), pages(deps.database, workspaceId), (row) =>
        toCells(row, clientColumns),
      ),
    }),
});

const pageRows = 500;
/** Each page in a transaction of its own: a slow reader holds none. */
async function* pages(database: Database, workspaceId: string): AsyncGenerator<Client[]> {
  for (let after: string | null = null; ; ) {
    const at: string | null = after;
    const rows: Client[] = await database.inWorkspace(workspaceId, (tx) =>
      clients.list(tx, { limit: pageRows - 1, after: at }),
    );
    yield rows;
    if (rows.length < pageRows) return;
    after = rows.at(-1)!.id;
  }
}
