/** Owns what stands on a statement of account, as text in its language: HTML and PDF only put it in its place. */
import { Decimal } from '../domain/money.ts';
import { formatAmount, formatDay, formatMoney } from '../domain/print-format.ts';
import {
  ages,
  onAccount,
  type PrintedAccount,
  type PrintedStatement,
  type PrintedStatementRow,
  type StatementRowKind,
} from '../domain/printed-statement.ts';
import { statementKinds } from '../domain/statement-mail.ts';
import { bankRows, imprintOf, partyLines, type Row, type TextTable } from './page.ts';
import { type StatementWords, statementWords } from './statement-words.ts';
import { words } from './words.ts';

/** One seller and currency. */
export interface StatementSheet {
  seller: string[];
  client: string[];
  facts: Row[];
  /** Its first row is the opening balance, its last the closing one. */
  movements: TextTable;
  ageingTitle: string;
  ageing: TextTable;
  bankTitle: string;
  banks: Row[][];
}
export interface StatementPage {
  language: string;
  title: string;
  /** "Statement of account NFE 2026-03-31" */
  name: string;
  clientLabel: string;
  client: string[];
  sheets: StatementSheet[];
  /** Where there is no sheet. */
  nothing: string | null;
  basis: string;
  imprint: string;
  pageWord: string;
  ofWord: string;
}

const fill = (text: string, values: Record<string, string>) =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');

export function toStatementPage(statement: PrintedStatement): StatementPage {
  const { language, client, accounts, asOf } = statement;
  const text = statementWords[language];
  const senders = [...new Set(accounts.map(({ seller }) => imprintOf(seller, words[language])))];
  return {
    language,
    title: text.title,
    name: `${text.title} ${statement.clientCode} ${asOf}`,
    clientLabel: text.for,
    client: partyLines(client, words[language], language, null),
    sheets: accounts.map((account) => sheetOf(statement, account, text)),
    nothing:
      accounts.length > 0
        ? null
        : fill(text.nothing, {
            from: formatDay(statement.startsOn, language),
            to: formatDay(asOf, language),
          }),
    basis: text.basis,
    imprint: senders.slice(0, 2).join(' · '),
    pageWord: words[language].page,
    ofWord: words[language].of,
  };
}

function sheetOf(
  { language, client, startsOn, asOf }: PrintedStatement,
  account: PrintedAccount,
  text: StatementWords,
): StatementSheet {
  const { seller, currency, ageing } = account;
  const day = (value: string) => formatDay(value, language);
  const money = (value: string) => formatMoney(value, currency, language);
  const overdue = [ageing.days1To30, ageing.days31To60, ageing.days61To90, ageing.over90]
    .reduce((sum, value) => sum.plus(value), new Decimal(0))
    .toFixed();
  return {
    seller: partyLines(seller, words[language], language, client.country),
    client: partyLines(client, words[language], language, seller.country),
    facts: [
      { label: text.period, value: `${day(startsOn)} – ${day(asOf)}` },
      { label: text.currency, value: currency },
      { label: fill(text.balanceOn, { day: day(asOf) }), value: money(account.closing) },
      { label: text.overdue, value: money(overdue) },
    ],
    movements: movementsOf(account, { startsOn, asOf, language }, text),
    ageingTitle: fill(text.ageing, { day: day(asOf) }),
    ageing: ageingOf(account, language, text),
    bankTitle: words[language].bankDetails,
    banks: account.bankAccounts.map((bank) => bankRows(bank, words[language])),
  };
}

function movementsOf(
  { currency, opening, rows, closing }: PrintedAccount,
  { startsOn, asOf, language }: Pick<PrintedStatement, 'startsOn' | 'asOf' | 'language'>,
  text: StatementWords,
): TextTable {
  const amount = (value: string) => formatAmount(value, currency, language);
  const day = (value: string | null) => (value === null ? '' : formatDay(value, language));
  return {
    head: [text.date, text.document, text.due, `${text.amount} ${currency}`, `${text.balance} ${currency}`],
    rows: [
      [day(startsOn), text.opening, '', '', amount(opening)],
      ...rows.map((row) => [
        day(row.day),
        documentOf(row, statementKinds[language]),
        day(row.dueDate),
        amount(row.amount),
        amount(row.balance),
      ]),
      [day(asOf), text.closing, '', '', amount(closing)],
    ],
    right: [3, 4],
  };
}

/** "Credit note CN-0003 (NFE-0042)" */
function documentOf(
  { kind, number, reference }: PrintedStatementRow,
  kinds: Record<StatementRowKind, string>,
): string {
  const named = [kinds[kind], number ?? reference].filter(Boolean).join(' ');
  return number !== null && reference !== null ? `${named} (${reference})` : named;
}

/** One row that adds up to the balance; what is nothing of the last two is left out. */
function ageingOf(
  account: PrintedAccount,
  language: PrintedStatement['language'],
  text: StatementWords,
): TextTable {
  const { currency, ageing, closing } = account;
  const columns = [
    ...ages.map((age) => ({ name: text.ages[age], value: ageing[age], isOptional: age === 'retained' })),
    { name: text.onAccount, value: onAccount(account), isOptional: true },
    { name: `${text.balance} ${currency}`, value: closing, isOptional: false },
  ].filter(({ value, isOptional }) => !isOptional || !new Decimal(value).isZero());
  return {
    head: columns.map(({ name }) => name),
    rows: [columns.map(({ value }) => formatAmount(value, currency, language))],
    right: columns.map((_, index) => index),
  };
}
