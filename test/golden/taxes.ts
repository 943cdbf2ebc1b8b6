/** Owns the priced examples of tax: rounded once per category, by product, contained in prices, exempt, reversed. */
import { type Example, expense, hours, onTask } from './example.ts';

const byCard = { strategies: { labor: 'service_rates' } } as const;
const at = (rate: string, category = 'standard') => ({ tax: { rate, category } });

export const taxExamples: Example[] = [
  {
    name: 'the tax of three lines is rounded once, not three times',
    ...byCard,
    contract: at('19'),
    rates: [{ regularRate: '33.33' }],
    work: [[hours(1), hours(1, { workDate: '2026-03-03' }), hours(1, { workDate: '2026-03-04' })]],
    lines: [1, 2, 3].map(
      () =>
        '3600 s → 1.00 hour × 33.33 GBP (contract rate card: any position) = 33.33 GBP → tax 19 % standard',
    ),
    // 99.99 × 19 % = 18.9981; line by line it would be 3 × 6.33 = 18.99
    drafts: [{ net: '99.99', tax: '19.00', total: '118.99' }],
  },
  {
    name: 'line by line where the contract says so',
    ...byCard,
    contract: {
      ...at('19'),
      rounding: { mode: 'half_up', moneyPlaces: 2, quantityPlaces: 2, taxPer: 'line' },
    },
    rates: [{ regularRate: '33.33' }],
    work: [[hours(1), hours(1, { workDate: '2026-03-03' }), hours(1, { workDate: '2026-03-04' })]],
    lines: [1, 2, 3].map(
      () =>
        '3600 s → 1.00 hour × 33.33 GBP (contract rate card: any position) = 33.33 GBP → tax 19 % standard',
    ),
    drafts: [{ net: '99.99', tax: '18.99', total: '118.98' }],
  },
  {
    name: 'two categories are each rounded, by what the work is sold as',
    ...byCard,
    contract: at('19'),
    rates: [{ regularRate: '77.77' }],
    tasks: [{ name: 'Catering', product: 'Catering' }],
    taxRates: [{ product: 'Catering', category: 'reduced', rate: '7' }],
    work: [[hours(1.5), expense(3_333, onTask('Catering'))]],
    lines: [
      // 116.655
      '5400 s → 1.50 hour × 77.77 GBP (contract rate card: any position) = 116.655 rounded half up to 116.66 GBP → tax 19 % standard',
      '3333 cents → 33.33 amount × 1 GBP (cost) = 33.33 GBP → tax 7 % reduced',
    ],
    // 116.66 × 19 % = 22.1654 → 22.17; 33.33 × 7 % = 2.3331 → 2.33
    drafts: [{ net: '149.99', tax: '24.50', total: '174.49' }],
  },
  {
    name: 'a price that contains its tax is shown by its net, and asks for what was agreed',
    ...byCard,
    contract: at('20'),
    rates: [{ regularRate: '120.00' }],
    taxRates: [{ category: 'standard', rate: '20', inclusive: true }],
    work: [[hours(2)]],
    lines: [
      '7200 s → 2.00 hour × 100 GBP (contract rate card: any position) = 200.00 GBP → tax 20 % standard, which the price 120.00 and the amount 240.00 GBP contained',
    ],
    drafts: [{ net: '200.00', tax: '40.00', total: '240.00' }],
  },
  {
    name: 'the cent that net and tax cannot hold is in the rounding',
    ...byCard,
    contract: at('19'),
    rates: [{ regularRate: '99.99' }],
    taxRates: [{ category: 'standard', rate: '19', inclusive: true }],
    work: [[hours(1)]],
    // 99.99 / 1.19 = 84.025210…; 84.03 × 19 % = 15.9657
    lines: [
      '3600 s → 1.00 hour × 84.02521 GBP (contract rate card: any position) = 84.03 GBP → tax 19 % standard, which the price 99.99 and the amount 99.99 GBP contained',
    ],
    drafts: [{ net: '84.03', tax: '15.97', rounding: '-0.01', total: '99.99' }],
  },
  {
    name: 'tax rates change with the tax point, the last day of the work',
    ...byCard,
    contract: { ...at('20'), grouping: { invoice: 'month', line: 'entry' } },
    rates: [{ regularRate: '50.00' }],
    taxRates: [
      { category: 'standard', rate: '20', validTo: '2026-04-01' },
      { category: 'standard', rate: '21', validFrom: '2026-04-01' },
    ],
    work: [[hours(1, { workDate: '2026-03-31' }), hours(1, { workDate: '2026-04-01' })]],
    lines: [
      '3600 s → 1.00 hour × 50.00 GBP (contract rate card: any position) = 50.00 GBP → tax 20 % standard',
      '3600 s → 1.00 hour × 50.00 GBP (contract rate card: any position) = 50.00 GBP → tax 21 % standard',
    ],
    drafts: [
      { net: '50.00', tax: '10.00', total: '60.00' },
      { net: '50.00', tax: '10.50', total: '60.50' },
    ],
  },
  {
    name: 'an exempt client pays none',
    ...byCard,
    contract: at('20'),
    client: { treatment: 'exempt', words: 'Sea rescue, group 8' },
    rates: [{ regularRate: '50.00' }],
    work: [[hours(1)]],
    lines: ['3600 s → 1.00 hour × 50.00 GBP (contract rate card: any position) = 50.00 GBP → tax 0 % exempt'],
    drafts: [{ net: '50.00', tax: '0.00', total: '50.00' }],
  },
  {
    name: 'the buyer owes the tax of a reverse charge',
    ...byCard,
    contract: at('20'),
    client: { treatment: 'reverse_charge', words: 'Reverse charge: the customer is to account for VAT' },
    rates: [{ regularRate: '50.00' }],
    work: [[hours(3)]],
    lines: [
      '10800 s → 3.00 hour × 50.00 GBP (contract rate card: any position) = 150.00 GBP → tax 0 % reverse_charge',
    ],
    drafts: [{ net: '150.00', tax: '0.00', total: '150.00' }],
  },
];
