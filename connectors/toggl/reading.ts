/** Owns one reading of a Toggl workspace: the first filling, then what changed, the window, and a single entry. */
import { z } from 'zod';
import { addDays, isDay } from '../../domain/day.ts';
import type { Day, Instant } from '../../domain/work-entry.ts';
import { readPlace } from '../kit/checkpoint.ts';
import type { EntryPage } from '../kit/define.ts';
import { entryPage, withinDays } from '../kit/entries.ts';
import { InvalidRequest } from '../kit/errors.ts';
import { idText, positionById } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { answeredAt, earlier, later } from '../kit/instant.ts';
import { oneOf, readAs, requireDays } from '../kit/vendor-words.ts';
import { readLookUps, type TogglLookUps } from './look-ups.ts';
import {
  entryIdOf,
  printedDayOf,
  type ReportQuery,
  reportPages,
  updatedAtOf,
  workspaceOf,
} from './report.ts';
import { TimesheetBook } from './timesheets.ts';
import { toSourceEntry } from './to-source-entry.ts';

/** A report's longest range; stated for v2 only, so it is kept. */
const mostRangeDays = 365;
/** People plan a few weeks ahead at most; with the default beginning this makes one range. */
const daysAhead = 31;
const defaultDaysBack = 330;
const mostDaysBack = 5 * 365;
/** Changes of the last minutes may still be on their way into the report (2 to 5 s, and our clocks may differ). */
const lagMs = 10 * 60_000;
/** Beyond this many pages of changes a filling is better: it goes on where it was stopped. */
const mostFeedPages = 60;
/** Decisions on timesheets that started longer ago are found by the re-read of the window only. */
const sheetDays = 92;
const mostPeople = 100;

/** `fill`: the first filling goes on at this day. `at`, `sheets`: newest change of an entry, of a timesheet, that was read. */
const checkpointShape = z.object({
  fill: z.string().optional(),
  at: z.string(),
  sheets: z.string(),
  /** Whether Toggl keeps the order by change that is asked for, as the first reading found. */
  ordered: z.boolean(),
});
type Reached = z.infer<typeof checkpointShape>;
const at = (reached: Reached): EntryPage => ({
  entries: [],
  unreadable: [],
  checkpoint: JSON.stringify(reached),
});
const oldestFirst = { order: 'date', direction: 'ASC' } as const;
const newestFirst = { order: 'last_update', direction: 'DESC' } as const;
const nothing: EntryPage = { entries: [], unreadable: [], checkpoint: null };

export class Reading {
  readonly #http: VendorHttp;
  readonly #workspace: Awaited<ReturnType<typeof readWorkspace>>;
  readonly #from: Day;
  readonly #to: Day;
  readonly #byTimesheet: boolean;
  readonly #timesheets: TimesheetBook;
  #lookUps: TogglLookUps | null = null;

  static async open(http: VendorHttp): Promise<Reading> {
    return new Reading(http, await readWorkspace(http));
  }

  private constructor(http: VendorHttp, workspace: Awaited<ReturnType<typeof readWorkspace>>) {
    this.#http = http;
    this.#workspace = workspace;
    this.#byTimesheet = hasTimesheets(http);
    this.#timesheets = new TimesheetBook(http);
    this.#from = readFrom(http, workspace.today);
    this.#to = addDays(workspace.today, daysAhead);
  }

