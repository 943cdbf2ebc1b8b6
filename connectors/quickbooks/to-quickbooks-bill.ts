/** Owns how a contractor's invoice becomes a QuickBooks bill. */
import { Decimal } from '../../domain/money.ts';
import type { ConnectorSettings, TargetBill, TargetInvoiceLine } from '../kit/define.ts';
import { requireCents } from '../kit/document-checks.ts';
import { jsonNumber } from '../kit/json.ts';
import { refused } from './query.ts';
import { isUnitedStates, keyNote, numberMaxLength } from './to-quickbooks-invoice.ts';

const mostDescriptionCharacters = 4000;

/** Body of `POST /bill`. Throws InvalidRequest, in words, when a line has no account or the bill does not add up. */
export function toQuickbooksBill(bill: TargetBill, settings: ConnectorSettings): Record<string, unknown> {
  if (bill.number.length > numberMaxLength)
    throw refused(
      'number_length',
      `QuickBooks takes document numbers of at most ${numberMaxLength} characters; "${bill.number}" has ${bill.number.length}.`,
    );
  requireCents({ id: 'quickbooks', name: 'QuickBooks' }, bill);
  const sum = bill.lines.reduce((total, line) => total.plus(line.amount), new Decimal(0));
  if (!sum.eq(bill.net) || !sum.plus(bill.tax).eq(bill.total))
    throw refused(
      'totals_differ',
      `Bill ${bill.number} does not add up: lines ${sum.toFixed(2)}, tax ${bill.tax}, total ${bill.total}.`,
    );
  return {
    VendorRef: { value: bill.vendor.externalId },
    TxnDate: bill.issueDate,
    DueDate: bill.dueDate,
    DocNumber: bill.number,
    CurrencyRef: { value: bill.currency },
    PrivateNote: keyNote(bill.key),
    ...(isUnitedStates(settings) ? {} : { GlobalTaxCalculation: 'TaxExcluded' }),
    ...(new Decimal(bill.tax).isZero()
      ? {}
      : { TxnTaxDetail: { TotalTax: jsonNumber(new Decimal(bill.tax).toFixed(2)) } }),
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
    Amount: jsonNumber(new Decimal(line.amount).toFixed(2)),
    Description: line.description.slice(0, mostDescriptionCharacters),
    AccountBasedExpenseLineDetail: {
      AccountRef: { value: account },
      BillableStatus: 'NotBillable',
      ...(taxCode ? { TaxCodeRef: { value: taxCode } } : {}),
      ...(line.dimension ? { ClassRef: { value: line.dimension } } : {}),
    },
  };
}
