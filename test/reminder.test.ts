/** Owns when a client is reminded, what stops a letter, and what a late payment costs. */
import { describe, expect, test } from 'vitest';
import {
  nextReminder,
  type RemindableInvoice,
  type ReminderPolicy,
  type ReminderSituation,
} from '../domain/reminder.ts';

const policy: ReminderPolicy = {
  steps: [{ days: -3 }, { days: 7 }, { days: 21, fee: { amount: '40.00', currency: 'GBP' } }],
  interestPercentage: null,
  stopOnDispute: true,
  stopOnUnappliedCash: true,
};
const invoice = (facts: Partial<RemindableInvoice> = {}): RemindableInvoice => ({
  id: 'A',
  currency: 'GBP',
  dueDate: '2026-03-10',
  open: '100.00',
  disputed: '0',
  remindedDays: [],
  interestUntil: null,
  ...facts,
});
const on = (today: string, facts: Partial<ReminderSituation> = {}): ReminderSituation => ({
  today,
  unappliedCurrencies: [],
  readBackStale: false,
  ...facts,
});
const letter = (today: string, invoices: RemindableInvoice[], using = policy) => {
  const reminder = nextReminder(using, invoices, on(today));
  return reminder.kind === 'letter'
    ? `${reminder.level}: ${reminder.invoices.map(({ id, stepDays, amount }) => `${id} ${stepDays} ${amount}`).join(', ')}`
    : reminder.kind;
};

describe('when', () => {
  test.each([
    ['2026-03-06', 'nothing'],
    ['2026-03-07', '1: A -3 100.00'],
    ['2026-03-16', '1: A -3 100.00'],
    ['2026-03-17', '2: A 7 100.00'],
    // Steps that were missed are not made up for.
    ['2026-05-01', '3: A 21 100.00'],
  ])('on %s, for an invoice due on the 10th: %s', (today, expected) => {
    expect(letter(today, [invoice()])).toBe(expected);
  });
  test('a step is reminded of once, and an earlier one never after a later one', () => {
    expect(letter('2026-03-17', [invoice({ remindedDays: [7] })])).toBe('nothing');
    expect(letter('2026-03-31', [invoice({ remindedDays: [-3, 7] })])).toBe('3: A 21 100.00');
    expect(letter('2026-03-17', [invoice({ remindedDays: [21] })])).toBe('nothing');
  });
  test('one letter names all invoices of the client whose step has come; its level is the highest', () => {
    const other = invoice({ id: 'B', dueDate: '2026-02-20', open: '50.00' });
    expect(letter('2026-03-17', [invoice(), other])).toBe('3: A 7 100.00, B 21 50.00');
  });
  test('what comes next is known', () => {
    expect(nextReminder(policy, [invoice({ remindedDays: [-3] })], on('2026-03-08'))).toEqual({
      kind: 'nothing',
      nextOn: '2026-03-17',
    });
    expect(nextReminder(policy, [invoice({ remindedDays: [21] })], on('2026-05-01'))).toEqual({
      kind: 'nothing',
      nextOn: null,
    });
  });
});

describe('what stops it', () => {
  const at = (facts: Partial<ReminderSituation>, invoices = [invoice()], using = policy) =>
    nextReminder(using, invoices, on('2026-03-17', facts));
  test('nobody knows who has paid', () => {
    expect(at({ readBackStale: true })).toEqual({ kind: 'stopped', reason: 'read_back_stale' });
  });
  test('money on account may be for it: of its currency, unless the policy says otherwise', () => {
    expect(at({ unappliedCurrencies: ['GBP'] })).toEqual({ kind: 'stopped', reason: 'unapplied_cash' });
    expect(at({ unappliedCurrencies: ['EUR'] }).kind).toBe('letter');
    expect(
      at({ unappliedCurrencies: ['GBP'] }, undefined, { ...policy, stopOnUnappliedCash: false }).kind,
    ).toBe('letter');
  });
  test('a disputed part is not asked for, and a letter about nothing else does not go out', () => {
    expect(letter('2026-03-17', [invoice({ disputed: '30.00' })])).toBe('2: A 7 70.00');
    expect(at({}, [invoice({ disputed: '100.00' })])).toEqual({ kind: 'stopped', reason: 'disputed' });
    expect(letter('2026-03-17', [invoice({ disputed: '30.00' })], { ...policy, stopOnDispute: false })).toBe(
      '2: A 7 100.00',
    );
  });
});

describe('what it costs', () => {
  const asked = (
    today: string,
    facts: Partial<RemindableInvoice> = {},
    interestPercentage: string | null = null,
  ) => {
    const reminder = nextReminder({ ...policy, interestPercentage }, [invoice(facts)], on(today));
    if (reminder.kind !== 'letter') throw new Error(reminder.kind);
    return reminder.invoices[0]!;
  };
  test('a fee belongs to its step, and to the currency that it is set in', () => {
    expect(asked('2026-03-17').fee).toBeNull();
    expect(asked('2026-03-31').fee).toEqual({ amount: '40.00', currency: 'GBP' });
    expect(asked('2026-03-31', { currency: 'EUR' }).fee).toBeNull();
  });
  test('interest counts the days from the due date, then from where it was asked for last', () => {
    // 11 to 30 March are 20 days: 1,000.00 × 8 % × 20 ÷ 365 = 4.3835….
    expect(asked('2026-03-31', { open: '1000.00' }, '8').interest).toEqual({
      base: '1000',
      percentage: '8',
      startsOn: '2026-03-11',
      endsBefore: '2026-03-31',
      amount: '4.38',
    });
    // 14 of them were asked for: 6 are left, 1.3150….
    expect(
      asked('2026-03-31', { open: '1000.00', interestUntil: '2026-03-25', remindedDays: [7] }, '8').interest,
    ).toMatchObject({ startsOn: '2026-03-25', amount: '1.32' });
    expect(asked('2026-03-31', { open: '1000.00', disputed: '500.00' }, '8').interest?.amount).toBe('2.19');
    expect(asked('2026-03-31', { open: '150000', currency: 'JPY' }, '8').interest?.amount).toBe('658');
  });
  test('before the due date there is none', () => {
    expect(asked('2026-03-07', {}, '8').interest).toBeNull();
  });
});
