/** Owns POST /opening-batches/import: all opening balances of a CSV file, or none. */
import { z } from 'zod';
import type { CsvFlaw } from '../../../domain/csv-table.ts';
import { defineRoute } from '../../kit/route.ts';
import { day, name } from '../../kit/schemas.ts';
import { badRows, csvMediaTypes, flawsOf, maxCsvBytes, readFile } from '../clients/client-csv.ts';
import { openingBatch, openingRow, propose, toOpeningRow } from './opening-batch.ts';

/** Column → field: they have one name. */
const columns = Object.fromEntries(
  Object.keys(openingRow.shape).map((field) => [field, { path: [field] as const }]),
);

export const importOpeningBatch = defineRoute({
  name: 'import-opening-batch',
  method: 'post',
  path: '/opening-batches/import',
  summary: 'Bring in opening balances from CSV',
  description: `The columns are ${Object.keys(columns).join(', ')}; an empty cell is not given. As POST /opening-batches otherwise, with up to 10,000 rows.`,
  permission: 'opening_balances.create',
  query: z.object({ name, asOf: day }),
  exampleQuery: { name: 'Open invoices of 2025', asOf: '2026-01-01' },
  upload: { maxBytes: maxCsvBytes, mediaTypes: csvMediaTypes },
  responses: { 201: openingBatch },
  errors: ['file.bad_rows', 'opening.same_rows'],
  handler: async ({ query, actor, upload, transact }) => {
    const file = await readFile(upload, columns);
    const flaws: CsvFlaw[] = [];
    const rows = file.rows.flatMap((row) => {
      const read = openingRow.safeParse(row.fields);
      if (read.success) return [{ line: row.line, row: toOpeningRow(read.data) }];
      flaws.push(...flawsOf(row, read.error, columns));
      return [];
    });
    if (file.rows.length === 0) flaws.push({ line: 2, message: 'The file has no rows.' });
    if (flaws.length > 0) throw badRows(flaws);
    return transact(async (tx) => {
      const made = await propose(tx, { ...query, rows }, actor);
      return { status: 201, body: made, headers: { Location: `/api/v1/opening-batches/${made.id}` } };
    });
  },
});
