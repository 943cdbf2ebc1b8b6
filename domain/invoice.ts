/** Owns the life of a client invoice: its transition table, and what of it is open. */
import { Decimal } from './money.ts';
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
  // Its client may be asked anew.
  ready: ['draft', 'in_sign_off', 'held', 'issued', 'discarded'],
  held: ['draft', 'in_sign_off', 'ready', 'issued', 'discarded'],
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
