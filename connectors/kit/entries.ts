/** Owns what every reading of time has in common: an entry of work, pages of entries, those of some days, and one by its id. */
import type { Day, SourceEntry, SourceRef } from '../../domain/work-entry.ts';
import type { EntryPage } from './define.ts';
import { orNull, positionById } from './fields.ts';
import { mapRows } from './rows.ts';
import { type NamedVendor, refused } from './vendor-words.ts';

type Told = 'externalId' | 'workDate' | 'zone' | 'quantity' | 'person' | 'billable' | 'approval';

/** An entry of work. What a platform does not tell is null, no timer runs, and nothing is billed there already. */
export function labor(told: Pick<SourceEntry, Told> & Partial<SourceEntry>): SourceEntry {
  return {
    kind: 'labor',
    startedAt: null,
    endedAt: null,
    client: null,
    project: null,
    task: null,
    position: null,
    running: false,
    billedElsewhere: false,
    notes: null,
    rate: null,
    cost: null,
    currency: null,
    sourceUpdatedAt: null,
    ...told,
  };
}

type Text = string | null | undefined;

/** Somebody by the vendor's id, with what is known of them. */
export function personRef(externalId: string, name: Text, email: Text): SourceRef & { email: string | null } {
  return { externalId, code: null, name: orNull(name), email: orNull(email) };
}

/** A page that moves no checkpoint; rows that cannot be read are kept apart. */
export function entryPage(
  rows: readonly unknown[],
  toEntry: (row: unknown) => SourceEntry,
  positionOf: (row: unknown, index: number) => string = positionById,
): EntryPage {
  const { mapped, unreadable } = mapRows(rows, toEntry, positionOf);
  return { entries: mapped, unreadable, checkpoint: null };
}

/** For platforms whose bounds are not exactly our days: a little more is asked for, and left out again here. */
export async function* withinDays(
  pages: AsyncIterable<EntryPage>,
  from: Day,
  to: Day,
): AsyncGenerator<EntryPage> {
  for await (const { entries, unreadable } of pages)
    yield {
      entries: entries.filter(({ workDate }) => from <= workDate && workDate <= to),
      unreadable,
      checkpoint: null,
    };
}

/** The entry of this id, for platforms that list only; null where no page has it. Throws InvalidRequest for one that cannot be read. */
export async function entryAmong(
  vendor: NamedVendor,
  pages: AsyncIterable<EntryPage>,
  externalId: string,
): Promise<SourceEntry | null> {
  for await (const { entries, unreadable } of pages) {
    const odd = unreadable.find(({ position }) => position === externalId);
    if (odd) throw refused(vendor, odd.reason, odd.detail);
    const found = entries.find((entry) => entry.externalId === externalId);
    if (found) return found;
  }
  return null;
}
