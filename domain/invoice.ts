/** Owns the life of a client invoice: its transition table, its totals, its tax. */
import { Decimal, fixed, type Rounding, round } from './money.ts';
import type { DecimalText } from './work-entry.ts';

export const invoiceStatuses = [
  'draft',
  'in_sign_off',
  'ready',
  'held',
  'issued',
  'sent',
  'partially_paid',
  'settled',
  'discarded',
  'void',
  'credited',
  'uncollectible',
] as const;
export type InvoiceStatus = (typeof invoiceStatuses)[number];

/** From each status, where it may go. A number exists from `issued` on. */
export const invoiceTransitions: Record<InvoiceStatus, readonly InvoiceStatus[]> = {
  draft: ['in_sign_off', 'ready', 'held', 'issued', 'discarded'],
  in_sign_off: ['draft', 'ready', 'held', 'discarded'],
  ready: ['draft', 'held', 'issued', 'discarded'],
  held: ['draft', 'ready', 'issued', 'discarded'],
  issued: ['sent', 'partially_paid', 'settled', 'void', 'credited', 'uncollectible'],
  sent: ['partially_paid', 'settled', 'credited', 'uncollectible'],
  partially_paid: ['issued', 'sent', 'settled', 'credited', 'uncollectible'],
  settled: ['partially_paid', 'issued', 'sent', 'credited'],
  discarded: [],
  void: [],
  credited: [],
  uncollectible: ['issued', 'sent', 'partially_paid', 'settled'],
};

export function canMove(from: InvoiceStatus, to: InvoiceStatus): boolean {
  return invoiceTransitions[from].includes(to);
}

/** Ended for the workflow: nobody and nothing is waited for any more. */
export function isClosed(status: InvoiceStatus): boolean {
  return status === 'settled' || invoiceTransitions[status].length === 0;
}

export interface TaxableLine {
  amount: DecimalText;
  taxCategory: string;
  /** Percent, e.g. "20". */
  taxRate: DecimalText;
}

/** net = Σ lines; tax = Σ over categories of (net of the category × rate), rounded once per category (BILLING §5). */
export function invoiceTotals(
  lines: TaxableLine[],
  rounding: Rounding,
): { net: DecimalText; tax: DecimalText; total: DecimalText } {
  const byCategory = new Map<string, { rate: DecimalText; net: Decimal }>();
  let net = new Decimal(0);
  for (const line of lines) {
    net = net.plus(line.amount);
    const key = `${line.taxCategory}|${line.taxRate}`;
    const known = byCategory.get(key);
    byCategory.set(key, { rate: line.taxRate, net: (known?.net ?? new Decimal(0)).plus(line.amount) });
  }
  let tax = new Decimal(0);
  for (const { rate, net: base } of byCategory.values())
    tax = tax.plus(round(base.times(rate).div(100), rounding.moneyPlaces, rounding.mode));
  return {
    net: fixed(net, rounding.moneyPlaces),
    tax: fixed(tax, rounding.moneyPlaces),
    total: fixed(net.plus(tax), rounding.moneyPlaces),
  };
}

/** Balance = total − applied − credited − bad debt. */
export function openBalance(invoice: {
  total: DecimalText;
  applied: DecimalText;
  credited: DecimalText;
  badDebt: DecimalText;
}): Decimal {
  return new Decimal(invoice.total).minus(invoice.applied).minus(invoice.credited).minus(invoice.badDebt);
}

/** Money may be applied: it has a number, and no other document has ended it. */
export function takesPayment(status: InvoiceStatus): boolean {
  return status === 'settled' || invoiceTransitions[status].includes('settled');
}

/** The status that money and bad debt give an issued invoice; void and credited are decided by documents, not here. */
export function statusByBalance(
  current: InvoiceStatus,
  balance: Decimal,
  applied: DecimalText,
  badDebt: DecimalText = '0',
): InvoiceStatus {
  if (balance.isZero() && new Decimal(badDebt).gt(0)) return 'uncollectible';
  if (balance.isZero() && new Decimal(applied).gt(0)) return 'settled';
  if (new Decimal(applied).gt(0)) return 'partially_paid';
  return current === 'partially_paid' || current === 'settled' || current === 'uncollectible'
    ? 'issued'
    : current;
}
