/** Owns which strategies and markups count for a project: the contract's stand first, then its own, the client's, the workspace's. */
import type { Category, Markup, Method, PriceBook } from './price-entry.ts';

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
