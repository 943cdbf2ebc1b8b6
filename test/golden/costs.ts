/** Owns the priced examples of cost: markups by category, expenses with input tax, other currencies, employees' rates. */
import { type Example, expense, hours, km, onTheRoad, standard } from './example.ts';

const contract = { tax: standard } as const;
const marked = (percentage: string, category: 'labor' | 'expenses' | 'mileage' = 'labor') => ({
  contract,
  strategies: { [category]: 'markup' } as const,
  markups: [{ category, percentage }],
});
const inEuros = [{ base: 'EUR', quote: 'GBP', rate: '0.86' }];

export const costExamples: Example[] = [
  {
    name: 'labor at cost and a quarter',
    ...marked('25'),
    work: [[hours(2, { cost: '40.00' })]],
    lines: [
      '7200 s → 2.00 hour × 50.0000 GBP (markup on cost: cost 40.00 GBP, + 25 %) = 100.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '100.00', tax: '20.00', total: '120.00' }],
  },
  {
    name: 'each category has its own markup',
    contract,
    strategies: { labor: 'markup', expenses: 'markup', mileage: 'markup' },
    markups: [
      { category: 'labor', percentage: '12.5' },
      { category: 'expenses', percentage: '10' },
      { category: 'mileage', percentage: '50' },
    ],
    work: [
      [hours(1, { cost: '33.33' }), expense(10_000), km(50, { cost: '0.30' }), onTheRoad(30, { cost: '20' })],
    ],
    lines: [
      // 33.33 × 1.125 = 37.49625, to four places 37.4963
      '3600 s → 1.00 hour × 37.4963 GBP (markup on cost: cost 33.33 GBP, + 12.5 %) = 37.4963 rounded half up to 37.50 GBP → tax 20 % standard',
      '10000 cents → 100.00 amount × 1.1000 GBP (markup on cost: + 10 %) = 110.00 GBP → tax 20 % standard',
      '50000 m → 50.00 km × 0.4500 GBP (markup on cost: cost 0.30 GBP, + 50 %) = 22.50 GBP → tax 20 % standard',
      '1800 s → 0.50 hour × 30.0000 GBP (markup on cost: cost 20 GBP, + 50 %) = 15.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '185.00', tax: '37.00', total: '222.00' }],
  },
  {
    name: "the contract's markup stands before the workspace's",
    ...marked('20'),
    markups: [
      { category: 'labor', percentage: '10', scopeType: 'workspace' },
      { category: 'labor', percentage: '20' },
    ],
    work: [[hours(1, { cost: '100' })]],
    lines: [
      '3600 s → 1.00 hour × 120.0000 GBP (markup on cost: cost 100 GBP, + 20 %) = 120.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '120.00', tax: '24.00', total: '144.00' }],
  },
  {
    name: 'a markup begins on its day',
    ...marked('20'),
    markups: [
      { category: 'labor', percentage: '10' },
      { category: 'labor', percentage: '20', validFrom: '2026-03-16' },
    ],
    work: [
      [hours(1, { cost: '100', workDate: '2026-03-15' }), hours(1, { cost: '100', workDate: '2026-03-16' })],
    ],
    lines: [
      '3600 s → 1.00 hour × 110.0000 GBP (markup on cost: cost 100 GBP, + 10 %) = 110.00 GBP → tax 20 % standard',
      '3600 s → 1.00 hour × 120.0000 GBP (markup on cost: cost 100 GBP, + 20 %) = 120.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '230.00', tax: '46.00', total: '276.00' }],
  },
  {
    name: "what came without its cost costs what its person's work costs",
    ...marked('25'),
    costs: [{ regularRate: '44.00', currency: 'GBP' }],
    work: [[hours(1.5)]],
    lines: [
      '5400 s → 1.50 hour × 55.0000 GBP (markup on cost: cost 44.00 GBP, + 25 %) = 82.50 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '82.50', tax: '16.50', total: '99.00' }],
  },
  {
    name: 'a cost in another currency is converted at the rate of the work day',
    ...marked('25'),
    currencyRates: [{ base: 'USD', quote: 'GBP', rate: '0.80' }],
    work: [[hours(1, { cost: '50.00', currency: 'USD' })]],
    lines: [
      '3600 s → 1.00 hour × 50.0000 GBP (markup on cost: cost 50.00 USD at 0.8 (ECB, 2026-03-02, work date), + 25 %) = 50.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '50.00', tax: '10.00', total: '60.00' }],
  },
  {
    name: 'without a strategy an expense goes at what it cost',
    contract,
    work: [[expense(12_345)]],
    lines: ['12345 cents → 123.45 amount × 1 GBP (cost) = 123.45 GBP → tax 20 % standard'],
    drafts: [{ net: '123.45', tax: '24.69', total: '148.14' }],
  },
  {
    name: 'goods go at their cost',
    contract,
    work: [[{ kind: 'goods', quantity: 3, cost: '12.50' }]],
    lines: ['3 pieces → 3.00 piece × 12.50 GBP (cost) = 37.50 GBP → tax 20 % standard'],
    drafts: [{ net: '37.50', tax: '7.50', total: '45.00' }],
  },
  {
    name: 'the markup of an expense is on its net: the input tax comes back to us',
    ...marked('10', 'expenses'),
    work: [[expense(11_900, { receipt: { on: null, net: '100.00', inputTax: '19.00' } })]],
    lines: [
      '11900 cents → 100.00 amount × 1.1000 GBP (markup on cost: 100.00 GBP net of 119.00 GBP, + 10 %) = 110.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '110.00', tax: '22.00', total: '132.00' }],
  },
  {
    name: "an expense in another currency is converted at the rate of its receipt's day, not of the day it was booked",
    contract,
    currencyRates: [
      { base: 'EUR', quote: 'GBP', rate: '0.86', rateOn: '2026-02-27' },
      { base: 'EUR', quote: 'GBP', rate: '0.87', rateOn: '2026-03-02' },
    ],
    work: [
      [expense(10_000, { currency: 'EUR', receipt: { on: '2026-02-28', net: '100.00', inputTax: '0' } })],
    ],
    lines: [
      '10000 cents → 86.00 amount × 1 GBP (cost: 100.00 EUR at 0.86 (ECB, 2026-02-27, receipt date)) = 86.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '86.00', tax: '17.20', total: '103.20' }],
  },
  {
    name: 'net of input tax, converted, and then marked up',
    ...marked('10', 'expenses'),
    currencyRates: inEuros,
    work: [[expense(11_900, { currency: 'EUR', receipt: { on: null, net: '100.00', inputTax: '19.00' } })]],
    lines: [
      '11900 cents → 86.00 amount × 1.1000 GBP (markup on cost: 100.00 EUR net of 119.00 EUR at 0.86 (ECB, 2026-03-02, receipt date), + 10 %) = 94.60 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '94.60', tax: '18.92', total: '113.52' }],
  },
  {
    name: 'a rate that was declared to hold both ways is turned round, and says so',
    contract,
    currencyRates: [{ base: 'GBP', quote: 'EUR', rate: '1.25', bothWays: true, source: 'Bank' }],
    work: [[expense(5_000, { currency: 'EUR' })]],
    lines: [
      '5000 cents → 40.00 amount × 1 GBP (cost: 50.00 EUR at 0.8 (Bank, inverse of GBP/EUR 1.25, 2026-03-02, receipt date)) = 40.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '40.00', tax: '8.00', total: '48.00' }],
  },
  {
    name: 'an expense in yen on a contract in pounds has the cents of pounds',
    contract,
    currencyRates: [{ base: 'JPY', quote: 'GBP', rate: '0.005123' }],
    // 12,345 yen are 1,234,500 hundredths of a yen; × 0.005123 = 63.243435
    work: [[expense(1_234_500, { currency: 'JPY' })]],
    lines: [
      '1234500 cents → 63.24 amount × 1 GBP (cost: 12345.00 JPY at 0.005123 (ECB, 2026-03-02, receipt date)) = 63.24 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '63.24', tax: '12.65', total: '75.89' }],
  },
  {
    name: 'an entry price in another currency is converted where entries price',
    contract,
    strategies: { labor: 'entry_or_task_price' },
    currencyRates: inEuros,
    work: [[hours(2, { rate: '90.00', currency: 'EUR' }), hours(1, { rate: '75.00' })]],
    lines: [
      '7200 s → 2.00 hour × 77.4000 GBP (entry price: 90.00 EUR at 0.86 (ECB, 2026-03-02, work date)) = 154.80 GBP → tax 20 % standard',
      '3600 s → 1.00 hour × 75.00 GBP (entry price) = 75.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '229.80', tax: '45.96', total: '275.76' }],
  },
];
