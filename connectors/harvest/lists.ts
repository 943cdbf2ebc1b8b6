/** Owns reading Harvest's lists: pages by link, changes since with an overlap, and what of them was newest. */
import { z } from 'zod';
import type { Instant } from '../../domain/work-entry.ts';
import type { VendorHttp, VendorRequest } from '../kit/http.ts';
import { toInstant } from '../kit/instant.ts';
import { followLinks } from '../kit/pages.ts';
import { readAs, refused } from '../kit/vendor-words.ts';

const pageSize = 2000;
/** What was committed late under an earlier `updated_at` is seen again within this. */
const overlapMs = 10 * 60_000;

/** Rows of any Harvest list. `links.next` is followed as given until null; `next_page` is not a stop sign (trap 7). */
export function listPages(
  http: VendorHttp,
  path: string,
  name: string,
  query: VendorRequest['query'] = {},
): AsyncGenerator<unknown[]> {
  const shape = z.object({ [name]: z.array(z.unknown()), links: z.object({ next: z.string().nullish() }) });
  return followLinks(http, {
    path,
    query: { ...query, per_page: pageSize },
    read: (body) => {
      const list = readAs(http.connector, shape, body);
      const rows = list[name] as unknown[];
      return { page: rows, rows, next: (list.links as { next?: string | null }).next ?? null };
    },
  });
}

/** For `updated_since`; null: everything. */
export function overlapped(http: VendorHttp, checkpoint: Instant | null): string | undefined {
  if (checkpoint === null) return undefined;
  const at = toInstant(checkpoint);
  if (at === null)
    throw refused(
      http.connector,
      'checkpoint_invalid',
      `The place reached in Harvest, "${checkpoint}", is not a point in time.`,
    );
  return new Date(Date.parse(at) - overlapMs).toISOString().replace('.000Z', 'Z');
}

/** The newest `updated_at` of rows, readable or not, and of `before`. */
export function newestUpdate(rows: readonly unknown[], before: Instant | null): Instant | null {
  // Instants in one form compare as text.
  return rows.reduce<Instant | null>((newest, row) => {
    const text = (row as { updated_at?: unknown } | null)?.updated_at;
    const at = typeof text === 'string' ? toInstant(text) : null;
    return at !== null && (newest === null || at > newest) ? at : newest;
  }, before);
}
