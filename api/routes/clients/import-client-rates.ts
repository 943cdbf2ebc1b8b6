/** Owns POST /clients/rates/import: all rates of a CSV file, or none. */
import { z } from 'zod';
import type { CsvFlaw } from '../../../domain/csv-table.ts';
import { type ClientRate, unknownCodes, writeClientRates } from '../../../store/client-rates.ts';
import { recordEvents } from '../../../store/events.ts';
import { requirePermission } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { newRateCard } from '../rate-cards/rate-card.ts';
import {
  badRows,
  csvMediaTypes,
  type FileRow,
  flawsOf,
  importOutcome,
  maxCsvBytes,
  rateColumns,
  readFile,
} from './client-csv.ts';

const openBeginning = '0001-01-01';
const rateRow = newRateCard
  .omit({ scopeType: true, scopeId: true })
  .extend({
    client: z.string().regex(/^[A-Z]{3}$/, 'three capital letters'),
    validFrom: newRateCard.shape.validFrom.or(z.literal(openBeginning)),
  })
  .strict()
  .refine(({ validFrom, validTo }) => !validFrom || !validTo || validTo >= validFrom, {
    path: ['validTo'],
    message: 'is before validFrom',
  });

export const importClientRates = defineRoute({
  name: 'import-client-rates',
  method: 'post',
  path: '/clients/rates/import',
  summary: 'Import rates of clients from CSV',
  description:
    'A row of the same client, position, unit and first day changes that rate; any other row is a new one. One bad row, and nothing is imported: the answer lists the bad ones.',
  permission: 'rate_cards.create',
  upload: { maxBytes: maxCsvBytes, mediaTypes: csvMediaTypes },
  responses: { 200: importOutcome },
  errors: ['file.bad_rows'],
  handler: async ({ actor, upload, transact }) => {
    const { rows, sha256 } = await readFile(upload, rateColumns);
    return transact(async (tx) => {
      const codes = rows.flatMap(({ fields }) => (typeof fields.client === 'string' ? [fields.client] : []));
      const { rates, flaws } = readRates(rows, await unknownCodes(tx, codes));
      if (flaws.length > 0) throw badRows(flaws);
      const counts = await writeClientRates(tx, rates);
      if (counts.changed > 0) requirePermission(actor, 'rate_cards.update');
      await recordEvents(tx, [
        {
          type: 'rate_card.imported',
          subjectType: 'rate_card',
          subjectId: null,
          actor: actor.id,
          permission: 'rate_cards.read',
          payload: { ...counts, rows: rows.length, sha256 },
        },
      ]);
      return { status: 200, body: counts };
    });
  },
});

function readRates(
  rows: readonly FileRow[],
  unknown: ReadonlySet<string>,
): { rates: ClientRate[]; flaws: CsvFlaw[] } {
  const rates: ClientRate[] = [];
  const flaws: CsvFlaw[] = [];
  const seen = new Map<string, number>();
  for (const row of rows) {
    const read = rateRow.safeParse(row.fields);
    if (!read.success) {
      flaws.push(...flawsOf(row, read.error, rateColumns));
      continue;
    }
    const {
      unit = 'hour',
      validFrom = openBeginning,
      validTo = null,
      overtimeRate = null,
      ...rest
    } = read.data;
    const rate = { ...rest, unit, validFrom, validTo, overtimeRate };
    const key = JSON.stringify([rate.client, rate.position, unit, validFrom]);
    const first = seen.get(key);
    if (unknown.has(rate.client))
      flaws.push({ line: row.line, message: `client: no client has the code ${rate.client}` });
    else if (first !== undefined)
      flaws.push({ line: row.line, message: `the same rate stands in line ${first}` });
    else rates.push(rate);
    seen.set(key, first ?? row.line);
  }
  return { rates, flaws };
}
