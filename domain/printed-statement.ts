/** Owns a statement of account as it is printed: the parties, the movements, and what is open by its age. */
import type { PrintedBankAccount } from './invoice-snapshot.ts';
import { Decimal, fixed, minorPlaces } from './money.ts';
import type { PrintLanguage } from './print-format.ts';
import type { Paper, PrintedParty } from './printed-document.ts';
import type { Day, DecimalText } from './work-entry.ts';

export type StatementRowKind =
  | 'invoice'
  | 'void'
  | 'credit_note'
  | 'late_fee'
  | 'payment'
  | 'refund'
  | 'write_off';

export interface PrintedStatementRow {
  day: Day;
  kind: StatementRowKind;
  number: string | null;
  reference: string | null;
  dueDate: Day | null;
  /** Signed: what the client owes more, or less. */
  amount: DecimalText;
  balance: DecimalText;
}
/** What is open of documents at the end of the day, by the days since it was due; held back is in no bucket. */
export interface Ageing {
  notDue: DecimalText;
  days1To30: DecimalText;
  days31To60: DecimalText;
  days61To90: DecimalText;
  over90: DecimalText;
  retained: DecimalText;
}
export interface PrintedAccount {
  seller: PrintedParty;
  currency: string;
  opening: DecimalText;
  rows: PrintedStatementRow[];
  closing: DecimalText;
  ageing: Ageing;
  /** In the account's currency, to which what is open is paid. */
  bankAccounts: PrintedBankAccount[];
}
export interface PrintedStatement {
  language: PrintLanguage;
  paper: Paper;
  client: PrintedParty;
  clientCode: string;
  startsOn: Day;
  /** The last day. */
  asOf: Day;
  /** One a seller and currency, a sheet each. */
  accounts: PrintedAccount[];
}

export const ages = ['notDue', 'days1To30', 'days31To60', 'days61To90', 'over90', 'retained'] as const;

/** What makes the ages the balance: money and credits that are on no document yet, below zero. */
export function onAccount({
  closing,
  ageing,
  currency,
}: Pick<PrintedAccount, 'closing' | 'ageing' | 'currency'>): DecimalText {
  const open = ages.reduce((sum, age) => sum.plus(ageing[age]), new Decimal(0));
  return fixed(new Decimal(closing).minus(open), minorPlaces(currency));
}

/** `NFE-2026-03-31-statement.pdf` */
export const statementFileName = ({ clientCode, asOf }: PrintedStatement): string =>
  `${clientCode}-${asOf}-statement.pdf`;
