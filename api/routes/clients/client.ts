/** Owns how a client is read and written over the API: one resource, each of its six steps saved on its own. */
import { z } from 'zod';
import { annualRevenues, clientStatuses, companySizes, missingOf } from '../../../domain/client.ts';
import { taxTreatments } from '../../../domain/tax.ts';
import { listClientDocuments } from '../../../store/client-documents.ts';
import type { Client } from '../../../store/clients.ts';
import { contacts, maxContacts } from '../../../store/contacts.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { rateCards } from '../../../store/rate-cards.ts';
import type { Subject } from '../../kit/record-change.ts';
import {
  address,
  billTo,
  currency,
  deliveryChannel,
  electronicAddress,
  email,
  id,
  instant,
  language,
  name,
  note,
  phone,
  price,
  shortText,
  storedDecimal,
  taxRegion,
  website,
} from '../../kit/schemas.ts';
import { clientDocument } from '../client-documents/client-document.ts';
import { contact } from '../contacts/contact.ts';
import { rateCard } from '../rate-cards/rate-card.ts';

export const clientSubject: Subject = {
  type: 'client',
  permission: 'clients.read',
  privateFields: ['email', 'contactName', 'phone', 'accountsPayableEmail'],
};

export const status = z.enum(clientStatuses).meta({
  description:
    'Pending: its first step is a draft and lacks the e-mail address, see `missing`. Archived: deleted, but kept for what refers to it.',
});
const companySize = z.enum(companySizes);
const annualRevenue = z.enum(annualRevenues);
const tax = z.strictObject({ rate: price, category: shortText });

export const client = z
  .object({
    id,
    name: z.string(),
    contactName: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    website: z.string().nullable(),
    code: z.string(),
    address,
    industry: z.string().nullable(),
    companySize: companySize.nullable(),
    annualRevenue: annualRevenue.nullable(),
    taxId: z.string().nullable(),
    serviceType: z.string().nullable(),
    currentSystems: z.string().nullable(),
    technicalRequirements: z.string().nullable(),
    complianceRequirements: z.array(z.string()),
    mailNotifications: z.boolean(),
    quarterlyReports: z.boolean(),
    autoInvoicing: z.boolean(),
    autoInvoiceLimit: storedDecimal.nullable(),
    internal: z.boolean(),
    currency,
    language: z.string(),
    paymentTermsDays: z.int(),
    tax: tax.nullable(),
    taxTreatment: z.enum(taxTreatments),
    taxRegion: taxRegion.nullable(),
    taxExemptionReason: z.string().nullable(),
    taxLegalText: z.string().nullable(),
    billTo: billTo.nullable(),
    accountsPayableEmail: z.string().nullable(),
    deliveryChannel: deliveryChannel.nullable(),
    electronicAddress: z.string().nullable(),
    buyerReference: z.string().nullable(),
    paymentTermsId: id.nullable(),
    status,
    defaultProductId: id.nullable(),
    createdAt: instant,
  })
  .meta({ id: 'Client' });

const shownRates = 200;
/** A client with all that is its own. */
export const wholeClient = client
  .extend({
    missing: z
      .array(z.string())
      .meta({ description: 'Required fields that it lacks: see the status pending.' }),
    contacts: z.array(contact),
    rates: z.array(rateCard).meta({
      description: `Its own rate-card lines, the first ${shownRates}; all of them: GET /rate-cards?scopeType=client.`,
    }),
    documents: z.array(clientDocument),
  })
  .meta({ id: 'WholeClient' });

export async function readWhole(tx: WorkspaceTx, row: Client): Promise<z.input<typeof wholeClient>> {
  const rates = await rateCards.list(tx, {
    limit: shownRates,
    after: null,
    where: { scopeType: 'client', scopeId: row.id },
  });
  return {
    ...row,
    missing: missingOf(row),
    contacts: await contacts.list(tx, { limit: maxContacts, after: null, where: { clientId: row.id } }),
    rates: rates.slice(0, shownRates),
    documents: await listClientDocuments(tx, row.id),
  };
}

const basic = {
  name,
  contactName: name.nullish(),
  email: email.nullish().meta({
    description:
      'Required. Only a draft of the first step, saved with the status pending, lacks it; an active client never loses it.',
  }),
  phone: phone.nullish(),
  website: website.nullish(),
  code: z
    .string()
    .regex(/^[A-Z]{3}$/, 'three capital letters')
    .optional()
    .meta({
      description: 'Invoice numbers carry it; fixed once one does. Left out: one is suggested and taken.',
      example: 'NSL',
    }),
  address: address.optional(),
  industry: shortText.nullish().meta({ description: "On the workspace's list (setting industries)." }),
};
const business = {
  companySize: companySize.nullish(),
  annualRevenue: annualRevenue.nullish(),
  taxId: shortText.nullish(),
  serviceType: shortText.nullish().meta({ description: "On the workspace's list (setting serviceTypes)." }),
  currentSystems: note.nullish(),
  technicalRequirements: note.nullish(),
  complianceRequirements: z
    .array(shortText)
    .max(50)
    .refine((entries) => new Set(entries).size === entries.length, 'each of them once')
    .optional()
    .meta({ description: "On the workspace's list (setting complianceStandards)." }),
};
const settings = {
  mailNotifications: z.boolean().optional().meta({
    description: 'Off: no mail goes to the client or its members of the portal, and its invoices say so.',
  }),
  quarterlyReports: z.boolean().optional().meta({
    description: 'After each quarter the client gets its report, from the quarter that runs now on.',
  }),
  autoInvoicing: z.boolean().optional().meta({
    description: 'Off: runs that no person started leave drafts; a run by hand issues all the same.',
  }),
  autoInvoiceLimit: price.nullish().meta({
    description:
      'With tax, in its currency: what comes to more is held for a person, where no person started the run. Null: whatever the amount.',
  }),
  internal: z.boolean().optional().meta({
    description: 'The own company: numbers of the series named internal, no revenue, no reminders.',
  }),
  currency,
  language: language.optional(),
  paymentTermsDays: z.int().min(0).max(365).optional(),
  tax: tax.nullish().meta({ description: 'What a new contract begins with.' }),
  taxTreatment: z
    .enum(taxTreatments)
    .optional()
    .meta({ description: 'Exempt needs a taxExemptionReason, reverse_charge a taxLegalText.' }),
  taxRegion: taxRegion
    .nullish()
    .meta({ description: 'Whose tax rates count; left out: of the country in its address.' }),
  taxExemptionReason: note.nullish(),
  taxLegalText: note.nullish().meta({ description: 'The words of its reverse charge.' }),
  defaultProductId: id.nullish(),
  billTo: billTo.nullish(),
  accountsPayableEmail: email.nullish().meta({ description: 'Documents go here; left out: to its e-mail.' }),
  deliveryChannel: deliveryChannel.nullish(),
  electronicAddress: electronicAddress.nullish(),
  buyerReference: shortText.nullish(),
  paymentTermsId: id.nullish().meta({ description: 'The words of payment on its invoices.' }),
};
export const newClient = z.object({
  ...basic,
  ...business,
  ...settings,
  status: z.enum(['active', 'pending']).optional().meta({
    description: 'Pending: a draft of the first step. Left out: active, which needs an e-mail address.',
  }),
});
/** Any step by itself: its fields, and no others. Contacts, rates and documents have routes of their own. */
export const clientChange = newClient.extend({ status }).partial();
