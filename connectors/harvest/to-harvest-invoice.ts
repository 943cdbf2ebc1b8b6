/** Owns how an invoice of ours is written for Harvest, and how Harvest's reads back. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { ConnectorSettings, RemoteInvoice, TargetInvoice } from '../kit/define.ts';
import { keyNote, requireBookable } from '../kit/document-checks.ts';
import { idText, maybeText, rowAs } from '../kit/fields.ts';
import { toInstant } from '../kit/instant.ts';
import { jsonNumber } from '../kit/json.ts';
import { moneyField } from '../kit/rows.ts';
import { refused } from '../kit/vendor-words.ts';

const vendor = { id: 'harvest', name: 'Harvest' };
/** Unconfirmed; Harvest documents no length. */
export const numberMaxLength = 50;
/** Unconfirmed: more is refused rather than rounded there. */
const places = 2;

/** Body of `POST /invoices`. Throws InvalidRequest, in words, for what would be booked otherwise than it stands here. */
export function toHarvestInvoice(
  invoice: TargetInvoice,
  settings: ConnectorSettings,
): Record<string, unknown> {
  requireBookable(vendor, invoice, { numberMaxLength, places });
  const percentOf = (taxCode: string | null) => taxCode ?? (settings.taxPercent?.trim() || null);
  const percents = [...new Set(invoice.lines.map((line) => percentOf(line.taxCode)))].filter(
    (percent) => percent !== null,
  );
  requirePercents(invoice, percents);
  const [tax, tax2] = percents;
  return {
    client_id: jsonNumber(invoice.customer.externalId),
    ...headOf(invoice),
    currency: invoice.currency,
    ...paymentOptionsOf(settings),
    ...(tax === undefined ? {} : { tax: jsonNumber(tax) }),
    ...(tax2 === undefined ? {} : { tax2: jsonNumber(tax2) }),
    line_items: invoice.lines.map((line) => ({
      // An item category is known by its name, which is its id for us.
      kind: line.itemExternalId,
      description: line.description,
      quantity: jsonNumber(line.quantity),
      unit_price: jsonNumber(line.unitPrice),
      taxed: tax !== undefined && percentOf(line.taxCode) === tax,
      taxed2: tax2 !== undefined && percentOf(line.taxCode) === tax2,
    })),
  };
}

/** Harvest takes those only that the account is set up for. */
function paymentOptionsOf({ paymentOptions = '' }: ConnectorSettings): Record<string, unknown> {
  const wanted = paymentOptions.split(',').flatMap((option) => option.trim() || []);
  const unknown = wanted.find((option) => !['ach', 'credit_card', 'paypal'].includes(option));
  if (unknown !== undefined)
    throw refused(
      vendor,
      'settings_invalid',
      `The setting paymentOptions of the Harvest connection names "${unknown}"; it can be ach, credit_card and paypal.`,
    );
  return wanted.length === 0 ? {} : { payment_options: wanted };
}

/** What may still be changed of an invoice: not its lines. */
export function headOf(invoice: TargetInvoice): Record<string, unknown> {
  const theirNumber = invoice.numberBy === 'platform';
  return {
    // Without a number Harvest counts; ours is then the reference that it prints.
    ...(theirNumber ? { purchase_order: invoice.number } : { number: invoice.number }),
    // Harvest has no field that its clients do not see: our key stands at the end of the notes.
    notes: keyNote(invoice.key),
    issue_date: invoice.issueDate,
    // Any other term makes Harvest reckon the day itself.
    payment_term: 'custom',
    due_date: invoice.dueDate,
  };
}

function requirePercents({ number, tax }: TargetInvoice, percents: readonly string[]): void {
  if (percents.length > 2)
    throw refused(
      vendor,
      'too_many_taxes',
      `${number} has ${percents.length} rates of tax; Harvest knows two on an invoice.`,
    );
  const odd = percents.find((percent) => !/^\d{1,2}(\.\d{1,4})?$/.test(percent));
  if (odd !== undefined)
    throw refused(
      vendor,
      'tax_invalid',
      `Harvest takes tax in percent, such as 19; "${odd}" is none. Map the tax code, or set taxPercent.`,
    );
  if (percents.length === 0 && !new Decimal(tax).isZero())
    throw refused(
      vendor,
      'tax_missing',
      `${number} has ${tax} of tax and no percentage that Harvest could reckon it by. Map the tax code, or set taxPercent.`,
    );
}

const shape = z.object({
  id: idText,
  client: z.object({ id: idText }),
  number: z.string(),
  amount: moneyField,
  due_amount: moneyField,
  tax_amount: moneyField.nullish(),
  tax2_amount: moneyField.nullish(),
  currency: maybeText,
  notes: maybeText,
  // Odd ones are no reason not to read an invoice.
  client_key: z.unknown().optional(),
  payment_options: z.unknown().optional(),
  state: z.enum(['draft', 'open', 'paid', 'closed']),
  updated_at: z.string().refine((text) => toInstant(text) !== null),
});
export type HarvestInvoice = z.infer<typeof shape>;

/** `row`: an invoice. Throws UnreadableField. */
export function harvestInvoiceOf(row: unknown): HarvestInvoice {
  return rowAs('Harvest', shape, row);
}

export function toRemoteInvoice(row: HarvestInvoice): RemoteInvoice {
  const tax = new Decimal(row.tax_amount ?? 0).plus(row.tax2_amount ?? 0);
  return {
    externalId: row.id,
    versionToken: row.updated_at,
    number: row.number,
    customerExternalId: row.client.id,
    net: new Decimal(row.amount).minus(tax).toFixed(2),
    tax: tax.toFixed(2),
    total: row.amount,
    balance: row.due_amount,
    currency: row.currency ?? null,
    status: statusOf(row),
  };
}

/** Harvest knows no void: an invoice that will not be paid is closed. */
function statusOf({ state, amount, due_amount: due }: HarvestInvoice): RemoteInvoice['status'] {
  if (state === 'closed') return 'void';
  if (state !== 'open') return state;
  return new Decimal(due).lessThan(amount) ? 'partially_paid' : 'open';
}
