/** Owns what a mail with a document in it says, in the client's language, and whether there is one. */
import type { InvoiceSnapshot } from './invoice-snapshot.ts';
import { formatDay, formatMoney, type PrintLanguage } from './print-format.ts';
import type { PrintedDocument } from './printed-document.ts';

type MailedKind = 'invoice' | 'credit_note' | 'late_fee' | 'late_interest';
interface MailWords {
  title: Record<MailedKind, string>;
  body: Record<MailedKind, string>;
  due: string;
}
const words: Record<PrintLanguage, MailWords> = {
  en: {
    title: {
      invoice: 'Invoice {number} of {seller}',
      credit_note: 'Credit note {number} of {seller}',
      late_fee: 'Late fee {number} of {seller}',
      late_interest: 'Interest {number} of {seller}',
    },
    body: {
      invoice: 'Please find attached our invoice {number} over {total}.',
      credit_note: 'Please find attached our credit note {number} over {total}, for invoice {corrects}.',
      late_fee: 'Please find attached our late fee {number} over {total}, for invoice {late}.',
      late_interest: 'Please find attached our note of interest {number} over {total}, for invoice {late}.',
    },
    due: ' It is due on {dueDate}.',
  },
  de: {
    title: {
      invoice: 'Rechnung {number} von {seller}',
      credit_note: 'Rechnungskorrektur {number} von {seller}',
      late_fee: 'Mahngebühr {number} von {seller}',
      late_interest: 'Verzugszinsen {number} von {seller}',
    },
    body: {
      invoice: 'Anbei erhalten Sie unsere Rechnung {number} über {total}.',
      credit_note:
        'Anbei erhalten Sie unsere Rechnungskorrektur {number} über {total} zur Rechnung {corrects}.',
      late_fee: 'Anbei erhalten Sie unsere Mahngebühr {number} über {total} zur Rechnung {late}.',
      late_interest:
        'Anbei erhalten Sie unsere Forderung {number} von Verzugszinsen über {total} zur Rechnung {late}.',
    },
    due: ' Sie ist am {dueDate} fällig.',
  },
};

/** To whom the document goes by mail; null: the client wants none, has no address, or gets it another way. */
export function mailAddressOf({ mail, client }: InvoiceSnapshot): string | null {
  if (mail === 'off' || client === null) return null;
  const byMail = client.channel === null || client.channel === 'email' || client.channel === 'e_invoice';
  return byMail ? (client.accountsPayableEmail ?? client.email) : null;
}

const mailedKinds: readonly MailedKind[] = ['invoice', 'credit_note', 'late_fee', 'late_interest'];

/** One line, and a sentence or two. */
export function documentMail(document: PrintedDocument): { title: string; body: string } {
  const { language, currency, dueDate } = document;
  const kind = mailedKinds.find((one) => one === document.kind) ?? 'invoice';
  const said = words[language];
  const values: Record<string, string> = {
    number: document.number ?? '',
    seller: document.seller.name,
    total: formatMoney(document.total, currency, language),
    corrects: document.corrects?.number ?? '',
    late: document.lateFee?.number ?? '',
    dueDate: dueDate === null ? '' : formatDay(dueDate, language),
  };
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  return {
    title: fill(said.title[kind]),
    body: fill(said.body[kind] + (dueDate === null ? '' : said.due)),
  };
}
