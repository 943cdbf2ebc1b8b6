/** Owns the places that feeds have reached, as text that the caller keeps: written by us, and refused where it is none of ours. */
import type { z } from 'zod';
import type { Instant } from '../../domain/work-entry.ts';
import type { InvalidRequest } from './errors.ts';
import { toInstant } from './instant.ts';
import { type NamedVendor, refused } from './vendor-words.ts';

/** A place as JSON; null: `beginning`. Throws InvalidRequest. */
export function readPlace<Place, Beginning = Place>(
  vendor: NamedVendor,
  checkpoint: string | null,
  shape: z.ZodType<Place>,
  beginning: Beginning,
): Place | Beginning {
  if (checkpoint === null) return beginning;
  let place: unknown = null;
  try {
    place = JSON.parse(checkpoint);
  } catch {
    // Refused below.
  }
  const read = shape.safeParse(place);
  if (read.success) return read.data;
  throw unreadablePlace(vendor, checkpoint);
}

/** A place that is a point in time; null: from the beginning. Throws InvalidRequest. */
export function readInstant(vendor: NamedVendor, checkpoint: string | null): Instant | null {
  const at = checkpoint === null ? null : toInstant(checkpoint);
  if (checkpoint !== null && at === null) throw unreadablePlace(vendor, checkpoint);
  return at;
}

export function unreadablePlace(vendor: NamedVendor, checkpoint: string): InvalidRequest {
  return refused(
    vendor,
    'checkpoint_invalid',
    `The place reached in ${vendor.name}, "${checkpoint.slice(0, 100)}", cannot be read.`,
  );
}
