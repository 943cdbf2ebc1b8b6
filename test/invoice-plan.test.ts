/** Owns what is due of an invoice at which time, and what is not: one letter for steps that were missed, none in a dispute. */
import { describe, expect, test } from 'vitest';
import {
  type FollowedInvoice,
  type KeptStep,
  type PlannedStep,
  planIssued,
  planSignOff,
} from '../domain/invoice-plan.ts';
import type { FollowUpPolicy } from '../domain/reminder.ts';
import { standardWindow } from '../domain/send-window.ts';

const fee = { amount: '40.00', currency: 'GBP' };
const policy: FollowUpPolicy = {
  steps: [{ days: -3 }, { days: 7 }, { days: 14, fee }],
  interestPercentage: null,
  stopOnDispute: true,
  stopOnUnappliedCash: true,
  quietHours: { from: '18:00', until: '08:00' },
  weekdays: [1, 2, 3, 4, 5],
  thanks: true,
  chaseAfterDays: 14,
};
/** Due on Tuesday, 10 March 2026, in London. */
const invoice = (facts: Partial<FollowedInvoice> = {}): FollowedInvoice => ({
  status: 'sent',
  currency: 'GBP',
  dueDate: '2026-03-10',
  internal: false,
  open: '100.00',
  disputed: '0',
  applied: '0',
  remindedDays: [],
  policy,
  zone: 'Europe/London',
  pause: null,
  moneyToRelease: null,
  ...facts,
});
const show = (steps: readonly PlannedStep[]) =>
  steps.map(({ kind, period, dueAt }) => `${kind} ${period} ${dueAt.slice(0, 16)}`);
const plan = (now: string, facts: Partial<FollowedInvoice> = {}, kept: KeptStep[] = []) =>
  show(planIssued(invoice(facts), kept, `${now}:00.000Z`));

describe('letters', () => {
  test.each<[string, string, Partial<FollowedInvoice>, string[]]>([
    // 7 March is a Saturday.
    ['the first waits for its day, and a weekday', '2026-03-01T12:00', {}, ['remind -3 2026-03-09T08:00']],
    ['one that is due is due now', '2026-03-09T08:00', {}, ['remind -3 2026-03-09T08:00']],
    ['not in the evening', '2026-03-09T18:00', {}, ['remind -3 2026-03-10T08:00']],
    ['after the first the second', '2026-03-09T09:00', { remindedDays: [-3] }, ['remind 7 2026-03-17T08:00']],
    ['of two that were missed the newest', '2026-03-18T09:00', {}, ['remind 7 2026-03-18T09:00']],
    [
      'a step with a fee is named so',
      '2026-03-18T09:00',
      { remindedDays: [7] },
      ['charge_late_fee 14 2026-03-24T08:00'],
    ],
    [
      'a fee of another currency is none',
      '2026-03-18T09:00',
      { remindedDays: [7], currency: 'EUR' },
      ['remind 14 2026-03-24T08:00'],
    ],
    [
      'interest is a late fee',
      '2026-03-10T09:00',
      { remindedDays: [-3], policy: { ...policy, interestPercentage: '8' } },
      ['charge_late_fee 7 2026-03-17T08:00'],
    ],
    // By then the clocks have gone forward.
    ['after the last a person', '2026-03-25T09:00', { remindedDays: [14] }, ['chase once 2026-04-07T07:00']],
    [
      'where nobody is to be told, nothing more',
      '2026-03-25T09:00',
      { remindedDays: [14], policy: { ...policy, chaseAfterDays: null } },
      [],
    ],
    ['none for the own company', '2026-03-18T09:00', { internal: true }, []],
    ['none without a policy', '2026-03-18T09:00', { policy: null }, []],
    ['none of what is disputed whole', '2026-03-18T09:00', { disputed: '100.00' }, []],
    [
      'of a part in dispute the rest',
      '2026-03-18T09:00',
      { disputed: '99.99' },
      ['remind 7 2026-03-18T09:00'],
    ],
    [
      'a policy may go on in a dispute',
      '2026-03-18T09:00',
      { disputed: '100.00', policy: { ...policy, stopOnDispute: false } },
      ['remind 7 2026-03-18T09:00'],
    ],
    ['none while it is paused', '2026-03-18T09:00', { pause: { untilOn: null } }, []],
    [
      'after the day that a pause lasts until',
      '2026-03-18T09:00',
      { pause: { untilOn: '2026-03-21' } },
      ['remind 7 2026-03-23T08:00'],
    ],
    ['none of a balance of nothing', '2026-03-18T09:00', { open: '0.00' }, []],
  ])('%s', (_, now, facts, expected) => {
    expect(plan(now, facts)).toEqual(expected);
  });

  test.each(['settled', 'credited', 'void', 'uncollectible'])('none of one that is %s', (status) => {
    expect(plan('2026-03-18T09:00', { status })).toEqual([]);
  });

  test('what was put off stays put off, until something else is due', () => {
    const kept: KeptStep[] = [
      { kind: 'remind', period: '7', dueAt: '2026-03-19T08:00:00.000Z', isDone: false },
    ];
    expect(plan('2026-03-18T09:00', {}, kept)).toEqual(['remind 7 2026-03-19T08:00']);
    expect(plan('2026-03-24T09:00', {}, kept)).toEqual(['charge_late_fee 14 2026-03-24T09:00']);
  });
});

