/** Owns files as a connection: what a ready or own mapping reads, sent as a whole and signed. `slipway import` takes larger ones. */
import { readCsvRows } from '../../domain/csv-table.ts';
import { type ImportMapping, MappingInvalid, readMapping } from '../../domain/import/mapping.ts';
import { isProblem } from '../../domain/import/problem.ts';
import { readyMapping, readyMappingNames } from '../../domain/import/ready-mappings.ts';
import { resolveColumns } from '../../domain/import/resolve-columns.ts';
import { rowToEntry } from '../../domain/import/to-source-entry.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
import { type ConnectorSettings, defineConnector } from '../kit/define.ts';
import { InvalidRequest } from '../kit/errors.ts';
import { mapRows, UnreadableField } from '../kit/rows.ts';
import { receivesOnly, signedHook } from '../kit/signed-hook.ts';

const stated = ['dayFormat', 'hoursFormat', 'clockFormat', 'zone', 'client', 'approval'] as const;

export const file = defineConnector({
  ...receivesOnly('file'),
  name: 'CSV files',
  optionalSettings: {
    mapping: `A ready mapping: ${readyMappingNames.join(', ')}`,
    mappingJson: 'A mapping of your own instead, as JSON',
    dayFormat: 'e.g. DD/MM/YYYY, where the file leaves it open',
    hoursFormat: 'e.g. h:mm, likewise',
    clockFormat: 'e.g. 24h, likewise',
    zone: 'Of the work dates, e.g. Europe/Oslo',
    client: 'The client of every line',
    approval: 'The approval of every line',
  },
  test: (http) => {
    mappingOf(http.settings);
    return Promise.resolve({ account: 'CSV files', warnings: [] });
  },
  webhooks: {
    ...signedHook,
    events: () => [],
    setUp: 'Send the file to /api/v1/hooks/<id of the connection>, signed as the inbound hook asks.',
  },
  entryReader: {
    read: async ({ rawBody }, settings) => {
      const mapping = mappingOf(settings);
      await Promise.resolve();
      const table = readCsvRows(Buffer.from(rawBody).toString('utf8'));
      if (Array.isArray(table))
        throw refused('body_invalid', `Line ${table[0]?.line ?? 1}: ${table[0]?.message ?? 'unreadable'}`);
      const { header, rows } = table;
      const columns = resolveColumns(mapping, header);
      if (columns.problems.length > 0)
        throw refused(
          'header_unknown',
          `The file does not fit the mapping: ${columns.problems.slice(0, 3).join('; ')}`,
        );
      const toEntry = rowToEntry(mapping, columns);
      const { mapped: entries, unreadable } = mapRows<SourceEntry>(
        rows.map(({ cells }) => cells),
        (row) => {
          const cells = row as readonly string[];
          if (cells.length !== header.length)
            throw new UnreadableField(
              'row.columns',
              `The line has ${cells.length} cells and the header ${header.length}.`,
            );
          const entry = toEntry(cells);
          if (isProblem(entry)) throw new UnreadableField(entry.reason, entry.detail);
          return entry;
        },
        (_, index) => `line ${rows[index]!.line}`,
      );
      return { entries, unreadable, isWhole: !('natural' in mapping.key) };
    },
  },
});

/** Throws InvalidRequest in words for the person who set it. */
function mappingOf(settings: ConnectorSettings): ImportMapping {
  const { mapping: ready, mappingJson } = settings;
  if (!ready === !mappingJson) throw refused('settings_invalid', 'Set either mapping or mappingJson.');
  const said = Object.fromEntries(stated.flatMap((name) => (settings[name] ? [[name, settings[name]]] : [])));
  try {
    if (!ready) return readMapping(JSON.parse(mappingJson!));
    const found = readyMapping(ready, said);
    if (found) return found;
  } catch (problem) {
    if (problem instanceof MappingInvalid)
      throw refused(
        'settings_invalid',
        `The mapping cannot be used: ${problem.problems.slice(0, 3).join('; ')}`,
      );
    if (problem instanceof SyntaxError) throw refused('settings_invalid', 'mappingJson is no JSON.');
    throw problem;
  }
  throw refused(
    'settings_invalid',
    `There is no mapping "${ready}"; there are ${readyMappingNames.join(', ')}.`,
  );
}

function refused(vendorCode: string, message: string): InvalidRequest {
  return new InvalidRequest(message, { connector: 'file', vendorCode });
}
