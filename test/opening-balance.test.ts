/** Owns which opening balances may come in, and when control totals agree. */
import { expect, test } from 'vitest';
import {
  type ControlTotal,
  flawsOfOpening,
  type OpeningRow,
  requireTotals,
} from '../domain/opening-balance.ts';
import { Refusal } from '../domain/refusal.ts';

const total = (facts: Partial<ControlTotal>): ControlTotal => ({
  kind: 'receivable',
  currency: 'GBP',
  count: 2,
  amount: '450.00',
  ...facts,
});
const says = (stated: ControlTotal[], found: ControlTotal[]) => {
  try {
    requireTotals(stated, found);
    return null;
  } catch (error) {
    return error instanceof Refusal ? error.message : String(error);
  }
};

test('control totals are equal as numbers, by kind and currency, in any order', () => {
  const hours = total({ kind: 'retainer', currency: null, count: 1, amount: '3' });
  expect(says([hours, total({ amount: '450' })], [total({}), hours])).toBeNull();
  expect(says([total({}), total({ currency: 'EUR', count: 0, amount: '0' })], [total({})])).toBeNull();
  expect(says([total({ count: 3 })], [total({})])).toContain(
    'you state 3 rows with 450.00, and the batch has 2 rows with 450.00',
  );
  expect(says([total({ currency: 'EUR' })], [total({})])).toContain(
    'receivable in GBP you state 0 rows with 0',
  );
  expect(says([total({}), hours], [total({})])).toContain(
    'of retainer you state 1 row with 3, and the batch has 0 rows with 0',
  );
});

const row: OpeningRow = {
  kind: 'receivable',
  seller: null,
  client: 'NFE',
  person: null,
  contract: null,
  project: null,
  phase: null,
  position: null,
  documentType: null,
  series: null,
  number: 'OLD-1',
  issueDate: '2026-02-28',
  dueDate: '2026-02-28',
  usedOn: null,
  currency: 'GBP',
  total: '10.00',
  amount: '10.00',
};
test.each<[string, Partial<OpeningRow>, string[]]>([
  ['the last day before, due at once, all of it open', {}, []],
  [
    'the day itself',
    { issueDate: '2026-03-01', dueDate: '2026-03-01' },
    ['issueDate: is after 2026-02-28, the last day before'],
  ],
  ['yen have no decimals', { currency: 'JPY' }, []],
  [
    'yen with a decimal that is not nothing',
    { currency: 'JPY', amount: '9.5' },
    ['amount: has more than 0 decimals'],
  ],
  ['dinars have three', { currency: 'KWD', amount: '9.125' }, []],
  ['nothing', { amount: '0.00' }, ['amount: is more than nothing; a mistake is countered, not brought in']],
])('an opening receivable of %s', (_, facts, flaws) => {
  expect(flawsOfOpening({ ...row, ...facts }, '2026-03-01')).toEqual(flaws);
});
