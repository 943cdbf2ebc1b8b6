/** Owns what a mail with a document in it says, in the client's language, and whether there is one. */
import type { InvoiceSnapshot } from './invoice-snapshot.ts';
import { formatDay, formatMoney, type PrintLanguage } from './print-format.ts';
import type { PrintedDocument } from './printed-document.ts';

interface MailWords {
  title: Record<'invoice' | 'credit_note', string>;
  body: Record<'invoice' | 'credit_note', string>;
  due: string;
}
const words: Record<PrintLanguage, MailWords> = {
  en: {
    title: { invoice: 'Invoice {number} of {seller}', credit_note: 'Credit note {number} of {seller}' },
    body: {
      invoice: 'Please find attached our invoice {number} over {total}.',
      credit_note: 'Please find attached our credit note {number} over {total}, for invoice {corrects}.',
    },
    due: ' It is due on {dueDate}.',
  },
  de: {
    title: {
      invoice: 'Rechnung {number} von {seller}',
      credit_note: 'Rechnungskorrektur {number} von {seller}',
    },
    body: {
      invoice: 'Anbei erhalten Sie unsere Rechnung {number} über {total}.',
      credit_note:
        'Anbei erhalten Sie unsere Rechnungskorrektur {number} über {total} zur Rechnung {corrects}.',
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

/** One line, and a sentence or two. */
export function documentMail(document: PrintedDocument): { title: string; body: string } {
  const { language, currency, dueDate } = document;
  const kind = document.kind === 'credit_note' ? 'credit_note' : 'invoice';
  const said = words[language];
  const values: Record<string, string> = {
    number: document.number ?? '',
    seller: document.seller.name,
    total: formatMoney(document.total, currency, language),
    corrects: document.corrects?.number ?? '',
    dueDate: dueDate === null ? '' : formatDay(dueDate, language),
  };
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  return {
    title: fill(said.title[kind]),
    body: fill(said.body[kind] + (dueDate === null ? '' : said.due)),
  };
}
