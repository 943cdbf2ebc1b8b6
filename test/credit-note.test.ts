import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CreditableLine,
  type CreditLine,
  creditLines,
  creditNoteStatuses,
  creditNoteTransitions,
  creditTotals,
  taxByLine,
} from '../domain/credit-note.ts';
import { Decimal, type Rounding } from '../domain/money.ts';
import { taxTotals } from '../domain/tax.ts';
import { type VoidFacts, whyNotVoid } from '../domain/void.ts';

const rounding: Rounding = { mode: 'half_up', moneyPlaces: 2, quantityPlaces: 2 };
const line = (id: string, net: string, facts: Partial<CreditableLine> = {}): CreditableLine => ({
  id,
  lineNo: Number(id),
  description: `Line ${id}`,
  unit: 'hour',
  net,
  creditedNet: '0',
  taxCategory: 'standard',
  taxRate: '20',
  grossAmount: null,
  items: [],
  ...facts,
});
const item = (itemId: string, quantity: string, amount: string) => ({ itemId, quantity, amount });
/** The lines as they stand after a credit was issued. */
const after = (lines: CreditableLine[], credited: CreditLine[]): CreditableLine[] =>
  lines.map((one) => {
    const taken = credited.find((credit) => credit.line.id === one.id);
    if (!taken) return one;
    const back = new Map(taken.items.map((row) => [row.itemId, row]));
    return {
      ...one,
      creditedNet: new Decimal(one.creditedNet).plus(taken.amount).toFixed(),
      items: one.items
        .map((row) => ({
          ...row,
          quantity: new Decimal(row.quantity).minus(back.get(row.itemId)?.quantity ?? 0).toFixed(),
          amount: new Decimal(row.amount).minus(back.get(row.itemId)?.amount ?? 0).toFixed(),
        }))
        .filter((row) => !new Decimal(row.quantity).isZero()),
    };
  });
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'accepted';
};

test('a credit in full takes every line: hours where there are some, else money, discounts too', () => {
  const lines = [
    line('1', '160.00', { items: [item('a', '1', '80.00'), item('b', '1', '80.00')] }),
    line('2', '-16.00'),
    line('3', '50.00', { creditedNet: '50.00' }),
  ];
  const credited = creditLines(lines, { by: 'full', disposition: 'bill_again' }, rounding);
  expect(credited.map(({ line: { id }, kind, quantity, amount }) => [id, kind, quantity, amount])).toEqual([
    ['1', 'quantity', '2', '160.00'],
    ['2', 'price', '0', '-16.00'],
  ]);
  expect(creditTotals(lines, credited, rounding)).toMatchObject({
    net: '144.00',
    tax: '28.80',
    total: '172.80',
  });
});

test('a part of a line takes the latest work first, and its share of the money', () => {
  const lines = [line('1', '240.00', { items: [item('a', '2', '160.00'), item('b', '1', '80.00')] })];
  const [credit] = creditLines(
    lines,
    {
      by: 'lines',
      disposition: 'bill_again',
      lines: [{ kind: 'quantity', lineId: '1', quantity: '1.5', disposition: 'write_off' }],
    },
    rounding,
  );
  expect(credit).toMatchObject({ quantity: '1.5', amount: '120.00', disposition: 'write_off' });
  expect(credit!.items).toEqual([item('a', '0.5', '40.00'), item('b', '1', '80.00')]);
});

test('hours after a price credit bring back only the money that is left', () => {
  const lines = [line('1', '80.00', { creditedNet: '10.00', items: [item('a', '1', '80.00')] })];
  const [credit] = creditLines(lines, { by: 'full', disposition: 'bill_again' }, rounding);
  expect(credit).toMatchObject({ quantity: '1', amount: '70.00' });
});

test('an amount is spread over what is left of the lines, to the cent', () => {
  const lines = [line('1', '10.00'), line('2', '20.00'), line('3', '5.00', { creditedNet: '5.00' })];
  const credited = creditLines(lines, { by: 'amount', amount: '10.00' }, rounding);
  expect(credited.map(({ line: { id }, amount }) => [id, amount])).toEqual([
    ['1', '3.33'],
    ['2', '6.67'],
  ]);
});

