import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canMove,
  type InvoiceStatus,
  invoiceStatuses,
  invoiceTransitions,
  isClosed,
  openBalance,
  statusByBalance,
  takesPayment,
} from '../domain/invoice.ts';
import { Decimal, type Rounding, roundingModes } from '../domain/money.ts';
import { type TaxedLine, taxTotals } from '../domain/tax.ts';

/** Net, tax and total of lines. */
function invoiceTotals(lines: readonly TaxedLine[], rounding: Rounding) {
  const { net, tax, total } = taxTotals(lines, rounding);
  return { net, tax, total };
}

const unnumbered: readonly InvoiceStatus[] = ['draft', 'in_sign_off', 'ready', 'held', 'discarded'];
const numbered = invoiceStatuses.filter((status) => !unnumbered.includes(status));
/** Everywhere one can get to. */
function reachable(from: InvoiceStatus): Set<InvoiceStatus> {
  const seen = new Set<InvoiceStatus>([from]);
  for (const status of seen) for (const next of invoiceTransitions[status]) seen.add(next);
  return seen;
}

describe('the life of an invoice', () => {
  test('every status can be reached from a draft', () => {
    expect([...reachable('draft')].sort()).toEqual([...invoiceStatuses].sort());
  });
  test('a number is never given back: nothing leads from a numbered invoice to one without', () => {
    for (const from of numbered)
      expect(
        [...reachable(from)].filter((status) => unnumbered.includes(status)),
        from,
      ).toEqual([]);
  });
  test('a number is given by issuing only', () => {
    for (const from of unnumbered)
      expect(
        invoiceTransitions[from].filter((to) => numbered.includes(to)),
        from,
      ).toEqual(invoiceTransitions[from].includes('issued') ? ['issued'] : []);
  });
  test('nobody moves to where it is, and an end is an end', () => {
    for (const status of invoiceStatuses) expect(canMove(status, status)).toBe(false);
    for (const status of ['discarded', 'void', 'credited'] as const)
      expect(invoiceTransitions[status]).toEqual([]);
  });
  test('void only from issued: once it was sent or paid, it is credited', () => {
    expect(invoiceStatuses.filter((status) => canMove(status, 'void'))).toEqual(['issued']);
  });
  test('from every open status there is a way to an end', () => {
    for (const status of invoiceStatuses) expect([...reachable(status)].some(isClosed), status).toBe(true);
  });
  test('closed and payable are what they say', () => {
    expect(invoiceStatuses.filter(isClosed)).toEqual(['settled', 'discarded', 'void', 'credited']);
    expect(invoiceStatuses.filter(takesPayment)).toEqual([
      'issued',
      'sent',
      'partially_paid',
      'settled',
      'uncollectible',
    ]);
  });
});

describe('the status that money gives', () => {
  const cents = fc.integer({ min: 0, max: 10_000 });
  const payable = fc.constantFrom(...invoiceStatuses.filter(takesPayment));
  test('settled at nothing open by money, partly paid with some, else as before', () => {
    fc.assert(
      fc.property(payable, cents, cents, (current, total, paid) => {
        const applied = Math.min(total, paid);
        const status = statusByBalance(current, new Decimal(total - applied), String(applied));
        if (applied === 0) expect(['partially_paid', 'settled']).not.toContain(status);
        else expect(status).toBe(applied === total ? 'settled' : 'partially_paid');
        // A payment and its reversal: every step is one that the table knows.
        if (status !== current) expect(canMove(current, status), `${current} → ${status}`).toBe(true);
      }),
    );
  });
  test('the balance is what is left after money, credits and bad debt', () => {
    expect(
      openBalance({ total: '100.00', applied: '30.10', credited: '20.00', badDebt: '5.05' }).toFixed(2),
    ).toBe('44.85');
  });
});

describe('totals', () => {
  const rounding = { mode: 'half_up', moneyPlaces: 2, quantityPlaces: 2 } as const;
  const line = (amount: string, taxRate = '20', taxCategory = 'standard') => ({
    amount,
    taxCategory,
    taxRate,
  });
  test('tax is rounded once per category, not per line', () => {
    const lines = Array.from({ length: 3 }, () => line('0.02'));
    expect(invoiceTotals(lines, rounding)).toEqual({ net: '0.06', tax: '0.01', total: '0.07' });
  });
  test('categories and rates are kept apart', () => {
    const totals = invoiceTotals(
      [
        line('100.00'),
        line('50.00', '5', 'reduced'),
        line('10.00', '0', 'exempt'),
        line('1.00', '5', 'standard'),
      ],
      rounding,
    );
    expect(totals).toEqual({ net: '161.00', tax: '22.55', total: '183.55' });
  });
  test('nothing makes nothing, and a credit is the same below zero', () => {
    expect(invoiceTotals([], rounding)).toEqual({ net: '0.00', tax: '0.00', total: '0.00' });
    expect(invoiceTotals([line('-0.12')], rounding)).toEqual({ net: '-0.12', tax: '-0.02', total: '-0.14' });
  });
  test('the total is net and tax, the order of lines does not count, and rounding is off by less than a unit per category', () => {
    const anyLine = fc.record({
      amount: fc
        .integer({ min: -1_000_000, max: 1_000_000 })
        .map((cents) => new Decimal(cents).div(100).toFixed(2)),
      taxCategory: fc.constantFrom('standard', 'reduced'),
      taxRate: fc.constantFrom('20', '7.7', '0'),
    });
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 30 }), fc.constantFrom(...roundingModes), (lines, mode) => {
        const modes = { ...rounding, mode };
        const totals = invoiceTotals(lines, modes);
        const net = lines.reduce((sum, one) => sum.plus(one.amount), new Decimal(0));
        const tax = lines.reduce(
          (sum, one) => sum.plus(new Decimal(one.amount).times(one.taxRate).div(100)),
          new Decimal(0),
        );
        const kinds = new Set(lines.map((one) => `${one.taxCategory}|${one.taxRate}`)).size;
        expect(net.eq(totals.net)).toBe(true);
        expect(new Decimal(totals.net).plus(totals.tax).eq(totals.total)).toBe(true);
        expect(tax.minus(totals.tax).abs().lte(new Decimal('0.01').times(kinds))).toBe(true);
        expect(invoiceTotals(lines.toReversed(), modes)).toEqual(totals);
      }),
    );
  });
});
