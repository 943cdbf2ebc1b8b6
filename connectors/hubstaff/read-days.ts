/** Owns the reading of Hubstaff's days: which of them changed, in which bites, and from slots or from rows of a day. */
import { z } from 'zod';
import { addDays, earlierDay, isDay, laterDay } from '../../domain/day.ts';
import type { Day, Instant, UnreadableRow } from '../../domain/work-entry.ts';
import type { EntryPage } from '../kit/define.ts';
import { idText as id, maybeId, rowAs } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { wholeSeconds } from '../kit/instant.ts';
import { byId, fitting } from '../kit/look-ups.ts';
import { mapRows } from '../kit/rows.ts';
import { listPages, ofOrganization } from './list.ts';
import { readSheets, sheetsAround } from './time-sheets.ts';
import {
  addDayRows,
  addSideloads,
  addSlots,
  type DayWorks,
  dayKey,
  type Names,
  positionOf,
  toSourceEntries,
} from './to-source-entry.ts';

/** Slots reach back six months, rows of a day three years; a few days are kept in hand. */
const slotDays = 175;
const mostDays = 1_090;
/** Five days of any zone fit into the seven that one call may span. */
const slotBite = 5;
/** 31 days are the most of a call for rows of a day; two fewer fit those of any zone, for notes. */
const dayBite = 29;
const hourMs = 3_600_000;
/** Uploads arrive up to 20 minutes late: younger slots wait for their turn (README 5). */
const lateMs = 30 * 60_000;
/** What changed before the last poll may have become visible after it. */
const overlapMs = 60 * 60_000;
/** `updates` answers for 45 days, and for seven a call. */
const updateDays = 44;
const updateBiteMs = 6 * 24 * hourMs;
/** More people than this are not named in an address. */
const mostNamed = 100;
const entriesAPage = 2_000;

/** Whole days of some people, or of all (null). */
export interface Reading {
  from: Day;
  to: Day;
  userIds: readonly string[] | null;
}

/** As far back as Hubstaff tells. */
export const everything = (now: Instant): Reading => ({
  from: addDays(now.slice(0, 10), -mostDays),
  to: addDays(now.slice(0, 10), 1),
  userIds: null,
});

/** `through`: the day up to which its reading is done with this page; null in the middle of days. */
export async function* readDays(
  http: VendorHttp,
  readings: readonly Reading[],
  now: Instant,
): AsyncGenerator<EntryPage & { through: Day | null }> {
  const none = () => new Map<string, never>();
  const names: Names = { people: none(), projects: none(), tasks: none(), clients: none(), notes: none() };
  for (const bite of readings.flatMap((reading) => bitesOf(reading, addDays(now.slice(0, 10), -slotDays)))) {
    const days: DayWorks = { works: new Map(), unreadable: new Map() };
    const seen = new Set<string>();
    const onBody = (body: Readonly<Record<string, unknown>>) =>
      addSideloads(names, body, http.settings.codeField);
    for await (const rows of bitePages(http, bite, now, onBody)) {
      const own = rows.filter((row) => isWithin(row, bite));
      if (bite.bySlot) addSlots(days, own, seen);
      else addDayRows(days, own);
    }
    if (days.works.size + days.unreadable.size === 0) continue;
    if (names.clients.size === 0) names.clients = await readClients(http);
    names.notes = await readNotes(http, bite);
    const { sheets, unreadable } = await sheetsAround(http, bite.from, bite.to);
    const read = toSourceEntries(days, sheets, names, http.settings.timeZone || null);
    for (let at = 0; at === 0 || at < read.entries.length; at += entriesAPage)
      yield {
        entries: read.entries.slice(at, at + entriesAPage),
        unreadable: at === 0 ? [...unreadable, ...read.unreadable] : [],
        checkpoint: null,
        through: at + entriesAPage < read.entries.length ? null : bite.to,
      };
  }
}

interface Bite extends Reading {
  bySlot: boolean;
}
function bitesOf({ from, to, userIds }: Reading, firstSlotDay: Day): Bite[] {
  const bites: Bite[] = [];
  for (let start = from; start <= to; start = addDays(bites.at(-1)!.to, 1)) {
    const bySlot = start >= firstSlotDay;
    const last = bySlot
      ? addDays(start, slotBite - 1)
      : earlierDay(addDays(start, dayBite - 1), addDays(firstSlotDay, -1));
    bites.push({ from: start, to: earlierDay(to, last), userIds, bySlot });
  }
  return bites;
}

async function* bitePages(
  http: VendorHttp,
  bite: Bite,
  now: Instant,
  onBody: (body: Readonly<Record<string, unknown>>) => void,
): AsyncGenerator<readonly unknown[]> {
  const arrays = { include: ['users', 'projects', 'tasks'], user_ids: bite.userIds ?? [] };
  if (!bite.bySlot) {
    const query = { 'date[start]': bite.from, 'date[stop]': bite.to };
    const path = ofOrganization(http, '/activities/daily');
    yield* listPages(http, path, 'daily_activities', { query, arrays, onBody });
    return;
  }
  const { start, stop } = instantsOf(bite);
  const until = Math.min(stop, Date.parse(now) - lateMs);
  if (until <= start) return;
  const query = { 'time_slot[start]': stated(start), 'time_slot[stop]': stated(until) };
  yield* listPages(http, ofOrganization(http, '/activities'), 'activities', { query, arrays, onBody });
}

