/** Owns what the mail with a statement of account says, in the client's language. */
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

const words: Record<PrintLanguage, { title: string; body: string; on: string; closing: string }> = {
  en: {
    title: 'Statement of account of {client} for {month}',
    body: 'This is your account as we keep it. Please tell us of anything that you have otherwise.',
    on: '{seller}: {amount} on {day}',
    closing: '{seller}: {amount} on {day}, of it overdue {overdue}',
  },
  de: {
    title: 'Kontoauszug von {client} für {month}',
    body: 'Dies ist Ihr Konto, wie wir es führen. Bitte sagen Sie uns, wenn bei Ihnen etwas anders steht.',
    on: '{seller}: {amount} am {day}',
    closing: '{seller}: {amount} am {day}, davon überfällig {overdue}',
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
/** `month` is `2026-03`. `accounts` has a line each for the opening balance, every movement, and the closing one. */
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
  const lines = accounts.flatMap(({ sellerName: seller, currency, opening, rows, closing, overdue }) => {
    const money = (amount: DecimalText) => formatMoney(amount, currency, language);
    return [
      fill(said.on, { seller, amount: money(opening), day: day(startsOn) }),
      ...rows.map((row) =>
        [day(row.day), statementKinds[language][row.kind], row.number ?? row.reference, money(row.amount)]
          .filter(Boolean)
          .join(' '),
      ),
      fill(said.closing, { seller, amount: money(closing), day: day(asOf), overdue: money(overdue) }),
    ];
  });
  return {
    title: fill(said.title, { client, month }),
    body: said.body,
    client,
    month,
    accounts: lines.join('\n'),
  };
}
