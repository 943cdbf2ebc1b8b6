/** Owns turning priced items into draft invoices with lines; streams over the items twice and holds only the lines. */
import { earlierDay, laterDay } from '../day.ts';
import { cascadeShares, Decimal, ExactSum, fixed, type Rounding, round } from '../money.ts';
import { netPrice } from '../tax.ts';
import type { Day, DecimalText } from '../work-entry.ts';
import { type Grouping, keyBy, modesOf } from './group-keys.ts';
import type { GroupableItem } from './group-rule.ts';

export type { Grouping } from './group-keys.ts';

export interface DraftableItem extends GroupableItem {
  kind: string;
  productId: string | null;
  unit: string;
  /** What is still to be allocated, in item units; negative for a downward correction. */
  quantity: DecimalText;
  unitPrice: DecimalText;
  /** Exact: quantity × unit price. */
  amount: DecimalText;
  rawQuantity: number;
  priceSource: string;
  flagged: boolean;
  description: string;
  /** Of the contract, under which it was compiled; null where no version priced it. */
  contractVersion: number | null;
  /** Set where it bills the difference that a later version of its entry makes. */
  adjusts?: Adjustment | null;
}

/** Which version of the entry is billed now, and what was billed before: of which day, on which invoice. */
export interface Adjustment {
  version: number;
  was: number;
  wasOn: Day;
  invoice: string | null;
}

export interface DraftLine {
  key: string;
  /** The first of its items: what it is grouped by, all of them have. */
  sample: GroupableItem;
  /** That of the first item; where products are taxed otherwise, all of them are taxed as this one. */
  productId: string | null;
  /** Σ of its items, exact; with tax where their prices contain it. */
  itemsAmount: DecimalText;
  /** What a line comes to with the tax that its prices contain; null where they contain none. */
  grossAmount: DecimalText | null;
  quantity: DecimalText;
  unit: string;
  unitPrice: DecimalText;
  amount: DecimalText;
  projectId: string | null;
  serviceFrom: Day;
  serviceTo: Day;
  itemCount: number;
  flaggedCount: number;
  seconds: number;
  kind: 'time' | 'expense' | 'mileage' | 'goods' | 'milestone' | 'percentage' | 'retainer' | 'lump_sum';
  isOvertime: boolean;
  /** What a line of one correction corrects. */
  adjusts: Adjustment | null;
  /** Descriptions of a one-item line; otherwise null and the store names the group. */
  description: string | null;
  formula: Record<string, string | number | boolean>;
}
export interface DraftInvoice {
  key: string;
  lines: DraftLine[];
  net: DecimalText;
  seconds: number;
  itemCount: number;
  serviceFrom: Day;
  serviceTo: Day;
  /** Of the contract, ascending. */
  contractVersions: number[];
}

interface LineSum {
  first: DraftableItem;
  quantity: ExactSum;
  amount: ExactSum;
  raw: ExactSum;
  uniform: boolean;
  oneProject: boolean;
  sources: Set<string>;
  contractVersions: Set<number>;
  serviceFrom: Day;
  serviceTo: Day;
  itemCount: number;
  flaggedCount: number;
  seconds: number;
}

const lineKinds: Record<string, DraftLine['kind']> = {
  labor: 'time',
  labor_overtime: 'time',
  expense: 'expense',
  transport_distance: 'mileage',
  transport_time: 'mileage',
  goods: 'goods',
  milestone: 'milestone',
  opening: 'lump_sum',
  percentage: 'percentage',
  retainer: 'retainer',
};
function summed(first: DecimalText): ExactSum {
  const sum = new ExactSum();
  sum.add(first);
  return sum;
}
const isTime = (kind: string) => kind === 'labor' || kind === 'labor_overtime';
const maxSources = 8;
// Text first: prices of one source are written alike, and there are many items.
const isSamePrice = (a: DecimalText, b: DecimalText) => a === b || new Decimal(a).eq(b);

export interface DraftKeys {
  invoiceKey: string;
  lineKey: string;
}
/** What puts items on one invoice and on one line. `taxClassOf`: products that are taxed alike (domain/tax.ts). */
export function draftKeys(
  grouping: Grouping,
  taxClassOf: (productId: string | null) => string = () => '',
): (item: DraftableItem) => DraftKeys {
  const invoiceKeyOf = keyBy(grouping.invoice);
  const lineKeyOf = keyBy(grouping.line);
  const modes = modesOf(grouping.line);
  // Overtime has a price of its own: on one line with regular time, neither would show quantity × price. Unless an item is
  // a line already, or everything is wanted on one.
  const keepsApart = !modes.includes('entry') && !modes.every((mode) => mode === 'one_line');
  return (item) => {
    const taxClass = taxClassOf(item.productId);
    let lineKey = lineKeyOf(item);
    if (keepsApart && item.kind === 'labor_overtime') lineKey += '/overtime';
    // Of work before go-live only the amount is known.
    if (keepsApart && item.kind === 'opening') lineKey += '/opening';
    if (taxClass !== '') lineKey += `/${taxClass}`;
    // A correction says what it corrects, so it is a line of its own.
    if (keepsApart && item.adjusts) lineKey += `/corrects ${item.id}`;
    return { invoiceKey: invoiceKeyOf(item), lineKey };
  };
}