/** Around the organization's days, whose zone no call tells: from 14 hours before UTC's day to 12 after. */
const instantsOf = ({ from, to }: Reading) => ({
  start: Date.parse(`${from}T00:00:00Z`) - 14 * hourMs,
  stop: Date.parse(`${to}T00:00:00Z`) + 36 * hourMs,
});
const stated = (ms: number) => wholeSeconds(new Date(ms).toISOString());

/** A row whose day cannot be read is nobody's: it stays, and is quarantined. */
function isWithin(row: unknown, { from, to }: Reading): boolean {
  const day = (row as { date?: unknown } | null)?.date;
  return typeof day !== 'string' || !isDay(day) || (from <= day && day <= to);
}

const client = z.object({ id, name: z.string() });

const readClients = (http: VendorHttp): Promise<Map<string, string>> =>
  byId(
    listPages(http, ofOrganization(http, '/clients'), 'clients', { query: { status: 'all' } }),
    client,
    ({ id: clientId, name }) => [clientId, name],
  );

const note = z.object({
  date: z.string(),
  user_id: id,
  project_id: maybeId,
  task_id: maybeId,
  note: z.string(),
});

/** Notes stand apart from the time; what stands in one twice is told once. */
async function readNotes(http: VendorHttp, bite: Bite): Promise<Map<string, string[]>> {
  const { start, stop } = instantsOf(bite);
  const query = { 'time_slot[start]': stated(start), 'time_slot[stop]': stated(stop) };
  const asked = { query, arrays: { user_ids: bite.userIds ?? [] } };
  const notes = new Map<string, string[]>();
  for await (const rows of listPages(http, ofOrganization(http, '/notes'), 'notes', asked))
    for (const row of fitting(note, rows)) {
      const key = dayKey(row.user_id, row.date, row.project_id ?? null, row.task_id ?? null);
      const texts = notes.get(key) ?? [];
      if (!texts.includes(row.note)) notes.set(key, [...texts, row.note]);
    }
  return notes;
}

const touched = z.object({ user_id: id, date: z.string().refine(isDay) });

/** Days to read again, whole, for the time and the time sheets that changed since a poll; null where that is too long ago. */
export async function changedDays(
  http: VendorHttp,
  since: Instant,
  now: Instant,
): Promise<{ readings: Reading[]; unreadable: UnreadableRow[] } | null> {
  const today = now.slice(0, 10);
  const [from, until] = [Date.parse(since) - overlapMs, Date.parse(now)];
  if (from < until - updateDays * 24 * hourMs) return null;
  const peopleOf = new Map<Day, Set<string>>();
  const touch = (day: Day, userId: string) => peopleOf.set(day, (peopleOf.get(day) ?? new Set()).add(userId));
  const unreadable: UnreadableRow[] = [];
  for (let start = from; start < until; start += updateBiteMs) {
    const stop = stated(Math.min(start + updateBiteMs, until));
    const query = { 'updated[start]': stated(start), 'updated[stop]': stop };
    for await (const rows of listPages(http, ofOrganization(http, '/activities/updates'), 'activities', {
      query,
    })) {
      const read = mapRows(rows, (row) => rowAs('Hubstaff', touched, row), positionOf);
      for (const slot of read.mapped) touch(slot.date, slot.user_id);
      unreadable.push(...read.unreadable);
    }
  }
  const approved = await readSheets(http, {
    status: 'approved',
    'approved[start]': stated(from).slice(0, 10),
  });
  const recent = await readSheets(http, { 'date[start]': addDays(today, -updateDays), 'date[stop]': today });
  const oldest = everything(now).from;
  for (const sheet of [...approved.sheets, ...recent.sheets]) {
    if (sheet.changedAt === null || Date.parse(sheet.changedAt) < from) continue;
    for (let day = laterDay(sheet.from, oldest); day <= earlierDay(sheet.to, today); day = addDays(day, 1))
      touch(day, sheet.userId);
  }
  return { readings: readingsOf(peopleOf), unreadable: [...unreadable, ...approved.unreadable] };
}

/** Days that one call reads together, with all people of any of them. */
function readingsOf(peopleOf: ReadonlyMap<Day, ReadonlySet<string>>): Reading[] {
  const readings: { from: Day; to: Day; people: Set<string> }[] = [];
  for (const day of [...peopleOf.keys()].sort()) {
    const last = readings.at(-1);
    if (last === undefined || day >= addDays(last.from, slotBite))
      readings.push({ from: day, to: day, people: new Set() });
    const reading = readings.at(-1)!;
    reading.to = day;
    for (const userId of peopleOf.get(day)!) reading.people.add(userId);
  }
  return readings.map(({ from, to, people }) => ({
    from,
    to,
    userIds: people.size > mostNamed ? null : [...people],
  }));
}
