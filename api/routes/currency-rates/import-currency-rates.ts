/** Owns POST /currency-rates/import: all rates of a CSV file, or none. */
import { z } from 'zod';
import type { CsvFlaw } from '../../../domain/csv-table.ts';
import { addCurrencyRates, type NewCurrencyRate } from '../../../store/currency-rates.ts';
import { recordEvents } from '../../../store/events.ts';
import { defineRoute } from '../../kit/route.ts';
import { shortText } from '../../kit/schemas.ts';
import {
  badRows,
  csvMediaTypes,
  type FileRow,
  flawsOf,
  maxCsvBytes,
  readFile,
} from '../clients/client-csv.ts';
import { currencyRateRow } from './currency-rate.ts';

const text = (path: string) => ({ path: [path] });
const rateColumns = {
  base: text('base'),
  quote: text('quote'),
  rateOn: text('rateOn'),
  rate: text('rate'),
  source: text('source'),
  bothWays: {
    path: ['bothWays'],
    read: (cell: string) => ({ yes: true, true: true, no: false, false: false })[cell.toLowerCase()] ?? cell,
  },
};

export const importCurrencyRates = defineRoute({
  name: 'import-currency-rates',
  method: 'post',
  path: '/currency-rates/import',
  summary: 'Import rates between currencies from CSV',
  description:
    'Columns base, quote, rateOn, rate, and where they differ by row source and bothWays. What is the newest of its day already is left as it is. One bad row, and nothing is imported: the answer lists the bad ones.',
  permission: 'currency_rates.create',
  query: z.object({
    source: shortText.optional().meta({ description: 'Of the rows that name none.' }),
  }),
  upload: { maxBytes: maxCsvBytes, mediaTypes: csvMediaTypes },
  responses: { 200: z.object({ created: z.int(), unchanged: z.int() }) },
  errors: ['file.bad_rows'],
  handler: async ({ actor, query, upload, transact }) => {
    const { rows, sha256 } = await readFile(upload, rateColumns);
    const { rates, flaws } = readRates(rows, query.source ?? null);
    if (flaws.length > 0) throw badRows(flaws);
    return transact(async (tx) => {
      const counts = await addCurrencyRates(tx, rates, actor.id);
      await recordEvents(tx, [
        {
          type: 'currency_rate.imported',
          subjectType: 'currency_rate',
          subjectId: null,
          actor: actor.id,
          permission: 'currency_rates.read',
          payload: { ...counts, rows: rows.length, sha256 },
        },
      ]);
      return { status: 200, body: counts };
    });
  },
});

function readRates(
  rows: readonly FileRow[],
  sourceOfAll: string | null,
): { rates: NewCurrencyRate[]; flaws: CsvFlaw[] } {
  const rates: NewCurrencyRate[] = [];
  const flaws: CsvFlaw[] = [];
  const seen = new Map<string, number>();
  for (const row of rows) {
    const read = currencyRateRow.safeParse(row.fields);
    if (!read.success) {
      flaws.push(...flawsOf(row, read.error, rateColumns));
      continue;
    }
    const { bothWays = false, source = sourceOfAll, ...rate } = read.data;
    const key = `${rate.base}/${rate.quote} ${rate.rateOn}`;
    const first = seen.get(key);
    if (source === null)
      flaws.push({
        line: row.line,
        message: 'source: neither the row nor the request says who states the rate',
      });
    else if (first !== undefined)
      flaws.push({ line: row.line, message: `the rate of ${key} stands in line ${first} too` });
    else rates.push({ ...rate, bothWays, source });
    seen.set(key, first ?? row.line);
  }
  return { rates, flaws };
}
