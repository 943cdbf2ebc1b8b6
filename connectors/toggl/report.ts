/** Owns reading Toggl's detailed report (Reports v3): whose rows, in which order, page by page to its end. */

import { z } from 'zod';
import type { Day, Instant } from '../../domain/work-entry.ts';
import type { VendorHttp, VendorResponse } from '../kit/http.ts';
import { toInstant } from '../kit/instant.ts';
import { pageGuard } from '../kit/pages.ts';
import { readAs, refused } from '../kit/vendor-words.ts';

/** Larger pages are not documented to work. */
const pageSize = 50;
/** 500,000 entries. */
const mostPages = 10_000;

export interface ReportQuery {
  from: Day;
  to: Day;
  order: 'date' | 'last_update';
  direction: 'ASC' | 'DESC';
  userIds?: readonly string[];
  entryIds?: readonly string[];
  /** A range that Toggl cuts short is refused: what is missing would count as deleted. */
  whole?: boolean;
}

/**
 * Pages of rows: the fields of a group and one of its `time_entry`. The next page is asked for by id and row number
 * together; the id alone repeats rows.
 */
export async function* reportPages(http: VendorHttp, query: ReportQuery): AsyncGenerator<unknown[]> {
  const contents = pageGuard(http.connector, mostPages);
  const asked = {
    start_date: query.from,
    end_date: query.to,
    order_by: query.order,
    order_dir: query.direction,
    user_ids: query.userIds?.map(Number),
    time_entry_ids: query.entryIds?.map(Number),
    page_size: pageSize,
    // Otherwise the preference of the token's owner rounds what is billed.
    rounding: 0,
    grouped: false,
    hide_amounts: false,
    enrich_response: true,
  };
  let next: { first_id: number; first_row_number: number } | null = null;
  do {
    const path = `/reports/api/v3/workspace/${workspaceOf(http)}/search/time_entries`;
    const response: VendorResponse = await http.post(path, { body: { ...asked, ...next }, reads: true });
    const rows = readAs(http.connector, z.array(z.unknown()), response.body).flatMap(entriesOf);
    if (query.whole) requireWhole(http, response, query);
    if (rows.length > 0) contents.check(rows);
    next = nextOf(http, response);
    yield rows;
  } while (next !== null);
}

const place = z.object({
  first_id: z.coerce.number().positive(),
  first_row_number: z.coerce.number().positive(),
});

function nextOf(http: VendorHttp, { headers }: VendorResponse): z.infer<typeof place> | null {
  const stated = { first_id: headers['x-next-id'], first_row_number: headers['x-next-row-number'] };
  return stated.first_id || stated.first_row_number ? readAs(http.connector, place, stated) : null;
}

/** A group that is none stays a row: it is quarantined with what it holds. */
function entriesOf(group: unknown): unknown[] {
  const { time_entries: entries, ...facts } = (group ?? {}) as Record<string, unknown>;
  return Array.isArray(entries)
    ? entries.map((entry: unknown) => ({ ...facts, time_entry: entry }))
    : [group];
}

function requireWhole(http: VendorHttp, { headers }: VendorResponse, { from, to }: ReportQuery): void {
  const [first, last] = [headers['x-range-start']?.slice(0, 10), headers['x-range-end']?.slice(0, 10)];
  if ((first ?? from) > from || (last ?? to) < to)
    throw refused(
      http.connector,
      'range_cut',
      `Toggl Track reads ${first} to ${last} only, not ${from} to ${to}. Its plan may not keep older time.`,
    );
}

const fieldOf = (row: unknown, name: string): unknown =>
  (row as { time_entry?: Record<string, unknown> | null } | null)?.time_entry?.[name];

export function updatedAtOf(row: unknown): Instant | null {
  return toInstant(String(fieldOf(row, 'at')));
}

/** The day as printed, in whatever zone Toggl printed it: near enough to ask for, not to bill by. */
export function printedDayOf(row: unknown): Day | null {
  return /^\d{4}-\d{2}-\d{2}/.exec(String(fieldOf(row, 'start')))?.[0] ?? null;
}

export function entryIdOf(row: unknown): { id: unknown } {
  return { id: fieldOf(row, 'id') };
}

export const workspaceOf = (http: VendorHttp): string => encodeURIComponent(http.settings.workspaceId ?? '');
