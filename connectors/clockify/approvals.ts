/** Owns Clockify's approval requests: which days of which people were submitted, approved or taken back since. */
import { z } from 'zod';
import type { Instant } from '../../domain/work-entry.ts';
import type { EntryPage } from '../kit/define.ts';
import { idText, instantField, positionById, rowAs } from '../kit/fields.ts';
import type { VendorHttp, VendorResponse } from '../kit/http.ts';
import { answeredAt, earlier, later } from '../kit/instant.ts';
import { mapRows } from '../kit/rows.ts';
import { listPages } from './lists.ts';
import type { ReadBetween } from './report.ts';

/** The list can be asked for these; a rejected one is found by the re-read of the window. */
const statuses = ['APPROVED', 'WITHDRAWN_APPROVAL', 'PENDING'] as const;
const mostPeople = 100;
/** Of decisions made in one moment some may show after others: those of the last minutes are read again. */
const lagMs = 10 * 60_000;

const shape = z.object({
  approvalRequest: z.object({
    id: idText,
    owner: z.object({ userId: idText }),
    dateRange: z.object({ start: z.string(), end: z.string() }),
    status: z.object({ updatedAt: z.string() }),
  }),
});
type Row = { approvalRequest?: unknown };
interface Decision {
  userId: string;
  start: Instant;
  end: Instant;
  updatedAt: Instant;
}

/** Entries of all requests that were updated after `reached` (null: ever), and with the last page the newest update. */
export async function* decidedSince(
  http: VendorHttp,
  reached: Instant | null,
  between: ReadBetween,
): AsyncGenerator<EntryPage> {
  const decisions: Decision[] = [];
  let begun: Instant = '';
  const onAnswer = (answer: VendorResponse) => {
    begun ||= answeredAt(answer);
  };
  for (const status of statuses)
    for await (const { mapped, unreadable } of updated(http, status, onAnswer)) {
      const fresh = mapped.filter((one) => one.updatedAt > (reached ?? ''));
      decisions.push(...fresh);
      if (unreadable.length > 0) yield { entries: [], unreadable, checkpoint: null };
      if (fresh.length < mapped.length) break;
    }
  for (const sheets of Map.groupBy(decisions, ({ start, end }) => `${start} ${end}`).values()) {
    const { start, end } = sheets[0]!;
    const userIds = [...new Set(sheets.map(({ userId }) => userId))];
    for (let first = 0; first < userIds.length; first += mostPeople)
      yield* between(start, end, userIds.slice(first, first + mostPeople));
  }
  const newest = decisions.map(({ updatedAt }) => updatedAt).reduce(later, reached);
  const settled = earlier(begun, lagMs);
  const checkpoint = newest !== null && newest > settled ? later(settled, reached) : newest;
  yield { entries: [], unreadable: [], checkpoint };
}

/** Newest first. User and date filters are ignored there, so they are not sent. */
async function* updated(http: VendorHttp, status: string, onAnswer: (answer: VendorResponse) => void) {
  const query = { status, 'sort-column': 'UPDATED_AT', 'sort-order': 'DESCENDING' };
  for await (const rows of listPages(http, 'approval-requests', query, onAnswer))
    yield mapRows(
      rows,
      toDecision,
      (row, index) => `approval request ${positionById((row as Row | null)?.approvalRequest, index)}`,
    );
}

function toDecision(row: unknown): Decision {
  const { owner, dateRange, status } = rowAs('Clockify', shape, row).approvalRequest;
  return {
    userId: owner.userId,
    start: instantField('Clockify', 'start', dateRange.start),
    end: instantField('Clockify', 'end', dateRange.end),
    updatedAt: instantField('Clockify', 'updated_at', status.updatedAt),
  };
}
