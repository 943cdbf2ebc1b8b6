/** Owns finding and making what documents name: a customer or item by its name, in whatever case, and never twice. */
import type { z } from 'zod';
import { InvalidRequest } from './errors.ts';
import { type NamedVendor, readAs, refused } from './vendor-words.ts';

/** A name on one line. Throws InvalidRequest for an empty one and for one that the vendor would cut or refuse. */
export function nameFor(vendor: NamedVendor, name: string, mostCharacters: number): string {
  const clean = name.replace(/\s+/g, ' ').trim();
  if (clean === '') throw refused(vendor, 'name_empty', `${vendor.name} needs a name.`);
  if (clean.length > mostCharacters)
    throw refused(
      vendor,
      'name_too_long',
      `${vendor.name} takes names of at most ${mostCharacters} characters; "${clean}" has ${clean.length}.`,
    );
  return clean;
}

export const sameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/**
 * The id of the first active record of exactly this name; null where there is none. Filters of vendors search by parts of a
 * name or are passed over, so what is meant is checked here, on every page. A row that cannot be read is a failure: to pass
 * over it could make the same customer twice.
 */
export async function idOfNamed(
  vendor: NamedVendor,
  pages: AsyncIterable<readonly unknown[]>,
  shape: z.ZodType<NamedRecord>,
  wanted: string,
): Promise<string | null> {
  for await (const rows of pages)
    for (const row of rows) {
      const { id, name, active } = readAs(vendor, shape, row);
      if (active && sameName(name ?? '', wanted)) return id;
    }
  return null;
}
export interface NamedRecord {
  id: string;
  name: string | null | undefined;
  active: boolean;
}

/** Made, or found where the vendor says by this code that it was made meanwhile by somebody else. */
export async function madeOrFound(
  make: () => Promise<string>,
  takenCode: string,
  find: () => Promise<string | null>,
): Promise<string> {
  try {
    return await make();
  } catch (problem) {
    if (!(problem instanceof InvalidRequest) || problem.vendorCode !== takenCode) throw problem;
    const found = await find();
    if (found !== null) return found;
    throw problem;
  }
}
