/** Owns the answer to "why this price?" of a billable item: from the raw quantity to the amount, each step in one sentence. */
import type { NamedStep, ProductStep } from './pricing/resolve-product.ts';
import type { DecimalText } from './work-entry.ts';

export interface PricedItemFacts {
  kind: string;
  /** Seconds, metres, cents or counts, by kind. */
  rawQuantity: number;
  roundedQuantity: DecimalText;
  adjustedQuantity: DecimalText;
  quantity: DecimalText;
  unit: string;
  unitPrice: DecimalText;
  amount: DecimalText;
  currency: string;
  priceSource: string;
  priceRule: Readonly<Record<string, unknown>>;
  flagged: boolean;
  included: boolean;
  contractVersion: number | null;
  product: { name: string; step: ProductStep | null; autoCreated: boolean } | null;
}
export interface PriceStep {
  step: 'quantity' | 'product' | 'price' | 'amount';
  text: string;
}

const rawUnits: Record<string, string> = {
  labor: 's',
  labor_overtime: 's',
  transport_time: 's',
  transport_distance: 'm',
  expense: 'cents',
  goods: 'pieces',
};
const namedBy: Record<NamedStep, string> = {
  entry: 'by the entry itself',
  task: 'by its task',
  client: 'as the default of its client',
  membership: "as the default of the person's place in a team",
  team: "as the default of the person's team",
  workspace: 'as the default of the workspace',
};

export function whyThisPrice(item: PricedItemFacts): PriceStep[] {
  return [
    { step: 'quantity', text: quantityText(item) },
    ...(item.product === null ? [] : [{ step: 'product' as const, text: productText(item.product) }]),
    { step: 'price', text: priceText(item) },
    {
      step: 'amount',
      text: `${item.quantity} ${item.unit} × ${item.unitPrice} = ${item.amount} ${item.currency}.`,
    },
  ];
}

function quantityText({ kind, rawQuantity, roundedQuantity, adjustedQuantity, unit }: PricedItemFacts) {
  const raw = rawUnits[kind];
  const measured = raw === undefined ? roundedQuantity : `${rawQuantity} ${raw}`;
  const adjusted = Number(adjustedQuantity) === 0 ? '' : `, adjusted by ${adjustedQuantity}`;
  return `${measured} show as ${roundedQuantity} ${unit}${adjusted}.`;
}

function productText({ name, step, autoCreated }: NonNullable<PricedItemFacts['product']>): string {
  if (step !== null && step !== 'default') return `Sold as ${name}, which is named ${namedBy[step]}.`;
  const made = autoCreated ? ', which was created for it' : '';
  return `Sold as ${name}, since nothing names another product${made}.`;
}

function priceText({
  flagged,
  included,
  priceSource,
  priceRule,
  unitPrice,
  currency,
  unit,
}: PricedItemFacts) {
  if (flagged)
    return `No source gives a price (${priceSource}): it is 0.00 and kept off issued invoices until it is priced or released.`;
  if (included) return 'It earns no line of its own: included in what is agreed.';
  const facts = Object.entries(priceRule)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
  return `${unitPrice} ${currency} per ${unit}, from ${priceSource}${facts === '' ? '' : ` (${facts})`}.`;
}
