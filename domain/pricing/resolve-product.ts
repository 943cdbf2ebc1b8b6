/** Owns which product work is sold as: the first that is named on the way from the entry to the workspace (DESIGN §5). */
import type { DecimalText, EntryKind } from '../work-entry.ts';
import { productDefaults } from './product-defaults.ts';

/** Nearest first. */
export const namedSteps = ['entry', 'task', 'client', 'membership', 'team', 'workspace'] as const;
export type NamedStep = (typeof namedSteps)[number];
/** `default`: nobody names one, so it is the workspace's own for such work, created where it was missing. */
export const productSteps = [...namedSteps, 'default'] as const;
export type ProductStep = (typeof productSteps)[number];

export interface Product {
  id: string;
  name: string;
  unit: string;
  defaultPrice: DecimalText | null;
  /** Of the default price; null: of whatever is invoiced. */
  currency: string | null;
  status: 'active' | 'archived';
}
export interface ResolvedProduct {
  product: Product;
  step: ProductStep;
}

/** What is measured is sold by its own unit; an expense is an amount and goods are whatever they are sold by. */
const measuredBy: Partial<Record<EntryKind, string>> = {
  labor: 'hour',
  mileage_time: 'hour',
  mileage_distance: 'km',
};

/**
 * A product that is archived, or sold by another unit than the work is measured in, is passed over: an hourly price is none
 * for kilometres. What the entry itself names stands whatever its unit. `productOf` answers undefined for an id it does not know.
 */
export function resolveProduct(
  kind: EntryKind,
  named: Readonly<Record<NamedStep, string | null>>,
  productOf: (id: string) => Product | undefined,
  defaults: ReadonlyMap<string, Product>,
): ResolvedProduct {
  const unit = measuredBy[kind];
  for (const step of namedSteps) {
    const id = named[step];
    const product = id === null ? undefined : productOf(id);
    if (product?.status !== 'active') continue;
    if (step === 'entry' || unit === undefined || product.unit === unit) return { product, step };
  }
  return { product: defaults.get(productDefaults[kind].name)!, step: 'default' };
}
