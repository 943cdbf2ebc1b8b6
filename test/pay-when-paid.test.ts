/** Owns what the client's money releases of a contractor's claim. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decimal } from '../domain/money.ts';
import { releasedTotal, type TiedLine, waitingOf } from '../domain/pay-when-paid.ts';

const today = '2026-06-15';
const line = (amount: string, facts: Partial<TiedLine> = {}): TiedLine => ({
  amount,
  tied: true,
  longStopOn: '2026-12-31',
  paidShare: '0',
  ...facts,
});
const invoice = (net: string, total = net, currency = 'GBP') => ({ net, total, currency });
const released = (of: ReturnType<typeof invoice>, lines: TiedLine[], day = today) =>
  releasedTotal(of, lines, day).toFixed();

test('a part payment releases its part of each line, tax with it, and never a cent too many', () => {
  expect(released(invoice('100.00'), [line('100.00', { paidShare: '0.4' })])).toBe('40');
  // 60.00 whole and a third of 40.00, with 20 % tax: 88.00 of 120.00.
  const lines = [line('60.00', { paidShare: '1' }), line('40.00', { paidShare: '0.333333333333' })];
  expect(released(invoice('100.00', '120.00'), lines)).toBe('87.99');
});
test('work that no client is billed for, or of another contract, waits for nobody', () => {
  expect(released(invoice('100.00'), [line('100.00', { tied: false })])).toBe('100');
  expect(released(invoice('100.00'), [line('70.00'), line('30.00', { tied: false })])).toBe('30');
});
test('on the long-stop day everything is released, whatever the client did', () => {
  const lines = [line('100.00', { longStopOn: today })];
  expect(released(invoice('100.00'), lines, '2026-06-14')).toBe('0');
  expect(released(invoice('100.00'), lines, today)).toBe('100');
});
test('what takes back is never waited for', () => {
  expect(waitingOf(line('-10.00'), today).toFixed()).toBe('0');
  expect(released(invoice('90.00'), [line('100.00', { paidShare: '1' }), line('-10.00')])).toBe('90');
});
test('between nothing and the total, and more money never releases less', () => {
  const cents = fc.integer({ min: 1, max: 100_000 });
  const share = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(fc.array(fc.tuple(cents, share, share), { minLength: 1, maxLength: 8 }), (rows) => {
      const amount = (value: number) => new Decimal(value).div(100).toFixed(2);
      const net = amount(rows.reduce((sum, [value]) => sum + value, 0));
      const at = (later: boolean) =>
        releasedTotal(
          invoice(net),
          rows.map(([value, one, two]) =>
            line(amount(value), {
              paidShare: new Decimal(later ? Math.max(one, two) : one).div(100).toFixed(),
            }),
          ),
          today,
        );
      expect(at(false).gte(0) && at(true).lte(net)).toBe(true);
      expect(at(true).gte(at(false))).toBe(true);
    }),
  );
});
