/** Owns the words of a line's formula: raw → rounded → adjusted → price, from which numbers → amount → discounts → tax. */
import { Decimal } from '../money.ts';
import type { DecimalText } from '../work-entry.ts';

type Facts = Readonly<Record<string, unknown>>;

/** A line as it is stored; `item` of a line that is made of one. */
export interface LineToExplain {
  itemCount: number;
  quantity: DecimalText;
  unit: string;
  unitPrice: DecimalText;
  amount: DecimalText;
  /** What `amount` was with the tax that its prices contain; null where they contain none. */
  grossAmount: DecimalText | null;
  /** Its own discount, and its share of the document's. */
  discount: DecimalText;
  allowance: DecimalText;
  taxCategory: string;
  taxRate: DecimalText;
  currency: string;
  formula: Facts;
  item: { rule: Facts; roundedQuantity: DecimalText; adjustedQuantity: DecimalText } | null;
}

const rawUnits: Record<string, string> = {
  hour: 's',
  day: 's',
  shift: 's',
  standby: 's',
  km: 'm',
  amount: 'cents',
  piece: 'pieces',
};

/** e.g. `5400 s → 1.50 hour × 80.00 GBP (contract rate card: Welder) = 120.00 GBP → tax 20 % standard`. */
export function explainLine(line: LineToExplain): string {
  const { currency, formula } = line;
  const isLumpSum = formula.lumpSum === true;
  const priced = isLumpSum
    ? `${line.itemCount} items at unequal prices (${textOf(formula.priceSource)})`
    : `${line.quantity} ${line.unit} × ${line.unitPrice} ${currency} (${priceWords(line)})`;
  return [
    ...quantitySteps(line),
    `${priced} = ${amountWords(line)}`,
    ...discountSteps(line),
    taxWords(line),
  ].join(' → ');
}

function quantitySteps({ itemCount, unit, formula, item, quantity }: LineToExplain): string[] {
  const raw = rawUnits[unit];
  const steps: string[] = [];
  if (raw !== undefined && formula.lumpSum !== true)
    steps.push(`${textOf(formula.rawQuantity)} ${raw}${itemCount === 1 ? '' : ` in ${itemCount} items`}`);
  if (item && !new Decimal(item.adjustedQuantity).isZero()) {
    const by = new Decimal(item.adjustedQuantity).toFixed(decimalsOf(quantity));
    steps.push(`${item.roundedQuantity} ${unit} adjusted by ${by}${reasonOf(item.rule)}`);
  }
  return steps;
}

function amountWords({ amount, currency, formula, grossAmount }: LineToExplain): string {
  const exact = textOf(formula.exactAmount);
  // Of prices with tax the line shows the net, which is worked out from the price, not from the sum of its items.
  if (exact === '' || grossAmount !== null || new Decimal(exact).eq(amount)) return `${amount} ${currency}`;
  return `${new Decimal(exact).toFixed()} rounded ${textOf(formula.roundingMode).replaceAll('_', ' ')} to ${amount} ${currency}`;
}

function discountSteps({ amount, discount, allowance, currency }: LineToExplain): string[] {
  const given = [
    new Decimal(discount).isZero() ? null : `discount ${discount}`,
    new Decimal(allowance).isZero() ? null : `share of the document's discount ${allowance}`,
  ].filter((words) => words !== null);
  if (given.length === 0) return [];
  const places = new Decimal(amount).decimalPlaces();
  const left = new Decimal(amount).minus(discount).minus(allowance);
  return [`less ${given.join(' and ')} = ${left.toFixed(Math.max(places, decimalsOf(amount)))} ${currency}`];
}

const decimalsOf = (text: DecimalText) => text.split('.')[1]?.length ?? 0;

function taxWords({ taxCategory, taxRate, grossAmount, currency, formula }: LineToExplain): string {
  const tax = `tax ${new Decimal(taxRate).toFixed()} % ${taxCategory}`;
  if (grossAmount === null) return tax;
  const price = textOf(formula.grossUnitPrice);
  return `${tax}, which ${price === '' ? '' : `the price ${price} and `}the amount ${grossAmount} ${currency} contained`;
}

