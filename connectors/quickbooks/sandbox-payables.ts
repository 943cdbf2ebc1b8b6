/** Owns what the QuickBooks Online sandbox keeps of money owed to vendors: bills and their payments. */
import { Decimal } from 'decimal.js';
import { multiCurrencyOff, sum, toCurrencyRef } from './sandbox-answers.ts';
import {
  badReference,
  billBody,
  billPaymentBody,
  businessRule,
  missing,
  readBody,
} from './sandbox-bodies.ts';
import type { Books, Kept, QuickbooksBill, QuickbooksBillPayment } from './sandbox-books.ts';

interface Company {
  keptOf: (existing: Kept | null) => Kept;
  today: () => string;
  homeCurrency: string;
  multiCurrency: boolean;
}

export function deskOfPayables({ records }: Books, company: Company) {
  const { Vendor, Account, Class, TaxCode, Bill, BillPayment } = records;

  function vendorOf(id: string) {
    const vendor = Vendor.get(id);
    if (vendor === undefined) throw badReference('VendorRef', id);
    return vendor;
  }

  function currencyOf(wanted: string | undefined, vendorId: string): string {
    const own = vendorOf(vendorId).CurrencyRef?.value ?? company.homeCurrency;
    const currency = wanted ?? own;
    if (!company.multiCurrency && currency !== company.homeCurrency) throw multiCurrencyOff(currency);
    if (currency !== own)
      throw businessRule(`The vendor's currency is ${own}, not ${currency}.`, 'CurrencyRef');
    return currency;
  }

  function putBill(raw: unknown, existing: QuickbooksBill | null): QuickbooksBill {
    const body = readBody(billBody, raw);
    const vendor = vendorOf(body.VendorRef.value);
    for (const [index, line] of body.Line.entries()) {
      const { AccountRef, ClassRef, TaxCodeRef } = line.AccountBasedExpenseLineDetail;
      if (!Account.has(AccountRef.value)) throw badReference(`Line[${index}].AccountRef`, AccountRef.value);
      if (ClassRef !== undefined && !Class.has(ClassRef.value))
        throw badReference(`Line[${index}].ClassRef`, ClassRef.value);
      if (TaxCodeRef !== undefined && !TaxCode.has(TaxCodeRef.value))
        throw badReference(`Line[${index}].TaxCodeRef`, TaxCodeRef.value);
    }
    const tax = body.TxnTaxDetail?.TotalTax ?? 0;
    const total = sum(body.Line.map((line) => line.Amount)).plus(tax);
    const txnDate = body.TxnDate ?? company.today();
    const bill: QuickbooksBill = {
      ...body,
      TxnDate: txnDate,
      DueDate: body.DueDate ?? txnDate,
      VendorRef: { value: vendor.Id, name: vendor.DisplayName },
      CurrencyRef: toCurrencyRef(currencyOf(body.CurrencyRef?.value, vendor.Id)),
      TxnTaxDetail: { TotalTax: tax },
      TotalAmt: total.toNumber(),
      Balance: total.toNumber(),
      ...company.keptOf(existing),
    };
    Bill.set(bill.Id, bill);
    refreshBill(bill.Id);
    return bill;
  }

  function refreshBill(id: string): void {
    const bill = Bill.get(id);
    if (bill === undefined) return;
    const paid = sum(
      [...BillPayment.values()]
        .flatMap((payment) => payment.Line)
        .filter((line) => line.LinkedTxn[0]!.TxnId === id)
        .map((line) => line.Amount),
    );
    bill.Balance = new Decimal(bill.TotalAmt).minus(paid).toNumber();
  }

  function putBillPayment(raw: unknown, existing: QuickbooksBillPayment | null): QuickbooksBillPayment {
    if (existing !== null) throw businessRule('This sandbox has no rules for changing a bill payment.');
    const body = readBody(billPaymentBody, raw);
    const vendor = vendorOf(body.VendorRef.value);
    const bank = body.CheckPayment?.BankAccountRef.value;
    if (body.PayType === 'Check' && bank === undefined) throw missing('CheckPayment.BankAccountRef');
    if (bank !== undefined && Account.get(bank)?.AccountType !== 'Bank')
      throw badReference('BankAccountRef', bank);
    if (!sum(body.Line.map((line) => line.Amount)).eq(body.TotalAmt))
      throw businessRule('The amounts of the lines are not the amount paid.', 'TotalAmt');
    for (const { Amount, LinkedTxn } of body.Line) {
      const { TxnId, TxnType } = LinkedTxn[0]!;
      const bill = TxnType === 'Bill' ? Bill.get(TxnId) : undefined;
      if (bill === undefined) throw badReference(`LinkedTxn ${TxnType}`, TxnId);
      if (bill.VendorRef.value !== vendor.Id)
        throw businessRule(`Bill ${TxnId} belongs to another vendor.`, 'LinkedTxn');
      if (new Decimal(Amount).gt(bill.Balance))
        throw businessRule(`Bill ${TxnId} has an open balance of ${bill.Balance} only.`, 'Line');
    }
    const payment: QuickbooksBillPayment = {
      ...body,
      TxnDate: body.TxnDate ?? company.today(),
      VendorRef: { value: vendor.Id, name: vendor.DisplayName },
      CurrencyRef: toCurrencyRef(currencyOf(body.CurrencyRef?.value, vendor.Id)),
      ...company.keptOf(null),
    };
    BillPayment.set(payment.Id, payment);
    for (const { LinkedTxn } of payment.Line) refreshBill(LinkedTxn[0]!.TxnId);
    return payment;
  }

  return { putBill, putBillPayment };
}
