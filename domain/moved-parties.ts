/** Owns naming the parties that an entry moved between: what a person reads in a finding, instead of ids. */
import { type TargetKind, targetKinds } from './match.ts';

/** Our records that an entry was matched to; null: none. */
export interface PartyIds {
  clientId: string | null;
  projectId: string | null;
  taskId: string | null;
  personId: string | null;
}
/** By kind, the name of the old and of the new one; null where there was or is none. Parties that stayed are left out. */
export type MovedParties = Partial<Record<TargetKind, { was: string | null; is: string | null }>>;

const idOf: Record<TargetKind, keyof PartyIds> = {
  client: 'clientId',
  project: 'projectId',
  task: 'taskId',
  person: 'personId',
};

/** The ids of the parties that are not the same any more: those whose names are to be looked up. */
export function movedIds(was: PartyIds, is: PartyIds): string[] {
  return targetKinds.flatMap((kind) => {
    const [before, now] = [was[idOf[kind]], is[idOf[kind]]];
    return before === now ? [] : [before, now].filter((id) => id !== null);
  });
}

export function movedParties(was: PartyIds, is: PartyIds, names: ReadonlyMap<string, string>): MovedParties {
  const nameOf = (id: string | null) => (id === null ? null : (names.get(id) ?? null));
  return Object.fromEntries(
    targetKinds.flatMap((kind) => {
      const [before, now] = [was[idOf[kind]], is[idOf[kind]]];
      return before === now ? [] : [[kind, { was: nameOf(before), is: nameOf(now) }]];
    }),
  );
}
