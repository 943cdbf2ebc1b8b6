/** Owns the few sentences and checks that every connector needs around a vendor's answers and a connection's settings. */
import type { z } from 'zod';
import { isDay, isZone } from '../../domain/day.ts';
import type { Day } from '../../domain/work-entry.ts';
import type { ConnectorSettings } from './define.ts';
import { InvalidRequest, Unavailable } from './errors.ts';
import { UnreadableField } from './rows.ts';

export interface NamedVendor {
  readonly id: string;
  readonly name: string;
}

/** What is refused before or after a call, with a stable word of ours. */
export function refused(vendor: NamedVendor, vendorCode: string, message: string): InvalidRequest {
  return new InvalidRequest(message, { connector: vendor.id, vendorCode });
}

/** An answer in another form than documented is no answer; an empty list would be a lie (invariant 7). Throws Unavailable. */
export function readAs<Shape>(vendor: NamedVendor, shape: z.ZodType<Shape>, body: unknown): Shape {
  const read = shape.safeParse(body);
  if (read.success) return read.data;
  throw new Unavailable(
    `${vendor.name} sent an answer in a form we do not know. It is tried again by itself.`,
    {
      connector: vendor.id,
      vendorCode: `unexpected_${read.error.issues[0]?.path.map(String).join('_') || 'answer'}`,
    },
  );
}

/** A single record that was asked for by its id: unreadable, it cannot be quarantined, so it is refused. */
export function readable<Mapped>(vendor: NamedVendor, map: () => Mapped): Mapped {
  try {
    return map();
  } catch (problem) {
    if (!(problem instanceof UnreadableField)) throw problem;
    throw refused(vendor, problem.reason, problem.message);
  }
}

/** What an answer after a write says; unreadable, the write may have happened all the same, so it must lead to a look. */
export function readWritten<Mapped>(vendor: NamedVendor, map: () => Mapped): Mapped {
  try {
    return map();
  } catch (problem) {
    if (!(problem instanceof UnreadableField)) throw problem;
    throw new Unavailable(
      `${vendor.name} sent an answer in a form we do not know. It is tried again by itself.`,
      {
        connector: vendor.id,
        vendorCode: `unexpected_${problem.reason}`,
      },
    );
  }
}

export function requireDays(vendor: NamedVendor, from: Day, to: Day): void {
  if (!isDay(from) || !isDay(to) || from > to)
    throw refused(vendor, 'window_invalid', `"${from}" to "${to}" is not a range of days.`);
}

/** The first choice is the default; a misspelt one is refused, for it would decide what is billed. */
export function oneOf<Choice extends string>(
  vendor: NamedVendor,
  settings: ConnectorSettings,
  name: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const value = settings[name];
  if (value === undefined || value === '') return choices[0];
  const chosen = choices.find((choice) => choice === value);
  if (chosen !== undefined) return chosen;
  throw refused(
    vendor,
    'settings_invalid',
    `The setting ${name} of the ${vendor.name} connection is "${value}"; it can be ${choices.join(' or ')}.`,
  );
}

/** A zone that a person set, which decides days; null where none is set. Throws InvalidRequest for one that does not exist. */
export function zoneSetting(vendor: NamedVendor, settings: ConnectorSettings, name: string): string | null {
  const zone = settings[name]?.trim() ?? '';
  if (zone === '' || isZone(zone)) return zone || null;
  throw refused(
    vendor,
    'settings_invalid',
    `The setting ${name} of the ${vendor.name} connection is "${zone}", which is no zone such as Europe/Berlin.`,
  );
}

/** A setting that is needed for what is asked only, with what it is for. */
export function needed(
  vendor: NamedVendor,
  settings: ConnectorSettings,
  name: string,
  purpose: string,
): string {
  const value = settings[name]?.trim() ?? '';
  if (value !== '') return value;
  throw refused(
    vendor,
    'settings_missing',
    `${purpose} needs the setting ${name} of the ${vendor.name} connection.`,
  );
}
