/** Owns POST /clients/import: all rows of a CSV file, or none. */

import { changed } from '../../../domain/changed.ts';
import { requireListed } from '../../../domain/client.ts';
import type { CsvFlaw } from '../../../domain/csv-table.ts';
import { Refusal } from '../../../domain/refusal.ts';
import { type Client, changeClient, findByCodeOrName, insertClient } from '../../../store/clients.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { recordEvents } from '../../../store/events.ts';
import { getWorkspace } from '../../../store/workspaces.ts';
import { requirePermission } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  badRows,
  clientChangeRow,
  clientColumns,
  csvMediaTypes,
  type FileRow,
  flawsOf,
  importOutcome,
  maxCsvBytes,
  newClientRow,
  readFile,
} from './client-csv.ts';

export const importClients = defineRoute({
  name: 'import-clients',
  method: 'post',
  path: '/clients/import',
  summary: 'Import clients from CSV',
  description:
    'A row with the code of a client changes that client, where it has a cell; any other row creates one. One bad row, and nothing is imported: the answer lists the bad ones.',
  permission: 'clients.create',
  upload: { maxBytes: maxCsvBytes, mediaTypes: csvMediaTypes },
  responses: { 200: importOutcome },
  errors: ['file.bad_rows', 'clients.duplicate'],
  handler: async ({ actor, upload, transact }) => {
    const { rows, sha256 } = await readFile(upload, clientColumns);
    return transact(async (tx) => {
      const known = await knownTo(tx, rows);
      const { settings } = await getWorkspace(tx);
      const flaws: CsvFlaw[] = [];
      const counts = { created: 0, changed: 0, unchanged: 0 };
      const seen = new Map<string, number>();
      for (const row of rows) {
        try {
          requireNew(seen, row);
          counts[await importRow(tx, row, known, settings)] += 1;
        } catch (error) {
          if (error instanceof RowFlaws) flaws.push(...error.flaws);
          else if (error instanceof Refusal) flaws.push({ line: row.line, message: error.message });
          else throw error;
        }
      }
      if (flaws.length > 0) throw badRows(flaws);
      if (counts.changed > 0) requirePermission(actor, 'clients.update');
      // One event for all: a bulk import is told by the hash over its rows.
      await recordEvents(tx, [
        {
          type: 'client.imported',
          subjectType: 'client',
          subjectId: null,
          actor: actor.id,
          permission: 'clients.read',
          payload: { ...counts, rows: rows.length, sha256 },
        },
      ]);
      return { status: 200, body: counts };
    });
  },
});

class RowFlaws extends Error {
  readonly flaws: readonly CsvFlaw[];
  constructor(flaws: readonly CsvFlaw[]) {
    super('a row of the file is bad');
    this.flaws = flaws;
  }
}

/** The clients that rows of the file name, locked. */
async function knownTo(tx: WorkspaceTx, rows: readonly FileRow[]) {
  const cells = (field: string) =>
    rows.flatMap(({ fields }) => (typeof fields[field] === 'string' ? [fields[field]] : []));
  const found = await findByCodeOrName(tx, cells('code'), cells('name'));
  return {
    byCode: new Map(found.map((client) => [client.code, client])),
    byName: new Map(found.map((client) => [client.name, client])),
  };
}

function requireNew(seen: Map<string, number>, { line, fields }: FileRow): void {
  for (const field of ['code', 'name']) {
    const value = fields[field];
    if (typeof value !== 'string') continue;
    const key = `${field} ${value}`;
    const first = seen.get(key);
    if (first !== undefined)
      throw new RowFlaws([{ line, message: `${field}: ${value} stands in line ${first} too` }]);
    seen.set(key, line);
  }
}

async function importRow(
  tx: WorkspaceTx,
  row: FileRow,
  known: Awaited<ReturnType<typeof knownTo>>,
  settings: Readonly<Record<string, unknown>>,
): Promise<'created' | 'changed' | 'unchanged'> {
  const present = typeof row.fields.code === 'string' ? known.byCode.get(row.fields.code) : undefined;
  const namesake = typeof row.fields.name === 'string' ? known.byName.get(row.fields.name) : undefined;
  if (namesake !== undefined && namesake !== present)
    throw new RowFlaws([{ line: row.line, message: `name: ${namesake.code} is called so already` }]);
  return present === undefined ? create(tx, row, settings) : change(tx, row, present, settings);
}

async function create(tx: WorkspaceTx, row: FileRow, settings: Readonly<Record<string, unknown>>) {
  const read = newClientRow.safeParse(row.fields);
  if (!read.success) throw new RowFlaws(flawsOf(row, read.error, clientColumns));
  requireListed(settings, read.data);
  await insertClient(tx, read.data);
  return 'created' as const;
}

async function change(
  tx: WorkspaceTx,
  row: FileRow,
  before: Client,
  settings: Readonly<Record<string, unknown>>,
) {
  const read = clientChangeRow.safeParse(row.fields);
  if (!read.success) throw new RowFlaws(flawsOf(row, read.error, clientColumns));
  requireListed(settings, read.data, before);
  const { address, ...values } = read.data;
  const after = await changeClient(tx, before, {
    ...values,
    ...(address && { address: { ...before.address, ...address } }),
  });
  return Object.keys(changed(before, after).after).length === 0
    ? ('unchanged' as const)
    : ('changed' as const);
}
