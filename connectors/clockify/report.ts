/** Owns reading Clockify's detailed report: everybody's entries between two instants, with approval and invoicing. */
import { z } from 'zod';
import type { Instant } from '../../domain/work-entry.ts';
import type { EntryPage } from '../kit/define.ts';
import { entryPage } from '../kit/entries.ts';
import { positionBy } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { numberedPages } from '../kit/pages.ts';
import { oneOf, readAs } from '../kit/vendor-words.ts';
import { pathOf, readPeople } from './lists.ts';
import { type ReportPart, toSourceEntry, withId } from './to-source-entry.ts';

/** More is accepted, how much more is not documented. */
const pageSize = 200;
/** The free plan refuses longer ranges. */
const longestMs = 31 * 86_400_000;

const answer = z.object({
  timeentries: z.array(z.unknown()),
  totals: z.array(z.object({ entriesCount: z.number().nullish() }).nullable()).nullish(),
});

export const hasApprovals = (http: VendorHttp): boolean =>
  oneOf(http.connector, http.settings, 'approvals', ['requests', 'none']) === 'requests';

export type ReadBetween = (
  start: Instant,
  end: Instant,
  userIds?: readonly string[],
) => AsyncGenerator<EntryPage>;

/** One reading, for which the people are asked once, and not at all while there is nothing. */
export function openReport(http: VendorHttp): ReadBetween {
  let people: ReturnType<typeof readPeople> | null = null;
  const approvalStates = hasApprovals(http) ? (['APPROVED', 'UNAPPROVED'] as const) : (['ALL'] as const);
  return async function* (start, end, userIds) {
    for (const range of rangesOf(start, end))
      for (const approvalState of approvalStates)
        for (const invoicingState of ['UNINVOICED', 'INVOICED'] as const) {
          const part = { approved: approvalState === 'APPROVED', invoiced: invoicingState === 'INVOICED' };
          for await (const rows of pages(http, {
            ...range,
            approvalState,
            invoicingState,
            ...usersOf(userIds),
          })) {
            if (rows.length === 0) continue;
            people ??= readPeople(http);
            yield toPage(rows, part, await people);
          }
        }
  };
}

function toPage(
  rows: readonly unknown[],
  part: ReportPart,
  people: Awaited<ReturnType<typeof readPeople>>,
): EntryPage {
  return entryPage(
    rows,
    (row) => toSourceEntry(row, part, people),
    (row, index) => positionOf(withId(row), index),
  );
}
const positionOf = positionBy('_id');

/** Until there are as many rows as the totals say, for a page may be shorter than asked. */
function pages(http: VendorHttp, filter: Record<string, unknown>): AsyncGenerator<readonly unknown[]> {
  let read = 0;
  return numberedPages<unknown>(http.connector, {
    async read(page) {
      const body = {
        ...filter,
        exportType: 'JSON',
        // In any other zone Clockify takes the clock reading of the two bounds again, as local time.
        timeZone: 'UTC',
        sortOrder: 'ASCENDING',
        rounding: false,
        amountShown: 'EARNED',
        detailedFilter: { page, pageSize, sortColumn: 'DATE', options: { totals: 'CALCULATE' } },
      };
      const path = pathOf(http, 'reports/detailed');
      const response = await http.post(path, { host: 'reports', body, reads: true });
      const { timeentries: rows, totals } = readAs(http.connector, answer, response.body);
      read = (page === 1 ? 0 : read) + rows.length;
      const total = totals?.[0]?.entriesCount ?? null;
      return {
        rows,
        more: rows.length > 0 && (total === null ? rows.length >= pageSize : read < total),
        total,
      };
    },
  });
}

const usersOf = (ids: readonly string[] | undefined) =>
  ids ? { users: { ids, contains: 'CONTAINS', status: 'ALL' } } : {};

function rangesOf(start: Instant, end: Instant): { dateRangeStart: Instant; dateRangeEnd: Instant }[] {
  const ranges = [];
  for (let fromMs = Date.parse(start); fromMs <= Date.parse(end); fromMs += longestMs)
    ranges.push({
      dateRangeStart: new Date(fromMs).toISOString(),
      dateRangeEnd: new Date(Math.min(Date.parse(end), fromMs + longestMs - 1)).toISOString(),
    });
  return ranges;
}
