/** Owns reading what may price the entries of a contract: rate cards, strategies, markups, price lists, mileage; in one statement. */
import type { MileageClause } from '../domain/pricing/mileage-term.ts';
import { type PriceBook, priceBooks, type Rate, type ScopedPrices } from '../domain/pricing/price-books.ts';
import type { ListPrice } from '../domain/pricing/price-lists.ts';
import { plainArray } from './arrays.ts';
import type { ContractForBilling } from './contract-scope.ts';
import type { RateBook } from './currency-rates.ts';
import type { WorkspaceTx } from './database.ts';
import type { TermsInUse } from './terms-in-use.ts';

export interface ContractPrices {
  bookOf: (projectId: string) => PriceBook;
  /** Sources whose ownership card says that their rates price (BILLING §4). */
  pricingSources: ReadonlySet<string>;
  /** The workspace knows what people cost. */
  hasCostRates: boolean;
  /** Mileage clauses of the client, the latest first. */
  mileage: readonly MileageClause[];
}

const none = `'[]'::jsonb`;

/** Once per contract. `rates` turn other currencies into the contract's; of `inUse`, what the workspace does not have is not looked for. */
export async function readPriceBooks(
  tx: WorkspaceTx,
  contract: Pick<ContractForBilling, 'id' | 'clientId' | 'currency' | 'rounding' | 'projects'>,
  rates: RateBook,
  inUse: TermsInUse,
): Promise<ContractPrices> {
  const projectIds = contract.projects.map((project) => project.id);
  const stored = (await tx.row<{
    rates: Rate[];
    strategies: ScopedPrices['strategies'];
    markups: ScopedPrices['markups'];
    listPrices: (ListPrice & { listId: string })[];
    pricingSources: string[];
    hasCostRates: boolean;
    mileage: MileageClause[];
  }>(
    `select
       (select coalesce(jsonb_agg(jsonb_build_object('scopeType', scope_type, 'position', position, 'unit', unit, 'regularRate', regular_rate::text,
           'overtimeRate', overtime_rate::text, 'currency', currency, 'validFrom', valid_from, 'validTo', valid_to)
           order by scope_type desc, valid_from desc, id), '[]')
         from rate_cards where workspace_id = $1 and scope_id in ($2, $3)) as rates,
       (select coalesce(jsonb_agg(jsonb_build_object('scopeType', scope_type, 'scopeId', scope_id, 'category', category, 'method', method)), '[]')
         from strategies where workspace_id = $1 and scope_id = any($4::uuid[])) as strategies,
       ${
         inUse.markups
           ? `(select coalesce(jsonb_agg(jsonb_build_object('scopeType', scope_type, 'scopeId', scope_id, 'category', category, 'percentage', percentage::text,
           'validFrom', valid_from, 'validTo', valid_to) order by valid_from desc), '[]')
         from markups where workspace_id = $1 and scope_id = any($4::uuid[]))`
           : none
       } as markups,
       ${
         inUse.priceLists
           ? `(select coalesce(jsonb_agg(jsonb_build_object('listId', l.id, 'list', l.name, 'productId', i.product_id, 'currency', l.currency,
           'minimumQuantity', i.minimum_quantity::text, 'unitPrice', i.unit_price::text, 'validFrom', i.valid_from, 'validTo', i.valid_to)), '[]')
         from price_lists l join price_list_items i on i.workspace_id = $1 and i.price_list_id = l.id
         where l.workspace_id = $1 and l.id in (
           select t.price_list_id from tasks t where t.workspace_id = $1 and t.project_id = any($5::uuid[]) and t.price_list_id is not null))`
           : none
       } as list_prices,
       ${
         inUse.pricingSources
           ? `(select coalesce(jsonb_agg(s.id), '[]') from connections c join sources s on s.workspace_id = $1 and s.connection_id = c.id
         where c.workspace_id = $1 and c.ownership ->> 'prices' = 'true')`
           : none
       } as pricing_sources,
       exists (select from cost_rates where workspace_id = $1) as has_cost_rates,
       ${
         inUse.mileage
           ? `(select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'rate', rate::text, 'currency', currency, 'percentage', percentage::text,
           'validFrom', valid_from, 'validTo', valid_to) order by valid_from desc), '[]')
         from mileage_clauses where workspace_id = $1 and scope_type = 'client' and scope_id = $3)`
           : none
       } as mileage`,
    [
      tx.workspaceId,
      contract.id,
      contract.clientId,
      plainArray([contract.id, ...projectIds, contract.clientId, tx.workspaceId]),
      ...(inUse.priceLists ? [plainArray(projectIds)] : []),
    ],
  ))!;
  const { strategies, markups } = stored;
  return {
    bookOf: priceBooks(
      {
        currency: contract.currency,
        rates: stored.rates,
        rounding: contract.rounding,
        listPrices: Map.groupBy(stored.listPrices, (price) => price.listId),
        rateOf: rates.find,
      },
      { strategies, markups },
    ),
    pricingSources: new Set(stored.pricingSources),
    hasCostRates: stored.hasCostRates,
    mileage: stored.mileage,
  };
}
