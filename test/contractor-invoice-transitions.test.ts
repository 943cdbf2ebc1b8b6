/** Owns the pure rules of contractor invoices, accounts, withholding and duties, against tables and sums worked out by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ContractorInvoiceStatus,
  type Cost,
  type contractorInvoiceMoves,
  contractorInvoiceStatuses,
  contractorInvoiceTotals,
  isInvoiceAtRest,
  moveContractorInvoice,
  nextStatus,
  statusByApplied,
  toLines,
  unbillableCosts,
} from '../domain/contractor-invoice.ts';
import { type Doer, keepApart, requireWithinLimit } from '../domain/duties.ts';
import { Decimal } from '../domain/money.ts';
import { checkAccountNumber, maskAccountNumber, normalAccountNumber } from '../domain/payee-account.ts';
import { Refusal } from '../domain/refusal.ts';
import { netCredits, withhold } from '../domain/withholding.ts';

const refusalOf = (work: () => unknown): Refusal => {
  try {
    work();
  } catch (problem) {
    if (problem instanceof Refusal) return problem;
    throw problem;
  }
  throw new Error('nothing was refused');
};

describe('the table of a contractor invoice', () => {
  // Written down beside the code's table, so that neither changes alone.
  const expected: Record<
    keyof typeof contractorInvoiceMoves,
    Partial<Record<ContractorInvoiceStatus, string>>
  > = {
    edit: { draft: 'draft', rejected: 'draft' },
    submit: { draft: 'submitted', rejected: 'submitted' },
    withdraw: { submitted: 'draft' },
    approve: { submitted: 'approved' },
    reject: { submitted: 'rejected' },
    reject_ticket: { submitted: 'submitted' },
    cancel: { draft: 'cancelled', submitted: 'cancelled', rejected: 'cancelled', approved: 'cancelled' },
  };
  test.each(Object.keys(expected) as (keyof typeof expected)[])('%s', (action) => {
    for (const from of contractorInvoiceStatuses)
      expect(nextStatus(action, from)).toBe(expected[action][from] ?? null);
  });

  test('nothing is cancelled once money has moved, and nothing leads out of cancelled', () => {
    for (const from of ['partially_paid', 'paid', 'cancelled'] as const)
      expect(nextStatus('cancel', from)).toBeNull();
    for (const action of Object.keys(expected) as (keyof typeof expected)[])
      expect(nextStatus(action, 'cancelled')).toBeNull();
  });

  test('who comes second to a decision reads who decided', () => {
    const refusal = refusalOf(() =>
      moveContractorInvoice('approve', {
        id: 'i',
        number: 'CI-1',
        status: 'rejected',
        decidedBy: 'member:a',
      }),
    );
    expect(refusal).toMatchObject({ status: 409, code: 'contractor_invoice.already_decided' });
    expect(refusal.message).toBe('Contractor invoice CI-1 is rejected (decided by member:a).');
  });

  test('the workflow waits only for decisions and money', () => {
    expect(contractorInvoiceStatuses.filter((status) => !isInvoiceAtRest(status))).toEqual([
      'submitted',
      'approved',
      'partially_paid',
    ]);
  });

  test('money makes the status, in both directions', () => {
    expect(statusByApplied('100.00', '0.00')).toBe('approved');
    expect(statusByApplied('100.00', '0.01')).toBe('partially_paid');
    expect(statusByApplied('100.00', '100')).toBe('paid');
  });
});

const cost = (facts: Partial<Cost>): Cost => ({
  ticketId: 't',
  ticketNumber: 'T-1',
  entryId: 'e',
  entryVersion: 1,
  kind: 'labor',
  overtime: false,
  workDate: '2026-03-02',
  projectName: 'Refit',
  position: 'Fitter',
  note: null,
  quantity: 3600,
  costRate: '42.00',
  currency: 'GBP',
  ...facts,
});

describe('lines', () => {
  test('of hours, overtime, an expense and kilometres, to the cent', () => {
    const lines = toLines(
      [
        cost({ quantity: 11_700 }),
        cost({ quantity: 5_400, overtime: true, costRate: '63.00' }),
        cost({ kind: 'expense', quantity: 3_450, costRate: '1' }),
        cost({ kind: 'mileage_distance', quantity: 42_000, costRate: '0.45' }),
      ],
      'GBP',
    );
    expect(lines.map(({ kind, quantity, amount }) => [kind, quantity, amount])).toEqual([
      ['labor', '3.25', '136.50'],
      ['labor_overtime', '1.50', '94.50'],
      ['expense', '1', '34.50'],
      ['mileage_distance', '42.000', '18.90'],
    ]);
    expect(contractorInvoiceTotals(lines, '0', 'GBP')).toEqual({
      net: '284.40',
      tax: '0.00',
      total: '284.40',
    });
  });
  test('of a correction take back by a negative quantity, never by a negative price', () => {
    const [labor, expense] = toLines(
      [cost({ quantity: -7_200 }), cost({ kind: 'expense', quantity: -500, costRate: '1' })],
      'GBP',
    );
    expect(labor).toMatchObject({ quantity: '-2.00', unitPrice: '42.00', amount: '-84.00' });
    expect(expense).toMatchObject({ quantity: '-1', unitPrice: '5.00', amount: '-5.00' });
  });
  test('are whole in a currency without decimals', () => {
    const [line] = toLines([cost({ quantity: 5_400, costRate: '4001', currency: 'JPY' })], 'JPY');
    // 1.5 h at 4001 is 6001.5.
    expect(line!.amount).toBe('6002');
  });
  test('always show quantity × price = amount', () => {
    const kinds = fc.constantFrom(
      'labor' as const,
      'mileage_distance' as const,
      'mileage_time' as const,
      'expense' as const,
    );
    fc.assert(
      fc.property(
        kinds,
        fc.integer({ min: -86_400, max: 86_400 }),
        fc.integer({ min: 0, max: 100_000 }),
        (kind, quantity, cents) => {
          const rate = new Decimal(cents).div(100).toFixed(2);
          const [line] = toLines([cost({ kind, quantity, costRate: rate })], 'GBP');
          const product = new Decimal(line!.quantity).times(line!.unitPrice);
          expect(new Decimal(line!.amount).minus(product).abs().lte('0.005')).toBe(true);
        },
      ),
    );
  });
  test('are not made of what has no rate or another currency', () => {
    const costs = [
      cost({ costRate: null, currency: null }),
      cost({ currency: 'EUR' }),
      cost({ kind: 'expense', costRate: null }),
    ];
    expect(unbillableCosts(costs, 'GBP').map(({ problem }) => problem)).toEqual([
      'it has no cost rate',
      'it is in EUR, not in GBP',
    ]);
  });
});

describe('an account number', () => {
  test.each([
    'GB29 NWBK 6016 1331 9268 19',
    'NO93 8601 1117 947',
    'DE89370400440532013000',
    '12-34-56 12345678',
  ])('%s will do', (text) => expect(checkAccountNumber(normalAccountNumber(text))).toBeNull());
  test.each([
    ['GB29 NWBK 6016 1331 9268 91', /check digits/],
    ['NO93 8601 1117 974', /check digits/],
    ['12', /4 to 34/],
    ['1234;DROP', /4 to 34/],
  ])('%s will not', (text, problem) =>
    expect(checkAccountNumber(normalAccountNumber(text))).toMatch(problem),
  );
  test('two swapped digits of an IBAN are always noticed', () => {
    const iban = 'GB29NWBK60161331926819';
    fc.assert(
      fc.property(fc.integer({ min: 8, max: iban.length - 2 }), (at) => {
        fc.pre(iban[at] !== iban[at + 1]);
        const swapped = iban.slice(0, at) + iban[at + 1] + iban[at] + iban.slice(at + 2);
        expect(checkAccountNumber(swapped)).not.toBeNull();
      }),
    );
  });
  test('shows its last characters, of a short one less than half', () => {
    expect(maskAccountNumber('GB29NWBK60161331926819')).toBe('GB•••• 6819');
    expect(maskAccountNumber('12345678')).toBe('•••• 5678');
    expect(maskAccountNumber('12345')).toBe('•••• 45');
  });
});

describe('withholding and credits', () => {
  test('each line is rounded for itself; the year is that of the day the money moves', () => {
    const { lines, sum } = withhold(
      [
        { scheme: 'CIS', base: '100.03', percentage: '20' },
        { scheme: 'LEVY', base: '100.03', percentage: '0.5' },
      ],
      'GBP',
      '2026-12-31',
    );
    expect(lines.map((line) => [line.amount, line.taxYear])).toEqual([
      ['20.01', 2026],
      ['0.50', 2026],
    ]);
    expect(sum.toFixed(2)).toBe('20.51');
  });
  test('a credit gives what is left of it, the oldest first, and never more than is wanted', () => {
    const credits = [
      { id: 'a', amount: '50.00', netted: '20.00' },
      { id: 'b', amount: '50.00', netted: '50.00' },
      { id: 'c', amount: '50.00', netted: '0.00' },
    ];
    const taken = (wanted: string) =>
      netCredits(credits, new Decimal(wanted)).map(({ credit, amount }) => [credit.id, amount.toFixed(2)]);
    expect(taken('40.00')).toEqual([
      ['a', '30.00'],
      ['c', '10.00'],
    ]);
    expect(taken('500.00')).toEqual([
      ['a', '30.00'],
      ['c', '50.00'],
    ]);
    expect(taken('0.00')).toEqual([]);
  });
});

describe('duties', () => {
  const conflict = { code: 'approved_it', message: 'You approved it.', always: false };
  const own = { code: 'own_invoice', message: 'Your own.', always: true };
  const doer = (role: Doer['role']): Doer => ({
    id: 'member:a',
    name: 'A',
    memberId: 'a',
    personId: null,
    role,
  });
  test('without four eyes only one’s own money stands in the way', () => {
    expect(keepApart([conflict], { fourEyes: false, alone: false }, null)).toEqual([]);
    expect(refusalOf(() => keepApart([own], { fourEyes: false, alone: false }, null)).code).toBe(
      'duty.own_invoice',
    );
  });
  test('a reason helps only who has nobody beside them', () => {
    expect(refusalOf(() => keepApart([conflict], { fourEyes: true, alone: false }, 'urgent')).status).toBe(
      403,
    );
    expect(refusalOf(() => keepApart([conflict], { fourEyes: true, alone: true }, null)).code).toBe(
      'duty.reason_required',
    );
    expect(keepApart([conflict, own], { fourEyes: true, alone: true }, 'on leave')).toEqual([conflict, own]);
  });
  test('a manager keeps to the limit of the currency, an admin has none', () => {
    const limits = { GBP: '100.00' };
    expect(() => requireWithinLimit(doer('manager'), limits, '100.00', 'GBP')).not.toThrow();
    expect(refusalOf(() => requireWithinLimit(doer('manager'), limits, '100.01', 'GBP')).code).toBe(
      'duty.beyond_limit',
    );
    expect(() => requireWithinLimit(doer('manager'), limits, '900.00', 'EUR')).not.toThrow();
    expect(() => requireWithinLimit(doer('admin'), limits, '900.00', 'GBP')).not.toThrow();
    // A bundle of rights that lets employees approve too lets nobody around the limit.
    expect(refusalOf(() => requireWithinLimit(doer('employee'), limits, '100.01', 'GBP')).code).toBe(
      'duty.beyond_limit',
    );
  });
});
