/** Owns how payments to contractors, and credits taken from them, are written and shown over the API. */
import { z } from 'zod';
import type { ContractorPayment } from '../../../store/contractor-payments.ts';
import { paymentMethods, readContractorApplications } from '../../../store/contractor-payments.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import {
  currency,
  day,
  decimal,
  id,
  instant,
  note,
  price,
  shortText,
  storedDay,
  storedDecimal,
} from '../../kit/schemas.ts';
import { ownReason } from '../contractor-invoices/contractor-invoice.ts';

const facts = {
  id,
  personId: id,
  personName: z.string(),
  sellerId: id.nullable(),
  method: z.enum(paymentMethods),
  currency: z.string(),
  amount: storedDecimal.meta({ description: 'Cash.' }),
  applied: storedDecimal.meta({ description: 'Settled of invoices: cash, withheld and netted.' }),
  withheld: storedDecimal,
  netted: storedDecimal.meta({ description: 'Taken from credits.' }),
  onAccount: storedDecimal.meta({ description: 'Cash that is on no invoice yet.' }),
  valueDate: storedDay,
  status: z.enum(['cleared', 'reversed']),
  reference: z.string().nullable(),
  note: z.string().nullable(),
  payeeAccountId: id.nullable(),
  recordedBy: z.string(),
  createdAt: instant,
  reversedAt: instant.nullable(),
};
export const contractorPayment = z.object(facts).meta({ id: 'ContractorPayment' });
export const contractorPaymentInFull = z
  .object({
    ...facts,
    applications: z.array(
      z.object({
        kind: z.enum(['contractor_invoice', 'tax_withheld', 'contractor_credit', 'on_account']),
        documentId: id.nullable(),
        invoiceNumber: z.string().nullable(),
        amount: storedDecimal.meta({ description: 'Signed; they add up to the cash.' }),
        postingDate: storedDay,
      }),
    ),
  })
  .meta({ id: 'ContractorPaymentInFull' });

export async function showContractorPayment(tx: WorkspaceTx, payment: ContractorPayment) {
  return { ...payment, applications: await readContractorApplications(tx, payment.id) };
}

const percentage = decimal.refine(
  (text) => /^\d{1,3}(\.\d{1,6})?$/.test(text) && Number(text) > 0 && Number(text) <= 100,
  'more than 0 and at most 100',
);
const withholding = z.strictObject({
  scheme: shortText.meta({ description: 'Which law or form asks for it.' }),
  base: price.meta({ description: 'Of which part of the invoice.' }),
  percentage,
});

const maxApplications = 100;
const maxWithholdings = 10;
export const newContractorPayment = z.object({
  personId: id,
  method: z.enum(paymentMethods),
  valueDate: day,
  currency,
  amount: price.meta({ description: 'Cash; 0.00 where a credit or withheld tax settles all of it.' }),
  reference: shortText.nullish().meta({ description: 'Reference or confirmation number.' }),
  note: note.nullish(),
  applications: z
    .array(
      z.strictObject({
        contractorInvoiceId: id,
        amount: price.meta({ description: 'Cash for this invoice.' }),
        withholdings: z.array(withholding).max(maxWithholdings).default([]),
      }),
    )
    .max(maxApplications)
    .default([]),
  rest: z
    .enum(['refuse', 'on_account'])
    .default('refuse')
    .meta({ description: 'What becomes of cash that no application takes.' }),
  netCredits: z
    .boolean()
    .default(true)
    .meta({ description: 'Takes open credits first; off only where that was agreed.' }),
  ownReason,
});

export const onAccountApplications = z.object({
  applications: z
    .array(z.strictObject({ contractorInvoiceId: id, amount: price }))
    .min(1)
    .max(maxApplications),
});

/** Refusals of what a payment is applied to. */
export const applicationErrors = [
  'contractor_payment.amount_invalid',
  'contractor_payment.invoice_twice',
  'contractor_payment.invoice_not_approved',
  'contractor_payment.invoice_disputed',
  'contractor_payment.currency_differs',
  'contractor_payment.sellers_differ',
  'contractor_payment.beyond_due',
  'contractor_payment.not_released',
  'contractor_payment.credit_open',
  'contractor_payment.nothing_applied',
  'duty.own_payment',
  'duty.approved_it',
  'duty.edited_account',
  'duty.reason_required',
  'period.closed',
  'period.soft_closed',
];
