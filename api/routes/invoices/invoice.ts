/** Owns how a client invoice and its lines are shown over the API. */
import { z } from 'zod';
import { invoiceStatuses } from '../../../domain/invoice.ts';
import type { Permission } from '../../../domain/permissions.ts';
import { found } from '../../../domain/refusal.ts';
import type { InvoiceLineRow, InvoiceRow, LineEntryRow } from '../../../store/invoices.ts';
import { syncStatuses } from '../../../store/sync.ts';
import { type Actor, ownClient } from '../../kit/auth.ts';
import { id, instant, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const invoiceStatus = z.enum(invoiceStatuses);

const sync = z.object({
  status: z.enum(syncStatuses),
  failedStep: z.string().nullable(),
  reason: z.string().nullable(),
  externalId: z.string().nullable(),
  connectionId: id,
});

export const invoice = z
  .object({
    id,
    status: invoiceStatus,
    holdReason: z.string().nullable(),
    number: z.string().nullable().meta({ description: 'Given at issue.' }),
    clientId: id,
    clientName: z.string(),
    contractId: id
      .nullable()
      .meta({ description: 'Null of an opening receivable: an invoice of before go-live.' }),
    runId: id.nullable(),
    currency: z.string(),
    issueDate: storedDay.nullable(),
    dueDate: storedDay.nullable(),
    serviceFrom: storedDay.nullable(),
    serviceTo: storedDay.nullable(),
    net: storedDecimal,
    tax: storedDecimal,
    total: storedDecimal,
    applied: storedDecimal.meta({ description: 'Paid so far.' }),
    credited: storedDecimal,
    badDebt: storedDecimal,
    quantitySeconds: z.int(),
    lineCount: z.int(),
    itemCount: z.int(),
    createdAt: instant,
    issuedAt: instant.nullable(),
    settledAt: instant.nullable(),
    paidBy: z.enum(['money', 'client']).nullable().meta({
      description: 'money: settled by it. client: they say that they paid, and no money is there yet.',
    }),
    confirmedAt: instant
      .nullable()
      .meta({ description: 'When the client said in the portal that they paid: a badge, no money.' }),
    disputedAmount: storedDecimal.meta({ description: 'With tax, in open disputes: a badge.' }),
    mail: z
      .enum(['on', 'off'])
      .meta({ description: 'Off: the client wants no mail, so none is sent of it.' }),
    paymentLink: z.string().nullable().meta({
      description:
        'Page of the accounting platform at which its client pays. Null: there is none, or there is nothing to pay any more.',
      example: 'https://in.xero.com/bCWCCfytGdTXoJam9HENWlQt07G6zcDaj4gQojHu',
    }),
    internal: z.boolean().meta({ description: 'To the own company: in no revenue, and never reminded of.' }),
    sync: sync
      .nullable()
      .meta({ description: 'At the accounting platform; null where the contract names none.' }),
  })
  .meta({ id: 'Invoice' });

export const invoiceLine = z
  .object({
    id,
    lineNo: z.int(),
    kind: z.string(),
    description: z.string(),
    projectId: id.nullable(),
    quantity: storedDecimal,
    unit: z.string(),
    unitPrice: storedDecimal,
    amount: storedDecimal.meta({ description: 'Quantity × price; it brings what its discounts leave.' }),
    discount: storedDecimal,
    allowance: storedDecimal.meta({ description: 'Its share of the discounts on the document.' }),
    grossAmount: storedDecimal.nullable().meta({ description: 'With tax, where prices contain it.' }),
    taxCategory: z.string(),
    taxRate: storedDecimal,
    serviceFrom: storedDay.nullable(),
    serviceTo: storedDay.nullable(),
    itemCount: z.int(),
    formula: z
      .record(z.string(), z.unknown())
      .meta({ description: 'How the amount came about, with the numbers; empty for a client.' }),
    formulaText: z.string().meta({
      description: 'The same in words; empty for a client.',
      example: '5400 s → 1.50 hour × 80.00 GBP (contract rate card: Welder) = 120.00 GBP → tax 20 % standard',
    }),
  })
  .meta({ id: 'InvoiceLine' });

/**
 * The invoice as the actor may see it. Refuses with 404, like what does not exist, a client's member who asks for another's
 * invoice or for one that is neither issued nor in sign-off or signed off; what is our own business is left out for them.
 */
export function requireVisible(
  row: InvoiceRow | null,
  actor: Actor,
  permission: Permission = 'invoices.read',
): InvoiceRow {
  const clientId = ownClient(actor, permission);
  if (clientId === null) return found(row, 'invoice');
  const own =
    row?.clientId === clientId &&
    (row.number !== null || row.status === 'in_sign_off' || row.status === 'ready')
      ? row
      : null;
  return toClientView(found(own, 'invoice'));
}

/** Without what happens behind the counter. */
export const toClientView = (row: InvoiceRow): InvoiceRow => ({
  ...row,
  holdReason: null,
  runId: null,
  sync: null,
});

/** A formula may name what the work cost us: not for clients. */
export const linesFor = (actor: Actor, lines: InvoiceLineRow[]): InvoiceLineRow[] =>
  ownClient(actor, 'invoices.read') === null
    ? lines
    : lines.map((line) => ({ ...line, formula: {}, formulaText: '' }));

/** What a line is made of. */
export const lineEntry = z
  .object({
    itemId: id,
    quantity: storedDecimal,
    amount: storedDecimal.meta({ description: "Its share of the line's rounded amount." }),
    itemQuantity: storedDecimal,
    itemAmount: storedDecimal.meta({ description: 'Exact: quantity × unit price.' }),
    unit: z.string(),
    unitPrice: storedDecimal,
    kind: z.string(),
    position: z.string().nullable(),
    priceSource: z.string(),
    priceRule: z.record(z.string(), z.unknown()),
    flagged: z.boolean(),
    description: z.string(),
    entryId: id.nullable(),
    entryVersion: z.int().nullable(),
    externalId: z.string().nullable(),
    workDate: storedDay,
    rawQuantity: z.int(),
    personId: id.nullable(),
    personName: z.string().nullable(),
    replacesVersion: z.int().nullable().meta({
      description: 'Of a correction: the version that was billed before; its day is replacedWorkDate.',
    }),
    replacedWorkDate: storedDay.nullable(),
    approvedBy: z
      .string()
      .nullable()
      .meta({ description: 'Who approved it: a name, or where it comes from. Null: nobody had to.' }),
    approvedAt: instant.nullable(),
  })
  .meta({ id: 'LineEntry' });

/** Prices of items are on the line; how they came about, and what people noted, is our own business. */
export const toClientEntry = (row: LineEntryRow): LineEntryRow => ({
  ...row,
  priceSource: '',
  priceRule: {},
  description: '',
  externalId: null,
});