/** Collects items page by page and ends in drafts. Items of one line that differ in unit or price become a lump sum. */
export class DraftBuilder {
  readonly #keysOf: (item: DraftableItem) => DraftKeys;
  readonly #rounding: Rounding;
  readonly #invoices = new Map<string, Map<string, LineSum>>();

  constructor(keysOf: (item: DraftableItem) => DraftKeys, rounding: Rounding) {
    this.#keysOf = keysOf;
    this.#rounding = rounding;
  }

  add(item: DraftableItem): void {
    const { invoiceKey, lineKey } = this.#keysOf(item);
    let lines = this.#invoices.get(invoiceKey);
    if (!lines) {
      lines = new Map();
      this.#invoices.set(invoiceKey, lines);
    }
    const sum = lines.get(lineKey);
    if (!sum) {
      lines.set(lineKey, {
        first: item,
        quantity: summed(item.quantity),
        amount: summed(item.amount),
        raw: summed(String(item.rawQuantity)),
        uniform: true,
        oneProject: true,
        sources: new Set([item.priceSource]),
        contractVersions: new Set(item.contractVersion === null ? [] : [item.contractVersion]),
        serviceFrom: item.workDate,
        serviceTo: item.workDate,
        itemCount: 1,
        flaggedCount: item.flagged ? 1 : 0,
        seconds: isTime(item.kind) ? item.rawQuantity : 0,
      });
      return;
    }
    sum.quantity.add(item.quantity);
    sum.amount.add(item.amount);
    sum.raw.add(String(item.rawQuantity));
    sum.uniform &&= item.unit === sum.first.unit && isSamePrice(item.unitPrice, sum.first.unitPrice);
    sum.oneProject &&= item.projectId === sum.first.projectId;
    if (sum.sources.size < maxSources) sum.sources.add(item.priceSource);
    if (item.contractVersion !== null) sum.contractVersions.add(item.contractVersion);
    if (item.workDate < sum.serviceFrom) sum.serviceFrom = item.workDate;
    if (item.workDate > sum.serviceTo) sum.serviceTo = item.workDate;
    sum.itemCount += 1;
    if (item.flagged) sum.flaggedCount += 1;
    if (isTime(item.kind)) sum.seconds += item.rawQuantity;
  }

