/** Owns QuickBooks' change data capture: what changed or was deleted of one kind, for 30 days back. */
import { z } from 'zod';
import type { Instant } from '../../domain/work-entry.ts';
import type { VendorHttp } from '../kit/http.ts';
import { later, toInstant, wholeSeconds } from '../kit/instant.ts';
import { pageGuard } from '../kit/pages.ts';
import { minorVersion, mostRows, readAnswer } from './query.ts';

/** What became visible late under an earlier time is seen again within this. */
export const overlapMs = 5 * 60_000;
/** CDC answers for 30 days; one is kept in hand for clocks and zones. */
export const mostAgeMs = 29 * 24 * 3600_000;

/** `last`: there is no more than these. `answeredAt`: when QuickBooks answered first, from which the next reading begins. */
export interface Changes {
  rows: unknown[];
  answeredAt: Instant;
  last: boolean;
}

export async function* changesSince(
  http: VendorHttp,
  entity: 'Invoice' | 'Payment',
  since: Instant,
): AsyncGenerator<Changes> {
  const shape = z.object({
    CDCResponse: z.array(
      z.object({ QueryResponse: z.array(z.object({ [entity]: z.array(z.unknown()).optional() })) }),
    ),
    time: z.string().nullish(),
  });
  const guard = pageGuard(http.connector);
  let from = since;
  let begun: Instant | null = null;
  for (;;) {
    const query = { entities: entity, changedSince: wholeSeconds(from), minorversion: minorVersion };
    const { body, answeredAt } = readAnswer(shape, await http.get('/cdc', { query }));
    begun ??= answeredAt;
    const rows = body.CDCResponse.flatMap((part) => part.QueryResponse.flatMap((one) => one[entity] ?? []));
    if (rows.length > 0) guard.check(rows);
    const last = rows.length < mostRows;
    yield { rows, answeredAt: begun, last };
    if (last) return;
    // An answer holds at most 1,000 objects and there is no second page: ask again from the latest one it told.
    from = rows.map(updatedAtOf).reduce(later, from) ?? from;
  }
}

export function updatedAtOf(row: unknown): Instant | null {
  const text = (row as { MetaData?: { LastUpdatedTime?: unknown } } | null)?.MetaData?.LastUpdatedTime;
  return typeof text === 'string' ? toInstant(text) : null;
}
