/** Owns discounts on an invoice: what they take of each line, and what they are on the document by tax. */
import type { DocumentAllowance } from './invoice-snapshot.ts';
import { Decimal, fixed, type Rounding, round } from './money.ts';
import { Refusal } from './refusal.ts';
import { spreadDiscount } from './tax.ts';
import type { DecimalText } from './work-entry.ts';

/** As it was given: a percentage or an amount, on one line or (null) on the document. */
export interface Discount {
  id: string;
  lineId: string | null;
  percentage: DecimalText | null;
  fixedAmount: DecimalText | null;
  reason: string;
}
export interface DiscountableLine {
  id: string;
  /** Quantity × price, rounded. */
  amount: DecimalText;
  taxCategory: string;
  taxRate: DecimalText;
}
export interface Discounted {
  /** By line: its own discount, and its share of the document's. */
  lines: Map<string, { discount: DecimalText; allowance: DecimalText }>;
  /** One a discount on the document and tax. */
  allowances: DocumentAllowance[];
  /** Σ of what they take. */
  discounted: DecimalText;
}

/**
 * Those on lines come first, each of the line's whole amount; those on the document of what is left of all lines, spread by
 * largest remainder. Negative lines have none. Refuses with 409 what is more than there is.
 */
export function applyDiscounts(
  lines: readonly DiscountableLine[],
  discounts: readonly Discount[],
  rounding: Rounding,
): Discounted {
  const { moneyPlaces } = rounding;
  const zero = new Decimal(0);
  const taken = new Map(lines.map((line) => [line.id, { discount: zero, allowance: zero }]));
  const left = (line: DiscountableLine) => {
    const { discount, allowance } = taken.get(line.id)!;
    return new Decimal(line.amount).minus(discount).minus(allowance);
  };
  for (const discount of discounts.filter(({ lineId }) => lineId !== null)) {
    const line = lines.find(({ id }) => id === discount.lineId);
    if (!line) continue;
    const wanted = amountOf(discount, Decimal.max(0, line.amount), rounding);
    requireWithin(wanted, Decimal.max(0, left(line)), discount);
    const known = taken.get(line.id)!;
    taken.set(line.id, { ...known, discount: known.discount.plus(wanted) });
  }
  const base = lines.reduce((sum, line) => sum.plus(Decimal.max(0, left(line))), zero);
  const allowances: DocumentAllowance[] = [];
  for (const discount of discounts.filter(({ lineId }) => lineId === null)) {
    const nets = lines.map((line) => fixed(Decimal.max(0, left(line)), moneyPlaces));
    const wanted = amountOf(discount, base, rounding);
    requireWithin(
      wanted,
      nets.reduce((sum, net) => sum.plus(net), zero),
      discount,
    );
    const shares = spreadDiscount(fixed(wanted, moneyPlaces), nets, moneyPlaces);
    for (const [index, line] of lines.entries()) {
      const known = taken.get(line.id)!;
      taken.set(line.id, { ...known, allowance: known.allowance.plus(shares[index]!) });
    }
    const byTax = Map.groupBy(lines.keys(), (index) => taxOf(lines[index]!));
    for (const indexes of byTax.values()) {
      const sum = (values: readonly DecimalText[]) =>
        indexes.reduce((total, index) => total.plus(values[index]!), zero);
      const amount = sum(shares);
      if (amount.isZero()) continue;
      const { taxCategory: category, taxRate: rate } = lines[indexes[0]!]!;
      const { reason, percentage } = discount;
      allowances.push({
        reason,
        amount: fixed(amount, moneyPlaces),
        percentage,
        base: percentage === null ? null : fixed(sum(nets), moneyPlaces),
        category,
        rate,
      });
    }
  }
  const all = [...taken.values()].reduce((sum, one) => sum.plus(one.discount).plus(one.allowance), zero);
  return {
    lines: new Map(
      [...taken].map(([id, { discount, allowance }]) => [
        id,
        { discount: fixed(discount, moneyPlaces), allowance: fixed(allowance, moneyPlaces) },
      ]),
    ),
    allowances,
    discounted: fixed(all, moneyPlaces),
  };
}

const taxOf = (line: DiscountableLine) => `${line.taxCategory}|${new Decimal(line.taxRate).toFixed()}`;

function amountOf({ percentage, fixedAmount }: Discount, base: Decimal, rounding: Rounding): Decimal {
  const exact = percentage === null ? new Decimal(fixedAmount!) : base.times(percentage).div(100);
  return round(exact, rounding.moneyPlaces, rounding.mode);
}

function requireWithin(wanted: Decimal, left: Decimal, { reason, lineId }: Discount): void {
  if (wanted.lte(left)) return;
  throw new Refusal({
    code: 'invoice.discount_too_large',
    message: `The discount "${reason}" of ${wanted.toFixed()} is more than the ${left.toFixed()} that ${lineId === null ? 'the invoice' : 'its line'} comes to.`,
    whatToDo: 'Take a smaller one, or remove another first; work that costs nothing is written off.',
    details: { discount: wanted.toFixed(), left: left.toFixed() },
  });
}
