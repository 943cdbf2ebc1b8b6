/** Owns the priced examples of quantities and roundings: places of currencies, modes, days, increments, lines of many items. */
import { type Example, hours } from './example.ts';

const byCard = { strategies: { labor: 'service_rates' } } as const;
const at = (rate: string, category = 'standard') => ({ tax: { rate, category } });
const inCurrency = (currency: string, regularRate: string, tax: string) => ({
  ...byCard,
  contract: { currency, ...at(tax) },
  rates: [{ regularRate, currency }],
});

export const roundingExamples: Example[] = [
  {
    name: 'yen have no cents',
    ...inCurrency('JPY', '8001', '10'),
    work: [[hours(1.25)]],
    lines: [
      '4500 s → 1.25 hour × 8001 JPY (contract rate card: any position) = 10001.25 rounded half up to 10001 JPY → tax 10 % standard',
    ],
    // 1000.1
    drafts: [{ net: '10001', tax: '1000', rounding: '0', total: '11001' }],
  },
  {
    name: 'Kuwaiti dinars have three decimals',
    ...inCurrency('KWD', '12.345', '5'),
    work: [[hours(1.37)]],
    lines: [
      '4932 s → 1.37 hour × 12.345 KWD (contract rate card: any position) = 16.91265 rounded half up to 16.913 KWD → tax 5 % standard',
    ],
    // 0.84565
    drafts: [{ net: '16.913', tax: '0.846', rounding: '0.000', total: '17.759' }],
  },
  {
    name: 'so have dinars of Bahrain',
    ...inCurrency('BHD', '7.125', '10'),
    work: [[hours(0.75)]],
    lines: [
      '2700 s → 0.75 hour × 7.125 BHD (contract rate card: any position) = 5.34375 rounded half up to 5.344 BHD → tax 10 % standard',
    ],
    // 0.5344
    drafts: [{ net: '5.344', tax: '0.534', rounding: '0.000', total: '5.878' }],
  },
  {
    name: 'forints have two, whatever a shop in Budapest gives back',
    ...inCurrency('HUF', '12345.67', '27'),
    work: [[hours(0.5)]],
    lines: [
      '1800 s → 0.50 hour × 12345.67 HUF (contract rate card: any position) = 6172.835 rounded half up to 6172.84 HUF → tax 27 % standard',
    ],
    // 1666.6668
    drafts: [{ net: '6172.84', tax: '1666.67', total: '7839.51' }],
  },
  {
    name: 'half even: 16.665 is 16.66',
    ...byCard,
    contract: { rounding: { mode: 'half_even', moneyPlaces: 2, quantityPlaces: 2 }, ...at('0', 'exempt') },
    rates: [{ regularRate: '33.33' }],
    work: [[hours(0.5)]],
    lines: [
      '1800 s → 0.50 hour × 33.33 GBP (contract rate card: any position) = 16.665 rounded half even to 16.66 GBP → tax 0 % exempt',
    ],
    drafts: [{ net: '16.66', tax: '0.00', total: '16.66' }],
  },
  {
    name: 'up: 3.333 is 3.34',
    ...byCard,
    contract: { rounding: { mode: 'up', moneyPlaces: 2, quantityPlaces: 2 }, ...at('0', 'exempt') },
    rates: [{ regularRate: '33.33' }],
    work: [[hours(0.1)]],
    lines: [
      '360 s → 0.10 hour × 33.33 GBP (contract rate card: any position) = 3.333 rounded up to 3.34 GBP → tax 0 % exempt',
    ],
    drafts: [{ net: '3.34', tax: '0.00', total: '3.34' }],
  },
  {
    name: 'what is shown is what is billed: twenty minutes are 0.33 hours',
    ...byCard,
    contract: at('20'),
    rates: [{ regularRate: '100.00' }],
    work: [[hours(1 / 3)]],
    lines: [
      '1200 s → 0.33 hour × 100.00 GBP (contract rate card: any position) = 33.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '33.00', tax: '6.60', total: '39.60' }],
  },
  {
    name: 'the day is rounded once: three times twenty minutes are one hour',
    ...byCard,
    contract: at('20'),
    rates: [{ regularRate: '100.00' }],
    work: [[hours(1 / 3), hours(1 / 3), hours(1 / 3)]],
    lines: [
      '1200 s → 0.34 hour × 100.00 GBP (contract rate card: any position) = 34.00 GBP → tax 20 % standard',
      '1200 s → 0.33 hour × 100.00 GBP (contract rate card: any position) = 33.00 GBP → tax 20 % standard',
      '1200 s → 0.33 hour × 100.00 GBP (contract rate card: any position) = 33.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '100.00', tax: '20.00', total: '120.00' }],
  },
  {
    name: 'each entry up to the next quarter of an hour',
    ...byCard,
    contract: at('20'),
    clauses: { timeRounding: { incrementSeconds: 900, mode: 'up', per: 'entry' } },
    rates: [{ regularRate: '80.00' }],
    work: [[hours(3_601 / 3_600)]],
    lines: [
      '3601 s → 1.25 hour × 80.00 GBP (contract rate card: any position) = 100.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '100.00', tax: '20.00', total: '120.00' }],
  },
  {
    name: 'hours of one price share a line of the project',
    ...byCard,
    contract: { ...at('20'), grouping: { invoice: 'client', line: 'project' } },
    rates: [{ regularRate: '80.00' }],
    work: [[hours(1), hours(1.25, { workDate: '2026-03-03' }), hours(0.5, { workDate: '2026-03-04' })]],
    lines: [
      '9900 s in 3 items → 2.75 hour × 80.00 GBP (contract rate card) = 220.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '220.00', tax: '44.00', total: '264.00' }],
  },
  {
    name: 'hours of two prices on one line are one lump sum',
    ...byCard,
    contract: { ...at('20'), grouping: { invoice: 'client', line: 'project' } },
    rates: [{ regularRate: '80.00' }, { position: 'Welder', regularRate: '95.55' }],
    work: [[hours(1), hours(0.5, { position: 'Welder', workDate: '2026-03-03' })]],
    // 80.00 + 47.775
    lines: [
      '2 items at unequal prices (contract rate card) = 127.775 rounded half up to 127.78 GBP → tax 20 % standard',
    ],
    // 25.556
    drafts: [{ net: '127.78', tax: '25.56', total: '153.34' }],
  },
  {
    name: 'too little for an invoice of its own is carried forward, and billed with what comes later',
    ...byCard,
    contract: at('20'),
    clauses: { minimumInvoiceAmount: '100.00' },
    rates: [{ regularRate: '80.00' }],
    work: [[hours(1)], [hours(0.5, { workDate: '2026-04-01' })]],
    lines: [
      '3600 s → 1.00 hour × 80.00 GBP (contract rate card: any position) = 80.00 GBP → tax 20 % standard',
      '1800 s → 0.50 hour × 80.00 GBP (contract rate card: any position) = 40.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '120.00', tax: '24.00', total: '144.00' }],
  },
];
