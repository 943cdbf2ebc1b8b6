/** Owns running the priced pass over items in the order of the work: money fills caps and budgets up as it is let in. */
import { type Cap, type ContractTerms, type ContractTimeline, termsAt } from '../contract-terms.ts';
import { Decimal } from '../money.ts';
import type { Day, DecimalText, EntryKind } from '../work-entry.ts';
import { CapLedger, type CapUse, type Usage } from './cap-use.ts';
import { byOrderOfWork, releaseKey, settingsByTerms } from './contract-pass.ts';
import { type Finding, findAll, pricedRules } from './entry-rules.ts';
import type { BudgetUse, PricedContext, PricedEntry, PurchaseOrderUse, RuleSettings } from './rule.ts';

export interface PricedFacts {
  timeline: ContractTimeline;
  settings: RuleSettings;
  currency: string;
  methodOf: (projectId: string, kind: EntryKind) => PricedContext['method'];
  hasCurrencyRate: (currency: string, day: Day) => boolean;
  usage: readonly Usage[];
  /** By project; those without a budget are left out. */
  budgets: ReadonlyMap<string, { limitAmount: DecimalText | null; limitSeconds: number | null }>;
  purchaseOrder: PurchaseOrderUse | null;
  history: ReadonlyMap<EntryKind, NonNullable<PricedContext['history']>>;
}

/** The caps of the terms, and the amount of the whole that is not to be exceeded. */
export function moneyCaps({ caps, billingModel }: Pick<ContractTerms, 'caps' | 'billingModel'>): Cap[] {
  const caught = caps.filter((cap) => cap.amount !== null);
  return billingModel.type === 'not_to_exceed'
    ? [{ per: 'contract', hours: null, amount: billingModel.amount }, ...caught]
    : caught;
}

/**
 * By entry what was found and not released. An entry may come in two parts, regular time and overtime: what is found of one
 * holds both back, since an entry is claimed whole.
 */
export function pricedPass(
  parts: readonly PricedEntry[],
  facts: PricedFacts,
  released: ReadonlySet<string> = new Set(),
): Map<string, Finding[]> {
  const ledger = new CapLedger(facts.usage);
  const budgets = new Map<string, BudgetUse>();
  const found = new Map<string, Finding[]>();
  const settingsOf = settingsByTerms(facts);
  const capsOf = new Map(facts.timeline.map((terms) => [terms, moneyCaps(terms)]));
  const byEntry = Map.groupBy(parts.toSorted(byOrderOfWork), (part) => part.entryId);
  for (const [entryId, ofEntry] of byEntry) {
    const first = ofEntry[0]!;
    const terms = termsAt(facts.timeline, first.workDate);
    const settings = settingsOf.get(terms);
    const caps = capsOf.get(terms)!;
    const budget = budgetOf(first.projectId, facts, budgets);
    const taken: { uses: CapUse[]; seconds: number; amount: Decimal }[] = [];
    const take = (uses: CapUse[], seconds: number, amount: Decimal) => {
      ledger.add(uses, seconds, amount);
      spend(budget, seconds, amount);
    };
    const findings = ofEntry.flatMap((part) => {
      const uses = caps.length === 0 ? [] : ledger.uses(caps, part);
      const context: PricedContext = {
        currency: facts.currency,
        method: facts.methodOf(part.projectId, part.kind),
        hasCurrencyRate:
          part.currency === null ||
          part.currency === facts.currency ||
          facts.hasCurrencyRate(part.currency, part.receiptOn ?? part.workDate),
        caps: uses,
        budget,
        purchaseOrderRequired: terms.purchaseOrderRequired,
        purchaseOrder: facts.purchaseOrder,
        history: facts.history.get(part.kind) ?? null,
      };
      const ofPart = findAll(pricedRules, part, context, settings);
      const seconds = part.kind === 'labor' ? part.quantity : 0;
      const amount = new Decimal(part.priced.amount);
      take(uses, seconds, amount);
      taken.push({ uses, seconds, amount });
      return ofPart;
    });
    const standing = findings.filter(
      ({ rule, severity }) => severity === 'E' || !released.has(releaseKey(rule, entryId)),
    );
    if (standing.length > 0) found.set(entryId, oncePerRule(standing));
    if (standing.some((finding) => !finding.tellsOnly))
      for (const { uses, seconds, amount } of taken) take(uses, -seconds, amount.negated());
  }
  return found;
}

const oncePerRule = (findings: Finding[]) => [
  ...new Map(findings.map((finding) => [finding.rule, finding])).values(),
];

/** Kept beside the caps, and counted on as items are let in. */
function budgetOf(projectId: string, facts: PricedFacts, known: Map<string, BudgetUse>): BudgetUse | null {
  const limits = facts.budgets.get(projectId);
  if (!limits) return null;
  let use = known.get(projectId);
  if (!use) {
    const ofProject = facts.usage.filter((row) => row.projectId === projectId);
    use = {
      limitAmount: limits.limitAmount === null ? null : new Decimal(limits.limitAmount),
      limitSeconds: limits.limitSeconds,
      usedAmount: ofProject.reduce((sum, row) => sum.plus(row.amount), new Decimal(0)),
      usedSeconds: ofProject.reduce((sum, row) => sum + row.seconds, 0),
    };
    known.set(projectId, use);
  }
  return use;
}

function spend(budget: BudgetUse | null, seconds: number, amount: Decimal): void {
  if (!budget) return;
  budget.usedSeconds += seconds;
  budget.usedAmount = budget.usedAmount.plus(amount);
}
