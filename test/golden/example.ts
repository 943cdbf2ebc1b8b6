/** Owns the shape of a priced example: what is agreed and worked, and what a person worked out by hand that it comes to. */
import type { Adjustment } from '../../domain/adjustment.ts';
import type { ClauseChange } from '../../domain/contract-terms.ts';
import type { StoredRate } from '../../domain/pricing/conversion.ts';
import type { Category, Markup, Method } from '../../domain/pricing/price-books.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
import type { NewContract } from '../../store/contracts.ts';
import type { NewCostRate } from '../../store/cost-rates.ts';
import type { NewRateCard } from '../../store/rate-cards.ts';
import type { NewTaxRate } from '../../store/tax-rates.ts';

export interface Example {
  /** What it shows, as a sentence. */
  name: string;
  contract?: Partial<Pick<NewContract, 'currency' | 'tax' | 'rounding' | 'grouping' | 'startsOn'>>;
  /** Work dated before it is billed; the end of the year unless it says otherwise. */
  cutoffOn?: string;
  clauses?: ClauseChange;
  /** By the contract unless they say otherwise; `*` and from ever on unless they say otherwise. */
  rates?: (Partial<NewRateCard> & { regularRate: string })[];
  strategies?: Partial<Record<Category, Method>>;
  markups?: (Omit<Markup, 'validFrom' | 'validTo'> & {
    scopeType?: 'contract' | 'workspace';
    validFrom?: string;
  })[];
  /** Of Ann Berg. */
  costs?: Partial<Pick<NewCostRate, 'currency' | 'regularRate' | 'overtimeRate' | 'position'>>[];
  currencyRates?: (Partial<StoredRate> & Pick<StoredRate, 'base' | 'quote' | 'rate'>)[];
  mileageClauses?: { kind: 'distance' | 'time'; rate?: string; percentage?: string; validFrom?: string }[];
  /** Tasks of P1; `prices` is a list of their own, of the product that such labor has. */
  tasks?: {
    name: string;
    unitPrice?: string;
    /** A product of that name, which the task names. */
    product?: string;
    prices?: { minimumQuantity?: string; unitPrice: string; validFrom?: string; validTo?: string }[];
  }[];
  /** Of the client's region; `product` names one of a task. */
  taxRates?: (Omit<NewTaxRate, 'region' | 'productId'> & { product?: string })[];
  client?: { treatment: 'exempt' | 'reverse_charge'; words: string };
  /** Of the whole of P1, whose milestones are parts of it; all are reached before the work. */
  projectPrice?: string;
  milestones?: { name: string; price: string }[];
  /** What is done of a fixed price, one before each draft. */
  completion?: { percentage: string; on: string }[];
  /** Of the items of the draft in their order, and then on the draft or one of its lines. */
  adjustments?: { item: number; change: Adjustment; reason: string }[];
  discounts?: { line?: number; percentage?: string; fixedAmount?: string }[];
  /** Each is worked, compiled and drafted before the next. */
  work: Partial<SourceEntry>[][];
  /** Each line of each draft in words, then what each draft comes to. */
  lines: string[];
  drafts: { net: string; tax: string; rounding?: string; total: string }[];
}

export const standard = { rate: '20', category: 'standard' } as const;
const hour = 3_600;
/** Hours of Ann Berg on P1, on 2 March 2026. */
export const hours = (count: number, facts: Partial<SourceEntry> = {}): Partial<SourceEntry> => ({
  kind: 'labor',
  quantity: Math.round(count * hour),
  ...facts,
});
export const expense = (cents: number, facts: Partial<SourceEntry> = {}): Partial<SourceEntry> => ({
  kind: 'expense',
  quantity: cents,
  ...facts,
});
export const km = (count: number, facts: Partial<SourceEntry> = {}): Partial<SourceEntry> => ({
  kind: 'mileage_distance',
  quantity: count * 1_000,
  ...facts,
});
export const onTheRoad = (minutes: number, facts: Partial<SourceEntry> = {}): Partial<SourceEntry> => ({
  kind: 'mileage_time',
  quantity: minutes * 60,
  ...facts,
});
export const onTask = (name: string) => ({ task: { externalId: null, code: null, name } });
