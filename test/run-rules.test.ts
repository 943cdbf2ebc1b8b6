/** Owns the rules of runs that need no server: what goes out by itself, and what a second person agreed to. */
import { expect, test } from 'vitest';
import { whyNotByItself } from '../domain/auto-invoicing.ts';
import { type BilledFigures, isBeyond, isWithin } from '../domain/run-approval.ts';
import { addsToOpenDraft } from '../store/run-finish.ts';

const figures = (...totals: [currency: string, total: string][]): BilledFigures[] =>
  totals.map(([currency, total]) => ({ currency, invoices: 1, net: total, total, seconds: 0 }));

test.each([
  ['no limit', '1000000', 'GBP', null, null],
  ['the limit itself', '500.00', 'GBP', '500', null],
  [
    'a cent more',
    '500.01',
    'GBP',
    '500',
    'invoices up to 500 GBP go to this client by themselves, and this one comes to 500.01 GBP: a person releases it',
  ],
  ['a credit', '-900', 'GBP', '500', null],
  [
    'nothing goes by itself',
    '0.01',
    'GBP',
    '0',
    'invoices up to 0 GBP go to this client by themselves, and this one comes to 0.01 GBP: a person releases it',
  ],
  [
    'another currency',
    '1',
    'USD',
    '500',
    'invoices up to 500 GBP go to this client by themselves, and this one is in USD: a person releases it',
  ],
])('an invoice and its limit: %s', (_, total, currency, autoLimit, why) => {
  expect(whyNotByItself({ total, currency, autoLimit, clientCurrency: 'GBP' })).toBe(why);
});

test.each([
  ['the same', figures(['GBP', '100.00']), figures(['GBP', '100']), true],
  ['less', figures(['GBP', '99.99']), figures(['GBP', '100']), true],
  ['nothing left', [], figures(['GBP', '100']), true],
  ['a cent more', figures(['GBP', '100.01']), figures(['GBP', '100.00']), false],
  [
    'less in one, more in another',
    figures(['GBP', '1'], ['USD', '51']),
    figures(['GBP', '100'], ['USD', '50']),
    false,
  ],
  ['a currency that nobody saw', figures(['GBP', '1'], ['USD', '0.01']), figures(['GBP', '100']), false],
])('what was agreed to and what is billed: %s', (_, billed, agreed, within) => {
  expect(isWithin(billed, agreed)).toBe(within);
});

test('a limit counts in its currency, and a currency without one has none', () => {
  const limits = new Map([['GBP', '100']]);
  expect(isBeyond(figures(['USD', '9000']), limits)).toBe(false);
  expect(isBeyond(figures(['USD', '9000'], ['GBP', '100.00']), limits)).toBe(false);
  expect(isBeyond(figures(['GBP', '100.01']), limits)).toBe(true);
});

test('only approvals that end at drafts add to an open one', () => {
  expect(addsToOpenDraft({ trigger: 'entry', finishAt: 'draft' })).toBe(true);
  expect(addsToOpenDraft({ trigger: 'entry', finishAt: 'issue' })).toBe(false);
  expect(addsToOpenDraft({ trigger: 'period_end', finishAt: 'draft' })).toBe(false);
  expect(addsToOpenDraft({ trigger: 'by_hand', finishAt: 'draft' })).toBe(false);
});
