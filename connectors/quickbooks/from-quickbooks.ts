/** Owns how QuickBooks' invoices, payments and webhooks become ours. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { RemoteInvoice, RemotePayment, WebhookEvent } from '../kit/define.ts';
import { dayField, idText, rowAs } from '../kit/fields.ts';
import { toInstant } from '../kit/instant.ts';
import { deletedPayment } from '../kit/payments.ts';
import { moneyField, moneyOf, UnreadableField } from '../kit/rows.ts';
import { unknownDelivery } from '../kit/webhook.ts';
import { vendor } from './query.ts';

const reference = z.object({ value: z.string() });
const metaData = z.object({ LastUpdatedTime: z.string().nullish() }).nullish();

const linkedShape = z.object({ TxnId: z.string(), TxnType: z.string() });

const invoiceShape = z.object({
  Id: z.string(),
  SyncToken: z.string().nullish(),
  DocNumber: z.string().nullish(),
  CustomerRef: reference.nullish(),
  /** Of a bill. */
  VendorRef: reference.nullish(),
  CurrencyRef: reference.nullish(),
  PrivateNote: z.string().nullish(),
  TotalAmt: moneyField,
  Balance: moneyField.nullish(),
  /** Of a credit memo, which may have no balance. */
  RemainingCredit: moneyField.nullish(),
  Line: z.array(z.object({ LinkedTxn: z.array(linkedShape).nullish() })).nullish(),
  LinkedTxn: z.array(linkedShape).nullish(),
  TxnTaxDetail: z.object({ TotalTax: moneyField.nullish() }).nullish(),
});

/** `row`: an Invoice, CreditMemo or Bill. Throws UnreadableField. */
export function fromQuickbooksInvoice(row: unknown): RemoteInvoice {
  const invoice = rowAs(vendor.name, invoiceShape, row);
  const party = invoice.CustomerRef ?? invoice.VendorRef;
  const balance = invoice.RemainingCredit ?? invoice.Balance;
  if (!party || !balance)
    throw new UnreadableField(
      'CustomerRef.missing',
      'QuickBooks sent this row without its customer or its balance.',
    );
  const tax = invoice.TxnTaxDetail?.TotalTax ?? '0.00';
  const net = new Decimal(invoice.TotalAmt).minus(tax);
  return {
    externalId: invoice.Id,
    versionToken: invoice.SyncToken ?? null,
    number: invoice.DocNumber ?? '',
    customerExternalId: party.value,
    net: moneyOf(net.toFixed()) ?? net.toFixed(),
    tax,
    total: invoice.TotalAmt,
    balance,
    currency: invoice.CurrencyRef?.value ?? null,
    status: statusOf(invoice.TotalAmt, balance, invoice.PrivateNote ?? ''),
    timeExternalIds: [
      ...new Set(
        (invoice.Line ?? [])
          .flatMap((line) => line.LinkedTxn ?? [])
          .filter(({ TxnType }) => TxnType === 'TimeActivity')
          .map(({ TxnId }) => TxnId),
      ),
    ],
  };
}

/** QuickBooks puts the word before whatever the note said. */
const isVoided = (note: string) => /^voided/i.test(note);

/** QuickBooks keeps no status to rely on; these are its figures (fact sheet, "Statuses"). */
function statusOf(totalAmount: string, openAmount: string, note: string): RemoteInvoice['status'] {
  const total = new Decimal(totalAmount);
  const balance = new Decimal(openAmount);
  if (total.isZero()) return isVoided(note) ? 'void' : 'open';
  if (balance.isZero()) return 'paid';
  return balance.lessThan(total) ? 'partially_paid' : 'open';
}

const paymentShape = z.object({
  Id: z.string(),
  TxnDate: z.string(),
  TotalAmt: moneyField,
  CustomerRef: reference.nullish(),
  CurrencyRef: reference.nullish(),
  PaymentRefNum: z.string().nullish(),
  PrivateNote: z.string().nullish(),
  Line: z
    .array(
      z.object({
        Amount: moneyField.nullish(),
        LinkedTxn: z.array(linkedShape).nullish(),
      }),
    )
    .nullish(),
  MetaData: metaData,
});

