/** Owns the finding that one entry claims more hours than a day has. */
import type { EntryContext, EntryUnderCheck, Rule } from './rule.ts';

const daySeconds = 86_400;

export const entryOver24h: Rule<EntryUnderCheck, EntryContext> = {
  code: 'entry.over_24h',
  severity: 'W',
  whatToDo: 'Check the hours with the person; release the warning with a reason when they are right.',
  check: (entry) =>
    entry.kind === 'labor' && entry.quantity > daySeconds
      ? { seconds: entry.quantity, limitSeconds: daySeconds }
      : null,
};