test('what is not there or not left is refused', () => {
  const lines = [
    line('1', '80.00', { items: [item('a', '1', '80.00')] }),
    line('2', '-8.00'),
    line('3', '0.00', { items: [item('b', '2', '100.00'), item('c', '-2', '-100.00')] }),
  ];
  const ask = (one: object) => () =>
    creditLines(lines, { by: 'lines', disposition: 'bill_again', lines: [one as never] }, rounding);
  expect(refusal(ask({ kind: 'price', lineId: '1', amount: '80.01' }))).toBe('credit_note.beyond_line');
  expect(refusal(ask({ kind: 'price', lineId: '1', amount: '-1.00' }))).toBe('credit_note.beyond_line');
  expect(refusal(ask({ kind: 'price', lineId: '1', amount: '0.001' }))).toBe('credit_note.beyond_line');
  expect(refusal(ask({ kind: 'price', lineId: '2', amount: '8.00' }))).toBe('credit_note.beyond_line');
  expect(refusal(ask({ kind: 'price', lineId: '2', amount: '-8.00' }))).toBe('accepted');
  expect(refusal(ask({ kind: 'quantity', lineId: '1', quantity: '1.01' }))).toBe('credit_note.beyond_line');
  expect(refusal(ask({ kind: 'quantity', lineId: '1', itemIds: ['z'] }))).toBe('credit_note.beyond_line');
  expect(refusal(ask({ kind: 'quantity', lineId: '2' }))).toBe('credit_note.beyond_line');
  expect(refusal(ask({ kind: 'quantity', lineId: '3', quantity: '1' }))).toBe('credit_note.beyond_line');
  expect(refusal(ask({ kind: 'quantity', lineId: '9' }))).toBe('credit_note.line_unknown');
  const twice = { kind: 'price', lineId: '1', amount: '1.00' } as const;
  expect(
    refusal(() =>
      creditLines(lines, { by: 'lines', disposition: 'bill_again', lines: [twice, twice] }, rounding),
    ),
  ).toBe('credit_note.line_twice');
  expect(refusal(() => creditLines(lines, { by: 'amount', amount: '80.01' }, rounding))).toBe(
    'credit_note.beyond_invoice',
  );
  const gone = [line('1', '80.00', { creditedNet: '80.00' })];
  expect(refusal(() => creditLines(gone, { by: 'full', disposition: 'replace' }, rounding))).toBe(
    'credit_note.nothing_left',
  );
});

test('tax is that of the category, spread over its lines: 0.01 of three lines at 7 % is nobody’s to lose', () => {
  const lines = ['1', '2', '3'].map((id) => line(id, '0.07', { taxRate: '7' }));
  expect(taxTotals(lines.map(toTaxed), rounding).tax).toBe('0.01');
  const credited = creditLines(lines, { by: 'full', disposition: 'bill_again' }, rounding);
  const totals = creditTotals(lines, credited, rounding);
  expect(totals).toMatchObject({ net: '0.21', tax: '0.01', total: '0.22' });
  expect(taxByLine(credited, totals, rounding)).toEqual(['0.01', '0.00', '0.00']);
});

const toTaxed = ({ net, taxCategory, taxRate, grossAmount }: CreditableLine) => ({
  amount: net,
  taxCategory,
  taxRate,
  grossAmount,
});
const cents = (value: number) => (value / 100).toFixed(2);

