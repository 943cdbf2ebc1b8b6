/** Owns our invoice in a target's words: its lines in the form that the ownership card asks for. Pure. */
import type { TargetInvoice, TargetInvoiceLine } from '../connectors/kit/define.ts';
import { Decimal, minorPlaces, round } from '../domain/money.ts';
import { accountOf, type OwnershipCard, plainCard, taxCodeOf } from '../domain/ownership.ts';
import { productDefaults } from '../domain/pricing/product-defaults.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import type { InvoicedWork } from '../store/invoiced-work.ts';
import type { InvoiceLineRow, InvoiceRow } from '../store/invoices.ts';

/** What was found or made at the platform before the invoice can be said there. */
export interface AtTarget {
  customerExternalId: string;
  /** By product name. */
  items: ReadonlyMap<string, string>;
  /** The platform's dimension by project. */
  dimensions: ReadonlyMap<string, string>;
  /** Time entries there by entry. */
  times: ReadonlyMap<string, string>;
}

const productByLineKind: Record<string, string> = {
  time: productDefaults.labor.name,
  expense: productDefaults.expense.name,
  goods: productDefaults.goods.name,
  mileage: productDefaults.mileage_distance.name,
};
export const productNameOf = (lineKind: string) => productByLineKind[lineKind] ?? productDefaults.labor.name;

export function toTargetInvoice(
  invoice: InvoiceRow,
  lines: InvoiceLineRow[],
  at: AtTarget,
  card: OwnershipCard = plainCard,
  work: readonly InvoicedWork[] = [],
): TargetInvoice {
  return {
    key: invoice.id,
    number: invoice.number!,
    customer: { externalId: at.customerExternalId },
    currency: invoice.currency,
    issueDate: invoice.issueDate!,
    dueDate: invoice.dueDate!,
    email: null,
    ...(card.number === 'theirs' && { numberBy: 'platform' as const }),
    ...(card.firstStatus === 'draft' && { draft: true }),
    ...(card.tax === 'ours' && { taxBy: 'us' as const }),
    lines: toLines(lines, at, card, work, minorPlaces(invoice.currency)),
    net: invoice.net,
    tax: invoice.tax,
    total: invoice.total,
  };
}

type Line =
  | InvoiceLineRow
  | (Pick<InvoiceLineRow, 'kind' | 'taxCategory' | 'taxRate' | 'projectId'> & object);

function toLines(
  lines: InvoiceLineRow[],
  at: AtTarget,
  card: OwnershipCard,
  work: readonly InvoicedWork[],
  places: number,
): TargetInvoiceLine[] {
  const said = (line: Line, projectId: string | null) => ({
    itemExternalId: at.items.get(productNameOf(line.kind))!,
    taxCode: taxCodeOf(card, line.taxCategory, line.taxRate),
    ...(card.dimension !== 'none' && { dimension: dimensionOf(at, projectId) }),
    ...(Object.keys(card.accounts).length > 0 && { accountCode: accountOf(card, line.kind) }),
  });
  const workOf = Map.groupBy(work, ({ lineId }) => lineId);
  const timesOf = (parts: readonly InvoicedWork[]) =>
    card.attachTime
      ? { timeExternalIds: parts.flatMap(({ entry }) => (entry && at.times.get(entry.id)) || []) }
      : {};
  if (card.lines === 'summary') return summaryOf(lines, said);
  return lines.flatMap((line) => {
    const parts = workOf.get(line.id) ?? [];
    if (card.lines === 'as_invoiced' || parts.length === 0)
      return [
        { ...figuresOf(line), ...said(line, line.projectId), serviceDate: line.serviceTo, ...timesOf(parts) },
      ];
    const nets = shared(
      netOf(line),
      parts.map(({ amount }) => amount),
      places,
    );
    return parts.map((part, index) => ({
      ...partFigures(part, nets[index]!),
      ...said(line, part.projectId ?? line.projectId),
      serviceDate: part.workDate,
      ...timesOf([part]),
    }));
  });
}

const dimensionOf = ({ dimensions }: AtTarget, projectId: string | null) =>
  (projectId && dimensions.get(projectId)) || null;

