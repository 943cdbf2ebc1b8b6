/** Owns clients and rates as CSV: which column is which field, and reading a file whole or naming every bad row. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { toCsvRow } from '../../../domain/csv-row.ts';
import { type CsvFlaw, readCsvTable } from '../../../domain/csv-table.ts';
import { Refusal } from '../../../domain/refusal.ts';
import { clientChange, newClient, status } from './client.ts';

export const maxCsvBytes = 5 * 1024 ** 2;
export const csvMediaTypes = ['text/csv', 'application/octet-stream'];
const maxShownRows = 200;

/** Of an import: how many were made and changed. */
export const importOutcome = z.object({ created: z.int(), changed: z.int(), unchanged: z.int() });

interface Column {
  /** Where the value belongs: a field, or a part of the address or tax. */
  path: readonly string[];
  read?: (text: string) => unknown;
}
const text = (...path: string[]): Column => ({ path });
const yesOrNo = (path: string): Column => ({
  path: [path],
  read: (cell) =>
    ({ yes: true, true: true, '1': true, no: false, false: false, '0': false })[cell.toLowerCase()] ?? cell,
});

export const clientColumns: Record<string, Column> = {
  code: text('code'),
  name: text('name'),
  contactName: text('contactName'),
  email: text('email'),
  phone: text('phone'),
  website: text('website'),
  street: { path: ['address', 'lines'], read: (cell) => cell.split(/\s*\n\s*/) },
  city: text('address', 'city'),
  state: text('address', 'region'),
  county: text('address', 'county'),
  postalCode: text('address', 'postalCode'),
  country: text('address', 'country'),
  industry: text('industry'),
  companySize: text('companySize'),
  annualRevenue: text('annualRevenue'),
  taxId: text('taxId'),
  serviceType: text('serviceType'),
  currentSystems: text('currentSystems'),
  technicalRequirements: text('technicalRequirements'),
  complianceRequirements: {
    path: ['complianceRequirements'],
    read: (cell) => cell.split(/\s*;\s*/).filter((entry) => entry !== ''),
  },
  mailNotifications: yesOrNo('mailNotifications'),
  quarterlyReports: yesOrNo('quarterlyReports'),
  autoInvoicing: yesOrNo('autoInvoicing'),
  autoInvoiceLimit: text('autoInvoiceLimit'),
  internal: yesOrNo('internal'),
  currency: text('currency'),
  language: text('language'),
  paymentTermsDays: {
    path: ['paymentTermsDays'],
    read: (cell) => (/^\d{1,3}$/.test(cell) ? Number(cell) : cell),
  },
  taxRate: text('tax', 'rate'),
  taxCategory: text('tax', 'category'),
  status: text('status'),
};

export const rateColumns: Record<string, Column> = {
  client: text('client'),
  position: text('position'),
  unit: text('unit'),
  regularRate: text('regularRate'),
  overtimeRate: text('overtimeRate'),
  currency: text('currency'),
  validFrom: text('validFrom'),
  validTo: text('validTo'),
};

export const newClientRow = newClient.extend({ status: status.optional() }).strict();
export const clientChangeRow = clientChange.strict();

type Fields = Record<string, unknown>;
export interface FileRow {
  line: number;
  fields: Fields;
}

/** The whole upload as rows of fields; an empty cell is not given. Refuses with 422 a file that is no such table. */
export async function readFile(
  upload: Readable,
  columns: Record<string, Column>,
): Promise<{ rows: FileRow[]; sha256: string }> {
  const pieces: Buffer[] = [];
  for await (const piece of upload) pieces.push(piece as Buffer);
  const bytes = Buffer.concat(pieces);
  const table = readCsvTable(decode(bytes));
  if (Array.isArray(table)) throw badRows(table);
  const unknown = table.header.filter((name) => !Object.hasOwn(columns, name));
  const twice = table.header.filter((name, at) => table.header.indexOf(name) !== at);
  if (unknown.length > 0 || twice.length > 0)
    throw badRows([
      {
        line: 1,
        message: `The heading ${JSON.stringify(unknown[0] ?? twice[0])} ${unknown.length > 0 ? 'is none of' : 'stands twice; there are'} ${Object.keys(columns).join(', ')}.`,
      },
    ]);
  const rows = table.rows.map(({ line, cells }) => ({
    line,
    fields: toFields(table.header, cells, columns),
  }));
  return { rows, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badRows([{ line: 1, message: 'The file is not UTF-8 text.' }]);
  }
}

function toFields(
  header: readonly string[],
  cells: readonly string[],
  columns: Record<string, Column>,
): Fields {
  const fields: Fields = {};
  for (const [at, name] of header.entries()) {
    const cell = cells[at] ?? '';
    if (cell === '') continue;
    const { path, read = (given: string) => given } = columns[name]!;
    const [field, part] = path as [string, string?];
    if (part === undefined) fields[field] = read(cell);
    else fields[field] = { ...(fields[field] as Fields | undefined), [part]: read(cell) };
  }
  return fields;
}

/** What zod says of a row, by the headings of the file; of a cell the first thing only. */
export function flawsOf({ line }: FileRow, error: z.ZodError, columns: Record<string, Column>): CsvFlaw[] {
  const byHeading = new Map<string, string>();
  for (const { path, message } of error.issues) {
    const known = Object.entries(columns).find(([, column]) =>
      column.path.every((part, at) => part === path[at]),
    );
    const heading = known?.[0] ?? path.join('.');
    if (!byHeading.has(heading)) byHeading.set(heading, message);
  }
  return [...byHeading].map(([heading, message]) => ({ line, message: `${heading}: ${message}` }));
}

/** Refuses with 422 and names the rows, the first 200 of them. */
export function badRows(flaws: readonly CsvFlaw[]): Refusal {
  const rows = [...new Set(flaws.map(({ line }) => line))];
  return new Refusal({
    code: 'file.bad_rows',
    status: 422,
    message: `Nothing was imported: line ${flaws[0]!.line}: ${flaws[0]!.message}${rows.length > 1 ? ` And ${rows.length - 1} more.` : ''}`,
    whatToDo: 'Correct these lines, then send the whole file again.',
    details: { badRows: rows.length, rows: flaws.slice(0, maxShownRows) },
  });
}

/** A table as CSV, in pieces; what a spreadsheet would run is made inert. */
export async function* csvLines<Row>(
  columns: readonly string[],
  pages: AsyncIterable<readonly Row[]>,
  toCells: (row: Row) => (string | number | null)[],
): AsyncGenerator<string> {
  yield toCsvRow(columns);
  for await (const page of pages) yield page.map((row) => toCsvRow(toCells(row))).join('');
}

/** The cells of a row by the columns' paths. */
export function toCells(row: object, columns: Record<string, Column>): (string | number | null)[] {
  return Object.values(columns).map(({ path }) => {
    const value = path.reduce<unknown>((part, name) => (part as Fields | null | undefined)?.[name], row);
    if (value === null || value === undefined) return null;
    if (typeof value === 'boolean') return value ? 'yes' : 'no';
    if (Array.isArray(value)) return value.join(path[0] === 'address' ? '\n' : '; ');
    return typeof value === 'number' ? value : String(value as string);
  });
}

export const csvHeaders = (name: string) => ({
  'Content-Type': 'text/csv; charset=utf-8',
  'Content-Disposition': `attachment; filename="${name}-${new Date().toISOString().slice(0, 10)}.csv"`,
  'Cache-Control': 'no-store',
});
