/** Owns the ownership card of a connection: for each thing that both the platform and we could do, which of the two does it. */
import type { DecimalText } from './work-entry.ts';

export const lineForms = ['as_invoiced', 'entries', 'summary'] as const;
export type LineForm = (typeof lineForms)[number];
export const dimensionSources = ['none', 'project_code', 'cost_centre'] as const;
export type DimensionSource = (typeof dimensionSources)[number];
export const whoDoes = ['ours', 'theirs'] as const;
export type WhoDoes = (typeof whoDoes)[number];

/** The part of the card that an invoice target acts on. What a card leaves out is as in `plainCard`. */
export interface OwnershipCard {
  /** Theirs: the platform counts, and our number goes into its reference field. */
  number: WhoDoes;
  /** Theirs: we print none and send none. */
  pdf: WhoDoes;
  /** Theirs: the platform's own mail, after the document is there. */
  mail: WhoDoes;
  firstStatus: 'open' | 'draft';
  /** Whether payments that are booked there are read back. */
  payments: boolean;
  /** Whether clients are shown the platform's page to pay an invoice at, where it has one. */
  paymentLinks: boolean;
  /** One line each as on the invoice, per entry, or one per kind, tax rate and dimension. */
  lines: LineForm;
  /** Entries from elsewhere are made there first, and the lines link to them. */
  attachTime: boolean;
  tax: WhoDoes;
  /** The platform's account by the kind of a line, e.g. `time`; `*` for all others. */
  accounts: Readonly<Record<string, string>>;
  /** The platform's tax code by category and rate, e.g. `S:20`, or by category alone. */
  taxCodes: Readonly<Record<string, string>>;
  dimension: DimensionSource;
  /** What becomes of a line whose code the platform does not know. */
  unknownDimension: 'fail' | 'leave_out';
  /** `there`: what only the platform has may still be voided, and is voided there too. `credit`: it is credited (BILLING §3). */
  voids: 'credit' | 'there';
  /** Ids of the sellers whose contractor invoices are booked as bills here. */
  billsOf: readonly string[];
}

/** What a connection does that says nothing else. */
export const plainCard: OwnershipCard = {
  number: 'ours',
  pdf: 'ours',
  mail: 'ours',
  firstStatus: 'open',
  payments: true,
  paymentLinks: true,
  lines: 'as_invoiced',
  attachTime: false,
  tax: 'theirs',
  accounts: {},
  taxCodes: {},
  dimension: 'none',
  unknownDimension: 'fail',
  voids: 'credit',
  billsOf: [],
};

/** `stored` was checked when it was written. */
export function cardOf(stored: Readonly<Record<string, unknown>>): OwnershipCard {
  return { ...plainCard, ...(stored as Partial<OwnershipCard>) };
}

/** What a platform can do of it, by its connector. */
export interface TargetAbilities {
  name: string;
  isTarget: boolean;
  takes: readonly string[];
  sendsMail: boolean;
  voids: boolean;
  takesBills: boolean;
  /** Its word, e.g. Class. */
  dimension: string | null;
  holdsTime: boolean;
}

/** Why a card cannot be acted on, one sentence each; empty: it can. */
export function whyNotOwned(card: Readonly<Record<string, unknown>>, platform: TargetAbilities): string[] {
  const wanted = cardOf(card);
  const { name, takes } = platform;
  const isAsked = (key: keyof OwnershipCard) =>
    card[key] !== undefined && JSON.stringify(card[key]) !== JSON.stringify(plainCard[key]);
  if (!platform.isTarget) {
    const asked = (Object.keys(plainCard) as (keyof OwnershipCard)[]).filter(isAsked);
    return asked.length === 0 ? [] : [`${name} takes no invoices, so it cannot own ${asked.join(', ')}.`];
  }
  const why: [boolean, string][] = [
    [
      wanted.number === 'theirs' && !takes.includes('their_number'),
      `${name} does not number invoices for us.`,
    ],
    [wanted.firstStatus === 'draft' && !takes.includes('drafts'), `${name} keeps no drafts.`],
    [wanted.tax === 'ours' && !takes.includes('our_tax'), `${name} reckons the tax itself.`],
    [
      Object.keys(wanted.accounts).length > 0 && !takes.includes('account_codes'),
      `${name} takes no account on a line; it stands on its items.`,
    ],
    [wanted.mail === 'theirs' && !platform.sendsMail, `${name} sends no mail for us.`],
    [
      wanted.pdf === 'theirs' && wanted.mail === 'ours',
      'Where the platform makes the PDF it sends it too: we would have nothing to attach.',
    ],
    [wanted.voids === 'there' && !platform.voids, `${name} voids no documents for us.`],
    [wanted.billsOf.length > 0 && !platform.takesBills, `${name} takes no bills.`],
    [wanted.dimension !== 'none' && platform.dimension === null, `${name} has no dimension on its lines.`],
    [wanted.attachTime && !platform.holdsTime, `${name} holds no time entries that a line could link to.`],
    [
      wanted.attachTime && wanted.lines === 'summary',
      'A summary line stands for many entries and can link to none of them.',
    ],
  ];
  return why.flatMap(([holds, sentence]) => (holds ? [sentence] : []));
}

/** The platform's code of a tax; null: it or its settings decide. */
export function taxCodeOf(card: OwnershipCard, category: string, rate: DecimalText): string | null {
  const short = rate.includes('.') ? rate.replace(/\.?0+$/, '') : rate;
  return card.taxCodes[`${category}:${short}`] ?? card.taxCodes[category] ?? null;
}

export function accountOf(card: OwnershipCard, lineKind: string): string | null {
  return card.accounts[lineKind] ?? card.accounts['*'] ?? null;
}