/** Where the price is from and the numbers that made it; of several items the source alone, since each has its own numbers. */
function priceWords({ formula, item, currency }: LineToExplain): string {
  const source = textOf(formula.priceSource);
  const words = item ? ruleWords(item.rule, source, currency) : [];
  return words.length === 0 ? source : `${source}: ${words.join(', ')}`;
}

/** Each number that a rule may name, in the order in which it counts. */
function ruleWords(rule: Facts, source: string, currency: string): string[] {
  const of = (name: string) => textOf(rule[name]);
  const words: string[] = [];
  if (of('list')) words.push(`${of('list')}, ${of('product')} from ${of('minimumQuantity')}`);
  else if (of('product')) words.push(of('product'));
  if (of('position')) words.push(of('position') === '*' ? 'any position' : of('position'));
  if (of('hours')) words.push(`${of('hours')} hours each`);
  if (of('multiplier'))
    words.push([of('regularRate') || of('rate'), `× ${of('multiplier')}`].filter(Boolean).join(' '));
  if (of('milestone')) words.push(of('milestone'));
  if (of('fee')) words.push(`${of('quantity')} ${of('measure')} from ${of('period')} on`);
  if (of('price') && of('percentage')) return [...words, ...completionWords(rule, currency)];
  const base = baseWords(rule, source, currency);
  if (base !== '') words.push(base);
  if (of('percentage')) words.push(percentWords(of('percentage')));
  if (of('validFrom') && of('validFrom') !== '0001-01-01') words.push(`from ${of('validFrom')}`);
  if (of('warning')) words.push(of('warning'));
  const adjusted = priceAdjustment(rule);
  if (adjusted !== null) words.push(adjusted);
  return words;
}

/** Of a price for the whole: what is done of it, less what was billed. */
function completionWords(rule: Facts, currency: string): string[] {
  const of = (name: string) => textOf(rule[name]);
  const done = `${new Decimal(of('percentage')).toFixed()} % of ${of('price')} ${currency}`;
  const before = of('billedBefore');
  return before === '' || new Decimal(before).isZero()
    ? [done]
    : [done, `less ${before} ${currency} billed before`];
}

/** What a person made of an item: in brackets, why. */
const adjustmentOf = (rule: Facts) => (rule.adjusted ?? null) as Facts | null;
function reasonOf(rule: Facts): string {
  const reason = textOf(adjustmentOf(rule)?.reason);
  return reason === '' ? '' : ` (${reason})`;
}

/** Where a person set another price than the source gave. */
function priceAdjustment(rule: Facts): string | null {
  const adjusted = adjustmentOf(rule);
  const from = textOf((adjusted?.from as Facts | undefined)?.unitPrice);
  if (from === '' || new Decimal(from).eq(textOf(adjusted?.unitPrice))) return null;
  return `adjusted from ${from}${reasonOf(rule)}`;
}

const percentWords = (percentage: DecimalText) => {
  const size = new Decimal(percentage);
  return `${size.isNegative() ? '-' : '+'} ${size.abs().toFixed()} %`;
};

/** What a price is reckoned from: a cost or a price of its own, and how that was converted. */
function baseWords(rule: Facts, source: string, currency: string): string {
  const of = (name: string) => textOf(rule[name]);
  const isConverted = of('convertedFrom') !== '';
  const from = isConverted ? of('convertedFrom') : currency;
  let base = '';
  if (of('gross')) base = `${of('net')} ${from} net of ${of('gross')} ${from}`;
  else if (of('paid')) base = `${of('paid')} ${from}`;
  else if (of('cost') && of('cost') !== '1' && (source !== 'cost' || isConverted))
    base = `cost ${of('cost')} ${from}`;
  else if (of('rate') && isConverted) base = `${of('rate')} ${from}`;
  if (!isConverted) return base;
  const rate = `at ${of('conversionRate')} (${of('rateSource')}, ${of('rateOn')}, ${of('dateRule').replaceAll('_', ' ')})`;
  return `${base} ${rate}`.trim();
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
