/** Owns payment terms: templates without logic, the variables that they may name, and the text made of one at issue. */
import { Refusal } from './refusal.ts';

/** Variable → what it is; the API says so beside an unknown one. */
export const paymentTermsVariables = {
  'invoice.number': 'the number of the invoice',
  'invoice.net': 'its net amount with currency',
  'invoice.tax': 'its tax with currency',
  'invoice.total': 'its total with currency',
  issueDate: 'the day of issue',
  dueDate: 'the day it is due',
  'terms.days': 'days from issue to due',
  'client.name': 'who is invoiced',
  'client.code': 'their three letters',
  'seller.name': 'who invoices',
  'contract.name': 'the contract',
  purchaseOrder: 'the number of the purchase order',
  buyerReference: "the client's own reference",
  vessel: 'the vessel',
  job: 'the job',
  'bank.iban': 'IBAN of the first account on the invoice, or its number',
  'bank.bic': 'BIC of that account',
} as const;
export type PaymentTermsVariable = keyof typeof paymentTermsVariables;
export type PaymentTermsValues = Readonly<Record<PaymentTermsVariable, string>>;

export interface PaymentTermsParts {
  message: string;
  paymentInstructions: string | null;
  lateFeePolicy: string | null;
}
const partNames = ['message', 'paymentInstructions', 'lateFeePolicy'] as const;

const place = /\{\{\s*([^{}]*?)\s*\}\}/g;
const isKnown = (name: string): name is PaymentTermsVariable => Object.hasOwn(paymentTermsVariables, name);
const knownNames = Object.keys(paymentTermsVariables).map((name) => `{{${name}}}`);

/** Refuses with 422 a variable that is not known, naming it and the known ones, and braces that are no variable. */
export function requireKnownVariables(parts: Partial<PaymentTermsParts>): void {
  const errors = partNames.flatMap((part) => {
    const text = parts[part] ?? '';
    const unknown = [...text.matchAll(place)].map((match) => match[1]!).filter((name) => !isKnown(name));
    const stray = /\{\{|\}\}/.test(text.replace(place, ''));
    return [
      ...[...new Set(unknown)].map((name) => ({
        pointer: `/${part}`,
        detail: `{{${name}}} is not known; known are ${knownNames.join(', ')}`,
      })),
      ...(stray ? [{ pointer: `/${part}`, detail: 'has braces that are opened or closed only' }] : []),
    ];
  });
  if (errors.length === 0) return;
  throw new Refusal({
    code: 'payment_terms.unknown_variable',
    status: 422,
    message: 'The text names something that invoices do not have.',
    whatToDo: `Name only: ${knownNames.join(', ')}.`,
    errors,
  });
}

/**
 * Each part filled once, a paragraph each: a value is never read as a template itself. Plain text; whoever prints it escapes
 * it for its medium.
 */
export function fillPaymentTerms(parts: PaymentTermsParts, values: PaymentTermsValues): string {
  return partNames
    .map((part) =>
      (parts[part] ?? '').replace(place, (whole, name: string) => (isKnown(name) ? values[name] : whole)),
    )
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .join('\n\n');
}
