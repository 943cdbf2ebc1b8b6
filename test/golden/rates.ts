/** Owns the priced examples of rate cards: positions, scopes, days, units, overtime. */
import { type Example, hours, standard } from './example.ts';

const byCard = { strategies: { labor: 'service_rates' }, contract: { tax: standard } } as const;

export const rateExamples: Example[] = [
  {
    name: 'an hour and a half at the rate of the contract',
    ...byCard,
    rates: [{ regularRate: '80.00' }],
    work: [[hours(1.5)]],
    lines: [
      '5400 s → 1.50 hour × 80.00 GBP (contract rate card: any position) = 120.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '120.00', tax: '24.00', total: '144.00' }],
  },
  {
    name: 'a position has its own rate before the one for all',
    ...byCard,
    rates: [{ regularRate: '80.00' }, { position: 'Welder', regularRate: '95.00' }],
    work: [[hours(1, { position: 'Welder' }), hours(2, { position: 'Fitter' })]],
    lines: [
      '3600 s → 1.00 hour × 95.00 GBP (contract rate card: Welder) = 95.00 GBP → tax 20 % standard',
      '7200 s → 2.00 hour × 80.00 GBP (contract rate card: any position) = 160.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '255.00', tax: '51.00', total: '306.00' }],
  },
  {
    name: "the client's rates count where the contract has none for anybody",
    ...byCard,
    rates: [{ scopeType: 'client', regularRate: '70.50' }],
    work: [[hours(3)]],
    lines: [
      '10800 s → 3.00 hour × 70.50 GBP (client rate card: any position) = 211.50 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '211.50', tax: '42.30', total: '253.80' }],
  },
  {
    name: 'a rate changes in the middle of the month, by the day of the work',
    ...byCard,
    rates: [
      { regularRate: '80.00', validTo: '2026-03-16' },
      { regularRate: '90.00', validFrom: '2026-03-16' },
    ],
    work: [[hours(1, { workDate: '2026-03-15' }), hours(1, { workDate: '2026-03-16' })]],
    lines: [
      '3600 s → 1.00 hour × 80.00 GBP (contract rate card: any position) = 80.00 GBP → tax 20 % standard',
      '3600 s → 1.00 hour × 90.00 GBP (contract rate card: any position, from 2026-03-16) = 90.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '170.00', tax: '34.00', total: '204.00' }],
  },
  {
    name: 'a gap between two rates is no price: 0.00, and flagged',
    ...byCard,
    rates: [
      { regularRate: '80.00', validTo: '2026-03-01' },
      { regularRate: '90.00', validFrom: '2026-04-01' },
    ],
    work: [[hours(1)]],
    lines: ['3600 s → 1.00 hour × 0.00 GBP (service_rates: no price) = 0.00 GBP → tax 20 % standard'],
    drafts: [{ net: '0.00', tax: '0.00', total: '0.00' }],
  },
  {
    name: 'a rate of nothing is a price',
    ...byCard,
    rates: [{ regularRate: '0' }],
    work: [[hours(1)]],
    lines: ['3600 s → 1.00 hour × 0 GBP (contract rate card: any position) = 0.00 GBP → tax 20 % standard'],
    drafts: [{ net: '0.00', tax: '0.00', total: '0.00' }],
  },
  {
    name: 'half a day by the day rate, of days of seven and a half hours',
    ...byCard,
    clauses: { workCalendar: { hoursPerDay: '7.5', hoursPerShift: '12' } },
    rates: [{ unit: 'day', regularRate: '600.00' }],
    work: [[hours(3.75)]],
    lines: [
      '13500 s → 0.50 day × 600.00 GBP (contract rate card: any position, 7.5 hours each) = 300.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '300.00', tax: '60.00', total: '360.00' }],
  },
  {
    name: 'a shift and a quarter by the shift rate',
    ...byCard,
    clauses: { workCalendar: { hoursPerDay: '7.5', hoursPerShift: '12' } },
    rates: [{ unit: 'shift', regularRate: '960.00' }],
    work: [[hours(15)]],
    lines: [
      '54000 s → 1.25 shift × 960.00 GBP (contract rate card: any position, 12 hours each) = 1200.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '1200.00', tax: '240.00', total: '1440.00' }],
  },
  {
    name: 'standby is its own position at its own rate',
    ...byCard,
    rates: [{ regularRate: '80.00' }, { position: 'On call', unit: 'standby', regularRate: '15.00' }],
    work: [[hours(8, { position: 'On call' })]],
    lines: [
      '28800 s → 8.00 standby × 15.00 GBP (contract rate card, standby: On call) = 120.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '120.00', tax: '24.00', total: '144.00' }],
  },
  {
    name: 'ten hours a day split at eight, with an overtime rate',
    ...byCard,
    clauses: { overtime: { dailyAfterSeconds: 28_800 } },
    rates: [{ regularRate: '80.00', overtimeRate: '130.00' }],
    work: [[hours(10)]],
    lines: [
      '28800 s → 8.00 hour × 80.00 GBP (contract rate card: any position) = 640.00 GBP → tax 20 % standard',
      '7200 s → 2.00 hour × 130.00 GBP (contract rate card, overtime: any position) = 260.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '900.00', tax: '180.00', total: '1080.00' }],
  },
  {
    name: "overtime without a rate of its own is the regular one times the contract's multiplier",
    ...byCard,
    clauses: { overtime: { dailyAfterSeconds: 28_800, multiplier: '1.5' } },
    rates: [{ regularRate: '81.25' }],
    work: [[hours(9.5)]],
    lines: [
      '28800 s → 8.00 hour × 81.25 GBP (contract rate card: any position) = 650.00 GBP → tax 20 % standard',
      // 81.25 × 1.5 = 121.875; × 1.5 h = 182.8125
      '5400 s → 1.50 hour × 121.8750 GBP (contract rate card, overtime: any position, 81.25 × 1.5) = 182.8125 rounded half up to 182.81 GBP → tax 20 % standard',
    ],
    // 832.81 × 20 % = 166.562
    drafts: [{ net: '832.81', tax: '166.56', total: '999.37' }],
  },
  {
    name: 'overtime without a rate and without a multiplier is the regular rate, and says so',
    ...byCard,
    clauses: { overtime: { dailyAfterSeconds: 28_800 } },
    rates: [{ regularRate: '80.00' }],
    work: [[hours(9)]],
    lines: [
      '28800 s → 8.00 hour × 80.00 GBP (contract rate card: any position) = 640.00 GBP → tax 20 % standard',
      '3600 s → 1.00 hour × 80.00 GBP (contract rate card, overtime at the regular rate: any position, there is no overtime rate and no multiplier) = 80.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '720.00', tax: '144.00', total: '864.00' }],
  },
  {
    name: 'a Saturday is overtime whole where the contract says so',
    ...byCard,
    clauses: { overtime: { weekendDays: [6, 7] } },
    rates: [{ regularRate: '80.00', overtimeRate: '130.00' }],
    work: [[hours(4, { workDate: '2026-03-07' })]],
    lines: [
      '14400 s → 4.00 hour × 130.00 GBP (contract rate card, overtime: any position) = 520.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '520.00', tax: '104.00', total: '624.00' }],
  },
  {
    name: 'the hours of a week beyond forty are overtime, by date',
    ...byCard,
    clauses: { overtime: { weeklyAfterSeconds: 144_000 } },
    rates: [{ regularRate: '50.00', overtimeRate: '75.00' }],
    work: [
      [
        ...['02', '03', '04', '05'].map((day) => hours(9, { workDate: `2026-03-${day}` })),
        hours(6, { workDate: '2026-03-06' }),
      ],
    ],
    lines: [
      ...['02', '03', '04', '05'].map(
        () =>
          '32400 s → 9.00 hour × 50.00 GBP (contract rate card: any position) = 450.00 GBP → tax 20 % standard',
      ),
      // 36 hours until Thursday leave 4 of Friday's 6.
      '14400 s → 4.00 hour × 50.00 GBP (contract rate card: any position) = 200.00 GBP → tax 20 % standard',
      '7200 s → 2.00 hour × 75.00 GBP (contract rate card, overtime: any position) = 150.00 GBP → tax 20 % standard',
    ],
    drafts: [{ net: '2150.00', tax: '430.00', total: '2580.00' }],
  },
];
