/** Owns the lists of rules: the entry pass at intake, the contract pass before pricing, the priced pass on items. Order is the order shown. */
import { budgetReached } from './budget-reached.ts';
import { changedAfterApproval } from './changed-after-approval.ts';
import { closedPeriod } from './closed-period.ts';
import { beforeGoLive, nonBillableProject, outsideContractDates } from './contract-dates.ts';
import { currencyWithoutRate } from './currency-without-rate.ts';
import { duplicateEntry } from './duplicate.ts';
import { entryOver24h } from './entry-over-24h.ts';
import { farFromHistory } from './far-from-history.ts';
import { futureDate } from './future-date.ts';
import { hoursOverCap } from './hours-over-cap.ts';
import { lateEntry } from './late-entry.ts';
import { marginNegative } from './margin-negative.ts';
import { notToExceed } from './not-to-exceed.ts';
import { overlap } from './overlap.ts';
import { overtimeNotPermitted } from './overtime-not-permitted.ts';
import { overtimeSplitDiffers } from './overtime-split-differs.ts';
import { personNotAllowed } from './person-not-allowed.ts';
import { phaseClosed } from './phase-closed.ts';
import { platformRateDiffers } from './platform-rate-differs.ts';
import { positionNotAllowed } from './position-not-allowed.ts';
import { positionNotOnRateCard } from './position-not-on-rate-card.ts';
import { purchaseOrderUsedUp } from './purchase-order.ts';
import { receiptMissing } from './receipt-missing.ts';
import type {
  ContractContext,
  ContractEntry,
  EntryContext,
  EntryUnderCheck,
  Figures,
  PricedContext,
  PricedEntry,
  Rule,
  RuleSettings,
  Severity,
} from './rule.ts';
import { runningTimer } from './running-timer.ts';
import { taskNotAllowed } from './task-not-allowed.ts';

export const entryRules: readonly Rule<EntryUnderCheck, EntryContext>[] = [
  runningTimer,
  futureDate,
  entryOver24h,
];
export const contractRules: readonly Rule<ContractEntry, ContractContext>[] = [
  outsideContractDates,
  beforeGoLive,
  closedPeriod,
  nonBillableProject,
  phaseClosed,
  personNotAllowed,
  positionNotAllowed,
  taskNotAllowed,
  changedAfterApproval,
  overlap,
  lateEntry,
  overtimeNotPermitted,
  hoursOverCap,
  receiptMissing,
];
export const pricedRules: readonly Rule<PricedEntry, PricedContext>[] = [
  positionNotOnRateCard,
  currencyWithoutRate,
  notToExceed,
  budgetReached,
  purchaseOrderUsedUp,
  farFromHistory,
  marginNegative,
  platformRateDiffers,
  overtimeSplitDiffers,
];

/** Person-days are found by a grouped query over stored entries, not entry by entry; the limit is the rule. */
export const personDayOver24h = {
  code: 'person_day.over_24h',
  severity: 'W' as Severity,
  clause: null,
  limitSeconds: 86_400,
  whatToDo:
    'The entries of this person on this day add up to more than 24 hours; release with a reason or correct them.',
};

export interface RuleFacts {
  code: string;
  pass: 'entry' | 'contract' | 'priced';
  severity: Severity;
  clause: string | null;
  whatToDo: string;
}
/** Every rule whose severity can be set. */
export const allRules: readonly RuleFacts[] = [
  ...[...entryRules, personDayOver24h, { ...duplicateEntry, clause: null }].map((rule) =>
    inPass(rule, 'entry'),
  ),
  ...contractRules.map((rule) => inPass(rule, 'contract')),
  ...pricedRules.map((rule) => inPass(rule, 'priced')),
];

function inPass(
  { code, severity, clause, whatToDo }: Omit<RuleFacts, 'pass'>,
  pass: RuleFacts['pass'],
): RuleFacts {
  return { code, pass, severity, clause, whatToDo };
}

export interface Finding {
  rule: string;
  severity: Severity;
  detail: Figures;
  /** It holds nothing back itself. */
  tellsOnly: boolean;
}

/** Runs every rule that is not off; the settings of a contract come before those of its workspace. */
export function findAll<Subject, Context>(
  rules: readonly Rule<Subject, Context>[],
  subject: Subject,
  context: Context,
  settings: RuleSettings = {},
): Finding[] {
  const findings: Finding[] = [];
  for (const rule of rules) {
    const severity = settings[rule.code] ?? rule.severity;
    if (severity === 'off') continue;
    const figures = rule.check(subject, context);
    if (!figures) continue;
    const detail = rule.clause === null ? figures : { ...figures, clause: rule.clause };
    findings.push({ rule: rule.code, severity, detail, tellsOnly: rule.tellsOnly ?? false });
  }
  return findings;
}
