/** Owns how single fields of a vendor's row are read into ours; what cannot be read says which field it was. */
import { z } from 'zod';
import { isDay, isZone } from '../../domain/day.ts';
import type { Day, Instant, SourceRef } from '../../domain/work-entry.ts';
import { toInstant } from './instant.ts';
import { UnreadableField, unreadableShape } from './rows.ts';

/** Ids are text, whatever the vendor writes; those that a double cannot hold arrive as text anyway (kit/json). */
export const idText = z.union([z.number(), z.string().min(1)]).transform(String);
export const maybeId = idText.nullish();
export const maybeText = z.string().nullish();

/** A row by its shape. Throws UnreadableField. */
export function rowAs<Shape>(vendorName: string, shape: z.ZodType<Shape>, row: unknown): Shape {
  const read = shape.safeParse(row);
  if (read.success) return read.data;
  throw unreadableShape(vendorName, read.error, row);
}

/** Throws UnreadableField for what is no day of the calendar. */
export function dayField(vendorName: string, field: string, value: string): Day {
  const exists: boolean = isDay(value);
  if (exists) return value;
  throw new UnreadableField(`${field}.invalid`, `"${value}" is not a day. Correct it in ${vendorName}.`);
}

/** Throws UnreadableField; a time without an offset has no instant. */
export function instantField(vendorName: string, field: string, value: string): Instant {
  const instant = toInstant(value);
  if (instant !== null) return instant;
  throw new UnreadableField(
    `${field}.invalid`,
    `"${value}" is not a point in time. Correct the entry in ${vendorName}.`,
  );
}

/** Whole seconds of work. Throws UnreadableField. */
export function secondsField(vendorName: string, field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  const absent = value === undefined || value === null;
  throw new UnreadableField(
    `${field}.${absent ? 'missing' : 'invalid'}`,
    `${vendorName} sent this entry ${absent ? 'without a' : 'with an unexpected'} number of seconds. Correct it there.`,
  );
}

/** Our word for a vendor's. Throws UnreadableField for one that we do not know, where it decides what is billed or owed. */
export function wordOf<Ours>(
  vendor: { readonly name: string },
  field: string,
  word: string,
  words: Readonly<Record<string, Ours>>,
): Ours {
  if (Object.hasOwn(words, word)) return words[word]!;
  throw new UnreadableField(
    `${field}.unknown`,
    `${vendor.name} says "${word.slice(0, 40)}" for its ${field.replaceAll('_', ' ')}, which we do not know. Report the word to us.`,
  );
}

export function orNull(text: string | null | undefined): string | null {
  return text === undefined || text === null || text.trim() === '' ? null : text;
}

const knownZones = new Map<string, boolean>();
const mostKnownZones = 1_000;

/** A zone that exists; null for one that does not, and where none is stated. Asking costs more than a row: once each. */
export function zoneOrNull(zone: string | null | undefined): string | null {
  if (!zone) return null;
  const known = knownZones.get(zone) ?? isZone(zone);
  if (knownZones.size < mostKnownZones) knownZones.set(zone, known);
  return known ? zone : null;
}

/** Null where there is neither id nor name. */
export function refOrNull(
  externalId: string | null | undefined,
  name: string | null | undefined,
  code: string | null | undefined = null,
): SourceRef | null {
  const ref = { externalId: orNull(externalId), code: orNull(code), name: orNull(name) };
  return ref.externalId === null && ref.name === null && ref.code === null ? null : ref;
}

/** By the vendor's id in this field, so that a re-read does not take an unreadable entry for a deleted one. */
export const positionBy =
  (field: string) =>
  (row: unknown, index: number): string => {
    const read = idText.safeParse((row as Record<string, unknown> | null)?.[field]);
    return read.success ? read.data : `row ${index + 1} of the page`;
  };
export const positionById = positionBy('id');
