/** Owns the shape of a validation rule; the rules themselves are one file each, listed in `index.ts`. */
import type { ApprovalPolicy } from '../approval.ts';
import type { ContractTerms } from '../contract-terms.ts';
import type { Decimal } from '../money.ts';
import type { PricedQuantity } from '../pricing/priceable-entry.ts';
import type { Day, DecimalText, EntryKind, Instant } from '../work-entry.ts';
import type { CapUse } from './cap-use.ts';

/** E blocks the entry; W blocks it until a person releases it with a reason. */
export type Severity = 'E' | 'W';
/** What a workspace or a contract makes of a rule: another severity, or nothing at all. */
export const ruleSettings = ['E', 'W', 'off'] as const;
export type RuleSetting = (typeof ruleSettings)[number];
/** Rule code → setting, where it is not the rule's own. */
export type RuleSettings = Readonly<Record<string, RuleSetting>>;

/** What the entry pass looks at: the version under check and what surrounds it. */
export interface EntryUnderCheck {
  kind: EntryKind;
  workDate: Day;
  /** Raw units: seconds, metres, cents, counts. */
  quantity: number;
  running: boolean;
}
export interface EntryContext {
  /** Today in the workspace's (or contract's) zone; work dated later is in the future. */
  today: Day;
}

/** What the contract pass looks at: an entry whose parties are known, with what of it is open as its quantity. */
export interface ContractEntry extends EntryUnderCheck {
  entryId: string;
  version: number;
  projectId: string;
  personId: string | null;
  taskId: string | null;
  phaseId: string | null;
  position: string | null;
  startedAt: Instant | null;
  endedAt: Instant | null;
  /** False where its content is another than was approved (invariant 5). */
  approvedAsIs: boolean;
  /** True for the difference to an earlier version that was billed. */
  corrects: boolean;
  /** Of an amount, where its source says so; else the contract's. */
  currency: string | null;
  /** What its platform or file would charge for an hour of regular time; null: it does not say. */
  sourceRate?: DecimalText | null;
  /** Of an expense, where it has one: its rate is of that day. */
  receiptOn?: Day | null;
}
/** The clauses that rules read: of the version that counts on the day of the work. */
export type ClausesUnderCheck = Pick<
  ContractTerms,
  | 'startsOn'
  | 'endsBefore'
  | 'goLiveOn'
  | 'allowedPersonIds'
  | 'allowedPositions'
  | 'allowedTaskIds'
  | 'lateEntries'
  | 'overtime'
  | 'currency'
  | 'receiptFromAmount'
>;
export interface ContractContext extends ClausesUnderCheck {
  projectBillable: boolean;
  approvalPolicy: ApprovalPolicy;
  /** The time period of the seller's books that holds the day and takes nothing. */
  shutPeriod: { startsOn: Day; endsBefore: Day; status: 'soft_closed' | 'closed' } | null;
  /** Name of the task's phase where that is closed. */
  closedPhase: string | null;
  /** Another entry of the same person at the same time. */
  overlap: { entryId: string; seconds: number } | null;
  /** Last day of the project that an issued invoice covers. */
  invoicedThrough: Day | null;
  /** What the person worked under the contract, this entry and those before it, in the order of date, start, id. */
  worked: { daySeconds: number; weekSeconds: number; isHoliday: boolean } | null;
  /** The caps that the entry falls under, with what is used of them before it. */
  caps: readonly CapUse[];
  /** Somebody attached one to the line that the entry is from. */
  hasReceipt: boolean;
}

/** What the priced pass looks at: an entry of the contract pass with what it came to. */
export interface PricedEntry extends ContractEntry {
  /** Per unit of `priced`, in the contract's currency; null where nobody knows it, or the rate that converts it. */
  costRate: DecimalText | null;
  priced: Pick<PricedQuantity, 'unit' | 'unitPrice' | 'amount' | 'flagged'>;
  /** Under a fixed price: without revenue of its own. */
  included: boolean;
  /** How much of the person's day is overtime; null where no ticket or no contract says, or only a difference is billed. */
  overtimeSplit: { ticketSeconds: number; contractSeconds: number } | null;
}
export interface PurchaseOrderUse {
  number: string;
  currency: string;
  limitAmount: DecimalText | null;
  usedAmount: DecimalText;
}
export interface BudgetUse {
  limitAmount: Decimal | null;
  limitSeconds: number | null;
  usedAmount: Decimal;
  usedSeconds: number;
}
export interface PricedContext {
  currency: string;
  /** How the category of the entry is priced; null: by task or product. */
  method: 'service_rates' | 'markup' | 'entry_or_task_price' | null;
  /** True where a rate from the entry's currency to the contract's is known for the day. */
  hasCurrencyRate: boolean;
  /** The amount not to exceed among them. */
  caps: readonly CapUse[];
  budget: BudgetUse | null;
  purchaseOrderRequired: boolean;
  purchaseOrder: PurchaseOrderUse | null;
  /** Earlier items of the contract and kind. */
  history: { items: number; averageAmount: DecimalText } | null;
}

/** What shows a finding: `figure` in words ("42.5 h in week 2026-W45, cap 40"), the rest for programs. */
export type Figures = { figure: string } & Record<string, string | number>;

export interface Rule<Subject, Context> {
  code: string;
  severity: Severity;
  /** The clause that it reads, as contracts name it (domain/contract-terms.ts); null: it holds whatever is agreed. */
  clause: string | null;
  /** One sentence for a person, saying what to do. */
  whatToDo: string;
  /** True: it says why another check holds the entry back, and holds nothing back itself. */
  tellsOnly?: true;
  /** Null: nothing wrong. Pure. */
  check(subject: Subject, context: Context): Figures | null;
}
