/** Owns what may price the entries of a project; of strategies and markups the contract's stand first, then its own, the client's, the workspace's. */
import type { Rounding } from '../money.ts';
import type { Day, DecimalText } from '../work-entry.ts';
import type { KnownRate } from './conversion.ts';
import type { ListPrice } from './price-lists.ts';

export type Category = 'labor' | 'expenses' | 'mileage';
export type Method = 'service_rates' | 'markup' | 'entry_or_task_price';

export interface Rate {
  scopeType: 'contract' | 'client';
  position: string;
  unit: 'hour' | 'day' | 'shift' | 'standby';
  regularRate: DecimalText;
  overtimeRate: DecimalText | null;
  currency: string;
  validFrom: Day;
  validTo: Day | null;
}
export interface Markup {
  category: Category;
  percentage: DecimalText;
  validFrom: Day;
  validTo: Day | null;
}
/** Everything that may price the entries of one project, read once per run; strategies already resolved by scope. */
export interface PriceBook {
  currency: string;
  methods: Partial<Record<Category, Method>>;
  /** Contract lines before client lines. */
  rates: Rate[];
  /** Narrowest scope first. */
  markups: Markup[];
  /** By list, of those that tasks name; one that is not here prices nothing. */
  listPrices?: ReadonlyMap<string, readonly ListPrice[]>;
  /** A rate into the book's currency; left out, there are none. */
  rateOf?: (from: string, day: Day) => KnownRate | null;
  rounding: Rounding;
}

export function isValid(row: { validFrom: Day; validTo: Day | null }, day: Day): boolean {
  return row.validFrom <= day && (row.validTo === null || day < row.validTo);
}

/** Narrowest first: what was agreed in the contract stands before what a project was given. */
export const priceScopes = ['contract', 'project', 'client', 'workspace'] as const;
export interface PriceScope {
  scopeType: (typeof priceScopes)[number];
  scopeId: string;
}
/** Everything of one contract, its projects, its client and the workspace; markups of a scope by date, latest first. */
export interface ScopedPrices {
  strategies: (PriceScope & { category: Category; method: Method })[];
  markups: (PriceScope & Markup)[];
}

/** Answers the price book of a project; projects without anything of their own share one. */
export function priceBooks(
  common: Omit<PriceBook, 'methods' | 'markups'>,
  { strategies, markups }: ScopedPrices,
): (projectId: string) => PriceBook {
  const own = new Set(
    [...strategies, ...markups].filter((row) => row.scopeType === 'project').map((row) => row.scopeId),
  );
  const make = (projectId: string | null): PriceBook => {
    const narrowestFirst = <Row extends PriceScope>(rows: Row[]): Row[] =>
      priceScopes.flatMap((type) =>
        rows.filter((row) => row.scopeType === type && (type !== 'project' || row.scopeId === projectId)),
      );
    const methods: PriceBook['methods'] = {};
    for (const { category, method } of narrowestFirst(strategies)) methods[category] ??= method;
    return { ...common, methods, markups: narrowestFirst(markups) };
  };
  const shared = make(null);
  const books = new Map([...own].map((projectId) => [projectId, make(projectId)]));
  return (projectId) => books.get(projectId) ?? shared;
}
