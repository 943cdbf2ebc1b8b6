/** Owns reading Harvest's lists: pages by link, changes since with an overlap, and what of them was newest. */
import { z } from 'zod';
import type { Instant } from '../../domain/work-entry.ts';
import { readInstant } from '../kit/checkpoint.ts';
import type { VendorHttp, VendorRequest } from '../kit/http.ts';
import { earlier, later, toInstant, wholeSeconds } from '../kit/instant.ts';
import { followLinks } from '../kit/pages.ts';
import { readAs } from '../kit/vendor-words.ts';

const pageSize = 2000;
/** What was committed late under an earlier `updated_at` is seen again within this. */
const overlapMs = 10 * 60_000;

/**
 * Rows of any Harvest list. `links.next` is followed as given until null; `next_page` is not a stop sign (trap 7). `mayRepeat`:
 * where rows went meanwhile all come again, for callers that keep each by its id.
 */
export function listPages(
  http: VendorHttp,
  path: string,
  name: string,
  query: VendorRequest['query'] = {},
  { mayRepeat = false }: { mayRepeat?: boolean } = {},
): AsyncGenerator<unknown[]> {
  const shape = z.object({
    [name]: z.array(z.unknown()),
    links: z.object({ next: z.string().nullish() }),
    total_entries: z.number().nullish(),
  });
  return followLinks(http, {
    path,
    query: { ...query, per_page: pageSize },
    read: (body) => {
      const list = readAs(http.connector, shape, body);
      const rows = list[name] as unknown[];
      const { links, total_entries: total } = list as {
        links: { next?: string | null };
        total_entries?: number;
      };
      return { page: rows, rows, next: links.next ?? null, ...(mayRepeat ? { total } : {}) };
    },
  });
}

/** For `updated_since`; null: everything. */
export function overlapped(http: VendorHttp, checkpoint: Instant | null): string | undefined {
  const at = readInstant(http.connector, checkpoint);
  return at === null ? undefined : wholeSeconds(earlier(at, overlapMs));
}

/** The newest `updated_at` of rows, readable or not, and of `before`. */
export function newestUpdate(rows: readonly unknown[], before: Instant | null): Instant | null {
  return rows.reduce<Instant | null>((newest, row) => {
    const text = (row as { updated_at?: unknown } | null)?.updated_at;
    return later(newest, typeof text === 'string' ? toInstant(text) : null);
  }, before);
}
