/** Owns the priced examples of what is agreed as a whole: milestones, percentages, retainers and what goes beyond them. */
import { type Example, expense, hours, standard } from './example.ts';

const contract = { tax: standard } as const;
const byCard = { contract, strategies: { labor: 'service_rates' } } as const;

export const contractExamples: Example[] = [
  {
    name: 'a fixed price by milestones: hours are included, expenses are not',
    ...byCard,
    clauses: { billingModel: { type: 'fixed_price', price: '10000.00', by: 'milestones' } },
    rates: [{ regularRate: '80.00' }],
    projectPrice: '10000.00',
    milestones: [
      { name: 'Keel laid', price: '4000.00' },
      { name: 'Launched', price: '5999.99' },
    ],
    work: [[hours(40), expense(12_000, { workDate: '2026-03-03' })]],
    lines: [
      '1.00 milestone × 4000.00 GBP (milestone: Keel laid) = 4000.00 GBP → tax 20 % standard',
      '1.00 milestone × 5999.99 GBP (milestone: Launched) = 5999.99 GBP → tax 20 % standard',
      '12000 cents → 120.00 amount × 1 GBP (cost) = 120.00 GBP → tax 20 % standard',
    ],
    // 10119.99 × 20 % = 2023.998
    drafts: [{ net: '10119.99', tax: '2024.00', total: '12143.99' }],
  },
  {
    name: 'a fixed price by percentage: each step is what is done less what was billed, and the last takes the rest',
    ...byCard,
    clauses: { billingModel: { type: 'fixed_price', price: '9999.99', by: 'percentage' } },
    completion: [
      { percentage: '33.3', on: '2026-03-31' },
      { percentage: '66.6', on: '2026-04-30' },
      { percentage: '100', on: '2026-05-31' },
    ],
    work: [[], [], []],
    lines: [
      // 9999.99 × 33.3 % = 3329.99667
      '1.00 percentage × 3330.00 GBP (percentage: 33.3 % of 9999.99 GBP) = 3330.00 GBP → tax 20 % standard',
      // 9999.99 × 66.6 % = 6659.99334; less 3330.00
      '1.00 percentage × 3329.99 GBP (percentage: 66.6 % of 9999.99 GBP, less 3330 GBP billed before) = 3329.99 GBP → tax 20 % standard',
      '1.00 percentage × 3340.00 GBP (percentage: 100 % of 9999.99 GBP, less 6659.99 GBP billed before) = 3340.00 GBP → tax 20 % standard',
    ],
    drafts: [
      { net: '3330.00', tax: '666.00', total: '3996.00' },
      { net: '3329.99', tax: '666.00', total: '3995.99' },
      { net: '3340.00', tax: '668.00', total: '4008.00' },
    ],
  },
  {
    name: 'hours beyond a retainer are billed by rate',
    ...byCard,
    clauses: {
      billingModel: {
        type: 'retainer',
        measure: 'hours',
        quantity: '10',
        period: 'month',
        rollOver: 'none',
        overage: 'bill',
      },
    },
    rates: [{ regularRate: '81.50' }],
    work: [[hours(8), hours(4, { workDate: '2026-03-03' })]],
    // Ten of the twelve are drawn; of the second entry two are left.
    lines: [
      '7200 s → 2.00 hour × 81.50 GBP (contract rate card: any position) = 163.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '163.00', tax: '32.60', total: '195.60' }],
  },
  {
    name: 'a retainer in money is drawn by what the hours come to, its fee is a line of its own',
    ...byCard,
    contract: { tax: standard, startsOn: '2026-03-01' },
    cutoffOn: '2026-04-01',
    clauses: {
      billingModel: {
        type: 'retainer',
        measure: 'money',
        quantity: '500.00',
        fee: '450.00',
        period: 'month',
        rollOver: 'none',
        overage: 'bill',
      },
    },
    rates: [{ regularRate: '80.00' }],
    work: [[hours(7)]],
    // 500.00 are 6.25 hours.
    lines: [
      '1.00 retainer × 450.00 GBP (retainer: 500.00 money from 2026-03-01 on) = 450.00 GBP → tax 20 % standard',
      '2700 s → 0.75 hour × 80.00 GBP (contract rate card: any position) = 60.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '510.00', tax: '102.00', total: '612.00' }],
  },
];