const netOf = (line: InvoiceLineRow) => new Decimal(line.amount).minus(line.discount).minus(line.allowance);

/** One line per kind, tax and dimension, in the order in which they first come. */
function summaryOf(
  lines: InvoiceLineRow[],
  said: (
    line: Line,
    projectId: string | null,
  ) => Omit<TargetInvoiceLine, 'description' | 'quantity' | 'unitPrice' | 'amount' | 'serviceDate'>,
): TargetInvoiceLine[] {
  const groups = Map.groupBy(lines, (line) => {
    const { dimension = null } = said(line, line.projectId);
    return JSON.stringify([line.kind, line.taxCategory, line.taxRate, dimension]);
  });
  return [...groups.values()].map((group) => {
    const [first] = group;
    const amount = group.reduce((sum, line) => sum.plus(netOf(line)), new Decimal(0)).toFixed();
    const days = group.flatMap(({ serviceFrom, serviceTo }) =>
      [serviceFrom, serviceTo].filter((day) => day !== null),
    );
    const [from, to] = [
      days.reduce((a, b) => (a < b ? a : b), days[0] ?? ''),
      days.reduce((a, b) => (a > b ? a : b), ''),
    ];
    const span = from === '' ? '' : from === to ? `, ${from}` : `, ${from} – ${to}`;
    return {
      description: `${productNameOf(first!.kind)}${span}`,
      quantity: '1',
      unitPrice: amount,
      amount,
      serviceDate: to === '' ? null : to,
      ...said(first!, first!.projectId),
    };
  });
}

/**
 * Platforms multiply quantity and price, and round half a cent up: a line with a discount, or one that our contract rounds
 * otherwise, is one of what it brings, and says so.
 */
function figuresOf(line: InvoiceLineRow) {
  const { description, quantity, unitPrice, amount, discount, allowance } = line;
  const off = new Decimal(discount).plus(allowance);
  if (off.isZero() && multiplies(line)) return { description, quantity, unitPrice, amount };
  const net = netOf(line).toFixed();
  const less = off.isZero() ? '' : `, less ${off.toFixed()}`;
  const words = `${description} (${quantity} × ${unitPrice}${less})`;
  return { description: words, quantity: '1', unitPrice: net, amount: net };
}

const multiplies = ({
  quantity,
  unitPrice,
  amount,
}: Record<'quantity' | 'unitPrice' | 'amount', DecimalText>) =>
  round(new Decimal(quantity).times(unitPrice), 2, 'half_up').eq(amount);

/** An entry's share of its line; where rounding or a discount came between, it is one of what it brings. */
function partFigures({ description, quantity, unitPrice }: InvoicedWork, amount: DecimalText) {
  if (multiplies({ quantity, unitPrice, amount })) return { description, quantity, unitPrice, amount };
  return {
    description: `${description} (${quantity} × ${unitPrice})`,
    quantity: '1',
    unitPrice: amount,
    amount,
  };
}

/** `net` in proportion to the amounts, to the smallest unit of the currency; what rounding leaves stands on the last. */
function shared(net: Decimal, amounts: readonly DecimalText[], places: number): DecimalText[] {
  const whole = amounts.reduce((sum, amount) => sum.plus(amount), new Decimal(0));
  if (whole.eq(net)) return [...amounts];
  let left = net;
  return amounts.map((amount, index) => {
    const share =
      index === amounts.length - 1
        ? left
        : whole.isZero()
          ? new Decimal(0)
          : net.times(amount).div(whole).toDecimalPlaces(places);
    left = left.minus(share);
    return share.toFixed();
  });
}

/** Net, tax and total to the cent; null when they agree. */
export function differenceOf(
  ours: { net: string; tax: string; total: string },
  theirs: { net: string; tax: string; total: string },
): string | null {
  const unequal = (['net', 'tax', 'total'] as const).filter(
    (field) => !new Decimal(ours[field]).eq(theirs[field]),
  );
  return unequal.length === 0
    ? null
    : unequal.map((field) => `${field} is ${ours[field]} here and ${theirs[field]} there`).join('; ');
}
