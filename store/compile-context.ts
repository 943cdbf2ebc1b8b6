/** Owns the context of a compile: what it looks up of a contract once, and what of products, costs and rates it learns on its way. */
import type { ContractTimeline } from '../domain/contract-terms.ts';
import type { MileageClause } from '../domain/pricing/mileage-term.ts';
import type { PriceBook } from '../domain/pricing/price-books.ts';
import type { Day } from '../domain/work-entry.ts';
import { type ContractChecks, openChecks } from './contract-checks.ts';
import type { ContractForBilling } from './contract-scope.ts';
import { readTimeline } from './contract-versions.ts';
import { type CostBook, openCosts } from './cost-rates.ts';
import { openRates, type RateBook } from './currency-rates.ts';
import type { WorkspaceTx } from './database.ts';
import type { Candidate } from './open-entries.ts';
import { type OvertimeBook, openOvertime } from './overtime.ts';
import { type ContractPrices, readPriceBooks } from './price-books.ts';
import { learnProducts, openProductBook, type ProductBook } from './products.ts';
import { anyTerms, type TermsInUse } from './terms-in-use.ts';

export interface CompileContext {
  contract: ContractForBilling;
  timeline: ContractTimeline;
  /** Null where no version of the contract knows overtime. */
  overtime: OvertimeBook | null;
  checks: ContractChecks;
  bookOf: (projectId: string) => PriceBook;
  pricingSources: ContractPrices['pricingSources'];
  /** Into the contract's currency. */
  rates: RateBook;
  /** What work costs that came without its cost. */
  costs: CostBook;
  /** Of the client, the latest first. */
  mileage: readonly MileageClause[];
  products: ProductBook;
  /** Null where no run asks: a write-off. */
  runId: string | null;
  /** Work dated before this day. */
  cutoffOn: Day;
  /** Only work on these tasks; null: all, and what is on none. */
  taskIds: readonly string[] | null;
}

/** Everything a compile of the contract looks up, read once; of `inUse`, what the workspace does not have is not looked for. */
export async function openCompile(
  tx: WorkspaceTx,
  run: { id: string | null; cutoffOn: Day; taskIds?: readonly string[] | null },
  contract: ContractForBilling,
  inUse: TermsInUse = anyTerms,
): Promise<CompileContext> {
  const timeline = await readTimeline(tx, contract.id);
  const overtime = await openOvertime(tx, timeline);
  const rates = openRates(contract.currency);
  const { bookOf, pricingSources, hasCostRates, mileage } = await readPriceBooks(tx, contract, rates, inUse);
  return {
    contract,
    timeline,
    overtime,
    checks: await openChecks(tx, {
      contract,
      timeline,
      bookOf,
      rateOf: rates.find,
      isHoliday: overtime?.isHoliday ?? (() => false),
      actor: `billing-run:${run.id}`,
      inUse,
    }),
    bookOf,
    pricingSources,
    rates,
    costs: openCosts(hasCostRates),
    mileage,
    products: await openProductBook(tx, contract.clientId),
    runId: run.id,
    cutoffOn: run.cutoffOn,
    taskIds: run.taskIds ?? null,
  };
}

/** Before these are priced: what they name of products, costs and currencies is read, where there is any. */
export async function learnPricesOf(
  tx: WorkspaceTx,
  { products, costs, rates }: CompileContext,
  candidates: readonly Candidate[],
): Promise<void> {
  const named = candidates.flatMap(({ productId, taskProductId }) =>
    productId === null && taskProductId === null ? [] : [productId, taskProductId],
  );
  await learnProducts(tx, products, named);
  await costs.load(tx, candidates);
  const dated = candidates.flatMap(({ currency, workDate, receipt }) =>
    currency === null
      ? []
      : [{ currency, day: workDate }, ...(receipt?.on ? [{ currency, day: receipt.on }] : [])],
  );
  await rates.load(tx, [...dated, ...costs.currencies(candidates)]);
}
