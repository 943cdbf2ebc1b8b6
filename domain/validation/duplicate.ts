/** Owns the finding that an entry looks like one that its source no longer has, under another derived key. */
import type { Severity } from './rule.ts';

/**
 * A file without ids names a line by what it says. Where that is corrected, a note say, the same work comes in again under
 * another key, beside the entry it was before. And an account that two connections read is there twice.
 */
export const duplicateEntry = {
  code: 'entry.duplicate',
  severity: 'E' as Severity,
  whatToDo:
    'An older entry of the same person, project, task, day and hours is not in the file, or at the platform, any more. If it is the same work, leave this as it is: the older one is billed. If it is other work, import a file that has both lines; or set the rule to W and release it with a reason. Where two connections read one account, leave it to one of them by their scopes, or disconnect one.',
};

/** An entry that has just come in, with older ones of the same facts, the newest first. */
export interface PossibleTwin {
  entryId: string;
  twinId: string;
  /** By which the source knew it. */
  twinKey: string;
}

/** One twin for each new entry: of those that are gone from the file, each explains one entry only. */
export function chooseTwins(
  possible: readonly PossibleTwin[],
  isInFile: (key: string) => boolean,
): PossibleTwin[] {
  const explained = new Set<string>();
  const taken = new Set<string>();
  return possible.filter(({ entryId, twinId, twinKey }) => {
    if (explained.has(entryId) || taken.has(twinId) || isInFile(twinKey)) return false;
    explained.add(entryId);
    taken.add(twinId);
    return true;
  });
}
