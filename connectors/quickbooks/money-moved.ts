/** Owns what settles documents in QuickBooks: a credit memo applied to an invoice, and a payment of a bill. */
import type { RemoteRef, TargetBillPayment, TargetCreditApplication, Writable } from '../kit/define.ts';
import { keyNote } from '../kit/document-checks.ts';
import type { VendorHttp } from '../kit/http.ts';
import { centsNumber } from '../kit/json.ts';
import { needed } from '../kit/vendor-words.ts';
import { noteOf, readDocument } from './documents.ts';
import { askAll, vendor as quickbooks, quoted, refShape, refused, write } from './query.ts';

/** A payment of 0.00 with one line for the invoice and one for the memo: QuickBooks has no other way to apply one. */
export const creditApplications: Writable<TargetCreditApplication, RemoteRef> = {
  find: (http, { key, on }) => findMoved(http, 'Payment', key, on),
  async create(http, wanted, idempotencyKey) {
    const { invoice, creditNote, amount, on, key } = wanted;
    const known = await readDocument(http, 'Invoice', invoice.externalId);
    if (known === null) throw refused('610', 'QuickBooks no longer has the invoice that is credited.');
    const lineOf = (TxnType: string, TxnId: string) => ({
      Amount: centsNumber(amount),
      LinkedTxn: [{ TxnId, TxnType }],
    });
    const payment = {
      CustomerRef: { value: known.remote.customerExternalId },
      ...(known.remote.currency === null ? {} : { CurrencyRef: { value: known.remote.currency } }),
      TotalAmt: 0,
      TxnDate: on,
      PrivateNote: keyNote(key),
      Line: [lineOf('Invoice', invoice.externalId), lineOf('CreditMemo', creditNote.externalId)],
    };
    return write(http, 'Payment', refShape, payment, idempotencyKey);
  },
};

export const billPayments: Writable<TargetBillPayment, RemoteRef> = {
  find: (http, { key, on }) => findMoved(http, 'BillPayment', key, on),
  async create(http, wanted, idempotencyKey) {
    const { bill, vendor, amount, currency, on, reference, key } = wanted;
    const bankAccountId = needed(quickbooks, http.settings, 'bankAccountId', 'Paying a bill');
    const payment = {
      VendorRef: { value: vendor.externalId },
      PayType: 'Check',
      CheckPayment: { BankAccountRef: { value: bankAccountId } },
      TotalAmt: centsNumber(amount),
      CurrencyRef: { value: currency },
      TxnDate: on,
      ...(reference === null ? {} : { DocNumber: reference.slice(0, 21) }),
      PrivateNote: keyNote(key),
      Line: [
        {
          Amount: centsNumber(amount),
          LinkedTxn: [{ TxnId: bill.externalId, TxnType: 'Bill' }],
        },
      ],
    };
    return write(http, 'BillPayment', refShape, payment, idempotencyKey);
  },
};

/** Neither can be asked for by number or note, so the day's are read. */
async function findMoved(
  http: VendorHttp,
  entity: 'Payment' | 'BillPayment',
  key: string,
  on: string,
): Promise<RemoteRef | null> {
  const rows = await askAll(http, entity, `TxnDate = ${quoted(on)}`);
  return refShape.safeParse(rows.find((row) => noteOf(row).includes(keyNote(key)))).data ?? null;
}
