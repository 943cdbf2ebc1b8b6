/** Owns Hubstaff's time sheets, which alone say whether time is approved: a sheet spans days of one person. */
import { z } from 'zod';
import { addDays, isDay } from '../../domain/day.ts';
import type { ApprovalState, Day, Instant, UnreadableRow } from '../../domain/work-entry.ts';
import { idText as id, maybeText, rowAs } from '../kit/fields.ts';
import type { VendorHttp, VendorRequest } from '../kit/http.ts';
import { later, toInstant } from '../kit/instant.ts';
import { mapRows, UnreadableField } from '../kit/rows.ts';
import { listPages, ofOrganization } from './list.ts';

export interface TimeSheet {
  id: string;
  userId: string;
  from: Day;
  to: Day;
  /** `open`, `submitted`, `approved` or `denied`, or what we do not know. */
  status: string;
  /** The latest of its times, approval among them. */
  changedAt: Instant | null;
}

/** Sheets may be of a month; whether Hubstaff's range means touching or within is not documented. */
const longestDays = 31;

const day = z.string().refine(isDay);
/** Without `tracked`: it is said to be minutes, where activities count seconds, and nothing is billed by it (README 2). */
const shape = z.object({
  id,
  user_id: id,
  status: z.string(),
  start_date: day,
  stop_date: day,
  approved_on: maybeText,
  updated_at: maybeText,
});

function toTimeSheet(row: unknown): TimeSheet {
  const { approved_on: approvedOn, ...sheet } = rowAs('Hubstaff', shape, row);
  // The schema states a day, the examples an instant; a day counts to its end.
  const approvedAt = isDay(approvedOn ?? '') ? `${approvedOn}T23:59:59Z` : (approvedOn ?? '');
  return {
    id: sheet.id,
    userId: sheet.user_id,
    from: sheet.start_date,
    to: sheet.stop_date,
    status: sheet.status,
    changedAt: later(toInstant(approvedAt), toInstant(sheet.updated_at ?? '')),
  };
}

export async function readSheets(
  http: VendorHttp,
  query: VendorRequest['query'],
): Promise<{ sheets: TimeSheet[]; unreadable: UnreadableRow[] }> {
  const sheets: TimeSheet[] = [];
  const unreadable: UnreadableRow[] = [];
  for await (const rows of listPages(http, ofOrganization(http, '/timesheets'), 'timesheets', { query })) {
    const read = mapRows(
      rows,
      toTimeSheet,
      (row) => `timesheet ${String((row as { id?: unknown } | null)?.id)}`,
    );
    sheets.push(...read.mapped);
    unreadable.push(...read.unreadable);
  }
  return { sheets, unreadable };
}

/** All sheets that may touch the days, whatever their status: one can go back from approved (README 8). */
export const sheetsAround = (http: VendorHttp, from: Day, to: Day) =>
  readSheets(http, { 'date[start]': addDays(from, -longestDays), 'date[stop]': addDays(to, longestDays) });

/** What lacks most to an approval comes first. */
const approvals: ReadonlyMap<string, ApprovalState> = new Map([
  ['open', 'unsubmitted'],
  ['denied', 'rejected'],
  ['submitted', 'submitted'],
  ['approved', 'approved'],
]);

/**
 * How far the work of a day is: as far as its least slot. `sheetIds` are those that its slots name (null: a slot that names
 * none); where a sheet is not known by its id, those of the person over the day count. Throws UnreadableField for a status
 * that we do not know: it decides what is billed.
 */
export function approvalOf(
  work: { day: Day; sheetIds: readonly (string | null)[] },
  ofPerson: readonly TimeSheet[],
): ApprovalState {
  const covering = ofPerson.filter((sheet) => sheet.from <= work.day && work.day <= sheet.to);
  const words = (work.sheetIds.length === 0 ? [null] : work.sheetIds).flatMap((sheetId) => {
    const named = ofPerson.filter((sheet) => sheet.id === sheetId);
    const decisive = named.length > 0 ? named : covering;
    return decisive.length === 0 ? ['open'] : decisive.map(({ status }) => status);
  });
  const odd = words.find((word) => !approvals.has(word));
  if (odd !== undefined)
    throw new UnreadableField(
      'timesheet_status.invalid',
      `The time sheet of this day is "${odd}" in Hubstaff, a word that we do not know. Report it.`,
    );
  for (const [word, state] of approvals) if (words.includes(word)) return state;
  return 'unsubmitted';
}
