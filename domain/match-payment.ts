/** Owns what a payment that arrived is probably for: proposals by number, reference and amount, and where they tie. */
import { Decimal } from './money.ts';
import type { DecimalText } from './work-entry.ts';

export interface OpenDocument {
  id: string;
  number: string;
  /** What is open, in the payment's currency. */
  open: DecimalText;
  dueDate: string | null;
  /** What the client may have written instead of the number: their order, their reference, what they said when they confirmed. */
  references: readonly string[];
}
export const matchSigns = ['amount', 'number', 'reference'] as const;
export type MatchSign = (typeof matchSigns)[number];

export interface MatchProposal {
  documentId: string;
  /** At most what is open, and together at most what is left of the payment. */
  amount: DecimalText;
  matchedBy: MatchSign[];
  /** Another document is as likely: a person chooses. */
  tied: boolean;
}

/** Letters and digits only, in capitals: banks drop the rest, or put spaces into it. */
const bare = (text: string) => text.toUpperCase().replace(/[^A-Z0-9]/g, '');
/** Shorter ones are found in any text by accident. */
const minSignChars = 4;
/** INV-1 is not in INV-10: a number ends where no digit follows, and begins where none is before it. */
function names(text: string, sign: string): boolean {
  const wanted = bare(sign);
  if (wanted.length < minSignChars) return false;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const before = text[at - 1] ?? '';
    const after = text[at + wanted.length] ?? '';
    const runsOn = (edge: string, beside: string) => /\d/.test(edge) && /\d/.test(beside);
    if (!runsOn(wanted[0]!, before) && !runsOn(wanted.at(-1)!, after)) return true;
  }
  return false;
}

const strength = (signs: readonly MatchSign[]) =>
  (signs.includes('number') ? 4 : 0) +
  (signs.includes('reference') ? 2 : 0) +
  (signs.includes('amount') ? 1 : 0);

/**
 * Proposals for what is left of a payment, the likeliest first. Documents that are named, each by its number, share the money
 * in the order of their due dates; their sum counts as the amount. Several of the same strength that do not fit together tie.
 */
export function matchPayment(
  payment: { left: DecimalText; reference: string | null },
  documents: readonly OpenDocument[],
): MatchProposal[] {
  const left = new Decimal(payment.left);
  if (left.lte(0)) return [];
  const text = bare(payment.reference ?? '');
  const signed = documents.flatMap((document) => {
    const signs: MatchSign[] = [];
    if (left.eq(document.open)) signs.push('amount');
    if (names(text, document.number)) signs.push('number');
    if (document.references.some((reference) => names(text, reference))) signs.push('reference');
    return signs.length === 0 ? [] : [{ document, signs }];
  });
  const numbered = signed.filter(({ signs }) => signs.includes('number'));
  if (numbered.length > 0) return share(left, numbered);
  const best = Math.max(...signed.map(({ signs }) => strength(signs)));
  return signed
    .toSorted((a, b) => strength(b.signs) - strength(a.signs) || byDueDate(a.document, b.document))
    .map(({ document, signs }) => ({
      documentId: document.id,
      amount: Decimal.min(left, document.open).toFixed(),
      matchedBy: signs,
      tied:
        strength(signs) < best ||
        signed.filter((other) => strength(other.signs) === strength(signs)).length > 1,
    }));
}

/** All of them were meant: the earliest due first, as far as the money goes. */
function share(
  left: Decimal,
  numbered: readonly { document: OpenDocument; signs: MatchSign[] }[],
): MatchProposal[] {
  const sum = numbered.reduce((total, { document }) => total.plus(document.open), new Decimal(0));
  let rest = left;
  return numbered
    .toSorted((a, b) => byDueDate(a.document, b.document))
    .flatMap(({ document, signs }) => {
      const amount = Decimal.min(rest, document.open);
      rest = rest.minus(amount);
      if (amount.isZero()) return [];
      const matchedBy: MatchSign[] = sum.eq(left) && !signs.includes('amount') ? ['amount', ...signs] : signs;
      return [{ documentId: document.id, amount: amount.toFixed(), matchedBy, tied: false }];
    });
}

const byDueDate = (a: OpenDocument, b: OpenDocument) =>
  (a.dueDate ?? '').localeCompare(b.dueDate ?? '') || a.number.localeCompare(b.number);
