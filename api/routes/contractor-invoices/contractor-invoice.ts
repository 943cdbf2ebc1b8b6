/** Owns how contractor invoices are written and shown over the API. */
import { z } from 'zod';
import { contractorInvoiceKinds, contractorInvoiceStatuses } from '../../../domain/contractor-invoice.ts';
import { invalidField } from '../../../domain/refusal.ts';
import { maxBundledTickets } from '../../../store/contractor-invoices.ts';
import { type Actor, ownPerson } from '../../kit/auth.ts';
import { day, id, instant, note, price, shortText, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const status = z.enum(contractorInvoiceStatuses);
const kind = z.enum(contractorInvoiceKinds);

const facts = {
  id,
  number: z.string().nullable().meta({ description: 'Given when it is first submitted.' }),
  kind,
  status,
  personId: id,
  personName: z.string(),
  sellerId: id,
  currency: z.string(),
  theirNumber: z.string().nullable(),
  theirDate: storedDay.nullable(),
  attachmentId: id.nullable(),
  note: z.string().nullable(),
  issueDate: storedDay.nullable(),
  dueDate: storedDay.nullable(),
  postingDate: storedDay.nullable(),
  net: storedDecimal,
  tax: storedDecimal,
  total: storedDecimal,
  applied: storedDecimal.meta({ description: 'Paid, withheld and netted by credits.' }),
  withheld: storedDecimal.meta({ description: 'Of it withheld as tax.' }),
  payeeAccountId: id.nullable(),
  agreementId: id.nullable(),
  ticketCount: z.int(),
  round: z.int().meta({ description: 'How often it was submitted.' }),
  createdBy: z.string().nullable(),
  submittedBy: z.string().nullable(),
  submittedAt: instant.nullable(),
  decidedBy: z.string().nullable(),
  decidedAt: instant.nullable(),
  decisionReason: z.string().nullable(),
  approvedBy: z.string().nullable(),
  approvedAt: instant.nullable(),
  paidAt: instant.nullable(),
  cancelledBy: z.string().nullable(),
  cancelReason: z.string().nullable(),
  acceptedAt: instant.nullable(),
  disputedAt: instant.nullable(),
  disputeReason: z.string().nullable(),
  createdAt: instant,
};
export const contractorInvoice = z.object(facts).meta({ id: 'ContractorInvoice' });

export const contractorInvoiceLine = z
  .object({
    ticketId: id,
    entryId: id,
    entryVersion: z.int(),
    kind: z.string(),
    workDate: storedDay,
    description: z.string(),
    quantity: storedDecimal,
    unit: z.string(),
    unitPrice: storedDecimal,
    amount: storedDecimal.meta({ description: 'quantity × unitPrice, rounded for this line.' }),
    formula: z.record(z.string(), z.union([z.string(), z.number()])),
  })
  .meta({ id: 'ContractorInvoiceLine' });

export const contractorInvoiceInFull = z
  .object({
    ...facts,
    tickets: z.array(
      z.object({
        ticketId: id,
        number: z.string(),
        status: z.string(),
        workDate: storedDay,
        projectName: z.string(),
        decidedBy: z.string().nullable(),
        amount: storedDecimal,
      }),
    ),
    lines: z.array(contractorInvoiceLine.extend({ lineNo: z.int() })),
  })
  .meta({ id: 'ContractorInvoiceInFull' });

export const priced = z
  .object({
    currency: z.string(),
    ticketIds: z.array(id),
    lines: z.array(contractorInvoiceLine),
    totals: z.object({ net: storedDecimal, tax: storedDecimal, total: storedDecimal }),
    problems: z
      .array(z.object({ ticketId: id, ticketNumber: z.string(), problem: z.string() }))
      .meta({ description: 'Costs that keep it from being submitted.' }),
  })
  .meta({ id: 'ContractorInvoicePreview' });

const personId = id
  .nullish()
  .meta({ description: 'Whose work; left out: your own. Only who may make all of them names another.' });
const ticketIds = z.array(id).max(maxBundledTickets);
const tax = price.meta({ description: 'As on their own invoice or the self-billed one.' });

export const wantedPreview = z.object({
  personId,
  ticketIds: ticketIds.nullish().meta({ description: 'Left out: all approved tickets on no invoice.' }),
  tax: tax.default('0'),
});

const written = {
  note: note.nullable(),
  theirNumber: shortText.nullable().meta({ description: 'The number on their own invoice.' }),
  theirDate: day.nullable(),
  attachmentId: id.nullable().meta({ description: 'The upload with their own invoice.' }),
  tax,
};
export const newContractorInvoice = z.object({
  personId,
  sellerId: id.nullish().meta({ description: 'Who pays; left out: the only seller.' }),
  kind: kind.default('payment_request'),
  ticketIds,
  note: written.note.default(null),
  theirNumber: written.theirNumber.default(null),
  theirDate: written.theirDate.default(null),
  attachmentId: written.attachmentId.default(null),
  tax: tax.default('0'),
});
export const contractorInvoiceChange = z.object({ ...written, ticketIds }).partial();

export const reasoned = z.object({ reason: note });
/** Why somebody decides alone on what they had a hand in; see the duties report. */
export const ownReason = note.nullish().meta({
  description: 'Of an admin with nobody beside them: why they decide on what they had a hand in.',
});

/** Own for who may do it for themselves only; refuses a client's member, who has no such rows. */
export function personOf(
  actor: Actor,
  permission: 'contractor_invoices.create' | 'payee_accounts.create',
  wanted: string | null | undefined,
): string {
  const own = ownPerson(actor, permission);
  if (own !== null && wanted != null && wanted !== own)
    throw invalidField('/personId', 'reference.unknown', 'You do this for yourself only.');
  const personId = own ?? wanted ?? actor.personId;
  if (personId === null)
    throw invalidField('/personId', 'contractor_invoice.no_person', 'Whose it is has to be said.');
  return personId;
}

/** Refusals of what is bundled. */
export const bundleErrors = [
  'contractor_invoice.no_person',
  'contractor_invoice.not_a_contractor',
  'contractor_invoice.seller_missing',
  'contractor_invoice.too_fine',
  'contractor_invoice.not_their_own',
  'contractor_invoice.no_tax',
  'ticket.wrong_status',
];
export const decisionErrors = ['contractor_invoice.already_decided', 'contractor_invoice.not_submitted'];
export const dutyErrors = [
  'duty.own_invoice',
  'duty.submitted_it',
  'duty.approved_all_tickets',
  'duty.edited_account',
  'duty.edited_rate',
  'duty.beyond_limit',
  'duty.reason_required',
];
