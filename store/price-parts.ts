/** Owns pricing what is compiled: an entry becomes one part or, with overtime, two; each part gets its quantity, price and product. */
import { type ContractTerms, termsAt } from '../domain/contract-terms.ts';
import { Decimal } from '../domain/money.ts';
import { mileageTerm } from '../domain/pricing/mileage-term.ts';
import { hasLongUnits, priceEntry, rawPerUnit } from '../domain/pricing/price-entry.ts';
import type { PriceableEntry, PricedQuantity } from '../domain/pricing/priceable-entry.ts';
import { displayedQuantity } from '../domain/pricing/quantities.ts';
import type { ProductStep } from '../domain/pricing/resolve-product.ts';
import { isPricedBy } from '../domain/task.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import type { CompileContext } from './compile-context.ts';
import type { Candidate } from './open-entries.ts';
import { splitCandidates, type WorkedHours } from './overtime.ts';
import { productOf } from './products.ts';

/** What one item takes of an entry: all that is open, or its regular time or its overtime. */
export interface Part {
  candidate: Candidate;
  /** Raw units. */
  quantity: number;
  isOvertime: boolean;
}

export interface PricedPart extends Part {
  terms: ContractTerms;
  priced: PricedQuantity;
  productId: string | null;
  productStep: ProductStep;
  /** Under a fixed price: claimed and counted, without revenue. */
  included: boolean;
}

/** One part an entry; labor of a contract with overtime splits in two where some of it is. */
export function toParts(
  context: CompileContext,
  candidates: Candidate[],
  hours: readonly WorkedHours[],
  blocked: ReadonlySet<string>,
): Part[] {
  if (context.overtime === null) return candidates.map(wholeOf);
  const labor = candidates.filter((candidate) => candidate.kind === 'labor');
  const splits = splitCandidates(context.overtime, hours, labor, blocked);
  return candidates.flatMap((candidate): Part[] => {
    const split = splits.get(candidate.entryId);
    if (!split) return [wholeOf(candidate)];
    return [
      { candidate, quantity: split.regularSeconds, isOvertime: false },
      { candidate, quantity: split.overtimeSeconds, isOvertime: true },
    ].filter((part) => part.quantity !== 0);
  });
}

export function pricePart(context: CompileContext, part: Part, shown: DecimalText): PricedPart {
  const { candidate } = part;
  const terms = termsAt(context.timeline, candidate.workDate);
  const { product, step } = productOf(context.products, candidate);
  const priced = priceEntry(toPriceable(context, part), context.bookOf(candidate.projectId), shown);
  const included = terms.billingModel.type === 'fixed_price' && candidate.kind === 'labor';
  return {
    ...part,
    terms,
    priced: included ? { ...priced, ...ofFixedPrice } : priced,
    productId: product.id,
    productStep: step,
    included,
  };
}

/** Hours under a fixed price bring no revenue of their own; milestones and percentages do (BILLING §1). */
const ofFixedPrice = {
  unitPrice: '0.00',
  amount: '0',
  source: 'included in the fixed price',
  rule: {},
  flagged: false,
};

function toPriceable(context: CompileContext, { candidate, quantity, isOvertime }: Part): PriceableEntry {
  const { receipt } = candidate;
  const terms = termsAt(context.timeline, candidate.workDate);
  const position = candidate.position ?? candidate.personPosition;
  const cost =
    candidate.costRate === null ? context.costs.find({ ...candidate, position, isOvertime }) : null;
  return {
    kind: candidate.kind,
    workDate: candidate.workDate,
    quantity,
    position,
    rate: candidate.ownPrice ?? candidate.rate,
    ratePrices:
      candidate.ownPrice !== null ||
      (candidate.rateSourceId !== null && context.pricingSources.has(candidate.rateSourceId)),
    cost: cost?.rate ?? candidate.costRate,
    currency: candidate.currency,
    ...(cost && { costCurrency: cost.currency }),
    taskUnitPrice: isPricedBy(candidate.kind, candidate.taskUnit) ? candidate.taskUnitPrice : null,
    ...(candidate.taskPriceListId !== null && {
      priceListId: candidate.taskPriceListId,
      wholeQuantity: candidate.wholeQuantity,
    }),
    ...(receipt && { receipt: { on: receipt.on, net: netOf(receipt, quantity) } }),
    product: productOf(context.products, candidate).product,
    mileage: mileageTerm(candidate.kind, candidate.workDate, terms, context.mileage),
    workCalendar: terms.workCalendar,
    ...(isOvertime && { overtime: { multiplier: terms.overtime?.multiplier ?? null } }),
  };
}

/** Of a difference to what was billed before, its part of the net. */
function netOf({ net, whole }: NonNullable<Candidate['receipt']>, quantity: number): DecimalText | null {
  if (net === null || whole === quantity) return net;
  return new Decimal(net).times(quantity).div(whole).toDecimalPlaces(4).toFixed();
}

/** Seconds of the day or shift that the labor is priced by; undefined where hours and kilometres are what they are. */
export function unitOf(context: CompileContext, candidate: Candidate): number | undefined {
  const book = context.bookOf(candidate.projectId);
  if (candidate.kind !== 'labor' || !hasLongUnits(book)) return undefined;
  return rawPerUnit(toPriceable(context, wholeOf(candidate)), book);
}

/** A part that is priced and rounded by itself. */
export function priceAlone(context: CompileContext, part: Part): PricedPart {
  const { candidate, quantity } = part;
  const { rounding } = context.contract;
  return pricePart(
    context,
    part,
    displayedQuantity(candidate.kind, quantity, rounding, unitOf(context, candidate)),
  );
}
/** All that is open of the entry, as regular time. */
export const wholeOf = (candidate: Candidate): Part => ({
  candidate,
  quantity: candidate.open,
  isOvertime: false,
});