/** `row`: a Payment. A voided one stays in the lists with all amounts at nothing: its money is gone as if deleted. Throws UnreadableField. */
export function fromQuickbooksPayment(row: unknown): RemotePayment {
  const payment = rowAs(vendor.name, paymentShape, row);
  const isVoid = new Decimal(payment.TotalAmt).isZero() && isVoided(payment.PrivateNote ?? '');
  return {
    externalId: payment.Id,
    valueDate: dayField(vendor.name, 'TxnDate', payment.TxnDate),
    currency: payment.CurrencyRef?.value ?? null,
    amount: payment.TotalAmt,
    applications: (isVoid ? [] : (payment.Line ?? [])).flatMap((line) =>
      applicationsOf(line.Amount ?? null, line.LinkedTxn ?? []),
    ),
    reference: payment.PaymentRefNum || null,
    customerExternalId: payment.CustomerRef?.value ?? null,
    deleted: isVoid,
    updatedAt: toInstant(payment.MetaData?.LastUpdatedTime ?? ''),
  };
}

/** A line states one amount; over several invoices it cannot be told apart, and a guess would book money wrongly. */
function applicationsOf(
  amount: string | null,
  links: readonly { TxnId: string; TxnType: string }[],
): RemotePayment['applications'] {
  const invoices = links.filter((link) => link.TxnType === 'Invoice');
  if (invoices.length === 0) return [];
  if (invoices.length > 1 || amount === null)
    throw new UnreadableField(
      'Line_Amount.ambiguous',
      'One line of this QuickBooks payment covers several invoices without saying how much of each. Apply it by hand.',
    );
  return [{ invoiceExternalId: invoices[0]!.TxnId, amount }];
}

const deletedShape = z.object({ Id: z.string(), status: z.literal('Deleted'), MetaData: metaData });

/** A CDC object as a deleted payment; null when it is not deleted. `answeredAt`: the answer's own time, for want of another. */
export function fromDeletedPayment(row: unknown, answeredAt: string): RemotePayment | null {
  const read = deletedShape.safeParse(row);
  if (!read.success) return null;
  const time = read.data.MetaData?.LastUpdatedTime ?? answeredAt;
  // The company's own day: the text carries its offset.
  return deletedPayment(read.data.Id, time.slice(0, 10), toInstant(time));
}

const cloudEvents = z
  .array(
    z.object({
      specversion: z.string(),
      id: z.string(),
      type: z.string(),
      time: z.string().nullish(),
      intuitentityid: idText,
      intuitaccountid: idText,
    }),
  )
  .min(1);

const legacyEvents = z.object({
  eventNotifications: z.array(
    z.object({
      realmId: idText,
      dataChangeEvent: z
        .object({
          entities: z.array(
            z.object({
              name: z.string(),
              id: idText,
              operation: z.string(),
              lastUpdated: z.string().nullish(),
              deletedId: z.string().nullish(),
            }),
          ),
        })
        .nullish(),
    }),
  ),
});

/** Both payload forms: CloudEvents (mandatory since 2026) and `eventNotifications`. Throws InvalidRequest on any other. */
export function fromWebhook(body: unknown): WebhookEvent[] {
  const modern = cloudEvents.safeParse(body);
  if (modern.success)
    return modern.data.map((event) => {
      const [, entity, operation] = /^qbo\.([a-z]+)\.([a-z]+)\.v\d+$/i.exec(event.type) ?? [];
      if (entity === undefined || operation === undefined)
        throw unknownDelivery(vendor, `event type ${event.type.slice(0, 80)}`);
      return {
        account: event.intuitaccountid,
        entity: entity.toLowerCase(),
        externalId: event.intuitentityid,
        change: changeOf(operation),
        occurredAt: toInstant(event.time ?? ''),
      };
    });
  const legacy = legacyEvents.safeParse(body);
  if (!legacy.success) throw unknownDelivery(vendor);
  return legacy.data.eventNotifications.flatMap(({ realmId, dataChangeEvent }) =>
    (dataChangeEvent?.entities ?? []).map((entity) => ({
      account: realmId,
      entity: entity.name.toLowerCase(),
      externalId: entity.id,
      change: changeOf(entity.operation),
      occurredAt: toInstant(entity.lastUpdated ?? ''),
    })),
  );
}

/** CloudEvents say `created`, legacy says `Create`. An operation we do not know still means: read it again. */
function changeOf(operation: string): WebhookEvent['change'] {
  const stem = operation.toLowerCase();
  if (stem.startsWith('creat')) return 'created';
  if (stem.startsWith('delet')) return 'deleted';
  if (stem.startsWith('void')) return 'voided';
  if (stem.startsWith('email')) return 'emailed';
  if (stem.startsWith('merg')) return 'merged';
  return 'updated';
}
