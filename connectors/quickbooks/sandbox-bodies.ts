/**
 * Owns what the QuickBooks Online sandbox takes as request bodies, and how it refuses them.
 *
 * Shapes follow Intuit's public schema (Finance.xsd, IntuitNamesTypes.xsd) for the fields that a hub has use for; a field
 * that is not named here is refused with 2010, as the vendor refuses a property that it does not know.
 */
import { Decimal } from 'decimal.js';
import { z } from 'zod';

/** A refusal in the vendor's `Fault` shape. Codes are Intuit's. */
export class VendorFault extends Error {
  readonly code: string;
  readonly detail: string;
  readonly element: string;
  readonly status: number;
  readonly type: string;
  constructor(
    code: string,
    message: string,
    detail: string,
    { element = '', status = 400, type = 'ValidationFault' } = {},
  ) {
    super(message);
    this.code = code;
    this.detail = detail;
    this.element = element;
    this.status = status;
    this.type = type;
  }
}

export const missing = (element: string) =>
  new VendorFault(
    '2020',
    'Required param missing, need to supply the required value for the API',
    `Required parameter ${element} is missing in the request`,
    { element },
  );

export const badReference = (element: string, id: string) =>
  new VendorFault(
    '2500',
    'Invalid Reference Id',
    `Invalid Reference Id : ${element} element id ${id} not found`,
    {
      element,
    },
  );

export const businessRule = (reason: string, element = '') =>
  new VendorFault(
    '6000',
    'A business validation error has occurred while processing your request',
    `Business Validation Error: ${reason}`,
    { element },
  );

const reference = z.strictObject({ value: z.string().min(1), name: z.string().optional() });
const day = z.iso.date();
const instant = z.iso.datetime({ offset: true });
/** Money: JSON numbers with at most two decimals. */
const amount = z
  .number()
  .refine((value) => new Decimal(value).decimalPlaces() <= 2, 'more than two decimals');
const rate = z.number();
const email = z.strictObject({ Address: z.email().max(100) });
const address = z.strictObject({
  Id: z.string().optional(),
  Line1: z.string().max(500).optional(),
  Line2: z.string().max(500).optional(),
  Line3: z.string().max(500).optional(),
  Line4: z.string().max(500).optional(),
  Line5: z.string().max(500).optional(),
  City: z.string().max(255).optional(),
  Country: z.string().max(255).optional(),
  CountrySubDivisionCode: z.string().max(255).optional(),
  PostalCode: z.string().max(30).optional(),
  Lat: z.string().optional(),
  Long: z.string().optional(),
});
/** Fields that only the vendor writes; taken and forgotten, because updates send back what was read. */
const readOnly = z.unknown().optional();
const entity = {
  Id: z.string().optional(),
  SyncToken: z.string().optional(),
  sparse: z.boolean().optional(),
  domain: readOnly,
  MetaData: readOnly,
};

/** `Other`, tab, newline and colon cannot stand in a name: a colon joins parent and child. */
const displayName = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^:\t\n]+$/, 'a name holds no colon, tab or newline');
const personName = {
  Title: z.string().max(16).optional(),
  GivenName: z.string().max(100).optional(),
  MiddleName: z.string().max(100).optional(),
  FamilyName: z.string().max(100).optional(),
  Suffix: z.string().max(16).optional(),
  DisplayName: displayName.optional(),
  CompanyName: z.string().max(100).optional(),
  PrintOnCheckName: z.string().max(110).optional(),
  FullyQualifiedName: readOnly,
  Active: z.boolean().optional(),
  PrimaryEmailAddr: email.optional(),
  PrimaryPhone: z.strictObject({ FreeFormNumber: z.string().max(30) }).optional(),
};

export const customerBody = z.strictObject({
  ...entity,
  ...personName,
  Notes: z.string().max(2000).optional(),
  BillAddr: address.optional(),
  ShipAddr: address.optional(),
  Job: z.boolean().optional(),
  ParentRef: reference.optional(),
  Level: readOnly,
  BillWithParent: z.boolean().optional(),
  CurrencyRef: reference.optional(),
  Taxable: z.boolean().optional(),
  DefaultTaxCodeRef: reference.optional(),
  PreferredDeliveryMethod: z.enum(['Print', 'Email', 'None']).optional(),
  ResaleNum: z.string().max(16).optional(),
  Balance: readOnly,
  BalanceWithJobs: readOnly,
});

export const vendorBody = z.strictObject({
  ...entity,
  ...personName,
  BillAddr: address.optional(),
  CurrencyRef: reference.optional(),
  AcctNum: z.string().max(100).optional(),
  Vendor1099: z.boolean().optional(),
  Balance: readOnly,
});

export const itemBody = z.strictObject({
  ...entity,
  Name: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[^:\t\n]+$/, 'a name holds no colon, tab or newline'),
  FullyQualifiedName: readOnly,
  Description: z.string().max(4000).optional(),
  Active: z.boolean().optional(),
  Type: z.enum(['Service', 'NonInventory', 'Inventory', 'Category', 'Group']),
  UnitPrice: rate.optional(),
  Taxable: z.boolean().optional(),
  Sku: z.string().max(100).optional(),
  IncomeAccountRef: reference.optional(),
  ExpenseAccountRef: reference.optional(),
  SalesTaxCodeRef: reference.optional(),
});

