/** Owns the stand-in of Toggl's Reports v3 search: filters, order, rounding, and pages by the two next headers. */
import { z } from 'zod';
import type { VendorAnswer } from '../kit/sandbox.ts';

/** An entry as the sandbox keeps it. */
export interface TogglEntryState {
  id: number;
  user_id: number;
  project_id: number | null;
  task_id: number | null;
  tag_names: string[];
  billable: boolean;
  description: string;
  /** UTC instants; no stop means that the timer runs. */
  start: string;
  stop: string | null;
  /** Null: a row as no API should send it. */
  seconds: number | null;
  at: string;
}

export interface TogglReportFacts {
  entries: readonly TogglEntryState[];
  nameOf: (kind: 'user' | 'email' | 'project' | 'client' | 'task', entry: TogglEntryState) => string | null;
  centsAnHour: (entry: TogglEntryState) => number | null;
  currency: string;
  /** Minutes by which the token's owner likes to see time rounded up; 0: not. */
  ownerRounding: number;
  /** Zone in which times are printed: that of who asks. */
  ownerZone: string;
  pageSizeMax: number;
  /** Rows come by date whatever order was asked for. */
  ignoresOrder: boolean;
  showsRunning: boolean;
  /** First day that the plan still shows; null: all. */
  keepsFrom: string | null;
  endless: boolean;
}

const ids = z.array(z.int().nullable()).optional();
const dayText = z.string().regex(/^\d{4}-\d\d-\d\d$/);
const minutes = [0, 1, 5, 6, 10, 12, 15, 30, 60, 240] as const;
/** The documented body; anything else in it is a mistake of the caller's. */
const bodyShape = z.strictObject({
  start_date: dayText.optional(),
  end_date: dayText.optional(),
  user_ids: ids,
  group_ids: ids,
  client_ids: ids,
  project_ids: ids,
  task_ids: ids,
  tag_ids: ids,
  time_entry_ids: ids,
  description: z.string().optional(),
  billable: z.boolean().optional(),
  grouped: z.boolean().optional(),
  rounding: z.union([z.literal(0), z.literal(1)]).optional(),
  rounding_minutes: z.union(minutes.map((count) => z.literal(count))).optional(),
  hide_amounts: z.boolean().optional(),
  enrich_response: z.boolean().optional(),
  order_by: z.enum(['date', 'user', 'duration', 'description', 'last_update']).optional(),
  order_dir: z.enum(['ASC', 'DESC']).optional(),
  page_size: z.int().min(1).max(50).optional(),
  first_id: z.int().optional(),
  first_row_number: z.int().optional(),
  first_timestamp: z.int().optional(),
});
type Body = z.infer<typeof bodyShape>;

const MS_A_DAY = 86_400_000;

export function searchTimeEntries(text: string, facts: TogglReportFacts): VendorAnswer {
  const read = bodyShape.safeParse(JSON.parse(text || '{}'));
  if (!read.success) {
    const issue = read.error.issues[0]!;
    return { status: 400, body: `Invalid '${issue.path.join('.') || 'body'}' value: ${issue.message}` };
  }
  const body = read.data;
  if (Object.keys(body).length === 0) return { status: 400, body: 'At least one parameter must be set' };
  const from = body.start_date ?? '2006-01-01';
  const to = body.end_date ?? '2199-12-31';
  if (from > to) return { status: 400, body: "Invalid 'end_date' value: should be greater than Start date" };
  if (body.start_date && body.end_date && (Date.parse(to) - Date.parse(from)) / MS_A_DAY > 366)
    return { status: 400, body: 'Invalid date range: at most one year' };
  const usedFrom = facts.keepsFrom !== null && facts.keepsFrom > from ? facts.keepsFrom : from;
  const rows = sorted(
    facts.entries.filter((entry) => matches(entry, body, usedFrom, to, facts)),
    body,
    facts,
  );

  const size = Math.min(body.page_size ?? 50, facts.pageSizeMax);
  const start = facts.endless ? 0 : startOf(rows, body);
  const page = rows.slice(start, start + size);
  const next = rows[start + size] ?? (facts.endless ? rows[0] : undefined);
  return {
    status: 200,
    headers: {
      'X-Range-Start': usedFrom,
      'X-Range-End': to,
      ...(next ? { 'X-Next-ID': String(next.id), 'X-Next-Row-Number': String(start + size + 1) } : {}),
    },
    body: page.map((entry, index) => toGroup(entry, start + index + 1, body, facts)),
  };
}

