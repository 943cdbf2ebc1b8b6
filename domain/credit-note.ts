/** Owns what a credit note takes back of an invoice: which amounts, which hours, with which tax; never more than is left. */
import { Decimal, fixed, type Rounding, round, spreadByLargestRemainder } from './money.ts';
import { Refusal } from './refusal.ts';
import { type TaxedLine, type TaxNote, type TaxTotals, taxTotals } from './tax.ts';
import type { DecimalText } from './work-entry.ts';

export const creditNoteStatuses = ['draft', 'issued', 'discarded'] as const;
export type CreditNoteStatus = (typeof creditNoteStatuses)[number];
/** A number exists from `issued` on. */
export const creditNoteTransitions: Record<CreditNoteStatus, readonly CreditNoteStatus[]> = {
  draft: ['issued', 'discarded'],
  issued: [],
  discarded: [],
};

/** What becomes of hours that are taken back: billed again once released, written off, or put on a replacement. */
export const dispositions = ['bill_again', 'write_off', 'replace'] as const;
export type Disposition = (typeof dispositions)[number];

/** What of an item still stands on the line. */
export interface StandingItem {
  itemId: string;
  /** In the item's unit; negative for work that was corrected downwards. */
  quantity: DecimalText;
  /** Its share of the line's amount. */
  amount: DecimalText;
}
/** An invoice line with what earlier credit notes left of it. */
export interface CreditableLine {
  id: string;
  lineNo: number;
  description: string;
  unit: string;
  /** What it brought: after its discounts, before tax. */
  net: DecimalText;
  creditedNet: DecimalText;
  taxCategory: string;
  taxRate: DecimalText;
  /** With tax, where its prices contain it. */
  grossAmount: DecimalText | null;
  items: StandingItem[];
}

/** So much of an item, in its unit. */
export interface ItemPart {
  itemId: string;
  quantity: DecimalText;
}

/** What is asked of one line. */
export type WantedLine =
  | {
      kind: 'quantity';
      lineId: string;
      disposition?: Disposition | undefined;
      /** All that is left, unless one of these says less: so much, the latest work first; these items whole; or so much of each. */
      quantity?: DecimalText | undefined;
      itemIds?: string[] | undefined;
      items?: readonly ItemPart[] | undefined;
    }
  /** Money only: frees no hours. Net. */
  | { kind: 'price'; lineId: string; amount: DecimalText };
/** What is asked of the invoice. `amount` is net and spread over what is left of all lines. */
export type WantedCredit =
  | { by: 'full'; disposition: Disposition }
  | { by: 'lines'; disposition: Disposition; lines: WantedLine[] }
  | { by: 'amount'; amount: DecimalText };

export interface CreditLine {
  line: CreditableLine;
  kind: 'quantity' | 'price';
  disposition: Disposition | null;
  /** Σ of its items'; 0 where it is money only. */
  quantity: DecimalText;
  /** Net; above zero lowers what the client owes. */
  amount: DecimalText;
  items: StandingItem[];
}

const sumOf = (values: readonly DecimalText[]) =>
  values.reduce((sum, value) => sum.plus(value), new Decimal(0));
/** With the decimals of the currency at least. */
const shown = (value: Decimal, { moneyPlaces }: Rounding) => value.toFixed(Math.max(moneyPlaces, value.dp()));
const leftOf = (line: CreditableLine) => new Decimal(line.net).minus(line.creditedNet);

/** The lines of the credit note. Refuses with 422 what is not there, and with 409 what is not left. */
export function creditLines(
  lines: readonly CreditableLine[],
  wanted: WantedCredit,
  rounding: Rounding,
): CreditLine[] {
  const credited = wantedLines(lines, wanted, rounding);
  if (credited.length === 0)
    throw new Refusal({
      code: 'credit_note.nothing_left',
      message: 'Nothing is left of this invoice to credit.',
      whatToDo: 'Look at its credit notes.',
    });
  return credited;
}

function wantedLines(
  lines: readonly CreditableLine[],
  wanted: WantedCredit,
  rounding: Rounding,
): CreditLine[] {
  switch (wanted.by) {
    case 'full':
      return lines.flatMap((line) => allOf(line, wanted.disposition, rounding));
    case 'amount':
      return byAmount(lines, wanted.amount, rounding);
    case 'lines': {
      const byId = new Map(lines.map((line) => [line.id, line]));
      const seen = new Set<string>();
      return wanted.lines.map((one, index) => {
        const line = byId.get(one.lineId);
        if (!line || seen.has(one.lineId))
          throw new Refusal({
            code: line ? 'credit_note.line_twice' : 'credit_note.line_unknown',
            status: 422,
            message: line ? `Line ${line.lineNo} is named twice.` : 'The invoice has no such line.',
            errors: [{ pointer: `/lines/${index}/lineId`, detail: 'one line of the invoice each' }],
          });
        seen.add(one.lineId);
        return one.kind === 'price'
          ? byPrice(line, one.amount, rounding)
          : byQuantity(line, one, wanted.disposition, rounding);
      });
    }
  }
}

