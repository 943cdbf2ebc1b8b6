/** Owns the finding that one entry claims more hours than a day has. */
import type { EntryContext, EntryUnderCheck, Rule } from './rule.ts';
import { showHours } from './show-hours.ts';

const daySeconds = 86_400;

export const entryOver24h: Rule<EntryUnderCheck, EntryContext> = {
  code: 'entry.over_24h',
  severity: 'W',
  clause: null,
  whatToDo: 'Check the hours with the person; release the warning with a reason when they are right.',
  // 24 hours on every day: one with 25 on the clock is a warning to look at, not a limit of the zone.
  check: ({ kind, quantity }) =>
    kind === 'labor' && quantity > daySeconds
      ? {
          figure: `${showHours(quantity)} h in one entry, limit 24`,
          seconds: quantity,
          limitSeconds: daySeconds,
        }
      : null,
};
