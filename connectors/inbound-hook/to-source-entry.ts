/** Owns how a row that somebody sent becomes a SourceEntry, by the mapping of its connection. */
import { localDay } from '../../domain/day.ts';
import { parseHours } from '../../domain/import/parse-hours.ts';
import { isProblem, type Problem } from '../../domain/import/problem.ts';
import {
  type ApprovalState,
  approvalStates,
  type Day,
  type DecimalText,
  type Instant,
  type SourceEntry,
} from '../../domain/work-entry.ts';
import { orNull, refOrNull } from '../kit/fields.ts';
import { toInstant } from '../kit/instant.ts';
import { decimalOf, UnreadableField } from '../kit/rows.ts';
import { digestOf } from '../kit/webhook.ts';
import type { HookField, HookMapping } from './mapping.ts';

/** Names end up in indexed columns. */
const mostNameCharacters = 500;
const mostNoteCharacters = 100_000;
const mostTags = 50;
const yes = new Set(['true', 'yes', '1', 'y']);
const no = new Set(['false', 'no', '0', 'n']);

/** Makes the converter for one body. Throws UnreadableField per row. */
export function rowReader(mapping: HookMapping): (row: unknown) => SourceEntry {
  const counts = new Map<string, number>();
  /** Rows that are alike in every word are as many entries: each has its number among them. */
  const keyOf = (row: unknown) => {
    const key = `row-${digestOf(JSON.stringify(row)).slice(0, 32)}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count === 1 ? key : `${key}-${count}`;
  };
  return (row) => {
    const raw = (field: HookField) => mapping.read[field]?.(row);
    const startedAt = instant(raw('startedAt'), 'started_at');
    const endedAt = instant(raw('endedAt'), 'ended_at');
    const person = refOrNull(text(raw, 'personId'), text(raw, 'person'));
    const email = text(raw, 'personEmail');
    return {
      externalId: text(raw, 'externalId') ?? keyOf(row),
      kind: 'labor',
      workDate: workDate(mapping, raw('workDate'), startedAt),
      zone: mapping.zone,
      startedAt,
      endedAt,
      quantity: seconds(mapping, raw('duration'), startedAt, endedAt),
      person: person || email ? { ...(person ?? { externalId: null, code: null, name: null }), email } : null,
      client: refOrNull(text(raw, 'clientId'), text(raw, 'client')),
      project: refOrNull(text(raw, 'projectId'), text(raw, 'project'), text(raw, 'projectCode')),
      task: refOrNull(text(raw, 'taskId'), text(raw, 'task')),
      position: null,
      billable: flag(raw('billable'), 'billable', true),
      running: flag(raw('running'), 'running', false),
      approval: approval(raw('approval')),
      billedElsewhere: false,
      notes: text(raw, 'notes', mostNoteCharacters),
      rate: decimal(raw('rate'), 'rate'),
      cost: null,
      currency: currency(text(raw, 'currency')),
      sourceUpdatedAt: instant(raw('updatedAt'), 'updated_at'),
      tags: words(raw('tags')),
      groups: words(raw('groups')),
      costCentre: text(raw, 'costCentre'),
    };
  };
}

type Raw = (field: HookField) => unknown;

function text(raw: Raw, field: HookField, most = mostNameCharacters): string | null {
  const value = raw(field);
  if (value === undefined || value === null) return null;
  if (typeof value === 'object')
    throw new UnreadableField(`${snake(field)}.not_text`, `The value of ${field} is an object or a list.`);
  const found = orNull(String(value as string | number | boolean));
  if (found !== null && found.length > most)
    throw new UnreadableField(
      `${snake(field)}.too_long`,
      `The value of ${field} has more than ${most} characters.`,
    );
  return found;
}

function workDate({ day, zone }: HookMapping, value: unknown, startedAt: Instant | null): Day {
  if (value === undefined || value === null || value === '') {
    if (startedAt === null) throw new UnreadableField('work_date.missing', 'The row says no day.');
    // Without a zone the day of UTC: an hour before midnight elsewhere would be a guess.
    return localDay(startedAt, zone ?? 'UTC');
  }
  // A point in time is cut to the day that is written in it: that is the sender's local day.
  const written = String(value as string | number);
  const found = day(/^\d{4}-\d\d-\d\dT/.test(written) ? written.slice(0, 10) : written);
  if (isProblem(found)) throw unreadable(found);
  return found;
}

function seconds(
  { durationUnit }: HookMapping,
  value: unknown,
  startedAt: Instant | null,
  endedAt: Instant | null,
): number {
  if (value !== undefined && value !== null && value !== '') {
    const written =
      typeof value === 'number' ? (decimalOf(value) ?? String(value)) : text(() => value, 'duration');
    const found = parseHours(written ?? '', typeof value === 'number' ? numeric(durationUnit) : durationUnit);
    if (isProblem(found)) throw unreadable(found);
    if (found < 0) throw new UnreadableField('hours.negative', `${written} is less than nothing.`);
    return found;
  }
  if (startedAt === null || endedAt === null)
    throw new UnreadableField('hours.missing', 'The row says neither how long, nor from when to when.');
  const found = Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1_000);
  if (found < 0) throw new UnreadableField('ended_at.before_start', 'The work ends before it starts.');
  return found;
}

/** A JSON number has a point, whatever the sender's spreadsheets have. */
const numeric = (unit: HookMapping['durationUnit']) =>
  unit === 'minutes' || unit === 'seconds' ? unit : 'decimal-point';

function flag(value: unknown, field: string, whenAbsent: boolean): boolean {
  if (value === undefined || value === null || value === '') return whenAbsent;
  const word = String(value as string)
    .trim()
    .toLowerCase();
  if (yes.has(word)) return true;
  if (no.has(word)) return false;
  // What decides whether something is billed is not guessed.
  throw new UnreadableField(`${field}.unknown`, `"${word.slice(0, 50)}" is neither yes nor no.`);
}

function approval(value: unknown): ApprovalState {
  if (value === undefined || value === null || value === '') return 'unsubmitted';
  const word = String(value as string)
    .trim()
    .toLowerCase();
  const known = approvalStates.find((state) => state === word);
  if (known) return known;
  if (yes.has(word)) return 'approved';
  if (no.has(word)) return 'unsubmitted';
  throw new UnreadableField('approval.unknown', `"${word.slice(0, 50)}" is no state of approval.`);
}

function instant(value: unknown, field: string): Instant | null {
  if (value === undefined || value === null || value === '') return null;
  const found = typeof value === 'string' ? toInstant(value) : null;
  if (found === null)
    throw new UnreadableField(
      `${field}.invalid`,
      `${JSON.stringify(value).slice(0, 60)} is no point in time with its offset, such as 2026-03-02T09:00:00+01:00.`,
    );
  return found;
}

function decimal(value: unknown, field: string): DecimalText | null {
  if (value === undefined || value === null || value === '') return null;
  const found = decimalOf(value);
  if (found === null)
    throw new UnreadableField(`${field}.not_a_number`, `The value of ${field} is no number.`);
  return found;
}

function currency(value: string | null): string | null {
  if (value === null) return null;
  if (/^[A-Z]{3}$/.test(value)) return value;
  throw new UnreadableField('currency.unknown', `"${value.slice(0, 50)}" is no currency code such as EUR.`);
}

function words(value: unknown): string[] {
  const list = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [];
  return list
    .filter((word): word is string | number => typeof word === 'string' || typeof word === 'number')
    .map((word) => String(word).trim())
    .filter((word) => word !== '')
    .slice(0, mostTags);
}

const unreadable = ({ reason, detail }: Problem) => new UnreadableField(reason, detail);
const snake = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
