/** Owns how a parsed chunk travels between threads: column by column, what repeats only once; and back. */
import type { SourceEntry, SourcePersonRef, SourceRef } from '../../domain/work-entry.ts';
import type { ParsedChunk } from './parse-entries.ts';

/** A value for each entry, or the one that all have. */
type Packed<T> = T[] | { all: T };
/** Each party once, and for each entry which one it is. */
interface PackedParties<T> {
  distinct: T[];
  places: Packed<number>;
}
type Party = 'person' | 'client' | 'project' | 'task';
/** What few sources say: a field that an entry may go without. */
type Seldom = {
  [field in keyof SourceEntry]-?: object extends Pick<SourceEntry, field> ? field : never;
}[keyof SourceEntry];
type FlatColumns = {
  [field in Exclude<keyof SourceEntry, Party | Seldom>]: Packed<SourceEntry[field]>;
};

export interface PackedChunk extends Omit<ParsedChunk, 'entries'> {
  entries: FlatColumns & {
    count: number;
    contentHash: Packed<string>;
    seldom: Packed<Pick<SourceEntry, Seldom> | null>;
    person: PackedParties<SourcePersonRef | null>;
    client: PackedParties<SourceRef | null>;
    project: PackedParties<SourceRef | null>;
    task: PackedParties<SourceRef | null>;
  };
}

export function packChunk(chunk: ParsedChunk): PackedChunk {
  const entries = chunk.entries.map(({ entry }) => entry);
  const column = <T>(of: (entry: SourceEntry) => T): Packed<T> => packed(entries.map(of));
  return {
    ...chunk,
    entries: {
      count: entries.length,
      contentHash: packed(chunk.entries.map(({ contentHash }) => contentHash)),
      externalId: column((e) => e.externalId),
      kind: column((e) => e.kind),
      workDate: column((e) => e.workDate),
      zone: column((e) => e.zone),
      startedAt: column((e) => e.startedAt),
      endedAt: column((e) => e.endedAt),
      quantity: column((e) => e.quantity),
      position: column((e) => e.position),
      billable: column((e) => e.billable),
      running: column((e) => e.running),
      approval: column((e) => e.approval),
      billedElsewhere: column((e) => e.billedElsewhere),
      notes: column((e) => e.notes),
      rate: column((e) => e.rate),
      cost: column((e) => e.cost),
      currency: column((e) => e.currency),
      seldom: packed(entries.map(seldomOf)),
      sourceUpdatedAt: column((e) => e.sourceUpdatedAt),
      person: packedParties(entries.map((e) => e.person)),
      client: packedParties(entries.map((e) => e.client)),
      project: packedParties(entries.map((e) => e.project)),
      task: packedParties(entries.map((e) => e.task)),
    },
  };
}

/** The chunk as it was; entries of one party share its object. */
export function unpackChunk(packed: PackedChunk): ParsedChunk {
  const { count, contentHash, seldom, person, client, project, task, ...flat } = packed.entries;
  const entries: ParsedChunk['entries'] = [];
  for (let index = 0; index < count; index += 1) {
    const entry: SourceEntry = {
      externalId: at(flat.externalId, index),
      kind: at(flat.kind, index),
      workDate: at(flat.workDate, index),
      zone: at(flat.zone, index),
      startedAt: at(flat.startedAt, index),
      endedAt: at(flat.endedAt, index),
      quantity: at(flat.quantity, index),
      person: partyAt(person, index),
      client: partyAt(client, index),
      project: partyAt(project, index),
      task: partyAt(task, index),
      position: at(flat.position, index),
      billable: at(flat.billable, index),
      running: at(flat.running, index),
      approval: at(flat.approval, index),
      billedElsewhere: at(flat.billedElsewhere, index),
      notes: at(flat.notes, index),
      rate: at(flat.rate, index),
      cost: at(flat.cost, index),
      currency: at(flat.currency, index),
      sourceUpdatedAt: at(flat.sourceUpdatedAt, index),
    };
    const more = at(seldom, index);
    if (more !== null) Object.assign(entry, more);
    entries.push({ entry, contentHash: at(contentHash, index) });
  }
  return { ...packed, entries };
}

const seldomFields: Record<Seldom, true> = {
  receipt: true,
  tags: true,
  groups: true,
  coarserThan: true,
  costCentre: true,
};
const seldomNames = Object.keys(seldomFields) as Seldom[];

function seldomOf(entry: SourceEntry): Pick<SourceEntry, Seldom> | null {
  const said = seldomNames.filter((name) => entry[name] !== undefined && entry[name] !== null);
  return said.length === 0 ? null : Object.fromEntries(said.map((name) => [name, entry[name]]));
}

function packed<T>(values: T[]): Packed<T> {
  const first = values[0];
  return values.length > 1 && values.every((value) => value === first) ? { all: first! } : values;
}

function packedParties<T extends SourceRef | null>(refs: T[]): PackedParties<T> {
  const distinct: T[] = [];
  const known = new Map<string, number>();
  const places = refs.map((ref) => {
    const key = ref === null ? '' : keyOf(ref);
    let place = known.get(key);
    if (place === undefined) {
      place = distinct.push(ref) - 1;
      known.set(key, place);
    }
    return place;
  });
  return { distinct, places: packed(places) };
}

/** Neither the separator nor what stands for nothing occurs in names of a source. */
const keyOf = (ref: SourceRef | SourcePersonRef) =>
  [ref.externalId, ref.code, ref.name, 'email' in ref ? ref.email : null]
    .map((part) => part ?? '\u0002')
    .join('\u0001');

const at = <T>(column: Packed<T>, index: number): T => (Array.isArray(column) ? column[index]! : column.all);
const partyAt = <T>({ distinct, places }: PackedParties<T>, index: number): T => distinct[at(places, index)]!;