/** All that is left of a line: its hours and its money. */
function allOf(line: CreditableLine, disposition: Disposition, rounding: Rounding): CreditLine[] {
  const left = leftOf(line);
  const amount = shown(left, rounding);
  if (line.items.length === 0)
    return left.isZero()
      ? []
      : [{ line, kind: 'price', disposition: null, quantity: '0', amount, items: [] }];
  return [
    {
      line,
      kind: 'quantity',
      disposition,
      quantity: sumOf(line.items.map((item) => item.quantity)).toFixed(),
      amount,
      items: line.items,
    },
  ];
}

function byPrice(line: CreditableLine, amount: DecimalText, rounding: Rounding): CreditLine {
  const { moneyPlaces } = rounding;
  const left = leftOf(line);
  const wanted = new Decimal(amount);
  const isBeyond =
    wanted.isZero() || wanted.isPositive() !== left.isPositive() || wanted.abs().gt(left.abs());
  if (isBeyond || wanted.decimalPlaces() > moneyPlaces)
    throw new Refusal({
      code: 'credit_note.beyond_line',
      message: `Line ${line.lineNo} has ${left.toFixed()} left to credit; ${amount} does not fit.`,
      whatToDo: `Credit at most that, with at most ${moneyPlaces} decimals.`,
      details: { lineId: line.id, left: left.toFixed() },
    });
  return {
    line,
    kind: 'price',
    disposition: null,
    quantity: '0',
    amount: shown(wanted, rounding),
    items: [],
  };
}

function byAmount(lines: readonly CreditableLine[], amount: DecimalText, rounding: Rounding): CreditLine[] {
  const open = lines.filter((line) => leftOf(line).gt(0));
  const left = sumOf(open.map((line) => leftOf(line).toFixed()));
  if (!new Decimal(amount).gt(0) || left.lt(amount) || new Decimal(amount).dp() > rounding.moneyPlaces)
    throw new Refusal({
      code: 'credit_note.beyond_invoice',
      message: `The invoice has ${left.toFixed()} net left to credit; ${amount} does not fit.`,
      whatToDo: `Credit at most that, with at most ${rounding.moneyPlaces} decimals.`,
      details: { left: left.toFixed() },
    });
  const shares = spreadByLargestRemainder(
    amount,
    open.map((line) => leftOf(line)),
    rounding.moneyPlaces,
  );
  return open.flatMap((line, index) =>
    shares[index]!.isZero() ? [] : [byPrice(line, shares[index]!.toFixed(), rounding)],
  );
}

/** Hours of a line, with the part of its money that they stand for. */
function byQuantity(
  line: CreditableLine,
  wanted: Extract<WantedLine, { kind: 'quantity' }>,
  standard: Disposition,
  rounding: Rounding,
): CreditLine {
  const { moneyPlaces, mode } = rounding;
  const items = chosenItems(line, wanted, moneyPlaces);
  const whole = sumOf(line.items.map((item) => item.amount));
  const chosen = sumOf(items.map((item) => item.amount));
  const isAll =
    items.length === line.items.length &&
    items.every((item, index) => new Decimal(item.quantity).eq(line.items[index]!.quantity));
  // What a price credit took before is not given back a second time.
  const part = whole.isZero() ? new Decimal(0) : leftOf(line).times(chosen).div(whole);
  // Beside corrections on the same line an item may be worth more than all of it.
  if (part.abs().gt(leftOf(line).abs()))
    throw new Refusal({
      code: 'credit_note.beyond_line',
      message: `Line ${line.lineNo} has ${shown(leftOf(line), rounding)} left to credit; ${fixed(round(part, moneyPlaces, mode), moneyPlaces)} does not fit.`,
      whatToDo: 'Credit it together with the corrections on the same line.',
      details: { lineId: line.id, left: leftOf(line).toFixed() },
    });
  return {
    line,
    kind: 'quantity',
    disposition: wanted.disposition ?? standard,
    quantity: sumOf(items.map((item) => item.quantity)).toFixed(),
    amount: isAll ? shown(leftOf(line), rounding) : fixed(round(part, moneyPlaces, mode), moneyPlaces),
    items,
  };
}