test('whatever is credited in whatever parts, together it is the invoice, and no part is more than was left', () => {
  const lineOf = fc.record({
    hours: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }),
    net: fc.integer({ min: 1, max: 99_999 }),
    rate: fc.constantFrom('0', '7', '19', '20'),
  });
  const parts = fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 6 });
  const taxPer = fc.constantFrom('invoice' as const, 'line' as const);
  fc.assert(
    fc.property(fc.array(lineOf, { minLength: 1, maxLength: 4 }), parts, taxPer, (wanted, steps, per) => {
      const modes = { ...rounding, taxPer: per };
      let lines = wanted.map(({ hours, net, rate }, index) =>
        line(String(index + 1), cents(net), {
          taxRate: rate,
          taxCategory: rate,
          items: hours.map((quantity, at) => item(`${index}-${at}`, String(quantity), '0')),
        }),
      );
      lines = lines.map((one) => {
        const sum = one.items.reduce((total, row) => total + Number(row.quantity), 0);
        let left = new Decimal(one.net);
        return {
          ...one,
          items: one.items.map((row, at) => {
            const share =
              at === one.items.length - 1
                ? left
                : new Decimal(one.net).times(row.quantity).div(sum).toDecimalPlaces(2);
            left = left.minus(share);
            return { ...row, amount: share.toFixed() };
          }),
        };
      });
      const whole = taxTotals(lines.map(toTaxed), modes);
      let net = new Decimal(0);
      let tax = new Decimal(0);
      const take = (credited: CreditLine[]) => {
        const totals = creditTotals(lines, credited, modes);
        expect(Number(totals.tax)).toBeGreaterThanOrEqual(0);
        expect(Decimal.sum(0, ...taxByLine(credited, totals, modes)).toFixed(2)).toBe(totals.tax);
        expect(Decimal.sum(0, ...credited.map((one) => one.amount)).toFixed(2)).toBe(totals.net);
        net = net.plus(totals.net);
        tax = tax.plus(totals.tax);
        lines = after(lines, credited);
        for (const one of lines) expect(new Decimal(one.creditedNet).lte(one.net)).toBe(true);
      };
      for (const [at, percent] of steps.entries()) {
        const one = lines[at % lines.length]!;
        const left = new Decimal(one.net).minus(one.creditedNet);
        const amount = left.times(percent).div(100).toDecimalPlaces(2, Decimal.ROUND_DOWN);
        if (at % 2 === 0 && one.items.length > 0)
          take(
            creditLines(
              lines,
              {
                by: 'lines',
                disposition: 'bill_again',
                lines: [{ kind: 'quantity', lineId: one.id, quantity: one.items.at(-1)!.quantity }],
              },
              modes,
            ),
          );
        else if (amount.gt(0))
          take(
            creditLines(
              lines,
              {
                by: 'lines',
                disposition: 'bill_again',
                lines: [{ kind: 'price', lineId: one.id, amount: amount.toFixed(2) }],
              },
              modes,
            ),
          );
      }
      const isAllTaken = lines.every(
        (one) => new Decimal(one.creditedNet).eq(one.net) && one.items.length === 0,
      );
      if (!isAllTaken) take(creditLines(lines, { by: 'full', disposition: 'bill_again' }, modes));
      expect([net.toFixed(2), tax.toFixed(2)]).toEqual([whole.net, whole.tax]);
    }),
    { numRuns: 300 },
  );
});

test('prices with tax are credited to their cent too', () => {
  // 100.00 with 19 %: net 84.03, tax 15.97.
  const lines = [line('1', '84.03', { taxRate: '19', grossAmount: '100.00' })];
  expect(taxTotals(lines.map(toTaxed), rounding).total).toBe('100.00');
  const credited = creditLines(lines, { by: 'full', disposition: 'bill_again' }, rounding);
  expect(creditTotals(lines, credited, rounding).total).toBe('100.00');
});

test('an issued or discarded credit note goes nowhere', () => {
  expect(creditNoteStatuses.filter((status) => creditNoteTransitions[status].length > 0)).toEqual(['draft']);
});

const voidable: VoidFacts = {
  status: 'issued',
  numberGivenBy: 'series',
  applied: '0.00',
  credited: '0.00',
  badDebt: '0.00',
  allowed: true,
  periodShut: null,
  delivered: false,
  synced: false,
  answered: false,
  reminded: false,
};
test('an invoice is void only while nobody outside has it', () => {
  expect(whyNotVoid(voidable)).toEqual([]);
  const outside: [Partial<VoidFacts>, string][] = [
    [{ allowed: false }, 'the seller keeps every document that it has numbered'],
    [{ numberGivenBy: 'platform' }, 'its number is not of a series of ours'],
    [{ periodShut: 'the books are closed' }, 'the books are closed'],
    [{ delivered: true }, 'it was sent'],
    [{ status: 'sent' }, 'it was sent'],
    [{ synced: true }, 'the accounting platform has it'],
    [{ applied: '0.01' }, 'money is applied to it'],
    [{ credited: '0.01' }, 'some of it is credited'],
    [{ badDebt: '0.01' }, 'some of it was written off as bad debt'],
    [{ answered: true }, 'the client has answered it'],
    [{ reminded: true }, 'a letter or a late fee names it'],
    [{ status: 'settled' }, 'it is settled'],
  ];
  for (const [facts, why] of outside) expect(whyNotVoid({ ...voidable, ...facts })).toEqual([why]);
});
