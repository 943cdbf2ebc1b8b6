/** Owns how a payment is recorded and shown over the API. */
import { z } from 'zod';
import { minorPlaces } from '../../../domain/money.ts';
import { type deductionKinds, paymentMethods, paymentStatuses } from '../../../domain/payment.ts';
import { found } from '../../../domain/refusal.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import {
  type ApplicationRow,
  type PaymentRow,
  readApplications,
  readPayment,
} from '../../../store/payments.ts';
import {
  currency,
  day,
  decimal,
  id,
  instant,
  note,
  shortText,
  storedDay,
  storedDecimal,
} from '../../kit/schemas.ts';

export const positive = decimal.refine(
  (text) => !text.startsWith('-') && /[1-9]/.test(text),
  'more than zero',
);
const notNegative = decimal.refine((text) => !text.startsWith('-'), 'not negative');

const facts = {
  id,
  direction: z.enum(['incoming', 'outgoing']).meta({ description: 'Outgoing: a refund.' }),
  clientId: id.nullable(),
  sellerId: id.nullable().meta({ description: 'Whose books it went into.' }),
  method: z.enum(paymentMethods).nullable(),
  currency: z.string(),
  amount: storedDecimal,
  applied: storedDecimal.meta({ description: 'What of it is on documents or refunded.' }),
  onAccount: storedDecimal.meta({ description: "The rest: the client's credit." }),
  valueDate: storedDay,
  status: z.enum(paymentStatuses).meta({ description: 'Pending money settles nothing before it clears.' }),
  reference: z.string().nullable(),
  note: z.string().nullable(),
  connectionId: id.nullable(),
  externalId: z.string().nullable(),
  recordedBy: z.string(),
  createdAt: instant,
};
export const payment = z.object(facts).meta({ id: 'Payment' });

const application = z.object({
  kind: z.string(),
  documentId: id.nullable(),
  invoiceNumber: z.string().nullable(),
  amount: storedDecimal.meta({
    description: 'Signed; they add up to the payment. A reversal is a row of its own.',
  }),
  documentCurrency: z.string().nullable(),
  documentAmount: storedDecimal
    .nullable()
    .meta({ description: "What it settles in the document's own currency, where that is another." }),
  rate: storedDecimal.nullable(),
  rateSource: z.string().nullable(),
  exchangeDifference: storedDecimal
    .nullable()
    .meta({ description: "In the seller's books; above zero is a gain." }),
  postingDate: storedDay,
  createdAt: instant,
});
export const paymentInFull = z
  .object({ ...facts, applications: z.array(application) })
  .meta({ id: 'PaymentInFull' });

/** Who recorded it, how it came here and what it did in our books is nobody's outside. */
export const toClientPayment = (row: PaymentRow): PaymentRow => ({
  ...row,
  note: null,
  recordedBy: '',
  connectionId: null,
  externalId: null,
});
export const toClientApplication = (row: ApplicationRow): ApplicationRow => ({
  ...row,
  exchangeDifference: null,
});

export async function showPayment(tx: WorkspaceTx, paymentId: string | null) {
  const row = found(paymentId === null ? null : await readPayment(tx, paymentId), 'payment');
  return { ...row, applications: await readApplications(tx, row.id) };
}

const deductions = z
  .strictObject({
    bank_fee: positive.optional(),
    tax_withheld: positive.optional(),
    early_payment_discount: positive.optional(),
    exchange_difference: decimal.optional(),
  } satisfies Record<(typeof deductionKinds)[number], z.ZodType>)
  .meta({
    description: 'What settles the document though no cash of it arrived, in the payment’s currency.',
  });

const wantedApplication = z
  .strictObject({
    invoiceId: id.optional(),
    lateFeeId: id.optional(),
    creditNoteId: id.optional().meta({
      description:
        'An issued credit note of the same client, seller and currency that the payer took off the documents beside it.',
    }),
    amount: notNegative.meta({
      description: 'Cash, in the payment’s currency; of a credit note, what of it was taken off.',
    }),
    deductions: deductions.optional(),
    documentAmount: positive.optional().meta({
      description: 'Where the document is in another currency: what of it this settles.',
    }),
    rate: positive.optional().meta({
      description:
        "One unit of the payment's currency in the document's. By neither, the rate of the value date counts.",
    }),
    rateSource: shortText.optional(),
  })
  .refine(
    (one) =>
      [one.invoiceId, one.lateFeeId, one.creditNoteId].filter((given) => given !== undefined).length === 1,
    'an invoice, a late fee or a credit note',
  )
  .refine(
    (one) => one.creditNoteId === undefined || Object.keys(one).length === 2,
    'a credit note with its amount only',
  )
  .refine(
    (one) => one.rate === undefined || one.documentAmount === undefined,
    'a rate or an amount, not both',
  );
export const wantedApplications = z.array(wantedApplication).max(500);
/** Money on account is applied as it is: nobody takes anything off it. */
export const documentApplications = wantedApplications.refine(
  (all) => all.every((one) => one.creditNoteId === undefined),
  'invoices and late fees',
);

export const newPayment = z
  .object({
    clientId: id.nullish().meta({ description: 'Who paid; the invoices must then be theirs.' }),
    sellerId: id.nullish().meta({ description: 'Who got it; without one, as the invoices say.' }),
    method: z.enum(paymentMethods).nullish(),
    status: z.enum(['pending', 'cleared']).default('cleared'),
    currency,
    amount: positive,
    valueDate: day,
    postingDate: day.optional().meta({
      description:
        "The day in the seller's books, where the value date's period is closed; else the value date.",
    }),
    reference: shortText.nullish(),
    note: note.nullish(),
    applications: wantedApplications.default([]).meta({
      description:
        'What of it settles which document, and which credit notes were taken off; the rest stays on account.',
    }),
  })
  .refine(
    (body) =>
      [body.amount, ...body.applications.map((one) => one.amount)].every((text) => fits(text, body.currency)),
    'finer than the currency goes',
  );

const fits = (text: string, code: string) =>
  (text.split('.')[1] ?? '').replace(/0+$/, '').length <= minorPlaces(code);

/** Refusals of what a payment is applied to. */
export const applicationErrors = [
  'payment.application_not_positive',
  'payment.finer_than_currency',
  'payment.invoice_not_issued',
  'payment.invoice_closed',
  'payment.invoice_of_other_client',
  'payment.sellers_differ',
  'payment.currency_differs',
  'payment.beyond_balance',
  'payment.credit_not_issued',
  'payment.credit_used_up',
  'payment.credit_without_documents',
  'period.closed',
  'period.soft_closed',
];
