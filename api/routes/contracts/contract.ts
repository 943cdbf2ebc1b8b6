/** Owns how a contract is read and written over the API. */
import { z } from 'zod';
import { clauseChange, contractClauses } from '../../../domain/contract-terms.ts';
import { groupingModes, mostModes } from '../../../domain/grouping/group-keys.ts';
import { roundingModes } from '../../../domain/money.ts';
import { ruleSettings } from '../../../domain/validation/rule.ts';
import { approvalPolicies, contractStatuses } from '../../../store/contracts.ts';
import type { Subject } from '../../kit/record-change.ts';
import {
  billTo,
  currency,
  day,
  deliveryChannel,
  electronicAddress,
  email,
  id,
  instant,
  name,
  note,
  price,
  shortText,
  storedDay,
  storedDecimal,
  zone,
} from '../../kit/schemas.ts';

export const contractSubject: Subject = {
  type: 'contract',
  permission: 'contracts.read',
  privateFields: ['accountsPayableEmail'],
};

export const status = z.enum(contractStatuses);
const approvalPolicy = z
  .enum(approvalPolicies)
  .meta({ description: 'Which approval makes an entry billable.' });
const modes = z.union([
  z.enum(groupingModes),
  z
    .array(z.enum(groupingModes))
    .min(1)
    .max(mostModes)
    .refine((all) => new Set(all).size === all.length, 'each of them once'),
]);
export const grouping = z.strictObject({ invoice: modes, line: modes }).meta({
  id: 'Grouping',
  description:
    'What makes two items fall on one invoice, and on one line; several modes must all agree: ["person", "month"].',
});
const rounding = z
  .strictObject({
    mode: z.enum(roundingModes),
    moneyPlaces: z.int().min(0).max(6),
    quantityPlaces: z.int().min(0).max(6),
    taxPer: z.enum(['invoice', 'line']).optional().meta({
      description: 'Line: tax is rounded on each line, and no e-invoice can be made. Left out: invoice.',
    }),
  })
  .meta({ id: 'Rounding' });
const tax = z
  .strictObject({ rate: price.meta({ description: 'Percent, e.g. "25".' }), category: shortText })
  .meta({ id: 'ContractTax' });
const severities = z
  .record(z.string().max(100), z.enum(ruleSettings))
  .refine((rules) => Object.keys(rules).length <= 100, 'at most 100 rules')
  .meta({ description: "Rule code → severity or off, where it differs from the workspace's." });

export const contract = z
  .object({
    id,
    clientId: id,
    sellerId: id,
    name: z.string(),
    status,
    currency,
    zone: z.string(),
    startsOn: storedDay,
    endsBefore: storedDay.nullable().meta({ description: 'First day that is no longer covered.' }),
    goLiveOn: storedDay.meta({ description: 'Nothing dated earlier is billed here.' }),
    approvalPolicy,
    grouping,
    rounding,
    tax,
    severities,
    purchaseOrderId: id.nullable(),
    buyerReference: z.string().nullable(),
    vesselReference: z.string().nullable(),
    jobReference: z.string().nullable(),
    billTo: billTo.nullable(),
    accountsPayableEmail: z.string().nullable(),
    deliveryChannel: deliveryChannel.nullable(),
    electronicAddress: z.string().nullable(),
    paymentTermsId: id.nullable(),
    appendix: z.boolean().meta({ description: 'Its invoices list the entries.' }),
    payWhenPaid: z.boolean(),
    longStopOn: storedDay.nullable(),
    overtimeMultiplier: storedDecimal.nullable(),
    holidayCalendarId: id.nullable(),
    clauses: contractClauses.meta({ description: 'As it was made; amendments are versions of their own.' }),
    targetConnectionId: id.nullable().meta({ description: 'Connection that receives its invoices.' }),
    createdAt: instant,
  })
  .meta({ id: 'Contract' });

