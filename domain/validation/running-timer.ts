/** Owns the finding that an entry still grows. */
import type { EntryContext, EntryUnderCheck, Rule } from './rule.ts';

export const runningTimer: Rule<EntryUnderCheck, EntryContext> = {
  code: 'entry.running_timer',
  severity: 'E',
  clause: null,
  whatToDo: 'Wait until the timer is stopped; the next sync brings the final hours and closes this.',
  check: (entry) => (entry.running ? { figure: 'its timer is running', running: 1 } : null),
};
