/** Owns the priced examples of tasks, price lists, products and transport. */
import { type Example, hours, km, onTask, onTheRoad, standard } from './example.ts';

const contract = { tax: standard } as const;

export const priceExamples: Example[] = [
  {
    name: 'a task has its own price',
    contract,
    tasks: [{ name: 'Survey', unitPrice: '65.00' }],
    work: [[hours(1.5, onTask('Survey'))]],
    lines: ['5400 s → 1.50 hour × 65.00 GBP (task price) = 97.50 GBP → tax 20 % standard'],
    drafts: [{ net: '97.50', tax: '19.50', total: '117.00' }],
  },
  {
    name: 'a tier of a price list begins at its quantity, by the whole entry',
    contract,
    tasks: [
      { name: 'Survey', prices: [{ unitPrice: '70.00' }, { minimumQuantity: '5', unitPrice: '65.00' }] },
    ],
    work: [[hours(4.99, onTask('Survey')), hours(5, { ...onTask('Survey'), workDate: '2026-03-03' })]],
    lines: [
      '17964 s → 4.99 hour × 70.00 GBP (price list: Survey, Work from 0) = 349.30 GBP → tax 20 % standard',
      '18000 s → 5.00 hour × 65.00 GBP (price list: Survey, Work from 5) = 325.00 GBP → tax 20 % standard',
    ],
    // 674.30 × 20 % = 134.86
    drafts: [{ net: '674.30', tax: '134.86', total: '809.16' }],
  },
  {
    name: 'a price of a list holds to the day before it ends',
    contract,
    tasks: [
      {
        name: 'Survey',
        prices: [
          { unitPrice: '70.00', validTo: '2026-03-16' },
          { unitPrice: '75.00', validFrom: '2026-03-16' },
        ],
      },
    ],
    work: [
      [
        hours(1, { ...onTask('Survey'), workDate: '2026-03-15' }),
        hours(1, { ...onTask('Survey'), workDate: '2026-03-16' }),
      ],
    ],
    lines: [
      '3600 s → 1.00 hour × 70.00 GBP (price list: Survey, Work from 0) = 70.00 GBP → tax 20 % standard',
      '3600 s → 1.00 hour × 75.00 GBP (price list: Survey, Work from 0, from 2026-03-16) = 75.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '145.00', tax: '29.00', total: '174.00' }],
  },
  {
    name: 'without anything else transport goes at the built-in prices: 120 km and 90 minutes',
    contract,
    work: [[km(120), onTheRoad(90)]],
    lines: [
      '120000 m → 120.00 km × 5.0 GBP (product default: Transport) = 600.00 GBP → tax 20 % standard',
      '5400 s → 1.50 hour × 1000.0 GBP (product default: Transport Time) = 1500.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '2100.00', tax: '420.00', total: '2520.00' }],
  },
  {
    name: "the contract's mileage clause stands before the built-in prices",
    contract,
    clauses: { mileage: { distanceRate: '0.65', timeRate: '30.00' } },
    work: [[km(123), onTheRoad(20)]],
    lines: [
      '123000 m → 123.00 km × 0.65 GBP (contract mileage rate) = 79.95 GBP → tax 20 % standard',
      '1200 s → 0.33 hour × 30.00 GBP (contract mileage rate) = 9.90 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '89.85', tax: '17.97', total: '107.82' }],
  },
  {
    name: "the client's mileage clause goes by the day",
    contract,
    mileageClauses: [
      { kind: 'distance', rate: '0.50' },
      { kind: 'distance', rate: '0.55', validFrom: '2026-03-10' },
    ],
    work: [[km(100, { workDate: '2026-03-09' }), km(100, { workDate: '2026-03-10' })]],
    lines: [
      '100000 m → 100.00 km × 0.50 GBP (client mileage rate) = 50.00 GBP → tax 20 % standard',
      '100000 m → 100.00 km × 0.55 GBP (client mileage rate) = 55.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '105.00', tax: '21.00', total: '126.00' }],
  },
  {
    name: 'a mileage clause may be a markup on what the transport cost',
    contract,
    clauses: { mileage: { distanceMarkup: '20' } },
    work: [[km(120, { cost: '0.50' })]],
    lines: [
      '120000 m → 120.00 km × 0.6000 GBP (contract mileage markup on cost: cost 0.50 GBP, + 20 %) = 72.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '72.00', tax: '14.40', total: '86.40' }],
  },
  {
    name: 'labor that nothing prices is 0.00 and flagged',
    contract,
    work: [[hours(1)]],
    lines: ['3600 s → 1.00 hour × 0.00 GBP (no price) = 0.00 GBP → tax 20 % standard'],
    drafts: [{ net: '0.00', tax: '0.00', total: '0.00' }],
  },
];
