/** Owns the stand-in of Clockify's detailed report: filters, wall-clock bounds, pages and totals. */
import { z } from 'zod';
import type { VendorAnswer } from '../kit/sandbox.ts';

export interface ClockifyEntryState {
  id: string;
  userId: string;
  projectId: string | null;
  taskId: string | null;
  tags: string[];
  description: string;
  billable: boolean;
  /** REGULAR, BREAK, HOLIDAY or TIME_OFF. */
  type: string;
  start: string;
  /** Null: the timer runs. */
  end: string | null;
  /** Null: a row as no API should send it. */
  seconds: number | null;
  invoiced: boolean;
}
export interface ClockifyReportFacts {
  entries: readonly ClockifyEntryState[];
  approvalOf: (entry: ClockifyEntryState) => { id: string; approved: boolean } | null;
  namesOf: (entry: ClockifyEntryState) => {
    userName: string;
    userEmail: string;
    clientId: string | null;
    clientName: string | null;
    projectName: string | null;
    taskName: string | null;
    rate: number | null;
  };
  pageSizeMax: number;
  isFree: boolean;
  endless: boolean;
}

const words = <const List extends readonly [string, ...string[]]>(list: List) => z.enum(list).optional();
const filter = z
  .strictObject({ ids: z.array(z.string()), contains: z.string(), status: z.string().optional() })
  .optional();
/** The fields of the documented body that a JSON export can use; anything else is a mistake of the caller's. */
const bodyShape = z.strictObject({
  dateRangeStart: z.iso.datetime(),
  dateRangeEnd: z.iso.datetime(),
  exportType: words(['JSON', 'JSON_V1']),
  timeZone: z.string().optional(),
  sortOrder: words(['ASCENDING', 'DESCENDING']),
  approvalState: words(['APPROVED', 'UNAPPROVED', 'ALL']),
  invoicingState: words(['INVOICED', 'UNINVOICED', 'ALL']),
  billable: z.boolean().optional(),
  users: filter,
  clients: filter,
  projects: filter,
  tasks: filter,
  tags: filter,
  userGroups: filter,
  rounding: z.boolean().optional(),
  amountShown: words(['EARNED', 'COST', 'PROFIT', 'HIDE_AMOUNT', 'EXPORT']),
  detailedFilter: z.strictObject({
    page: z.int().min(1),
    pageSize: z.int().min(1).max(1_000),
    sortColumn: words([
      'ID',
      'DESCRIPTION',
      'USER',
      'DURATION',
      'DATE',
      'ZONED_DATE',
      'NATURAL',
      'USER_DATE',
    ]),
    options: z.strictObject({ totals: words(['CALCULATE', 'EXCLUDE']) }).optional(),
  }),
});

const MS_A_DAY = 86_400_000;
export const refusal = (message: string, status = 400, code = 501): VendorAnswer => ({
  status,
  body: { message, code },
});

export function detailedReport(text: string, facts: ClockifyReportFacts): VendorAnswer {
  const read = bodyShape.safeParse(JSON.parse(text || '{}'));
  if (!read.success) {
    const issue = read.error.issues[0]!;
    return refusal(`${issue.path.join('.') || 'body'}: ${issue.message}`);
  }
  const body = read.data;
  const zone = body.timeZone ?? 'Europe/Berlin';
  const [startMs, endMs] = [body.dateRangeStart, body.dateRangeEnd].map((bound) =>
    asWallClock(bound, zone),
  ) as [number, number];
  if (facts.isFree && endMs - startMs > 31 * MS_A_DAY)
    return refusal('Date range is too long for your plan', 403, 403);
  const rows = facts.entries
    .filter((entry) => {
      const approval = facts.approvalOf(entry);
      const atMs = Date.parse(entry.start);
      return (
        entry.end !== null &&
        atMs >= startMs &&
        atMs <= endMs &&
        (body.users === undefined || body.users.ids.includes(entry.userId)) &&
        matches(body.approvalState, 'APPROVED', approval?.approved === true) &&
        matches(body.invoicingState, 'INVOICED', entry.invoiced)
      );
    })
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.id < b.id ? -1 : 1));
  if (body.sortOrder !== 'ASCENDING') rows.reverse();
  const { page, pageSize, options } = body.detailedFilter;
  const size = Math.min(pageSize, facts.pageSizeMax);
  const shown = facts.endless ? rows.slice(0, size) : rows.slice((page - 1) * size, page * size);
  return {
    status: 200,
    body: {
      totals:
        options?.totals === 'EXCLUDE'
          ? []
          : [{ entriesCount: facts.endless ? 1_000_000 : rows.length, totalTime: 0, totalBillableTime: 0 }],
      timeentries: shown.map((entry) => toRow(entry, facts)),
    },
  };
}

function matches(wanted: string | undefined, word: string, holds: boolean): boolean {
  return wanted === undefined || wanted === 'ALL' || (wanted === word) === holds;
}

/** The clock reading of the bound in UTC is taken again, as local time in `zone`: not as the instant that it names. */
function asWallClock(bound: string, zone: string): number {
  const ms = Date.parse(bound);
  const local = new Date(ms).toLocaleString('sv-SE', { timeZone: zone });
  return ms - (Date.parse(`${local.replace(' ', 'T')}Z`) - Math.floor(ms / 1_000) * 1_000);
}

function toRow(entry: ClockifyEntryState, facts: ClockifyReportFacts): object {
  const { rate, ...names } = facts.namesOf(entry);
  return {
    _id: entry.id,
    approvalRequestId: facts.approvalOf(entry)?.id ?? null,
    userId: entry.userId,
    projectId: entry.projectId,
    taskId: entry.taskId,
    ...names,
    tags: entry.tags.map((name) => ({ id: `tag-${name}`, name })),
    description: entry.description,
    billable: entry.billable,
    locked: facts.approvalOf(entry)?.approved === true,
    type: entry.type,
    // Minor units.
    rate,
    timeInterval: { start: entry.start, end: entry.end, duration: entry.seconds },
  };
}