  build(): DraftInvoice[] {
    return [...this.#invoices].map(([key, lines]) => {
      const built = [...lines].map(([lineKey, sum]) => toLine(lineKey, sum, this.#rounding));
      const net = built.reduce((total, line) => total.plus(line.amount), new Decimal(0));
      return {
        key,
        lines: built,
        net: fixed(net, this.#rounding.moneyPlaces),
        seconds: built.reduce((total, line) => total + line.seconds, 0),
        itemCount: built.reduce((total, line) => total + line.itemCount, 0),
        serviceFrom: built.reduce((day, line) => earlierDay(day, line.serviceFrom), built[0]!.serviceFrom),
        serviceTo: built.reduce((day, line) => laterDay(day, line.serviceTo), built[0]!.serviceTo),
        contractVersions: versionsOf([...lines.values()]),
      };
    });
  }

  /** The share of an item in its line's rounded amount; call in one fixed order of the items of a line. */
  static shares(rounding: Rounding): (lineId: string, exactAmount: DecimalText) => DecimalText {
    const cascades = new Map<string, ReturnType<typeof cascadeShares>>();
    return (lineId, exactAmount) => {
      let cascade = cascades.get(lineId);
      if (!cascade) {
        cascade = cascadeShares(rounding.moneyPlaces, rounding.mode);
        cascades.set(lineId, cascade);
      }
      return cascade(exactAmount);
    };
  }
}

function versionsOf(sums: readonly LineSum[]): number[] {
  return [...new Set(sums.flatMap((sum) => [...sum.contractVersions]))].sort((a, b) => a - b);
}

function toLine(key: string, sum: LineSum, rounding: Rounding): DraftLine {
  const exactAmount = sum.amount.total();
  const amount = round(exactAmount, rounding.moneyPlaces, rounding.mode);
  const amountText = fixed(amount, rounding.moneyPlaces);
  const common = {
    key,
    sample: sum.first,
    productId: sum.first.productId,
    itemsAmount: exactAmount.toFixed(),
    grossAmount: null,
    amount: amountText,
    projectId: sum.oneProject ? sum.first.projectId : null,
    serviceFrom: sum.serviceFrom,
    serviceTo: sum.serviceTo,
    itemCount: sum.itemCount,
    flaggedCount: sum.flaggedCount,
    seconds: sum.seconds,
    isOvertime: sum.uniform && sum.first.kind === 'labor_overtime',
    adjusts: sum.itemCount === 1 ? (sum.first.adjusts ?? null) : null,
    description: sum.itemCount === 1 ? sum.first.description : null,
  };
  // The items say how many places a quantity has: the contract may round otherwise since, and expenses are money.
  const exactQuantity = sum.quantity.total();
  const quantity = fixed(exactQuantity, Math.max(rounding.quantityPlaces, exactQuantity.decimalPlaces()));
  const formula = {
    rawQuantity: sum.raw.total().toFixed(),
    roundedQuantity: quantity,
    priceSource: [...sum.sources].join('; '),
    exactAmount: exactAmount.toFixed(),
    roundingMode: rounding.mode,
    moneyPlaces: rounding.moneyPlaces,
    contractVersions: versionsOf([sum]).join('; '),
    ...(common.adjusts && correctionFormula(common.adjusts)),
  };
  if (sum.uniform) {
    return {
      ...common,
      kind: lineKinds[sum.first.kind] ?? 'time',
      quantity,
      unit: sum.first.unit,
      unitPrice: sum.first.unitPrice,
      formula: { ...formula, unitPrice: sum.first.unitPrice },
    };
  }
  // Unequal prices cannot show quantity × price: one lump sum, negative by quantity since a price never is.
  return {
    ...common,
    kind: 'lump_sum',
    quantity: amount.isNegative() ? '-1' : '1',
    unit: 'lump sum',
    unitPrice: fixed(amount.abs(), rounding.moneyPlaces),
    formula: { ...formula, lumpSum: true },
  };
}

const correctionFormula = ({ version, was, wasOn, invoice }: Adjustment) => ({
  version,
  correctsVersion: was,
  correctsDay: wasOn,
  ...(invoice === null ? {} : { correctsInvoice: invoice }),
});

/** A line whose prices contain the tax, by its net: unit prices with six places, what it was with tax beside it. */
export function toNetLine(line: DraftLine, taxRate: DecimalText, rounding: Rounding): DraftLine {
  const { moneyPlaces, mode } = rounding;
  const formula = { ...line.formula, grossAmount: line.amount, taxIncluded: taxRate };
  if (line.kind === 'lump_sum') {
    const net = round(
      new Decimal(line.itemsAmount).times(100).div(new Decimal(taxRate).plus(100)),
      moneyPlaces,
      mode,
    );
    return {
      ...line,
      quantity: net.isNegative() ? '-1' : '1',
      unitPrice: fixed(net.abs(), moneyPlaces),
      amount: fixed(net, moneyPlaces),
      grossAmount: line.amount,
      formula,
    };
  }
  const unitPrice = netPrice(line.unitPrice, taxRate);
  return {
    ...line,
    unitPrice,
    amount: fixed(round(new Decimal(line.quantity).times(unitPrice), moneyPlaces, mode), moneyPlaces),
    grossAmount: line.amount,
    formula: { ...formula, grossUnitPrice: line.unitPrice, unitPrice },
  };
}

/**
 * What of a line's rounded amount is an item's, to be asked in one fixed order of its items. Of a line without the tax that its
 * items' prices contain, each has its part of the net.
 */
export function sharesOf(
  rounding: Rounding,
): (
  line: { id: string; amount: DecimalText; itemsAmount: DecimalText; grossAmount: DecimalText | null },
  itemAmount: DecimalText,
) => DecimalText {
  const share = DraftBuilder.shares(rounding);
  // The parts of a net add up to it within a hair, which only the nearest cent takes for nothing.
  const shareOfNet = DraftBuilder.shares({ ...rounding, mode: 'half_up' });
  return (line, itemAmount) => {
    if (line.grossAmount === null || new Decimal(line.itemsAmount).isZero())
      return share(line.id, itemAmount);
    const part = new Decimal(itemAmount).times(line.amount).div(line.itemsAmount);
    return shareOfNet(line.id, part.toFixed());
  };
}
