/** Owns how a contractor's invoice becomes a QuickBooks bill. */
import { Decimal } from '../../domain/money.ts';
import type { ConnectorSettings, TargetBill, TargetInvoiceLine } from '../kit/define.ts';
import { keyNote, requireNumber, requireSums } from '../kit/document-checks.ts';
import { centsNumber } from '../kit/json.ts';
import { refused, vendor } from './query.ts';
import { isUnitedStates, mostDescriptionCharacters, numberMaxLength } from './to-quickbooks-invoice.ts';

/** Body of `POST /bill`. Throws InvalidRequest, in words, when a line has no account or the bill does not add up. */
export function toQuickbooksBill(bill: TargetBill, settings: ConnectorSettings): Record<string, unknown> {
  requireNumber(vendor, bill.number, numberMaxLength);
  requireSums(vendor, bill);
  return {
    VendorRef: { value: bill.vendor.externalId },
    TxnDate: bill.issueDate,
    DueDate: bill.dueDate,
    DocNumber: bill.number,
    CurrencyRef: { value: bill.currency },
    PrivateNote: keyNote(bill.key),
    ...(isUnitedStates(settings) ? {} : { GlobalTaxCalculation: 'TaxExcluded' }),
    ...(new Decimal(bill.tax).isZero() ? {} : { TxnTaxDetail: { TotalTax: centsNumber(bill.tax) } }),
    Line: bill.lines.map((line) => toLine(line, bill, settings)),
  };
}

function toLine(line: TargetInvoiceLine, { number }: TargetBill, settings: ConnectorSettings) {
  const account = line.accountCode ?? settings.expenseAccountId;
  if (!account)
    throw refused(
      'settings_missing',
      `Bill ${number} has a line without an account. Set expenseAccountId on the connection, or map its kind to one.`,
    );
  const taxCode = line.taxCode ?? (isUnitedStates(settings) ? null : settings.taxCode);
  return {
    DetailType: 'AccountBasedExpenseLineDetail',
    Amount: centsNumber(line.amount),
    Description: line.description.slice(0, mostDescriptionCharacters),
    AccountBasedExpenseLineDetail: {
      AccountRef: { value: account },
      BillableStatus: 'NotBillable',
      ...(taxCode ? { TaxCodeRef: { value: taxCode } } : {}),
      ...(line.dimension ? { ClassRef: { value: line.dimension } } : {}),
    },
  };
}
