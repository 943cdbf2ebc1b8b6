/** Owns tax rates by region, and what decides on the tax of one contract's work. */
import { Refusal } from '../domain/refusal.ts';
import type { TaxBook, TaxPointRule, TaxRate, TaxTreatment } from '../domain/tax.ts';
import type { Day } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { type NewRow, tenantTable, type Values } from './tenant-table.ts';

export type NewTaxRate = NewRow<TaxRate, 'region' | 'category' | 'rate'>;

export const taxRates = tenantTable<TaxRate>('tax_rates', {
  region: 'plain',
  category: 'plain',
  productId: 'plain',
  rate: 'plain',
  inclusive: 'plain',
  exemptionReason: 'plain',
  reverseCharge: 'plain',
  legalText: 'plain',
  validFrom: 'plain',
  validTo: 'plain',
});

/** Of a product there is one rate in a region on a day, of a category (without a product) too. Refuses with 409 what overlaps. */
export async function insertTaxRate(tx: WorkspaceTx, values: NewTaxRate): Promise<TaxRate> {
  await lockTaxRates(tx);
  const row = await taxRates.insert(tx, values);
  await requireApart(tx, row);
  return row;
}

/** Ends a rate, or moves its end: what a rate is stays, so that another one says what comes after it. */
export async function changeTaxRate(
  tx: WorkspaceTx,
  id: string,
  values: Values<Pick<TaxRate, 'validTo'>>,
): Promise<TaxRate | null> {
  await lockTaxRates(tx);
  const row = await taxRates.update(tx, id, values);
  if (row) await requireApart(tx, row);
  return row;
}

/** One at a time writes rates: overlaps are looked for before the commit. */
async function lockTaxRates(tx: WorkspaceTx): Promise<void> {
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 28))', [tx.workspaceId]);
}

async function requireApart(tx: WorkspaceTx, row: TaxRate): Promise<void> {
  const other = await tx.row<{ id: string; validFrom: Day; validTo: Day | null; rate: string }>(
    `select id, valid_from, valid_to, rate from tax_rates
     where workspace_id = $1 and id <> $2 and region = $3 and product_id is not distinct from $4 and ($4::uuid is not null or category = $5)
       and valid_from < coalesce($7::date, 'infinity') and coalesce(valid_to, 'infinity') > $6::date
     order by valid_from limit 1`,
    [tx.workspaceId, row.id, row.region, row.productId, row.category, row.validFrom, row.validTo],
  );
  if (!other) return;
  throw new Refusal({
    code: 'tax_rate.overlaps',
    message: `A rate of ${other.rate} % is set there already, from ${other.validFrom}${other.validTo === null ? ' on' : ` to before ${other.validTo}`}.`,
    whatToDo: `End that rate first: PATCH /tax-rates/${other.id} with validTo.`,
    details: { taxRateId: other.id },
  });
}

/** What decides on the tax of a contract's work, and on which day's rate counts. */
export interface ContractTaxes {
  book: TaxBook;
  pointRule: TaxPointRule;
  /** Of the seller's books: days of issue are days there. */
  zone: string;
}

/** Two small reads a contract; no rates of the region, and the contract's own tax holds. */
export async function readTaxes(
  tx: WorkspaceTx,
  { clientId, sellerId }: { clientId: string; sellerId: string },
): Promise<ContractTaxes> {
  const parties = (await tx.row<{
    treatment: TaxTreatment;
    exemptionReason: string | null;
    legalText: string | null;
    region: string;
    pointRule: TaxPointRule;
    zone: string;
  }>(
    `select c.tax_treatment as treatment, c.tax_exemption_reason as exemption_reason, c.tax_legal_text as legal_text,
       coalesce(c.tax_region, c.address ->> 'country', s.country) as region, s.tax_point_rule as point_rule, s.zone
     from clients c join sellers s on s.workspace_id = $1 and s.id = $3 where c.workspace_id = $1 and c.id = $2`,
    [tx.workspaceId, clientId, sellerId],
  ))!;
  const { treatment, exemptionReason, legalText, region, pointRule, zone } = parties;
  const rates =
    treatment === 'by_region'
      ? await tx.rows<TaxRate>(
          // A part of a country before the country itself.
          `select id, region, category, product_id, rate, inclusive, exemption_reason, reverse_charge, legal_text, valid_from, valid_to
           from tax_rates where workspace_id = $1 and region in ($2, left($2, 2)) order by length(region) desc, valid_from, id`,
          [tx.workspaceId, region],
        )
      : [];
  return { book: { treatment, exemptionReason, legalText, rates }, pointRule, zone };
}
