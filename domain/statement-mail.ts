/** Owns what the mail with a statement of account says, in the client's language. */
import { maxListed, maxParamChars } from './notification.ts';
import { formatDay, formatMoney, type PrintLanguage } from './print-format.ts';
import type { StatementRowKind } from './printed-statement.ts';
import type { Day, DecimalText } from './work-entry.ts';

/** What moves an account, as a client reads it. */
export const statementKinds: Record<PrintLanguage, Record<StatementRowKind, string>> = {
  en: {
    invoice: 'Invoice',
    void: 'Voided',
    credit_note: 'Credit note',
    late_fee: 'Late fee',
    payment: 'Payment',
    refund: 'Refund',
    write_off: 'Written off',
  },
  de: {
    invoice: 'Rechnung',
    void: 'Storniert',
    credit_note: 'Rechnungskorrektur',
    late_fee: 'Mahngebühr oder Zinsen',
    payment: 'Zahlung',
    refund: 'Rückzahlung',
    write_off: 'Ausgebucht',
  },
};

interface StatementWords {
  title: string;
  body: string;
  on: string;
  closing: string;
  movementsLeftOut: string;
  accountsLeftOut: string;
}
const words: Record<PrintLanguage, StatementWords> = {
  en: {
    title: 'Statement of account of {client} for {month}',
    body: 'This is your account as we keep it. Please tell us of anything that you have otherwise.',
    on: '{seller}: {amount} on {day}',
    closing: '{seller}: {amount} on {day}, of it overdue {overdue}',
    movementsLeftOut: 'Movements not listed here: {count}',
    accountsLeftOut: 'Accounts not listed here: {count}',
  },
  de: {
    title: 'Kontoauszug von {client} für {month}',
    body: 'Dies ist Ihr Konto, wie wir es führen. Bitte sagen Sie uns, wenn bei Ihnen etwas anders steht.',
    on: '{seller}: {amount} am {day}',
    closing: '{seller}: {amount} am {day}, davon überfällig {overdue}',
    movementsLeftOut: 'Hier nicht aufgeführte Bewegungen: {count}',
    accountsLeftOut: 'Hier nicht aufgeführte Konten: {count}',
  },
};

const fill = (text: string, values: Record<string, string>) =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');

interface MailedAccount {
  sellerName: string;
  currency: string;
  opening: DecimalText;
  rows: readonly {
    day: Day;
    kind: StatementRowKind;
    number: string | null;
    reference: string | null;
    amount: DecimalText;
  }[];
  closing: DecimalText;
  overdue: DecimalText;
}
/** An account in lines of the mail. */
interface AccountLines {
  opening: string;
  movements: string[];
  closing: string;
}
/** A mail would cut more, and might end within an amount. */
const fits = (text: string) => text.length <= maxParamChars && text.split('\n').length <= maxListed;

/** Every movement where all of it fits. Else the balances alone, of as many accounts as fit, and how much is not listed. */
function listed(accounts: readonly AccountLines[], said: StatementWords): string {
  const whole = accounts
    .flatMap(({ opening, movements, closing }) => [opening, ...movements, closing])
    .join('\n');
  if (fits(whole)) return whole;
  const movementCount = accounts.reduce((sum, { movements }) => sum + movements.length, 0);
  const note = (text: string, count: number) => (count === 0 ? [] : [fill(text, { count: String(count) })]);
  const balancesOf = (shown: number) =>
    [
      ...accounts.slice(0, shown).flatMap(({ opening, closing }) => [opening, closing]),
      ...note(said.movementsLeftOut, movementCount),
      ...note(said.accountsLeftOut, accounts.length - shown),
    ].join('\n');
  let shown = Math.min(accounts.length, maxListed / 2);
  while (shown > 0 && !fits(balancesOf(shown))) shown -= 1;
  return balancesOf(shown);
}

/**
 * `month` is `2026-03`. `accounts` has a line for each opening balance and each closing one, and for every movement between them
 * where all of that fits into a mail; else it says how many movements, and how many accounts, are not listed.
 */
export function statementMail(
  language: PrintLanguage,
  {
    client,
    startsOn,
    asOf,
    accounts,
  }: { client: string; startsOn: Day; asOf: Day; accounts: readonly MailedAccount[] },
): { title: string; body: string; client: string; month: string; accounts: string } {
  const said = words[language];
  const day = (value: Day) => formatDay(value, language);
  const month = asOf.slice(0, 7);
  const lines = accounts.map(({ sellerName: seller, currency, opening, rows, closing, overdue }) => {
    const money = (amount: DecimalText) => formatMoney(amount, currency, language);
    return {
      opening: fill(said.on, { seller, amount: money(opening), day: day(startsOn) }),
      movements: rows.map((row) =>
        [day(row.day), statementKinds[language][row.kind], row.number ?? row.reference, money(row.amount)]
          .filter(Boolean)
          .join(' '),
      ),
      closing: fill(said.closing, {
        seller,
        amount: money(closing),
        day: day(asOf),
        overdue: money(overdue),
      }),
    };
  });
  return {
    title: fill(said.title, { client, month }),
    body: said.body,
    client,
    month,
    accounts: listed(lines, said),
  };
}