describe('money', () => {
  const done = (step: Pick<KeptStep, 'kind' | 'period'>): KeptStep => ({
    ...step,
    dueAt: '2026-03-11T09:00:00.000Z',
    isDone: true,
  });
  const paid = { status: 'settled', open: '0.00', applied: '100.00' };
  test('what is settled by money is thanked for once, in the hours of letters', () => {
    expect(plan('2026-03-11T20:00', paid)).toEqual(['thank once 2026-03-12T08:00']);
    expect(plan('2026-03-12T08:00', paid)).toEqual(['thank once 2026-03-12T08:00']);
    expect(plan('2026-03-12T09:00', paid, [done({ kind: 'thank', period: 'once' })])).toEqual([]);
    expect(plan('2026-03-12T09:00', { ...paid, policy: { ...policy, thanks: false } })).toEqual([]);
    expect(plan('2026-03-12T09:00', { ...paid, applied: '0' })).toEqual([]);
    expect(plan('2026-03-12T09:00', { ...paid, disputed: '1.00' })).toEqual([]);
  });
  test('contractors are released at once, once a payment', () => {
    const facts = { ...paid, policy: null, moneyToRelease: '17' };
    expect(plan('2026-03-11T20:00', facts)).toEqual(['release_contractors 17 2026-03-11T20:00']);
    const kept = [done({ kind: 'release_contractors', period: '17' })];
    expect(plan('2026-03-11T20:00', facts, kept)).toEqual([]);
    expect(plan('2026-03-11T20:00', { ...facts, moneyToRelease: '18' }, kept)).toHaveLength(1);
  });
});

describe('sign-off', () => {
  // A Thursday.
  const signOff = {
    id: 'S',
    dueAt: '2026-03-12T09:00:00.000Z',
    days: 5,
    reminderDays: [1, 7, 3],
    window: standardWindow,
    zone: 'Europe/London',
  };
  const at = (now: string, kept: KeptStep[] = []) => show(planSignOff(signOff, kept, `${now}:00.000Z`));
  test('the client is reminded before the end, not before it was asked', () => {
    expect(at('2026-03-07T09:00')).toEqual([
      'remind_sign_off S 3 2026-03-09T09:00',
      'remind_sign_off S 1 2026-03-11T09:00',
      'expire_sign_off S 2026-03-12T09:00',
    ]);
  });
  test('of two reminders that were missed the newest goes out, and once time is up none', () => {
    expect(at('2026-03-11T10:00')).toEqual([
      'remind_sign_off S 1 2026-03-11T09:00',
      'expire_sign_off S 2026-03-12T09:00',
    ]);
    const kept: KeptStep[] = [
      { kind: 'remind_sign_off', period: 'S 1', dueAt: '2026-03-11T09:00:00.000Z', isDone: true },
    ];
    expect(at('2026-03-11T10:00', kept)).toEqual(['expire_sign_off S 2026-03-12T09:00']);
    expect(at('2026-03-12T09:00')).toEqual(['expire_sign_off S 2026-03-12T09:00']);
  });
  test('not at night and not on a weekend, unless time would be up by then', () => {
    const asked = (dueAt: string, reminderDays: number[]) =>
      show(planSignOff({ ...signOff, dueAt, reminderDays }, [], '2026-03-05T23:30:00.000Z'));
    // Until Tuesday at half past eleven at night: two days before is a Sunday.
    expect(asked('2026-03-10T23:30:00.000Z', [2])[0]).toBe('remind_sign_off S 2 2026-03-09T08:00');
    // Until Monday at six: neither Saturday nor Sunday is a day for letters, and on Monday it would be too late.
    expect(asked('2026-03-09T06:00:00.000Z', [2])[0]).toBe('remind_sign_off S 2 2026-03-07T06:00');
  });
});