const linkedTxn = z.strictObject({
  TxnId: z.string().min(1),
  TxnType: z.string().min(1),
  TxnLineId: z.string().optional(),
});
const line = {
  Id: z.string().optional(),
  LineNum: z.int().positive().optional(),
  Description: z.string().max(4000).optional(),
};

export const salesLine = z.strictObject({
  ...line,
  DetailType: z.literal('SalesItemLineDetail'),
  Amount: amount,
  SalesItemLineDetail: z.strictObject({
    ItemRef: reference,
    Qty: z.number().optional(),
    UnitPrice: rate.optional(),
    ServiceDate: day.optional(),
    TaxCodeRef: reference.optional(),
    ClassRef: reference.optional(),
    ItemAccountRef: readOnly,
  }),
  LinkedTxn: z.array(linkedTxn).optional(),
});
const descriptionLine = z.strictObject({
  ...line,
  DetailType: z.literal('DescriptionOnly'),
  DescriptionLineDetail: z
    .strictObject({ ServiceDate: day.optional(), TaxCodeRef: reference.optional() })
    .optional(),
});
/** QuickBooks appends it to what is read; sent back, it is ignored. */
const subTotalLine = z.strictObject({
  ...line,
  DetailType: z.literal('SubTotalLineDetail'),
  Amount: readOnly,
  SubTotalLineDetail: readOnly,
});
export const invoiceLine = z.discriminatedUnion('DetailType', [salesLine, descriptionLine, subTotalLine]);

export const invoiceBody = z.strictObject({
  ...entity,
  CustomerRef: reference,
  TxnDate: day.optional(),
  DueDate: day.optional(),
  DocNumber: z.string().max(21).optional(),
  CurrencyRef: reference.optional(),
  ExchangeRate: z.number().positive().optional(),
  BillEmail: email.optional(),
  BillEmailCc: email.optional(),
  BillEmailBcc: email.optional(),
  BillAddr: address.optional(),
  ShipAddr: address.optional(),
  PrivateNote: z.string().max(4000).optional(),
  CustomerMemo: z.strictObject({ value: z.string().max(1000) }).optional(),
  GlobalTaxCalculation: z.enum(['TaxExcluded', 'TaxInclusive', 'NotApplicable']).optional(),
  EmailStatus: z.enum(['NotSet', 'NeedToSend', 'EmailSent']).optional(),
  PrintStatus: z.enum(['NotSet', 'NeedToPrint', 'PrintComplete']).optional(),
  SalesTermRef: reference.optional(),
  ClassRef: reference.optional(),
  DepartmentRef: reference.optional(),
  TxnTaxDetail: z.strictObject({ TotalTax: amount.optional() }).optional(),
  AllowOnlinePayment: z.boolean().optional(),
  AllowOnlineCreditCardPayment: z.boolean().optional(),
  AllowOnlineACHPayment: z.boolean().optional(),
  Line: z.array(invoiceLine).min(1),
  LinkedTxn: z.array(linkedTxn).optional(),
  DeliveryInfo: readOnly,
  TotalAmt: readOnly,
  Balance: readOnly,
  HomeTotalAmt: readOnly,
  HomeBalance: readOnly,
});

const documentHead = {
  ...entity,
  TxnDate: day.optional(),
  DocNumber: z.string().max(21).optional(),
  CurrencyRef: reference.optional(),
  ExchangeRate: z.number().positive().optional(),
  PrivateNote: z.string().max(4000).optional(),
  GlobalTaxCalculation: z.enum(['TaxExcluded', 'TaxInclusive', 'NotApplicable']).optional(),
  DepartmentRef: reference.optional(),
  TxnTaxDetail: z.strictObject({ TotalTax: amount.optional() }).optional(),
  TotalAmt: readOnly,
  Balance: readOnly,
  HomeTotalAmt: readOnly,
  HomeBalance: readOnly,
};

export const creditMemoBody = z.strictObject({
  ...documentHead,
  CustomerRef: reference,
  CustomerMemo: z.strictObject({ value: z.string().max(1000) }).optional(),
  BillEmail: email.optional(),
  EmailStatus: z.enum(['NotSet', 'NeedToSend', 'EmailSent']).optional(),
  ClassRef: reference.optional(),
  RemainingCredit: readOnly,
  Line: z.array(invoiceLine).min(1),
});

