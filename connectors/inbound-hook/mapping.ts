/** Owns what the settings of an inbound hook say of each field: a path, a fixed value, or a path with a default. */
import { isZone } from '../../domain/day.ts';
import { compileDayPattern, dayReader, defaultPivotYear } from '../../domain/import/parse-day.ts';
import { type HoursFormat, hoursFormats } from '../../domain/import/parse-hours.ts';
import { InvalidRequest } from '../kit/errors.ts';
import { pathOf, valueAt } from './value-at.ts';

export const hookFields = {
  externalId:
    'Its id at the sender, stable. Without it a row is known by its content, and a changed one is a new entry',
  workDate: 'The day; without it the local day of startedAt',
  duration: 'How long; without it endedAt less startedAt',
  startedAt: 'When it began, with its offset from UTC',
  endedAt: 'When it ended, likewise',
  personId: 'Who worked, as the sender calls them',
  person: 'Their name',
  personEmail: 'Their e-mail address',
  clientId: 'Of the client, likewise',
  client: 'Its name',
  projectId: 'Of the project, likewise',
  projectCode: 'Its code',
  project: 'Its name',
  taskId: 'Of the task, likewise',
  task: 'Its name',
  notes: 'What was done',
  billable: 'Yes or no; default yes',
  running: 'Whether the timer still runs; default no',
  approval: 'approved, submitted, rejected or unsubmitted, also yes or no; default unsubmitted',
  tags: 'A list, or text with commas',
  groups: 'Of the person, likewise',
  costCentre: 'For the accounting platform',
  rate: 'What an hour costs the client, a decimal number',
  currency: 'Three letters',
  updatedAt: 'When it was last changed, with its offset from UTC',
} as const;
export type HookField = keyof typeof hookFields;

/** Text, a number, a flag or a list, as it was sent; undefined where nothing was. */
export type ReadField = (row: unknown) => unknown;

export interface HookMapping {
  entries: readonly (string | number)[];
  read: Partial<Record<HookField, ReadField>>;
  durationUnit: HoursFormat;
  day: ReturnType<typeof dayReader>;
  zone: string | null;
}

/** Throws InvalidRequest with the setting that is wrong. */
export function hookMapping(settings: Readonly<Record<string, string>>): HookMapping {
  const read: HookMapping['read'] = {};
  for (const field of Object.keys(hookFields) as HookField[]) {
    const said = settings[field];
    if (said) read[field] = readerOf(field, said);
  }
  if (!read.workDate && !read.startedAt) throw wrong('workDate', 'neither workDate nor startedAt is mapped');
  if (!read.duration && !(read.startedAt && read.endedAt))
    throw wrong('duration', 'neither duration, nor startedAt and endedAt, are mapped');
  const unit = hoursFormats.find((format) => format === (settings.durationUnit || 'auto'));
  if (!unit) throw wrong('durationUnit', `it can be ${hoursFormats.join(', ')}`);
  const pattern = settings.dayFormat || 'YYYY-MM-DD';
  if (pattern !== 'auto' && !compileDayPattern(pattern))
    throw wrong('dayFormat', 'it is no pattern of a day');
  const zone = settings.zone || null;
  if (zone !== null && !isZone(zone)) throw wrong('zone', 'it is no time zone');
  const entries = pathOf(settings.entries ?? '');
  if (!entries) throw wrong('entries', 'it is no path');
  const day = dayReader({ pattern, pivotYear: defaultPivotYear, monthNames: null });
  return { entries, read, durationUnit: unit, day, zone };
}

/** `=text` is fixed; `path|text` falls back to the text where there is nothing. */
function readerOf(field: HookField, said: string): ReadField {
  if (said.startsWith('=')) {
    const fixed = said.slice(1);
    return () => fixed;
  }
  const bar = said.indexOf('|');
  const path = pathOf(bar < 0 ? said : said.slice(0, bar));
  if (!path) throw wrong(field, `"${said}" is no path`);
  const fallback = bar < 0 ? undefined : said.slice(bar + 1);
  return (row) => {
    const value = valueAt(row, path);
    return value === undefined || value === null || value === '' ? fallback : value;
  };
}

function wrong(setting: string, why: string): InvalidRequest {
  return new InvalidRequest(`The setting ${setting} of the inbound hook cannot be used: ${why}.`, {
    connector: 'inbound-hook',
    vendorCode: 'settings_invalid',
  });
}