export const newContract = z.object({
  clientId: id,
  sellerId: id,
  name,
  status: status.optional(),
  currency: currency.optional().meta({ description: "Left out: the client's, as for the tax." }),
  zone,
  startsOn: day,
  endsBefore: day.nullish(),
  goLiveOn: day,
  approvalPolicy: approvalPolicy.optional(),
  grouping: grouping.optional(),
  rounding: rounding.optional(),
  tax: tax.optional(),
  severities: severities.optional(),
  purchaseOrderId: id.nullish().meta({
    description:
      "The client's, in the contract's currency; its invoices are issued as far as it covers them.",
  }),
  buyerReference: shortText.nullish(),
  vesselReference: shortText.nullish(),
  jobReference: shortText.nullish(),
  billTo: billTo.nullish().meta({ description: "As what follows: before the client's own." }),
  accountsPayableEmail: email.nullish(),
  deliveryChannel: deliveryChannel.nullish(),
  electronicAddress: electronicAddress.nullish(),
  paymentTermsId: id.nullish(),
  appendix: z.boolean().optional(),
  payWhenPaid: z.boolean().optional().meta({
    description:
      'Contractors are paid for its work as its client pays; needs a long-stop day, on which they are paid whatever the client does.',
  }),
  longStopOn: day.nullish(),
  overtimeMultiplier: price.nullish(),
  holidayCalendarId: id.nullish(),
  clauses: clauseChange.optional(),
  targetConnectionId: id.nullish(),
});
/** Parties, currency and zone stay: another agreement is another contract. */
export const contractChange = newContract
  .omit({ clientId: true, sellerId: true, currency: true, zone: true, startsOn: true })
  .partial();

const amendmentFacts = {
  id,
  contractId: id,
  version: z.int().meta({ description: 'Counted from 1; 0 is the contract as it was made.' }),
  startsOn: storedDay,
  clauses: contractClauses,
  reason: z.string(),
  createdBy: z.string(),
  createdAt: instant,
};
export const amendment = z.object(amendmentFacts).meta({ id: 'Amendment' });
export const newAmendment = z.object({
  startsOn: day.meta({ description: 'Counts for work from this day on.' }),
  clauses: clauseChange.refine((change) => Object.keys(change).length > 0, 'names at least one clause'),
  reason: note,
});

export const contractTerms = z
  .object({
    ...contractClauses.shape,
    contractId: id,
    version: z.int(),
    versionStartsOn: storedDay,
    startsOn: storedDay,
    endsBefore: storedDay.nullable(),
    goLiveOn: storedDay,
    zone: z.string(),
    currency,
    tax,
    severities,
  })
  .meta({ id: 'ContractTerms', description: 'What holds of a contract on one day.' });

export const retention = z
  .object({
    id,
    invoiceId: id,
    number: z.string(),
    amount: storedDecimal,
    releasedAt: instant.nullable().meta({ description: 'Null while it is held.' }),
    releaseOn: storedDay.nullable().meta({ description: 'From when it is due.' }),
  })
  .meta({ id: 'Retention' });
export const retainerPeriod = z
  .object({
    id,
    startsOn: storedDay,
    endsBefore: storedDay,
    measure: z.enum(['hours', 'money']),
    broughtIn: storedDecimal,
    carriedOver: storedDecimal,
    drawn: storedDecimal,
    expired: storedDecimal.meta({ description: 'Neither drawn nor carried over.' }),
    refunded: storedDecimal,
    balance: storedDecimal,
    feeItemId: id.nullable().meta({ description: 'The billable item of its fee.' }),
  })
  .meta({ id: 'RetainerPeriod' });

export const priceSchedule = z
  .object({
    price: storedDecimal
      .nullable()
      .meta({ description: 'With its amendments, net; null: the contract has no fixed price.' }),
    billed: storedDecimal.meta({
      description: 'By items, on documents or waiting for one; at most the price.',
    }),
    completedPercentage: storedDecimal.nullable().meta({ description: 'As last stated.' }),
    entries: z.array(
      z.object({
        kind: z.enum(['amendment', 'billed', 'returned']),
        amount: storedDecimal,
        itemId: id.nullable(),
        createdAt: instant,
      }),
    ),
  })
  .meta({ id: 'PriceSchedule' });
