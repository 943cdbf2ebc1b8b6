/** Owns the lists of rules: the entry pass at intake, the contract pass before pricing. Order is the order shown. */
import { beforeGoLive, nonBillableProject, outsideContractDates } from './contract-dates.ts';
import { entryOver24h } from './entry-over-24h.ts';
import { futureDate } from './future-date.ts';
import type { ContractContext, EntryContext, EntryUnderCheck, Rule, Severity } from './rule.ts';
import { runningTimer } from './running-timer.ts';

export const entryRules: readonly Rule<EntryUnderCheck, EntryContext>[] = [
  runningTimer,
  futureDate,
  entryOver24h,
];
export const contractRules: readonly Rule<EntryUnderCheck, ContractContext>[] = [
  outsideContractDates,
  beforeGoLive,
  nonBillableProject,
];

/** Person-days are found by a grouped query over stored entries, not entry by entry; the limit is the rule. */
export const personDayOver24h = {
  code: 'person_day.over_24h',
  severity: 'W' as Severity,
  limitSeconds: 86_400,
  whatToDo:
    'The entries of this person on this day add up to more than 24 hours; release with a reason or correct them.',
};

export interface Finding {
  rule: string;
  severity: Severity;
  detail: Record<string, string | number>;
}

/** Runs every rule; severities may be overridden per workspace or contract. */
export function findAll<Subject, Context>(
  rules: readonly Rule<Subject, Context>[],
  subject: Subject,
  context: Context,
  severities: Record<string, Severity> = {},
): Finding[] {
  const findings: Finding[] = [];
  for (const rule of rules) {
    const detail = rule.check(subject, context);
    if (detail) findings.push({ rule: rule.code, severity: severities[rule.code] ?? rule.severity, detail });
  }
  return findings;
}
