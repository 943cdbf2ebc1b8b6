/** Owns the rules of payments: what an application settles, what it gains or loses in the books, and what a payment is for. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchPayment, type OpenDocument } from '../domain/match-payment.ts';
import { Decimal } from '../domain/money.ts';
import {
  agreedRate,
  exchangeDifference,
  inCurrency,
  ledgerRows,
  paymentStatuses,
  paymentTransitions,
  settledBy,
  type WantedApplication,
} from '../domain/payment.ts';

describe('what an application settles', () => {
  test('cash and what was deducted on the way settle the invoice; the rows add up to the cash', () => {
    const application: WantedApplication = {
      invoiceId: 'i',
      amount: '935.00',
      deductions: { bank_fee: '15.00', tax_withheld: '30.00', early_payment_discount: '20.00' },
    };
    expect(settledBy(application).toFixed(2)).toBe('1000.00');
    expect(ledgerRows(application).map(({ kind, amount }) => `${kind} ${amount.toFixed(2)}`)).toEqual([
      'document 1000.00',
      'bank_fee -15.00',
      'tax_withheld -30.00',
      'early_payment_discount -20.00',
    ]);
  });
  test('whatever is deducted, the rows add up to the cash to the cent', () => {
    const cents = fc
      .integer({ min: 0, max: 1_000_000 })
      .map((value) => new Decimal(value).div(100).toFixed(2));
    const signed = fc
      .integer({ min: -9_999, max: 9_999 })
      .map((value) => new Decimal(value).div(100).toFixed(2));
    fc.assert(
      fc.property(cents, cents, cents, signed, (amount, fee, discount, difference) => {
        const deductions = {
          bank_fee: fee,
          early_payment_discount: discount,
          exchange_difference: difference,
        };
        const rows = ledgerRows({ invoiceId: 'i', amount, deductions });
        const sum = rows.reduce((total, row) => total.plus(row.amount), new Decimal(0));
        expect(sum.eq(amount)).toBe(true);
      }),
    );
  });
  test('pending clears or is reversed, cleared is reversed, and reversed is the end', () => {
    expect(paymentStatuses.map((status) => paymentTransitions[status])).toEqual([
      ['cleared', 'reversed'],
      ['reversed'],
      [],
    ]);
  });
});

describe('another currency than the document', () => {
  const settled = new Decimal('1090.00');
  test('a rate that was agreed is taken, rounded to the currency of the document', () => {
    const agreed = agreedRate(settled, { amount: '1090.00', rate: '0.9174', rateSource: 'ECB' }, 'EUR');
    expect([agreed?.amount.toFixed(2), agreed?.source]).toEqual(['999.97', 'ECB']);
    expect(agreedRate(settled, { amount: '1090.00', rate: '155.5' }, 'JPY')?.amount.toFixed()).toBe('169495');
    expect(agreedRate(settled, { amount: '1090.00', rate: '0.30771' }, 'KWD')?.amount.toFixed(3)).toBe(
      '335.404',
    );
  });
  test('an amount that was agreed says its rate', () => {
    const agreed = agreedRate(settled, { amount: '1090.00', documentAmount: '1000.00' }, 'EUR');
    expect([agreed?.amount.toFixed(2), agreed?.rate]).toEqual(['1000.00', '0.917431192661']);
  });
  test('where nothing was agreed, nothing is guessed', () => {
    expect(agreedRate(settled, { amount: '1090.00' }, 'EUR')).toBeNull();
  });
  test.each([
    // Posted at 0.8500, paid at 0.8700: 1,000.00 EUR are worth 20.00 GBP more.
    ['870.00', '1000.00', { total: '1000.00', functionalTotal: '850.00' }, 'GBP', '20'],
    // A part of it at a worse rate: 400.00 of 1,000.00 EUR stood for 340.00.
    ['332.00', '400.00', { total: '1000.00', functionalTotal: '850.00' }, 'GBP', '-8'],
    // The document is in the books' own currency: 1,090.00 USD came to 990.91 EUR and settle 1,000.00.
    ['990.91', '1000.00', { total: '1000.00', functionalTotal: null }, 'EUR', '-9.09'],
    // A third of 100.00, posted at 33.33 (333.33 × 100 ÷ 1000).
    ['33.33', '33.333', { total: '100.00', functionalTotal: '100.00' }, 'GBP', '0'],
  ])(
    'worth %s for %s of %j in %s books is a difference of %s%s',
    (worth, amount, document, books, difference) => {
      expect(exchangeDifference(new Decimal(worth), new Decimal(amount), document, books).toFixed()).toBe(
        difference,
      );
    },
  );
  test('amounts show as many decimals as their currency has', () => {
    expect([
      inCurrency(new Decimal('5'), 'GBP'),
      inCurrency(new Decimal('5'), 'JPY'),
      inCurrency(new Decimal('5'), 'KWD'),
    ]).toEqual(['5.00', '5', '5.000']);
  });
});

describe('what a payment is for', () => {
  const open = (id: string, amount: string, facts: Partial<OpenDocument> = {}): OpenDocument => ({
    id,
    number: `NFE-${id}`,
    open: amount,
    dueDate: '2026-04-01',
    references: [],
    ...facts,
  });
  const shown = (left: string, reference: string | null, documents: OpenDocument[]) =>
    matchPayment({ left, reference }, documents).map(
      ({ documentId, amount, matchedBy, tied }) =>
        `${documentId} ${amount} ${matchedBy.join('+')}${tied ? ' tied' : ''}`,
    );

  test('its number decides, however the bank wrote it', () => {
    const documents = [open('0001', '100'), open('0002', '100')];
    expect(shown('100', 'Payment nfe 0002 thanks', documents)).toEqual(['0002 100 amount+number']);
  });
  test('one number is not found within another', () => {
    expect(shown('70', 'NFE-00012', [open('0001', '100'), open('00012', '70')])).toEqual([
      '00012 70 amount+number',
    ]);
    expect(shown('70', '1NFE-0001', [open('0001', '100')])).toEqual(['0001 70 number']);
  });
  test('several numbers share the money, the earliest due first, and their sum is the amount', () => {
    const documents = [
      open('0001', '100', { dueDate: '2026-05-01' }),
      open('0002', '60', { dueDate: '2026-04-01' }),
    ];
    expect(shown('160', 'NFE-0001, NFE-0002', documents)).toEqual([
      '0002 60 amount+number',
      '0001 100 amount+number',
    ]);
    expect(shown('90', 'NFE-0001 NFE-0002', documents)).toEqual(['0002 60 number', '0001 30 number']);
  });
  test('the same amount twice is a tie for a person; one alone is proposed', () => {
    expect(shown('100', null, [open('0001', '100'), open('0002', '100'), open('0003', '99')])).toEqual([
      '0001 100 amount tied',
      '0002 100 amount tied',
    ]);
    expect(shown('99', null, [open('0001', '100'), open('0003', '99')])).toEqual(['0003 99 amount']);
  });
  test('a reference outweighs an amount, and what is weaker never goes by itself', () => {
    const documents = [open('0001', '100'), open('0002', '250', { references: ['PO 4711'] })];
    expect(shown('100', 'your PO4711', documents)).toEqual(['0002 100 reference', '0001 100 amount tied']);
  });
  test('a payment that says nothing of anything open is for nothing', () => {
    expect(shown('12', 'hello', [open('0001', '100')])).toEqual([]);
    expect(shown('0', 'NFE-0001', [open('0001', '100')])).toEqual([]);
  });
  test('never more than is left, and never more of a document than is open', () => {
    const document = fc.record({
      id: fc.uuid(),
      amount: fc.integer({ min: 1, max: 500 }),
      named: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.uniqueArray(document, { maxLength: 6, selector: ({ id }) => id }),
        (left, documents) => {
          const opens = documents.map(({ id, amount }, index) =>
            open(id, String(amount), { number: `INV-${1000 + index}` }),
          );
          const reference = documents
            .flatMap(({ named }, index) => (named ? [`INV-${1000 + index}`] : []))
            .join(' ');
          const proposals = matchPayment({ left: String(left), reference }, opens);
          for (const { documentId, amount } of proposals)
            expect(new Decimal(amount).lte(opens.find(({ id }) => id === documentId)!.open)).toBe(true);
          const certain = proposals.filter(({ tied }) => !tied);
          const sum = certain.reduce((total, { amount }) => total.plus(amount), new Decimal(0));
          expect(sum.lte(left)).toBe(true);
        },
      ),
    );
  });
});
