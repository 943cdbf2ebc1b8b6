/** Owns the priced examples of what people change on a draft: discounts on the document and on lines, write-up and write-down. */
import { type Example, expense, hours, onTask, standard } from './example.ts';

const byCard = { strategies: { labor: 'service_rates' }, contract: { tax: standard } } as const;
const threeHours = {
  ...byCard,
  rates: [{ regularRate: '33.33' }],
  work: [[hours(1), hours(1, { workDate: '2026-03-03' }), hours(1, { workDate: '2026-03-04' })]],
};

export const changeExamples: Example[] = [
  {
    name: 'a discount on the document is spread over its lines by largest remainder',
    ...threeHours,
    discounts: [{ fixedAmount: '10.00' }],
    // 10.00 over three equal lines: 3.34, 3.33, 3.33
    lines: [
      "3600 s → 1.00 hour × 33.33 GBP (contract rate card: any position) = 33.33 GBP → less share of the document's discount 3.34 = 29.99 GBP → tax 20 % standard",
      "3600 s → 1.00 hour × 33.33 GBP (contract rate card: any position) = 33.33 GBP → less share of the document's discount 3.33 = 30.00 GBP → tax 20 % standard",
      "3600 s → 1.00 hour × 33.33 GBP (contract rate card: any position) = 33.33 GBP → less share of the document's discount 3.33 = 30.00 GBP → tax 20 % standard",
    ],
    // 99.99 − 10.00; 89.99 × 20 % = 17.998
    drafts: [{ net: '89.99', tax: '18.00', total: '107.99' }],
  },
  {
    name: 'a percentage on the document lowers each tax by its part',
    strategies: { labor: 'service_rates' },
    contract: { tax: { rate: '19', category: 'standard' } },
    rates: [{ regularRate: '100.00' }],
    tasks: [{ name: 'Catering', product: 'Catering' }],
    taxRates: [{ product: 'Catering', category: 'reduced', rate: '7' }],
    work: [[hours(2), expense(5_055, onTask('Catering'))]],
    discounts: [{ percentage: '3' }],
    // 250.55 × 3 % = 7.5165 → 7.52; of it 7.52 × 200 / 250.55 = 6.0028 → 6.00 and 1.5172 → 1.52
    lines: [
      "7200 s → 2.00 hour × 100.00 GBP (contract rate card: any position) = 200.00 GBP → less share of the document's discount 6.00 = 194.00 GBP → tax 19 % standard",
      "5055 cents → 50.55 amount × 1 GBP (cost) = 50.55 GBP → less share of the document's discount 1.52 = 49.03 GBP → tax 7 % reduced",
    ],
    // 194.00 × 19 % = 36.86; 49.03 × 7 % = 3.4321 → 3.43
    drafts: [{ net: '243.03', tax: '40.29', total: '283.32' }],
  },
  {
    name: 'a discount on one line, and then on the document of what is left',
    ...threeHours,
    discounts: [{ line: 0, percentage: '10' }, { percentage: '5' }],
    // 33.33 × 10 % = 3.333 → 3.33; (99.99 − 3.33) × 5 % = 4.833 → 4.83, over 30.00, 33.33, 33.33: 1.4990…, 1.6654…, 1.6654…
    lines: [
      "3600 s → 1.00 hour × 33.33 GBP (contract rate card: any position) = 33.33 GBP → less discount 3.33 and share of the document's discount 1.50 = 28.50 GBP → tax 20 % standard",
      "3600 s → 1.00 hour × 33.33 GBP (contract rate card: any position) = 33.33 GBP → less share of the document's discount 1.67 = 31.66 GBP → tax 20 % standard",
      "3600 s → 1.00 hour × 33.33 GBP (contract rate card: any position) = 33.33 GBP → less share of the document's discount 1.66 = 31.67 GBP → tax 20 % standard",
    ],
    // 91.83 × 20 % = 18.366
    drafts: [{ net: '91.83', tax: '18.37', total: '110.20' }],
  },
  {
    name: 'half an hour is written down: what was worked stays what it was',
    ...byCard,
    rates: [{ regularRate: '80.00' }],
    work: [[hours(3)]],
    adjustments: [{ item: 0, change: { quantity: '2.5' }, reason: 'goodwill' }],
    lines: [
      '10800 s → 3.00 hour adjusted by -0.50 (goodwill) → 2.50 hour × 80.00 GBP (contract rate card: any position) = 200.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '200.00', tax: '40.00', total: '240.00' }],
  },
  {
    name: 'another price is written up, and says from which',
    ...byCard,
    rates: [{ regularRate: '80.00' }],
    work: [[hours(2)]],
    adjustments: [{ item: 0, change: { unitPrice: '92.5' }, reason: 'night dive' }],
    lines: [
      '7200 s → 2.00 hour × 92.5 GBP (contract rate card: any position, adjusted from 80.00 (night dive)) = 185.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '185.00', tax: '37.00', total: '222.00' }],
  },
];
