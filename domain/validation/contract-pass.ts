/** Owns running the contract pass over entries in their order: caps fill up, and what is let in counts for those after it. */
import type { ApprovalPolicy } from '../approval.ts';
import { type ContractTerms, type ContractTimeline, termsAt } from '../contract-terms.ts';
import { weekStart } from '../day.ts';
import { Decimal } from '../money.ts';
import type { Day } from '../work-entry.ts';
import { CapLedger, type Usage } from './cap-use.ts';
import { contractRules, type Finding, findAll } from './entry-rules.ts';
import type { ContractContext, ContractEntry, RuleSettings } from './rule.ts';

/** One labor entry of a person under the contract, whatever became of it. */
export interface WorkedEntry {
  entryId: string;
  personId: string | null;
  workDate: Day;
  seconds: number;
}
/** Everything around the entries that the rules ask for, read once for all of them. */
export interface ContractFacts {
  timeline: ContractTimeline;
  /** The workspace's; a contract's own come before them. */
  settings: RuleSettings;
  approvalPolicy: ApprovalPolicy;
  /** Of the projects that are not billable. */
  notBillableProjectIds: ReadonlySet<string>;
  shutPeriods: ReadonlyMap<Day, NonNullable<ContractContext['shutPeriod']>>;
  /** Phase → name. */
  closedPhases: ReadonlyMap<string, string>;
  /** By entry. */
  overlaps: ReadonlyMap<string, NonNullable<ContractContext['overlap']>>;
  /** By project. */
  invoicedThrough: ReadonlyMap<string, Day>;
  /** All of what the people of these entries worked in the weeks of these entries, in the order of the work; empty where no clause asks. */
  worked: readonly WorkedEntry[];
  isHoliday: (day: Day) => boolean;
  /** Expenses with a receipt; empty where no clause asks. */
  withReceipt: ReadonlySet<string>;
  /** What was compiled before and may count for a cap. */
  usage: readonly Usage[];
}

const nothing = new Decimal(0);
/** As releases are named: `rule|entry:<id>`. */
export const releaseKey = (rule: string, entryId: string) => `${rule}|entry:${entryId}`;

type Ordered = Pick<ContractEntry, 'workDate' | 'startedAt' | 'entryId'>;
/** By date, start and id; an entry without a start comes after those with one. */
export function byOrderOfWork(a: Ordered, b: Ordered): number {
  if (a.workDate !== b.workDate) return a.workDate < b.workDate ? -1 : 1;
  if (a.startedAt !== b.startedAt) return (a.startedAt ?? '9') < (b.startedAt ?? '9') ? -1 : 1;
  return a.entryId < b.entryId ? -1 : Number(a.entryId > b.entryId);
}

/**
 * By entry what was found and not released; entries without a finding are left out. `entries` are in any order. An entry that
 * is held back uses nothing up: a smaller one after it may still fit.
 */
export function contractPass(
  entries: readonly ContractEntry[],
  facts: ContractFacts,
  released: ReadonlySet<string> = new Set(),
): Map<string, Finding[]> {
  const worked = workedUpTo(facts, entries);
  const ledger = new CapLedger(facts.usage);
  const settingsOf = settingsByTerms(facts);
  const found = new Map<string, Finding[]>();
  for (const entry of entries.toSorted(byOrderOfWork)) {
    const terms = termsAt(facts.timeline, entry.workDate);
    const caps = terms.caps.length === 0 ? [] : ledger.uses(terms.caps, entry);
    const context: ContractContext = {
      startsOn: terms.startsOn,
      endsBefore: terms.endsBefore,
      goLiveOn: terms.goLiveOn,
      allowedPersonIds: terms.allowedPersonIds,
      allowedPositions: terms.allowedPositions,
      allowedTaskIds: terms.allowedTaskIds,
      lateEntries: terms.lateEntries,
      overtime: terms.overtime,
      currency: terms.currency,
      receiptFromAmount: terms.receiptFromAmount,
      hasReceipt: facts.withReceipt.has(entry.entryId),
      projectBillable: !facts.notBillableProjectIds.has(entry.projectId),
      approvalPolicy: facts.approvalPolicy,
      shutPeriod: facts.shutPeriods.get(entry.workDate) ?? null,
      closedPhase: entry.phaseId === null ? null : (facts.closedPhases.get(entry.phaseId) ?? null),
      overlap: facts.overlaps.get(entry.entryId) ?? null,
      invoicedThrough: facts.invoicedThrough.get(entry.projectId) ?? null,
      worked: worked.get(entry.entryId) ?? null,
      caps,
    };
    const findings = findAll(contractRules, entry, context, settingsOf.get(terms)).filter(
      ({ rule, severity }) => severity === 'E' || !released.has(releaseKey(rule, entry.entryId)),
    );
    if (findings.length > 0) found.set(entry.entryId, findings);
    else if (caps.length > 0 && entry.kind === 'labor') ledger.add(caps, entry.quantity, nothing);
  }
  return found;
}

/** The settings of a version before those of the workspace. */
export function settingsByTerms({
  timeline,
  settings,
}: Pick<ContractFacts, 'timeline' | 'settings'>): Map<ContractTerms, RuleSettings> {
  return new Map(timeline.map((terms) => [terms, { ...settings, ...terms.severities }]));
}

/** For each of these entries what its person worked on its day and in its week, itself included. */
function workedUpTo(
  { worked, timeline, isHoliday }: ContractFacts,
  entries: readonly ContractEntry[],
): Map<string, NonNullable<ContractContext['worked']>> {
  const asked = new Set(entries.map((entry) => entry.entryId));
  const weekOf = new Map<Day, Day>();
  const now = new Map<string, { day: Day; daySeconds: number; week: Day; weekSeconds: number }>();
  const found = new Map<string, NonNullable<ContractContext['worked']>>();
  for (const { entryId, personId, workDate, seconds } of worked) {
    if (personId === null) continue;
    let week = weekOf.get(workDate);
    if (week === undefined) {
      week = weekStart(workDate, termsAt(timeline, workDate).overtime?.weekStartsOn ?? 1);
      weekOf.set(workDate, week);
    }
    const before = now.get(personId);
    const daySeconds = seconds + (before?.day === workDate ? before.daySeconds : 0);
    const weekSeconds = seconds + (before?.week === week ? before.weekSeconds : 0);
    now.set(personId, { day: workDate, daySeconds, week, weekSeconds });
    if (asked.has(entryId)) found.set(entryId, { daySeconds, weekSeconds, isHoliday: isHoliday(workDate) });
  }
  return found;
}