function chosenItems(
  line: CreditableLine,
  { quantity, itemIds, items: parts }: Extract<WantedLine, { kind: 'quantity' }>,
  moneyPlaces: number,
): StandingItem[] {
  const refuse = (message: string, whatToDo: string) =>
    new Refusal({
      code: 'credit_note.beyond_line',
      message,
      whatToDo,
      details: { lineId: line.id, left: sumOf(line.items.map((item) => item.quantity)).toFixed() },
    });
  if (line.items.length === 0)
    throw refuse(`Nothing of line ${line.lineNo} is left.`, 'Credit money of it, or another line.');
  if (itemIds) {
    const wanted = new Set(itemIds);
    const items = line.items.filter((item) => wanted.has(item.itemId));
    if (items.length !== wanted.size)
      throw refuse(`Some of these items are not on line ${line.lineNo} any more.`, 'List its entries again.');
    return items;
  }
  if (parts) {
    const standing = new Map(line.items.map((item) => [item.itemId, item]));
    const isThere = ({ itemId, quantity: part }: ItemPart) =>
      new Decimal(part).gt(0) && new Decimal(part).lte(standing.get(itemId)?.quantity ?? 0);
    if (!parts.every(isThere))
      throw refuse(`Less of these items is left on line ${line.lineNo}.`, 'Ask for it again.');
    const wanted = new Map(parts.map((part) => [part.itemId, part.quantity]));
    // In the order of the line, as where all of it is taken.
    return line.items.flatMap((item) => {
      const part = wanted.get(item.itemId);
      return part === undefined ? [] : [partOf(item, part, moneyPlaces)];
    });
  }
  if (quantity === undefined) return line.items;
  const isMixed = line.items.some((item) => new Decimal(item.quantity).isNegative());
  let left = new Decimal(quantity);
  if (isMixed || !left.gt(0) || left.gt(sumOf(line.items.map((item) => item.quantity))))
    throw refuse(
      isMixed
        ? `Line ${line.lineNo} holds corrections, so a part of its quantity could mean several things.`
        : `Line ${line.lineNo} has less than ${quantity} left.`,
      isMixed ? 'Credit it whole, or name items.' : 'Credit at most what is left.',
    );
  const items: StandingItem[] = [];
  for (const item of line.items.toReversed()) {
    if (left.isZero()) break;
    const taken = Decimal.min(left, item.quantity);
    left = left.minus(taken);
    items.push(partOf(item, taken.toFixed(), moneyPlaces));
  }
  return items.reverse();
}

/** What of the item stays has the rest of its amount. */
const partOf = (item: StandingItem, quantity: DecimalText, moneyPlaces: number): StandingItem => ({
  itemId: item.itemId,
  quantity,
  amount: fixed(
    round(new Decimal(item.amount).times(quantity).div(item.quantity), moneyPlaces, 'half_up'),
    moneyPlaces,
  ),
});

/**
 * Net, tax and total of the credit by the original's rates: what all credits of the invoice come to with this one, less what
 * they came to before it. So the last credit takes exactly what is left, and none takes more.
 */
export function creditTotals(
  lines: readonly CreditableLine[],
  credited: readonly Pick<CreditLine, 'line' | 'amount'>[],
  rounding: Rounding,
  notes: readonly TaxNote[] = [],
): TaxTotals {
  const now = new Map(credited.map(({ line, amount }) => [line.id, amount]));
  const sideOf = (amountOf: (line: CreditableLine) => Decimal) =>
    taxTotals(
      lines.map((line) => toTaxed(line, amountOf(line))),
      rounding,
      notes,
    );
  const before = sideOf((line) => new Decimal(line.creditedNet));
  const after = sideOf((line) => new Decimal(line.creditedNet).plus(now.get(line.id) ?? 0));
  const places = rounding.moneyPlaces;
  const less = (one: DecimalText, other: DecimalText) => fixed(new Decimal(one).minus(other), places);
  return {
    net: less(after.net, before.net),
    tax: less(after.tax, before.tax),
    rounding: less(after.rounding, before.rounding),
    total: less(after.total, before.total),
    subtotals: after.subtotals
      .map((subtotal, index) => ({
        ...subtotal,
        net: less(subtotal.net, before.subtotals[index]!.net),
        tax: less(subtotal.tax, before.subtotals[index]!.tax),
      }))
      .filter((subtotal) => Number(subtotal.net) !== 0 || Number(subtotal.tax) !== 0),
  };
}

function toTaxed({ net, grossAmount, taxCategory, taxRate }: CreditableLine, amount: Decimal): TaxedLine {
  const part = new Decimal(net).isZero() ? new Decimal(0) : amount.div(net);
  return {
    amount: amount.toFixed(),
    taxCategory,
    taxRate,
    grossAmount: grossAmount === null ? null : part.times(grossAmount).toFixed(),
  };
}

/** The tax of each line: that of its category spread by what the lines take of it. */
export function taxByLine(
  credited: readonly CreditLine[],
  totals: TaxTotals,
  { moneyPlaces }: Rounding,
): DecimalText[] {
  const shares = new Map<CreditLine, DecimalText>();
  for (const { category, rate, tax } of totals.subtotals) {
    const ofCategory = credited.filter(
      ({ line }) => line.taxCategory === category && new Decimal(line.taxRate).eq(rate),
    );
    const spread = spreadByLargestRemainder(
      tax,
      ofCategory.map((one) => one.amount),
      moneyPlaces,
    );
    for (const [index, one] of ofCategory.entries()) shares.set(one, fixed(spread[index]!, moneyPlaces));
  }
  return credited.map((one) => shares.get(one) ?? fixed(0, moneyPlaces));
}