const expenseLine = z.strictObject({
  ...line,
  DetailType: z.literal('AccountBasedExpenseLineDetail'),
  Amount: amount,
  AccountBasedExpenseLineDetail: z.strictObject({
    AccountRef: reference,
    BillableStatus: z.enum(['Billable', 'NotBillable', 'HasBeenBilled']).optional(),
    CustomerRef: reference.optional(),
    ClassRef: reference.optional(),
    TaxCodeRef: reference.optional(),
  }),
});
export const billBody = z.strictObject({
  ...documentHead,
  VendorRef: reference,
  APAccountRef: reference.optional(),
  DueDate: day.optional(),
  SalesTermRef: reference.optional(),
  LinkedTxn: readOnly,
  Line: z.array(expenseLine).min(1),
});
export const billPaymentBody = z.strictObject({
  ...documentHead,
  VendorRef: reference,
  PayType: z.enum(['Check', 'CreditCard']),
  CheckPayment: z.strictObject({ BankAccountRef: reference, PrintStatus: readOnly }).optional(),
  CreditCardPayment: z.strictObject({ CCAccountRef: reference }).optional(),
  APAccountRef: reference.optional(),
  TotalAmt: amount.nonnegative(),
  Line: z
    .array(z.strictObject({ Amount: amount.positive(), LinkedTxn: z.array(linkedTxn).length(1) }))
    .min(1),
});

export const paymentBody = z.strictObject({
  ...entity,
  CustomerRef: reference,
  TotalAmt: amount.nonnegative(),
  TxnDate: day.optional(),
  CurrencyRef: reference.optional(),
  ExchangeRate: z.number().positive().optional(),
  PaymentRefNum: z.string().max(21).optional(),
  PrivateNote: z.string().max(4000).optional(),
  ProcessPayment: z.literal(false).optional(),
  UnappliedAmt: readOnly,
  Line: z
    .array(z.strictObject({ Amount: amount.positive(), LinkedTxn: z.array(linkedTxn).length(1) }))
    .optional(),
});

export const timeActivityBody = z.strictObject({
  ...entity,
  TxnDate: day.optional(),
  NameOf: z.enum(['Employee', 'Vendor', 'Other']),
  EmployeeRef: reference.optional(),
  VendorRef: reference.optional(),
  OtherNameRef: reference.optional(),
  CustomerRef: reference.optional(),
  ItemRef: reference.optional(),
  ClassRef: reference.optional(),
  DepartmentRef: reference.optional(),
  BillableStatus: z.enum(['Billable', 'NotBillable', 'HasBeenBilled']).optional(),
  Taxable: z.boolean().optional(),
  HourlyRate: rate.optional(),
  CostRate: rate.optional(),
  Hours: z.int().nonnegative().optional(),
  Minutes: z.int().min(0).max(59).optional(),
  Seconds: z.int().min(0).max(59).optional(),
  BreakHours: z.int().nonnegative().optional(),
  BreakMinutes: z.int().min(0).max(59).optional(),
  BreakSeconds: z.int().min(0).max(59).optional(),
  StartTime: instant.optional(),
  EndTime: instant.optional(),
  Description: z.string().max(4000).optional(),
});

/** The body of a void or a delete. */
export const keyBody = z.strictObject({
  Id: z.string(),
  SyncToken: z.string(),
  sparse: z.boolean().optional(),
});

/** Line kinds of the schema that the sandbox has no rules for. */
const UNMODELLED_LINES = [
  'DiscountLineDetail',
  'GroupLineDetail',
  'TaxLineDetail',
  'PaymentLineDetail',
  'SalesOrderItemLineDetail',
];

/** Reads `value` as `shape` (a JSON null counts as absent). Throws VendorFault with the vendor's code. */
export function readBody<Shape extends z.ZodType>(shape: Shape, value: unknown): z.output<Shape> {
  const body = withoutNulls(value);
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  throw toFault(parsed.error.issues[0]!, body);
}

function toFault(issue: z.core.$ZodIssue, body: unknown): VendorFault {
  const element = issue.path.join('.');
  const found = issue.path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    body,
  );
  const invalid = (detail: string) =>
    new VendorFault(
      '2010',
      'Request has invalid or unsupported property',
      `Property Name:${element}: ${detail}`,
      {
        element,
      },
    );
  if (issue.code === 'unrecognized_keys')
    return invalid(`${issue.keys.join(', ')}: a property specified is unsupported or invalid`);
  if (found === undefined || (issue.code === 'too_small' && Array.isArray(found))) return missing(element);
  if (issue.code === 'too_big' && typeof found === 'string')
    return new VendorFault(
      '2050',
      'String length is either shorter or longer than supported by specification',
      `String length specified does not match the supported length. Max:${issue.maximum} supported. Supplied length:${found.length}`,
      { element },
    );
  if (issue.code === 'invalid_union' && typeof found === 'string' && UNMODELLED_LINES.includes(found))
    return new VendorFault(
      '500',
      'Unsupported Operation',
      `This sandbox has no rules for lines of ${found}.`,
      {
        element,
        status: 501,
        type: 'SystemFault',
      },
    );
  if (issue.code === 'invalid_value' || issue.code === 'invalid_union')
    return new VendorFault(
      '2170',
      'Invalid Enumeration',
      `Invalid Enumeration : ${JSON.stringify(found)} for ${element}`,
      {
        element,
      },
    );
  return invalid(issue.message);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([name, inner]) => [name, withoutNulls(inner)]),
  );
}
