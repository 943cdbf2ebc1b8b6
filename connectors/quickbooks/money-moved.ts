/** Owns what settles documents in QuickBooks: a credit memo applied to an invoice, and a payment of a bill. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { RemoteRef, TargetBillPayment, TargetCreditApplication, Writable } from '../kit/define.ts';
import type { VendorHttp } from '../kit/http.ts';
import { jsonNumber } from '../kit/json.ts';
import { noteOf, readDocument } from './documents.ts';
import { askAll, refused, time, unexpected, writeQuery } from './query.ts';
import { keyNote, quoted } from './to-quickbooks-invoice.ts';

/** A payment of 0.00 with one line for the invoice and one for the memo: QuickBooks has no other way to apply one. */
export const creditApplications: Writable<TargetCreditApplication, RemoteRef> = {
  find: (http, { key, on }) => findMoved(http, 'Payment', key, on),
  async create(http, wanted, idempotencyKey) {
    const { invoice, creditNote, amount, on, key } = wanted;
    const known = await readDocument(http, 'Invoice', invoice.externalId);
    if (known === null) throw refused('610', 'QuickBooks no longer has the invoice that is credited.');
    const lineOf = (TxnType: string, TxnId: string) => ({
      Amount: jsonNumber(new Decimal(amount).toFixed(2)),
      LinkedTxn: [{ TxnId, TxnType }],
    });
    return postMoved(http, 'Payment', idempotencyKey, {
      CustomerRef: { value: known.remote.customerExternalId },
      ...(known.remote.currency === null ? {} : { CurrencyRef: { value: known.remote.currency } }),
      TotalAmt: 0,
      TxnDate: on,
      PrivateNote: keyNote(key),
      Line: [lineOf('Invoice', invoice.externalId), lineOf('CreditMemo', creditNote.externalId)],
    });
  },
};

export const billPayments: Writable<TargetBillPayment, RemoteRef> = {
  find: (http, { key, on }) => findMoved(http, 'BillPayment', key, on),
  async create(http, wanted, idempotencyKey) {
    const { bill, vendor, amount, currency, on, reference, key } = wanted;
    const bankAccountId = http.settings.bankAccountId;
    if (!bankAccountId)
      throw refused(
        'settings_missing',
        'Paying a bill in QuickBooks needs the setting bankAccountId: the account that the money left.',
      );
    return postMoved(http, 'BillPayment', idempotencyKey, {
      VendorRef: { value: vendor.externalId },
      PayType: 'Check',
      CheckPayment: { BankAccountRef: { value: bankAccountId } },
      TotalAmt: jsonNumber(new Decimal(amount).toFixed(2)),
      CurrencyRef: { value: currency },
      TxnDate: on,
      ...(reference === null ? {} : { DocNumber: reference.slice(0, 21) }),
      PrivateNote: keyNote(key),
      Line: [
        {
          Amount: jsonNumber(new Decimal(amount).toFixed(2)),
          LinkedTxn: [{ TxnId: bill.externalId, TxnType: 'Bill' }],
        },
      ],
    });
  },
};

type MovedEntity = 'Payment' | 'BillPayment';
const movedShape = z.object({ Id: z.string(), SyncToken: z.string().nullish() });
const toRef = ({ Id, SyncToken }: z.infer<typeof movedShape>): RemoteRef => ({
  externalId: Id,
  versionToken: SyncToken ?? null,
});

/** Neither can be asked for by number or note, so the day's are read. */
async function findMoved(
  http: VendorHttp,
  entity: MovedEntity,
  key: string,
  on: string,
): Promise<RemoteRef | null> {
  const rows = await askAll(http, entity, `TxnDate = ${quoted(on)}`);
  const ours = movedShape.safeParse(rows.find((row) => noteOf(row).includes(keyNote(key))));
  return ours.success ? toRef(ours.data) : null;
}

async function postMoved(
  http: VendorHttp,
  entity: MovedEntity,
  idempotencyKey: string,
  body: Record<string, unknown>,
): Promise<RemoteRef> {
  const response = await http.post(`/${entity.toLowerCase()}`, { query: writeQuery(idempotencyKey), body });
  const read = z.object({ [entity]: movedShape, time }).safeParse(response.body);
  if (!read.success) throw unexpected(entity, response);
  return toRef(read.data[entity] as z.infer<typeof movedShape>);
}
