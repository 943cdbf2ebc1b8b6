/** Owns Toggl's approvals, which stand on timesheets (person, first day, last day) and not on entries. */
import { z } from 'zod';
import { addDays } from '../../domain/day.ts';
import type { ApprovalState, Day } from '../../domain/work-entry.ts';
import { idText, maybeText } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { later, toInstant } from '../kit/instant.ts';
import { numberedPages } from '../kit/pages.ts';
import { UnreadableField } from '../kit/rows.ts';
import { readAs } from '../kit/vendor-words.ts';
import { workspaceOf } from './report.ts';

/** Above 1,000 Toggl falls back to 20 without a word. */
const perPage = 500;
/** Timesheets are weekly, fortnightly or monthly. */
const longestDays = 32;

const day = z.string().transform((text) => text.slice(0, 10));
const sheet = z
  .object({
    member_id: idText,
    start_date: day,
    end_date: day,
    status: z.string(),
    timezone: maybeText,
    submitted_at: maybeText,
    approved_or_rejected_at: maybeText,
    reviews: z.array(z.object({ updated_at: maybeText })).nullish(),
  })
  .transform((row) => ({
    memberId: row.member_id,
    from: row.start_date,
    to: row.end_date,
    status: row.status,
    zone: row.timezone ?? null,
    /** When somebody last submitted, approved, rejected or reviewed it. */
    changedAt: [
      row.submitted_at,
      row.approved_or_rejected_at,
      ...(row.reviews ?? []).map((one) => one.updated_at),
    ]
      .map((time) => toInstant(time ?? ''))
      .reduce(later, null),
  }));
export type Timesheet = z.infer<typeof sheet>;

const page = z.object({
  data: z.array(sheet).nullable(),
  per_page: z.number().positive(),
  total_count: z.number(),
});
/** The spec shows the page in a list of one, the product's answers without. */
const answer = z.union([page, z.tuple([page]).transform(([only]) => only)]);

/** What was read of a workspace's timesheets, in one stretch of days that grows. */
export class TimesheetBook {
  readonly all: Timesheet[] = [];
  readonly #http: VendorHttp;
  readonly #byMember = new Map<string, Timesheet[]>();
  #read: { from: Day; to: Day } | null = null;

  constructor(http: VendorHttp) {
    this.#http = http;
  }

  /** Reads the timesheets that may cover these days; those that were read already are not asked for again. */
  async ensure(wantedFrom: Day, to: Day): Promise<void> {
    const from = addDays(wantedFrom, -longestDays);
    const read = this.#read;
    if (read === null) await this.#add(from, to);
    if (read !== null && from < read.from) await this.#add(from, addDays(read.from, -1));
    if (read !== null && to > read.to) await this.#add(addDays(read.to, 1), to);
    this.#read = {
      from: read && read.from < from ? read.from : from,
      to: read && read.to > to ? read.to : to,
    };
  }

  /** Of whichever id of a member Toggl means. */
  covering(memberIds: readonly string[], on: Day): Timesheet[] {
    const theirs = memberIds.flatMap((memberId) => this.#byMember.get(memberId) ?? []);
    return theirs.filter((one) => one.from <= on && on <= one.to);
  }

  /** Timesheets that start within `from`..`to`. Whether the bounds themselves count is not said: a day more is asked for. */
  async #add(from: Day, to: Day): Promise<void> {
    const path = `/api/v9/workspaces/${workspaceOf(this.#http)}/timesheets`;
    const query = { after: addDays(from, -1), before: addDays(to, 1), per_page: perPage };
    const read = async (number: number) => {
      const { body } = await this.#http.get(path, { query: { ...query, page: number } });
      const { data, per_page: size, total_count: total } = readAs(this.#http.connector, answer, body);
      return { rows: data ?? [], more: number * size < total && (data ?? []).length > 0 };
    };
    for await (const rows of numberedPages(this.#http.connector, { read }))
      for (const one of rows) {
        if (one.from < from || to < one.from) continue;
        this.all.push(one);
        this.#byMember.set(one.memberId, [...(this.#byMember.get(one.memberId) ?? []), one]);
      }
  }
}

/** Toggl's words are not documented: these are read, and any other one keeps its entries from being billed. */
const words: Readonly<Record<string, ApprovalState>> = {
  approved: 'approved',
  submitted: 'submitted',
  pending: 'submitted',
  rejected: 'rejected',
  open: 'unsubmitted',
  unsubmitted: 'unsubmitted',
  not_submitted: 'unsubmitted',
  reopened: 'unsubmitted',
};
const weakestFirst: readonly ApprovalState[] = ['rejected', 'unsubmitted', 'submitted', 'approved'];

/** Where several timesheets cover a day, all of them have to be approved. Throws UnreadableField for an unknown word. */
export function approvalOf(sheets: readonly Timesheet[]): ApprovalState {
  const states = sheets.map(({ status }) => {
    const state =
      words[
        status
          .trim()
          .toLowerCase()
          .replaceAll(/[\s-]+/g, '_')
      ];
    if (state !== undefined) return state;
    throw new UnreadableField(
      'timesheet_status.unknown',
      `Its timesheet in Toggl Track is "${status}": whether that is approved we do not know. Report the word to us.`,
    );
  });
  return weakestFirst.find((state) => states.includes(state)) ?? 'unsubmitted';
}
