/** Owns the inbound hook: any time tracker or automation tool pushes entries, signed, in a form that the settings describe. */
import { readCsvRows } from '../../domain/csv-table.ts';
import type { SourceEntry, UnreadableRow } from '../../domain/work-entry.ts';
import { defineConnector, type WebhookRequest } from '../kit/define.ts';
import { InvalidRequest } from '../kit/errors.ts';
import { mapRows } from '../kit/rows.ts';
import { receivesOnly, signedHook } from '../kit/signed-hook.ts';
import { parsedBody } from '../kit/webhook.ts';
import { type HookMapping, hookFields, hookMapping } from './mapping.ts';
import { rowReader } from './to-source-entry.ts';
import { valueAt } from './value-at.ts';

/** Of one delivery: it is stored and taken in before it is answered. */
const mostRows = 5_000;

export const inboundHook = defineConnector({
  ...receivesOnly('inbound-hook'),
  name: 'Inbound hook',
  optionalSettings: {
    entries: 'Path of the list in a JSON body, e.g. items[]; default: the body itself',
    durationUnit: 'auto (default), decimal-point, decimal-comma, h:mm, h:mm:ss, 1h 30m, minutes or seconds',
    dayFormat: 'YYYY-MM-DD (default), another pattern such as DD/MM/YYYY, or auto',
    zone: 'Of the work dates, e.g. Europe/Oslo',
    ...hookFields,
  },
  test: (http) => {
    hookMapping(http.settings);
    return Promise.resolve({
      account: 'Inbound hook',
      warnings: http.settings.externalId
        ? []
        : ['No externalId is mapped: an entry that is changed at the sender arrives as another one.'],
    });
  },
  webhooks: {
    ...signedHook,
    // Deliveries bring the entries themselves; nothing is to be read anew.
    events: () => [],
    setUp:
      'Send entries to /api/v1/hooks/<id of the connection>, signed as Standard Webhooks asks, or with X-Timestamp and X-Signature: sha256=<hex of HMAC-SHA256 over timestamp.body>.',
  },
  entryReader: {
    read: async (request, settings) => {
      const mapping = hookMapping(settings);
      await Promise.resolve();
      return /\bcsv\b/i.test(request.headers['content-type'] ?? '')
        ? csvRows(request, mapping)
        : jsonRows(request, mapping);
    },
  },
});

interface Read {
  entries: SourceEntry[];
  unreadable: UnreadableRow[];
}

function jsonRows({ rawBody }: WebhookRequest, mapping: HookMapping): Read {
  const body = parsedBody(rawBody);
  if (body === null) throw refused('body_invalid', 'The body is no JSON.');
  const found = valueAt(body, mapping.entries);
  const isOne = typeof found === 'object' && found !== null && !Array.isArray(found);
  const rows: unknown = isOne && mapping.entries.length === 0 ? [found] : found;
  if (!Array.isArray(rows))
    throw refused('entries_missing', 'There is no list of entries where the setting entries says.');
  return mapped(rows, mapping, (index) => `item ${index + 1}`);
}

function csvRows({ rawBody }: WebhookRequest, mapping: HookMapping): Read {
  const table = readCsvRows(Buffer.from(rawBody).toString('utf8'));
  if (Array.isArray(table))
    throw refused(
      'body_invalid',
      `Line ${table[0]?.line ?? 1} of the CSV: ${table[0]?.message ?? 'unreadable'}`,
    );
  const { header } = table;
  // A row with too few or too many cells shows as fields that are missing, or as ones that nobody mapped.
  const rows = table.rows.map(({ cells }) =>
    cells.length === header.length
      ? Object.fromEntries(header.map((name, index) => [name, cells[index]]))
      : { 'cells that do not fit the header': cells.join(',') },
  );
  return mapped(rows, mapping, (index) => `line ${table.rows[index]!.line}`);
}

function mapped(rows: readonly unknown[], mapping: HookMapping, positionOf: (index: number) => string): Read {
  if (rows.length > mostRows)
    throw refused('too_many_rows', `A delivery may bring ${mostRows} rows, and this one has ${rows.length}.`);
  const { mapped: entries, unreadable } = mapRows(rows, rowReader(mapping), (_, index) => positionOf(index));
  return { entries, unreadable };
}

function refused(vendorCode: string, message: string): InvalidRequest {
  return new InvalidRequest(message, { connector: 'inbound-hook', vendorCode });
}