/** The id alone leads nowhere: the first page comes again. Rows that moved meanwhile are found by their id. */
function startOf(rows: readonly TogglEntryState[], { first_id: id, first_row_number: number }: Body): number {
  if (id === undefined || number === undefined) return 0;
  const found = rows.findIndex((row) => row.id === id);
  return found === -1 ? Math.min(number - 1, rows.length) : found;
}

function matches(
  entry: TogglEntryState,
  body: Body,
  from: string,
  to: string,
  facts: TogglReportFacts,
): boolean {
  if (entry.stop === null && !facts.showsRunning) return false;
  const day = inZone(entry.start, facts.ownerZone).slice(0, 10);
  const among = (wanted: Body['user_ids'], id: number | null) => wanted === undefined || wanted.includes(id);
  return (
    day >= from &&
    day <= to &&
    among(body.user_ids, entry.user_id) &&
    among(body.project_ids, entry.project_id) &&
    among(body.task_ids, entry.task_id) &&
    among(body.time_entry_ids, entry.id) &&
    (body.billable === undefined || body.billable === entry.billable)
  );
}

function sorted(rows: TogglEntryState[], body: Body, facts: TogglReportFacts): TogglEntryState[] {
  const key = (entry: TogglEntryState) =>
    body.order_by === 'last_update' && !facts.ignoresOrder ? entry.at : entry.start;
  const turn = body.order_dir === 'DESC' && !facts.ignoresOrder ? -1 : 1;
  return rows.sort((a, b) => turn * (compare(key(a), key(b)) || a.id - b.id));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function toGroup(entry: TogglEntryState, rowNumber: number, body: Body, facts: TogglReportFacts): object {
  const cents = entry.billable && body.hide_amounts !== true ? facts.centsAnHour(entry) : null;
  const seconds = shownSeconds(entry, body, facts);
  return {
    user_id: entry.user_id,
    username: facts.nameOf('user', entry),
    project_id: entry.project_id,
    task_id: entry.task_id,
    billable: entry.billable,
    description: entry.description,
    tag_ids: entry.tag_names.map((_, index) => 15_500_001 + index),
    billable_amount_in_cents: cents === null ? null : Math.round((cents * (seconds ?? 0)) / 3_600),
    hourly_rate_in_cents: cents,
    currency: facts.currency,
    time_entries: [
      {
        id: entry.id,
        seconds,
        start: inZone(entry.start, facts.ownerZone),
        stop: entry.stop === null ? null : inZone(entry.stop, facts.ownerZone),
        at: `${entry.at.slice(0, 19)}+00:00`,
        at_tz: inZone(entry.at, facts.ownerZone),
      },
    ],
    row_number: rowNumber,
    ...(body.enrich_response === true
      ? {
          email: facts.nameOf('email', entry),
          project_name: facts.nameOf('project', entry),
          client_name: facts.nameOf('client', entry),
          task_name: facts.nameOf('task', entry),
          tag_names: entry.tag_names,
        }
      : {}),
  };
}

/** Rounded by the preference of the token's owner, unless the request says otherwise. */
function shownSeconds(entry: TogglEntryState, body: Body, facts: TogglReportFacts): number | null {
  if (entry.stop === null) return -1;
  const step = (body.rounding_minutes ?? facts.ownerRounding) * 60;
  if (entry.seconds === null || step === 0 || body.rounding === 0) return entry.seconds;
  return Math.ceil(entry.seconds / step) * step;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const printed = new Map<string, string>();

/** `2026-09-14T07:05:00.000Z` in Berlin as `2026-09-14T09:05:00+02:00`. */
function inZone(instant: string, zone: string): string {
  const key = `${instant} ${zone}`;
  const known = printed.get(key);
  if (known !== undefined) return known;
  const format = formats.get(zone) ?? new Intl.DateTimeFormat('en-CA', { timeZone: zone, ...FORMAT });
  formats.set(zone, format);
  const parts = format.formatToParts(new Date(instant));
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  const offset = of('timeZoneName').replace('GMT', '') || '+00:00';
  const text = `${of('year')}-${of('month')}-${of('day')}T${of('hour')}:${of('minute')}:${of('second')}${offset}`;
  // Rendering 100,000 times for every page would make the stand-in the slow side.
  if (printed.size > 500_000) printed.clear();
  printed.set(key, text);
  return text;
}

const FORMAT = {
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'longOffset',
} as const;