  changed(checkpoint: string | null): AsyncGenerator<EntryPage> {
    const reached = readPlace(this.#http.connector, checkpoint, checkpointShape, null);
    if (reached === null) return this.#begin();
    return reached.fill === undefined ? this.#feed(reached) : this.#fill(reached.fill, reached);
  }

  /** Days in reports are not those of the person: one more on each side is asked for, and left out again. */
  window(from: Day, to: Day, userIds?: string[]): AsyncGenerator<EntryPage> {
    const query = { from: addDays(from, -1), to: addDays(to, 1), ...oldestFirst, whole: true } as const;
    return withinDays(this.#pages({ ...query, ...(userIds ? { userIds } : {}) }), from, to);
  }

  /** Where they are by now: among the days that are read by themselves, else before or after these. */
  async some(externalIds: readonly string[]): Promise<Pick<EntryPage, 'entries' | 'unreadable'>> {
    const found: Pick<EntryPage, 'entries' | 'unreadable'> = { entries: [], unreadable: [] };
    const missing = new Set(externalIds.filter((externalId) => /^\d+$/.test(externalId)));
    for (const range of this.#placesOf()) {
      if (missing.size === 0) break;
      const query = { from: range.from, to: range.to, ...oldestFirst, entryIds: [...missing] };
      try {
        for await (const { page } of this.#search(query)) {
          for (const { externalId } of page.entries) missing.delete(externalId);
          for (const { position } of page.unreadable) missing.delete(position);
          found.entries.push(...page.entries);
          found.unreadable.push(...page.unreadable);
        }
      } catch (problem) {
        // A plan may refuse days that far away; nobody has time there then.
        if (range.isNear || !(problem instanceof InvalidRequest)) throw problem;
      }
    }
    return found;
  }

  *#placesOf(): Generator<{ from: Day; to: Day; isNear: boolean }> {
    for (const range of rangesOf(this.#from, this.#to)) yield { ...range, isNear: true };
    const earliest = addDays(this.#workspace.today, -mostDaysBack);
    for (const range of rangesOf(earliest, addDays(this.#from, -1)).reverse())
      yield { ...range, isNear: false };
    yield { from: addDays(this.#to, 1), to: addDays(this.#to, mostRangeDays), isNear: false };
  }

  async *#begin(): AsyncGenerator<EntryPage> {
    const ends: (Instant | null)[][] = [];
    for (const direction of ['DESC', 'ASC'] as const)
      for (const range of rangesOf(this.#from, this.#to))
        for await (const rows of reportPages(this.#http, { ...range, order: 'last_update', direction })) {
          ends.push(direction === 'ASC' ? rows.map(updatedAtOf).reverse() : rows.map(updatedAtOf));
          break;
        }
    if (ends.every((end) => end.length === 0)) return void (yield nothing);
    if (this.#byTimesheet) await this.#recentTimesheets();
    yield* this.#fill(this.#from, {
      at: this.#settled(ends.flat().reduce(later, null) ?? ''),
      sheets: this.#settled(this.#newestTimesheet('')),
      // One order for both directions would be a rise in one of the two.
      ordered: ends.every((end) =>
        end.every((at, index) => index === 0 || (at ?? '') <= (end[index - 1] ?? '')),
      ),
    });
  }

  /** Oldest first. What changes meanwhile comes with the feed, which starts at what was newest before. */
  async *#fill(from: Day, reached: Reached): AsyncGenerator<EntryPage> {
    for (const range of rangesOf(from, this.#to)) {
      let last: Day = range.from;
      let ordered = true;
      for await (const { rows, page } of this.#search({ ...range, ...oldestFirst })) {
        for (const day of rows.map(printedDayOf)) {
          ordered &&= day === null || day >= last;
          last = day ?? last;
        }
        // A day less: the days that are printed may be those of another zone than the range's.
        const { checkpoint } = at({ ...reached, fill: addDays(last, -1) });
        yield { ...page, checkpoint: ordered ? checkpoint : null };
      }
      yield at({ ...reached, fill: addDays(range.to, 1) });
    }
    const { fill: _, ...done } = reached;
    yield at(done);
  }

  /** Newest change first, until what was read before. */
  async *#feed(reached: Reached): AsyncGenerator<EntryPage> {
    let newest = reached.at;
    let pages = 0;
    for (const range of rangesOf(this.#from, this.#to)) {
      for await (const rows of reportPages(this.#http, { ...range, ...newestFirst })) {
        newest = rows.map(updatedAtOf).reduce(later, newest) ?? newest;
        const fresh = rows.filter((row) => (updatedAtOf(row) ?? '9') > reached.at);
        yield await this.#pageOf(fresh);
        if (reached.ordered && fresh.length < rows.length) break;
        pages += 1;
        if (pages >= mostFeedPages)
          return void (yield at({ ...reached, at: this.#settled(newest), fill: this.#from }));
      }
    }
    if (this.#byTimesheet) yield* this.#decided(reached.sheets);
    yield at({
      ...reached,
      at: later(this.#settled(newest), reached.at)!,
      sheets: later(this.#settled(this.#newestTimesheet(reached.sheets)), reached.sheets)!,
    });
  }

  /** Entries of the timesheets that were submitted or decided since: that leaves no trace on the entries themselves. */
  async *#decided(since: string): AsyncGenerator<EntryPage> {
    await this.#recentTimesheets();
    const changed = this.#timesheets.all.filter((sheet) => (sheet.changedAt ?? '') > since);
    if (changed.length === 0) return;
    const { people } = await this.#known();
    for (const sheets of Map.groupBy(changed, (sheet) => `${sheet.from} ${sheet.to}`).values()) {
      const members = new Set(sheets.map((sheet) => sheet.memberId));
      const userIds = [...people].flatMap(([userId, { memberIds }]) =>
        memberIds.some((memberId) => members.has(memberId)) ? [userId] : [],
      );
      for (let first = 0; first < userIds.length; first += mostPeople)
        yield* this.window(sheets[0]!.from, sheets[0]!.to, userIds.slice(first, first + mostPeople));
    }
  }

  async *#pages(query: ReportQuery): AsyncGenerator<EntryPage> {
    for await (const { page } of this.#search(query)) yield page;
  }

  async *#search(query: ReportQuery): AsyncGenerator<{ rows: unknown[]; page: EntryPage }> {
    for (const range of rangesOf(query.from, query.to))
      for await (const rows of reportPages(this.#http, { ...query, ...range }))
        yield { rows, page: await this.#pageOf(rows) };
  }

  async #pageOf(rows: unknown[]): Promise<EntryPage> {
    if (rows.length === 0) return nothing;
    const lookUps = await this.#known();
    const days = rows
      .map(printedDayOf)
      .filter((day) => day !== null && isDay(day))
      .sort();
    if (this.#byTimesheet && days.length > 0)
      await this.#timesheets.ensure(addDays(days[0]!, -1), addDays(days.at(-1)!, 1));
    const tag = billedTag(this.#http);
    return entryPage(
      rows,
      (row) => toSourceEntry(row, lookUps, this.#timesheets, tag),
      (row, index) => positionById(entryIdOf(row), index),
    );
  }

  async #known(): Promise<TogglLookUps> {
    this.#lookUps ??= await readLookUps(this.#http, this.#workspace.organization_id ?? null);
    return this.#lookUps;
  }

  #recentTimesheets(): Promise<void> {
    const { today } = this.#workspace;
    return this.#timesheets.ensure(addDays(today, -sheetDays), today);
  }

  #newestTimesheet(before: string): string {
    return this.#timesheets.all.map((sheet) => sheet.changedAt).reduce(later, before) ?? '';
  }

  /** What is younger than the lag is read again. */
  #settled(newest: Instant): Instant {
    const bound = earlier(this.#workspace.now, lagMs);
    return newest < bound ? newest : bound;
  }
}

const workspaceShape = z.object({
  name: z.string(),
  organization_id: idText.nullish(),
  admin: z.boolean().nullish(),
  disable_approvals: z.boolean().nullish(),
});

/** The workspace, and what time it is there. */
export async function readWorkspace(http: VendorHttp) {
  const response = await http.get(`/api/v9/workspaces/${workspaceOf(http)}`);
  const now = answeredAt(response);
  return { ...readAs(http.connector, workspaceShape, response.body), now, today: now.slice(0, 10) };
}

export function hasTimesheets(http: VendorHttp): boolean {
  return oneOf(http.connector, http.settings, 'approvals', ['timesheets', 'none']) === 'timesheets';
}

export const billedTag = ({ settings }: VendorHttp): string => settings.billedTag?.trim() || 'invoiced';

function readFrom(http: VendorHttp, today: Day): Day {
  const from = http.settings.readFrom || addDays(today, -defaultDaysBack);
  requireDays(http.connector, from, from);
  const earliest = addDays(today, -mostDaysBack);
  return from < earliest ? earliest : from;
}

function rangesOf(from: Day, to: Day): { from: Day; to: Day }[] {
  const ranges: { from: Day; to: Day }[] = [];
  for (let start = from; start <= to; start = addDays(start, mostRangeDays + 1)) {
    const end = addDays(start, mostRangeDays);
    ranges.push({ from: start, to: end < to ? end : to });
  }
  return ranges;
}
