/** Owns the report that a client gets after a quarter: which quarter, how long it waits for closed books, whom its mail goes to. */
import { addDays } from './day.ts';
import { instantIn } from './import/to-instant.ts';
import type { PeriodArea, PeriodStatus } from './period.ts';
import type { PrintLanguage } from './print-format.ts';
import type { Day, DecimalText, Instant } from './work-entry.ts';

export const clientReportStatuses = ['waiting', 'drawn_up', 'made', 'cancelled'] as const;
export type ClientReportStatus = (typeof clientReportStatuses)[number];

/**
 * From each status, where it may go. Drawn up: its figures are fixed, its file is on the way. Cancelled: the client wants none
 * any more; it waits again where the client changes its mind before the quarter's report would have been made.
 */
export const clientReportTransitions: Record<ClientReportStatus, readonly ClientReportStatus[]> = {
  waiting: ['drawn_up', 'cancelled'],
  drawn_up: ['made'],
  made: [],
  cancelled: ['waiting'],
};

export interface Quarter {
  /** `2026-Q1` */
  name: string;
  startsOn: Day;
  /** Half-open. */
  endsBefore: Day;
}

const firstMonths = ['01', '04', '07', '10'] as const;

/** The quarter of this name, `2026-Q1`; null where it is no such name. */
export function quarterNamed(name: string): Quarter | null {
  const match = /^((?:19|20|21)\d{2})-Q([1-4])$/.exec(name);
  if (!match) return null;
  const year = Number(match[1]);
  const index = Number(match[2]) - 1;
  const startsOn = `${year}-${firstMonths[index]}-01`;
  const endsBefore = index === 3 ? `${year + 1}-01-01` : `${year}-${firstMonths[index + 1]}-01`;
  return { name, startsOn, endsBefore };
}

/** The quarter that the day is in. */
export function quarterOf(day: Day): Quarter {
  const index = Math.floor((Number(day.slice(5, 7)) - 1) / 3);
  return quarterNamed(`${day.slice(0, 4)}-Q${index + 1}`)!;
}

/** The one after it. */
export const nextQuarter = ({ endsBefore }: Quarter): Quarter => quarterOf(endsBefore);

/** When the quarter is over in the zone. */
export const quarterEnd = ({ endsBefore }: Pick<Quarter, 'endsBefore'>, zone: string): Instant =>
  instantIn(zone)(endsBefore, 0);

/** Days after the quarter's end for which a report waits for the books to be closed, unless the workspace says otherwise. */
const defaultGraceDays = 14;

export function reportGraceDays(settings: Readonly<Record<string, unknown>>): number {
  const days = settings.quarterlyReportGraceDays;
  return typeof days === 'number' ? days : defaultGraceDays;
}

/** Until when a report waits at most. */
export const reportGraceEnd = (
  { endsBefore }: Pick<Quarter, 'endsBefore'>,
  zone: string,
  graceDays: number,
): Instant => instantIn(zone)(addDays(endsBefore, graceDays), 0);

/** A period of a seller's books, as it stands on the day that is asked about. */
export interface KeptBooks {
  sellerId: string;
  area: PeriodArea;
  startsOn: Day;
  endsBefore: Day;
  status: PeriodStatus;
}

/**
 * True when nothing posts into the quarter any more: the billing books of every seller are closed on all of its days, and no
 * books of time or payments that reach into it are open. Without a seller there are no books to wait for.
 */
export function booksClosed(
  { startsOn, endsBefore }: Pick<Quarter, 'startsOn' | 'endsBefore'>,
  sellerIds: readonly string[],
  books: readonly KeptBooks[],
): boolean {
  const reaching = books.filter(
    (one) => one.startsOn < endsBefore && one.endsBefore > startsOn && one.area !== 'payables',
  );
  if (reaching.some(({ status }) => status !== 'closed')) return false;
  return sellerIds.every((sellerId) => {
    const billing = reaching
      .filter((one) => one.sellerId === sellerId && one.area === 'billing')
      .toSorted((a, b) => (a.startsOn < b.startsOn ? -1 : 1));
    let until = startsOn;
    for (const one of billing) if (one.startsOn <= until && one.endsBefore > until) until = one.endsBefore;
    return until >= endsBefore;
  });
}

export const reportReasons = ['books_closed', 'grace_over', 'asked'] as const;
/** Why it was drawn up when it was. */
export type ReportReason = (typeof reportReasons)[number];

export interface ReportAddress {
  mailNotifications: boolean;
  email: string | null;
}
/** Null: the client wants no mail, or has no address; the report is in the portal all the same. */
export const reportAddress = ({ mailNotifications, email }: ReportAddress): string | null =>
  mailNotifications ? email : null;

/** Labor of one project. */
export interface ReportedProject {
  code: string;
  name: string;
  seconds: number;
  /** Of these, those that are billed by the hour or included in a price, and not free of charge. */
  billableSeconds: number;
  people: { name: string | null; seconds: number }[];
}
export interface ReportedDocument {
  day: Day;
  number: string;
  currency: string;
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
}
export interface ReportedInvoice extends ReportedDocument {
  dueDate: Day;
  /** Of it at the end of the quarter. */
  open: DecimalText;
  /** Taken back within the quarter. */
  isVoid: boolean;
}
export interface ReportedCredit extends ReportedDocument {
  /** The invoice that it corrects. */
  invoiceNumber: string;
}
export interface ReportedPayment {
  day: Day;
  reference: string | null;
  currency: string;
  /** What the account went down by; below zero: money went back. */
  amount: DecimalText;
}
/** The account with one seller in one currency, as the statement of account has it. */
export interface ReportedAccount {
  sellerName: string;
  currency: string;
  opening: DecimalText;
  invoiced: DecimalText;
  credited: DecimalText;
  paid: DecimalText;
  /** Late fees, bad debts, voids: whatever else moved it, signed. */
  other: DecimalText;
  closing: DecimalText;
  overdue: DecimalText;
}
export interface ReportedBudget {
  code: string;
  name: string;
  currency: string;
  /** Null where that side has no budget. */
  seconds: { budget: number; used: number; percent: DecimalText } | null;
  money: { budget: DecimalText; used: DecimalText; percent: DecimalText } | null;
}

/** Everything that a report says, as it was when it was drawn up. */
export interface ClientReportFigures {
  quarter: string;
  startsOn: Day;
  /** The last day. */
  asOf: Day;
  language: PrintLanguage;
  sender: string;
  clientName: string;
  clientCode: string;
  projects: ReportedProject[];
  invoices: ReportedInvoice[];
  credits: ReportedCredit[];
  payments: ReportedPayment[];
  accounts: ReportedAccount[];
  budgets: ReportedBudget[];
  /** The day that the budgets are measured on: they go on, whatever quarter it is. */
  budgetsAsOf: Day;
  /** Rows of each list that were too many to name; their sums are in the accounts all the same. */
  leftOut: { projects: number; invoices: number; credits: number; payments: number };
}
