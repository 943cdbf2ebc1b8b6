/** Owns why a billable item stays off the drafts of a run, in words. */

const words = {
  held: {
    message: 'It is held for a later invoice.',
    whatToDo: 'Release it: POST /billable-items/release.',
  },
  included: {
    message: 'It is included in a fixed price or retainer: it counts, and earns nothing by itself.',
    whatToDo: 'Nothing: the milestone or the fee is billed for it.',
  },
  amended: {
    message: 'The contract was amended for its day after it was priced.',
    whatToDo: 'Run over its contract: it is priced anew.',
  },
  beyond_retainer: {
    message: 'It is beyond what its retainer covers, and nobody released that yet.',
    whatToDo: 'Release its exception, or top the retainer up.',
  },
  after_cutoff: {
    message: 'Its work is dated on or after the cutoff.',
    whatToDo: 'Take a later cutoff.',
  },
  outside_scope: {
    message: 'It is of a project outside the scope.',
    whatToDo: 'Take a wider scope.',
  },
  below_minimum: {
    message: 'Its invoice would be below the minimum of the contract: it carries forward.',
    whatToDo: 'Nothing: it is billed with what comes later.',
  },
  below_zero: {
    message: 'Its invoice would come to less than nothing: it carries forward.',
    whatToDo:
      'Nothing: it lowers what comes later. Or credit what it corrects now: POST /billable-items/credit.',
  },
  not_open: {
    message:
      'Nothing of it is open: it is on an invoice or draft, drawn from a retainer, written off, or taken back.',
    whatToDo: 'Read it: GET /billable-items/{itemId}.',
  },
  not_active: {
    message: 'Its contract is not active.',
    whatToDo: 'Activate the contract.',
  },
} as const;

export type LeftOut = keyof typeof words;
export const leftOutCodes = Object.keys(words) as LeftOut[];

export const explainLeftOut = (code: LeftOut): { code: LeftOut; message: string; whatToDo: string } => ({
  code,
  ...words[code],
});
