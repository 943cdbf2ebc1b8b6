/**
 * Owns a strict loopback stand-in of the QuickBooks Online Accounting API v3, for tests and the demo.
 *
 * Written from Intuit's documentation and imports no connector code, so that one misreading cannot hide on both sides.
 * What the vendor refuses is refused with its code and a reason; a query parameter that a route does not know is refused
 * too, where the vendor would silently ignore it. Facts that the documentation does not settle are marked (unconfirmed).
 */
import { createHmac, randomBytes } from 'node:crypto';
import { Decimal } from 'decimal.js';
import type { z } from 'zod';
import {
  type RateLimit,
  type Sandbox,
  startSandbox,
  type VendorAnswer,
  type VendorCall,
} from '../kit/sandbox.ts';
import { createSandboxOAuth, type SandboxOAuth } from '../kit/sandbox-oauth.ts';
import { openPayPages, type PayPages } from '../kit/sandbox-pay-pages.ts';

import {
  allowParameters,
  duplicateName,
  gatewayAnswer,
  multiCurrencyOff,
  objectNotFound,
  raise,
  readJson,
  sum,
  toCurrencyRef,
  toFaultBody,
  toLocal,
  unsupported,
} from './sandbox-answers.ts';
import {
  badReference,
  businessRule,
  creditMemoBody,
  customerBody,
  invoiceBody,
  itemBody,
  keyBody,
  missing,
  paymentBody,
  readBody,
  type salesLine,
  timeActivityBody,
  VendorFault,
  vendorBody,
} from './sandbox-bodies.ts';
import {
  type Books,
  type EntityName,
  emptyBooks,
  type Kept,
  type QuickbooksBill,
  type QuickbooksBillPayment,
  type QuickbooksClass,
  type QuickbooksCreditMemo,
  type QuickbooksCustomer,
  type QuickbooksInvoice,
  type QuickbooksItem,
  type QuickbooksPayment,
  type QuickbooksPerson,
  type QuickbooksTimeActivity,
  type Records,
  type Reference,
  readBooks,
  WRITABLE,
  type WritableEntity,
  writeBooks,
} from './sandbox-books.ts';
import { CDC_ENTITIES, QUERYABLE, ROUTES } from './sandbox-lists.ts';
import { deskOfPayables } from './sandbox-payables.ts';
import { pageOf, parseQuery, QueryError, selectRecords } from './sandbox-query.ts';
import { type QuickbooksWebhookEvent, toCloudEvents, toLegacyEvents } from './sandbox-webhooks.ts';

/** An hour; the refresh token before the last dies a day later. */
const ACCESS_TOKEN_LIFE_MS = 3_600_000;
const REFRESH_GRACE_MS = 86_400_000;

export type {
  QuickbooksBill,
  QuickbooksBillPayment,
  QuickbooksCreditMemo,
  QuickbooksCustomer,
  QuickbooksInvoice,
  QuickbooksItem,
  QuickbooksPayment,
  QuickbooksPerson,
  QuickbooksTimeActivity,
} from './sandbox-books.ts';
export type { QuickbooksWebhookEvent } from './sandbox-webhooks.ts';

/** "Limits and throttles": 500 requests a minute per realm, 10 a second per realm and app; its 429 names no wait. */
const VENDOR_RATE_LIMITS: readonly RateLimit[] = [
  { requests: 500, perSeconds: 60 },
  { requests: 10, perSeconds: 1 },
];
const REQUEST_ID_LENGTH_MAX = 50;
/** How long the vendor remembers a request id is not documented; the sandbox keeps this many. */
const REMEMBERED_ANSWERS_MAX = 10_000;
const DELETED_MAX = 10_000;
const CDC_OBJECTS_MAX = 1_000;
const CDC_LOOK_BACK_MS = 30 * 24 * 3_600_000;
/** Intuit expects a webhook's answer within 3 seconds. */
const WEBHOOK_TIMEOUT_MS = 3_000;

export interface QuickbooksSandboxOptions {
  port?: number;
  realmId: string;
  accessToken: string;
  /** Default: the vendor's 500 a minute and 10 a second. */
  rateLimit?: RateLimit | readonly RateLimit[] | 'off';
  /** `Preferences.SalesFormsPrefs.CustomTxnNumbers`; default true: we number, QuickBooks does not. */
  customTxnNumbers?: boolean;
  /** Default `US`. In `CA` every line needs a tax code. */
  country?: 'US' | 'CA';
  /** Default: the country's. */
  homeCurrency?: string;
  /** Default false: only the home currency is accepted. */
  multiCurrency?: boolean;
  /** Home units per one foreign unit, used when an invoice names no rate; a currency without one is refused. */
  exchangeRates?: Record<string, number>;
  /** What automated sales tax puts on lines coded `TAX` in a US company; default 0. */
  salesTaxPercent?: number;
  /** The company's zone as a fixed offset; default `-08:00`. */
  utcOffset?: string;
  /** Keeps the books in this file, so that they outlive the process; read at start when it exists. */
  stateFile?: string;
  now?: () => Date;
  /** The app that may ask for consent; without it the fixed access token is the only way in. */
  oauth?: { clientId: string; clientSecret: string; refreshToken: string };
}

/** A payment received from a customer, booked by a person at QuickBooks. Amounts in the customer's currency. */
export type PaymentBooking = { date: string; reference?: string } & (
  | { invoiceId: string; amount: number | string }
  | { invoiceIds: readonly string[]; amounts: readonly (number | string)[]; amount?: number | string }
);

export interface QuickbooksSandbox extends Sandbox {
  payPages: PayPages;
  addCustomer(customer: z.input<typeof customerBody> & { DisplayName: string }): QuickbooksCustomer;
  addItem(item: { Name: string } & Partial<z.input<typeof itemBody>>): QuickbooksItem;
  addEmployee(displayName: string, email?: string): QuickbooksPerson;
  addVendor(displayName: string, email?: string): QuickbooksPerson;
  /**
   * Books a payment; what exceeds the open balances stays unapplied, as an overpayment does. Throws a VendorFault for
   * an unknown or foreign invoice.
   */
  bookPayment(booking: PaymentBooking): QuickbooksPayment;
  addClass(name: string): QuickbooksClass;
  /** Books money of a customer that is applied to nothing. */
  receive(customerId: string, amount: string, date: string, reference?: string): QuickbooksPayment;
  /** Somebody changes what an invoice says, e.g. its lines, as its form does. */
  editInvoice(id: string, change: Record<string, unknown>): QuickbooksInvoice;
  voidInvoice(id: string): QuickbooksInvoice;
  deleteInvoice(id: string): void;
  deletePayment(id: string): void;
  /** It stays in the lists: its amounts are nothing, and its note says so. */
  voidPayment(id: string): void;
  readonly customers: QuickbooksCustomer[];
  readonly items: QuickbooksItem[];
  readonly invoices: QuickbooksInvoice[];
  readonly payments: QuickbooksPayment[];
  readonly creditMemos: QuickbooksCreditMemo[];
  readonly vendors: QuickbooksPerson[];
  readonly bills: QuickbooksBill[];
  readonly billPayments: QuickbooksBillPayment[];
  readonly timeActivities: QuickbooksTimeActivity[];
  /** Replaces the accepted token, as expiry after an hour does. */
  setAccessToken(accessToken: string): void;
  /** Null without `options.oauth`. */
  readonly oauth: SandboxOAuth | null;
  /** From now on a validation Fault comes with HTTP 200 (observed in the wild) instead of 400. */
  faultsAsHttp200(on: boolean): void;
  /**
   * Posts the events to `url`, signed with the app's verifier token: a CloudEvents array, or the form used before May
   * 2026 with `legacy`. Returns the receiver's status; rejects after 3 seconds, as Intuit gives up then.
   */
  sendWebhook(
    url: string,
    verifierToken: string,
    events: readonly QuickbooksWebhookEvent[],
    options?: { legacy?: boolean },
  ): Promise<{ status: number }>;
}

/** Starts the sandbox with the company's default items (Services, Hours), an income account and its tax codes. */
export async function startQuickbooksSandbox(options: QuickbooksSandboxOptions): Promise<QuickbooksSandbox> {
  const clock = options.now ?? (() => new Date());
  const country = options.country ?? 'US';
  const homeCurrency = options.homeCurrency ?? (country === 'US' ? 'USD' : 'CAD');
  const multiCurrency = options.multiCurrency ?? false;
  const customTxnNumbers = options.customTxnNumbers ?? true;
  const utcOffset = options.utcOffset ?? '-08:00';
  const taxPercents: Record<string, number> =
    country === 'US' ? { TAX: options.salesTaxPercent ?? 0, NON: 0 } : CANADIAN_TAX_PERCENTS;
  let accessToken = options.accessToken;
  const oauth =
    options.oauth === undefined
      ? null
      : createSandboxOAuth({
          ...options.oauth,
          clientAuth: 'basic',
          lifeMs: ACCESS_TOKEN_LIFE_MS,
          rotates: true,
          graceMs: REFRESH_GRACE_MS,
          callbackOf: () => ({ realmId: options.realmId }),
          nowMs: () => (options.now?.() ?? new Date()).getTime(),
        });
  let faultStatus200 = false;

  const instantNow = () => toLocal(clock(), utcOffset);
  const today = () => instantNow().slice(0, 10);
  const books = readBooks(options.stateFile) ?? openBooks();
  const { Customer, Item, Invoice, CreditMemo, Payment, TimeActivity, Employee, Vendor, TaxCode, Account } =
    books.records;
  const { Bill, BillPayment, Class } = books.records;

  function openBooks(): Books {
    const opened: Books = emptyBooks();
    const stamp = { SyncToken: '0', domain: 'QBO', sparse: false, MetaData: newMetaData() } as const;
    const account = { ...stamp, Id: '79', Name: 'Services', AccountType: 'Income', Active: true };
    opened.records.Account.set(account.Id, account);
    for (const [Id, Name, AccountType] of OTHER_ACCOUNTS)
      opened.records.Account.set(Id, { ...stamp, Id, Name, AccountType, Active: true });
    for (const [Id, percent] of Object.entries(taxPercents)) {
      const name = country === 'US' ? Id : (CANADIAN_TAX_NAMES[Id] ?? Id);
      const code = {
        Name: name,
        Description: name,
        Active: true,
        Taxable: percent > 0,
        TaxGroup: country !== 'US',
      };
      opened.records.TaxCode.set(Id, { ...stamp, Id, ...code });
    }
    for (const Name of ['Services', 'Hours']) {
      const Id = String(++opened.lastId);
      const IncomeAccountRef = { value: account.Id, name: account.Name };
      const item = {
        Name,
        FullyQualifiedName: Name,
        Type: 'Service',
        Active: true,
        IncomeAccountRef,
      } as const;
      opened.records.Item.set(Id, { ...stamp, Id, ...item });
    }
    return opened;
  }

  function newMetaData(): Kept['MetaData'] {
    const at = instantNow();
    return { CreateTime: at, LastUpdatedTime: at };
  }

  // One sequence for every kind of object: an id used for the wrong kind never finds anything by luck.
  const newKept = (): Kept => ({
    Id: String(++books.lastId),
    SyncToken: '0',
    domain: 'QBO',
    sparse: false,
    MetaData: newMetaData(),
  });
  const nextKept = (kept: Kept): Kept => ({
    Id: kept.Id,
    SyncToken: String(Number(kept.SyncToken) + 1),
    domain: 'QBO',
    sparse: false,
    MetaData: { CreateTime: kept.MetaData.CreateTime, LastUpdatedTime: instantNow() },
  });
  const keptOf = (existing: Kept | null): Kept => (existing === null ? newKept() : nextKept(existing));

  const payables = deskOfPayables(books, { keptOf, today, homeCurrency, multiCurrency });

  function bury(entity: EntityName, id: string): void {
    books.records[entity].delete(id);
    books.deleted.push({ entity, id, at: instantNow() });
    if (books.deleted.length > DELETED_MAX) books.deleted.shift();
  }

  // ---- names and items

  function refuseDuplicateName(name: string, ownId: string | undefined): void {
    for (const people of [Customer, Vendor, Employee]) {
      for (const person of people.values()) {
        if (person.Id !== ownId && person.DisplayName.toLowerCase() === name.toLowerCase())
          throw duplicateName('Another customer, vendor or employee is already using this name.');
      }
    }
  }

  function putCustomer(raw: unknown, existing: QuickbooksCustomer | null): QuickbooksCustomer {
    const body = readBody(customerBody, raw);
    const parts = [body.Title, body.GivenName, body.MiddleName, body.FamilyName, body.Suffix];
    const DisplayName = body.DisplayName ?? parts.filter((part) => part !== undefined).join(' ');
    if (DisplayName === '') throw missing('DisplayName');
    refuseDuplicateName(DisplayName, existing?.Id);
    const parent = body.ParentRef === undefined ? undefined : Customer.get(body.ParentRef.value);
    if (body.ParentRef !== undefined && parent === undefined)
      throw badReference('ParentRef', body.ParentRef.value);
    if (body.Job === true && parent === undefined) throw missing('ParentRef');
    const currency = body.CurrencyRef?.value ?? existing?.CurrencyRef?.value ?? homeCurrency;
    if (!multiCurrency && currency !== homeCurrency) throw multiCurrencyOff(currency);
    if (!/^[A-Z]{3}$/.test(currency)) throw badReference('CurrencyRef', currency);
    if (existing !== null && existing.CurrencyRef?.value !== currency)
      throw businessRule('The currency of a customer cannot be changed.', 'CurrencyRef');
    const customer: QuickbooksCustomer = {
      ...body,
      DisplayName,
      FullyQualifiedName:
        parent === undefined ? DisplayName : `${String(parent.FullyQualifiedName)}:${DisplayName}`,
      Active: body.Active ?? true,
      CurrencyRef: toCurrencyRef(currency),
      ...keptOf(existing),
    };
    Customer.set(customer.Id, customer);
    refreshCustomer(customer.Id);
    return customer;
  }

  function putVendor(raw: unknown, existing: QuickbooksPerson | null): QuickbooksPerson {
    const body = readBody(vendorBody, raw);
    const DisplayName = body.DisplayName ?? body.CompanyName ?? '';
    if (DisplayName === '') throw missing('DisplayName');
    refuseDuplicateName(DisplayName, existing?.Id);
    const currency = body.CurrencyRef?.value ?? homeCurrency;
    if (!multiCurrency && currency !== homeCurrency) throw multiCurrencyOff(currency);
    const vendor: QuickbooksPerson = {
      DisplayName,
      Active: body.Active ?? true,
      ...(body.PrimaryEmailAddr === undefined ? {} : { PrimaryEmailAddr: body.PrimaryEmailAddr }),
      CurrencyRef: toCurrencyRef(currency),
      ...keptOf(existing),
    };
    Vendor.set(vendor.Id, vendor);
    return vendor;
  }

  function refreshCustomer(id: string): void {
    const customer = Customer.get(id);
    if (customer === undefined) return;
    const open = sum(
      [...Invoice.values()].filter((one) => one.CustomerRef.value === id).map((one) => one.Balance),
    );
    const unapplied = sum(
      [...Payment.values()].filter((one) => one.CustomerRef.value === id).map((one) => one.UnappliedAmt),
    );
    customer.Balance = open.minus(unapplied).toNumber();
  }

  function putItem(raw: unknown, existing: QuickbooksItem | null): QuickbooksItem {
    const body = readBody(itemBody, raw);
    for (const item of Item.values()) {
      if (item.Id !== existing?.Id && item.Name.toLowerCase() === body.Name.toLowerCase())
        throw duplicateName('Another item is already using this name.');
    }
    if (body.IncomeAccountRef === undefined && ['Service', 'NonInventory', 'Inventory'].includes(body.Type))
      throw missing('IncomeAccountRef');
    for (const element of ['IncomeAccountRef', 'ExpenseAccountRef'] as const) {
      const id = body[element]?.value;
      if (id !== undefined && !Account.has(id)) throw badReference(element, id);
    }
    const item: QuickbooksItem = {
      ...body,
      FullyQualifiedName: body.Name,
      Active: body.Active ?? true,
      ...keptOf(existing),
    };
    Item.set(item.Id, item);
    return item;
  }

  // ---- invoices

  /** The currency a document is in and its rate. Sales documents are in the customer's currency, and say so. */
  function readCurrency(
    body: { CurrencyRef?: Reference | undefined; ExchangeRate?: number | undefined },
    customer: QuickbooksCustomer,
  ): { CurrencyRef: Reference; ExchangeRate?: number } {
    const currency = body.CurrencyRef?.value;
    if (!multiCurrency) {
      if (currency !== undefined && currency !== homeCurrency) throw multiCurrencyOff(currency);
      return { CurrencyRef: toCurrencyRef(homeCurrency) };
    }
    if (currency === undefined) throw missing('CurrencyRef');
    if (currency !== customer.CurrencyRef?.value)
      throw businessRule(
        `You can only use one foreign currency per transaction: the customer's is ${String(customer.CurrencyRef?.value)}, not ${currency}.`,
        'CurrencyRef',
      );
    const rate = body.ExchangeRate ?? (currency === homeCurrency ? 1 : options.exchangeRates?.[currency]);
    if (rate === undefined) throw businessRule(`There is no exchange rate for ${currency}.`, 'ExchangeRate');
    if (currency === homeCurrency && rate !== 1)
      throw businessRule('The home currency has an exchange rate of 1.', 'ExchangeRate');
    return { CurrencyRef: toCurrencyRef(currency), ExchangeRate: rate };
  }

  function chooseDocNumber(
    wanted: string | undefined,
    existing: QuickbooksInvoice | null,
    allowDuplicate: boolean,
  ): string | undefined {
    if (existing !== null && (wanted === undefined || wanted === existing.DocNumber))
      return existing.DocNumber;
    if (wanted === 'AUTO_GENERATE') return nextDocNumber();
    if (!customTxnNumbers) {
      if (wanted !== undefined && wanted !== '')
        throw businessRule(
          'CustomTxnNumbers is off: QuickBooks counts, so do not send a DocNumber.',
          'DocNumber',
        );
      return nextDocNumber();
    }
    if (wanted === undefined || wanted === '') return undefined;
    const other = [...Invoice.values()].find((one) => one.DocNumber === wanted);
    if (other !== undefined && !allowDuplicate)
      throw new VendorFault(
        '6140',
        'Duplicate Document Number Error',
        `Duplicate Document Number Error : You must specify a different number. This number has already been used. DocNumber=${wanted} is assigned to TxnType=Invoice with TxnId=${other.Id}`,
        { element: 'DocNumber' },
      );
    return wanted;
  }

  function nextDocNumber(): string {
    const used = new Set([...Invoice.values()].map((one) => one.DocNumber));
    do books.lastDocNumber += 1;
    while (used.has(String(books.lastDocNumber)));
    return String(books.lastDocNumber);
  }

  /** Checks one sales line and gives back the line as it will be read. */
  function checkSalesLine(line: z.output<typeof salesLine>, element: string): z.output<typeof salesLine> {
    const detail = line.SalesItemLineDetail;
    const item = Item.get(detail.ItemRef.value);
    if (item === undefined) throw badReference(`${element}.ItemRef`, detail.ItemRef.value);
    if (!item.Active) throw objectNotFound();
    if (detail.Qty !== undefined && detail.UnitPrice !== undefined) {
      const product = new Decimal(detail.Qty).times(detail.UnitPrice);
      // Half a cent either way: how the vendor rounds a tie is not documented.
      if (product.minus(line.Amount).abs().greaterThan('0.005'))
        throw new VendorFault(
          '6070',
          'Amount calculation incorrect in the request',
          `Amount calculation incorrect in the request: Amount is not equal to UnitPrice * Qty. Supplied value:${line.Amount}, expected ${product.toFixed(2)}`,
          { element: `${element}.Amount` },
        );
    }
    const taxCode = detail.TaxCodeRef?.value ?? (country === 'US' ? 'NON' : undefined);
    if (taxCode === undefined)
      throw businessRule(
        'Make sure all your transactions have a GST/HST rate before you save.',
        'TaxCodeRef',
      );
    if (!TaxCode.has(taxCode)) throw badReference(`${element}.TaxCodeRef`, taxCode);
    if (detail.ClassRef !== undefined && !Class.has(detail.ClassRef.value))
      throw badReference(`${element}.ClassRef`, detail.ClassRef.value);
    return {
      ...line,
      SalesItemLineDetail: {
        ...detail,
        ItemRef: { value: item.Id, name: item.Name },
        TaxCodeRef: { value: taxCode },
      },
    };
  }

  /** The time activities that the lines link to; each must be billable, of this customer, and linked by one line. */
  function checkLinks(body: z.output<typeof invoiceBody>, existing: QuickbooksInvoice | null): Set<string> {
    const own = new Set(existing === null ? [] : timeActivityIds(existing));
    const linked = new Set<string>();
    for (const line of body.Line) {
      if (line.DetailType !== 'SalesItemLineDetail') continue;
      const links = line.LinkedTxn ?? [];
      // DotNET SDK issue 127: one summed line with links to four entries is an error.
      if (links.length > 1) throw businessRule('A line can be linked to one transaction only.', 'LinkedTxn');
      for (const { TxnId, TxnType } of links) {
        if (TxnType !== 'TimeActivity') throw badReference(`LinkedTxn ${TxnType}`, TxnId);
        const activity = TimeActivity.get(TxnId);
        if (activity === undefined) throw badReference('LinkedTxn TimeActivity', TxnId);
        if (linked.has(TxnId)) throw businessRule(`TimeActivity ${TxnId} is linked twice.`, 'LinkedTxn');
        if (activity.CustomerRef?.value !== body.CustomerRef.value)
          throw businessRule(`TimeActivity ${TxnId} belongs to another customer.`, 'LinkedTxn');
        if (activity.BillableStatus !== 'Billable' && !own.has(TxnId))
          throw businessRule(
            `TimeActivity ${TxnId} is ${String(activity.BillableStatus)}, not Billable.`,
            'LinkedTxn',
          );
        linked.add(TxnId);
      }
    }
    const known = new Set([...linked, ...(existing?.LinkedTxn ?? []).map((link) => link.TxnId)]);
    for (const { TxnId, TxnType } of body.LinkedTxn ?? []) {
      // An invoice-level list alone failed for an integrator (same issue): the link belongs on the line.
      if (!known.has(TxnId))
        throw businessRule(
          `LinkedTxn ${TxnType} ${TxnId}: link the line, not only the invoice.`,
          'LinkedTxn',
        );
    }
    return linked;
  }

  function putInvoice(
    raw: unknown,
    existing: QuickbooksInvoice | null,
    { allowDuplicate = false } = {},
  ): QuickbooksInvoice {
    const body = readBody(invoiceBody, raw);
    const customer = Customer.get(body.CustomerRef.value);
    if (customer === undefined) throw badReference('CustomerRef', body.CustomerRef.value);
    if (!customer.Active) throw objectNotFound();
    if (country !== 'US' && body.GlobalTaxCalculation === 'TaxInclusive')
      throw new VendorFault('500', 'Unsupported Operation', 'This sandbox has no rules for TaxInclusive.', {
        status: 501,
        type: 'SystemFault',
      });
    const currency = readCurrency(body, customer);
    const lines = body.Line.filter((line) => line.DetailType !== 'SubTotalLineDetail').map((line, index) => ({
      ...(line.DetailType === 'SalesItemLineDetail' ? checkSalesLine(line, `Line[${index}]`) : line),
      Id: line.Id ?? String(index + 1),
      LineNum: index + 1,
    }));
    const salesLines = lines.filter((line) => line.DetailType === 'SalesItemLineDetail');
    if (salesLines.length === 0) throw missing('Line');
    const linked = checkLinks(body, existing);
    const subTotal = sum(salesLines.map((line) => line.Amount));
    const taxed = country === 'US' || body.GlobalTaxCalculation !== 'NotApplicable';
    const tax =
      body.TxnTaxDetail?.TotalTax === undefined
        ? taxed
          ? taxOf(salesLines, taxPercents)
          : new Decimal(0)
        : new Decimal(body.TxnTaxDetail.TotalTax);
    const total = subTotal.plus(tax);
    if (total.isNegative())
      throw businessRule('You must specify a transaction amount that is 0 or greater.', 'TotalAmt');
    const applied = existing === null ? new Decimal(0) : appliedTo(existing.Id);
    if (applied.greaterThan(total))
      throw businessRule(`Payments of ${applied.toFixed(2)} are applied to this invoice.`, 'TotalAmt');
    const txnDate = body.TxnDate ?? today();
    const docNumber = chooseDocNumber(body.DocNumber, existing, allowDuplicate);

    const { DocNumber: _, ...rest } = body;
    const invoice: QuickbooksInvoice = {
      ...rest,
      ...(docNumber === undefined ? {} : { DocNumber: docNumber }),
      TxnDate: txnDate,
      DueDate: body.DueDate ?? txnDate,
      CustomerRef: { value: customer.Id, name: String(customer.FullyQualifiedName) },
      ...currency,
      ...(country === 'US' ? {} : { GlobalTaxCalculation: body.GlobalTaxCalculation ?? 'TaxExcluded' }),
      EmailStatus: body.EmailStatus ?? 'NotSet',
      PrintStatus: body.PrintStatus ?? 'NotSet',
      TxnTaxDetail: { TotalTax: tax.toNumber() },
      Line: [
        ...lines,
        { DetailType: 'SubTotalLineDetail', Amount: subTotal.toNumber(), SubTotalLineDetail: {} },
      ],
      TotalAmt: total.toNumber(),
      Balance: total.toNumber(),
      LinkedTxn: [],
      ...keptOf(existing),
    };
    if (existing !== null) {
      for (const id of timeActivityIds(existing)) if (!linked.has(id)) markActivity(id, 'Billable');
    }
    for (const id of linked) markActivity(id, 'HasBeenBilled');
    Invoice.set(invoice.Id, invoice);
    refreshInvoice(invoice);
    return invoice;
  }

  /** As an invoice, with nothing due and no time on its lines; numbers are unique among the memos. */
  function putCreditMemo(raw: unknown, existing: QuickbooksCreditMemo | null): QuickbooksCreditMemo {
    const body = readBody(creditMemoBody, raw);
    const customer = Customer.get(body.CustomerRef.value);
    if (customer === undefined) throw badReference('CustomerRef', body.CustomerRef.value);
    if (!customer.Active) throw objectNotFound();
    const currency = readCurrency(body, customer);
    const lines = body.Line.flatMap((line, index) =>
      line.DetailType === 'SalesItemLineDetail' ? [checkSalesLine(line, `Line[${index}]`)] : [],
    );
    if (lines.length === 0) throw missing('Line');
    const other = [...CreditMemo.values()].find(
      (one) => one.Id !== existing?.Id && one.DocNumber !== undefined && one.DocNumber === body.DocNumber,
    );
    if (other !== undefined)
      throw new VendorFault(
        '6140',
        'Duplicate Document Number Error',
        `Duplicate Document Number Error : DocNumber=${String(body.DocNumber)} is assigned to TxnType=CreditMemo with TxnId=${other.Id}`,
        { element: 'DocNumber' },
      );
    const tax =
      body.TxnTaxDetail?.TotalTax === undefined
        ? taxOf(lines, taxPercents)
        : new Decimal(body.TxnTaxDetail.TotalTax);
    const total = sum(lines.map((line) => line.Amount)).plus(tax);
    if (total.isNegative()) throw businessRule('A credit memo is 0 or greater.', 'TotalAmt');
    const memo: QuickbooksCreditMemo = {
      ...body,
      TxnDate: body.TxnDate ?? today(),
      CustomerRef: { value: customer.Id, name: String(customer.FullyQualifiedName) },
      ...currency,
      TxnTaxDetail: { TotalTax: tax.toNumber() },
      Line: lines,
      TotalAmt: total.toNumber(),
      RemainingCredit: total.toNumber(),
      Balance: total.toNumber(),
      ...keptOf(existing),
    };
    CreditMemo.set(memo.Id, memo);
    refreshMemo(memo.Id);
    return memo;
  }

  function refreshMemo(id: string): void {
    const memo = CreditMemo.get(id);
    if (memo === undefined) return;
    memo.RemainingCredit = new Decimal(memo.TotalAmt).minus(appliedTo(id)).toNumber();
    memo.Balance = memo.RemainingCredit;
    refreshCustomer(memo.CustomerRef.value);
  }

  function markActivity(id: string, status: 'Billable' | 'HasBeenBilled'): void {
    const activity = TimeActivity.get(id);
    if (activity === undefined || activity.BillableStatus === status) return;
    TimeActivity.set(id, { ...activity, ...nextKept(activity), BillableStatus: status });
  }

  function appliedTo(invoiceId: string): Decimal {
    return sum(
      [...Payment.values()]
        .flatMap((payment) => payment.Line)
        .filter((line) => line.LinkedTxn.some((link) => link.TxnId === invoiceId))
        .map((line) => line.Amount),
    );
  }

  /** Derives balance and links from payments and lines; both levels name the linked time activities when read. */
  function refreshInvoice(invoice: QuickbooksInvoice): void {
    invoice.Balance = new Decimal(invoice.TotalAmt).minus(appliedTo(invoice.Id)).toNumber();
    const paymentIds = [...Payment.values()]
      .filter((payment) =>
        payment.Line.some((line) => line.LinkedTxn.some((link) => link.TxnId === invoice.Id)),
      )
      .map((payment) => payment.Id);
    invoice.LinkedTxn = [
      ...paymentIds.map((TxnId) => ({ TxnId, TxnType: 'Payment' })),
      ...timeActivityIds(invoice).map((TxnId) => ({ TxnId, TxnType: 'TimeActivity' })),
    ];
    for (const line of invoice.Line) {
      if (line.DetailType === 'SalesItemLineDetail')
        for (const link of line.LinkedTxn ?? []) link.TxnLineId = '1';
    }
    if (multiCurrency && invoice.ExchangeRate !== undefined) {
      invoice.HomeTotalAmt = new Decimal(invoice.TotalAmt)
        .times(invoice.ExchangeRate)
        .toDecimalPlaces(2)
        .toNumber();
      invoice.HomeBalance = new Decimal(invoice.Balance)
        .times(invoice.ExchangeRate)
        .toDecimalPlaces(2)
        .toNumber();
    }
    refreshCustomer(invoice.CustomerRef.value);
  }

  /** Takes an invoice out of every payment; the money stays with the payments as unapplied. */
  function unapply(invoiceId: string): void {
    for (const payment of Payment.values()) {
      const remaining = payment.Line.filter(
        (line) => !line.LinkedTxn.some((link) => link.TxnId === invoiceId),
      );
      if (remaining.length === payment.Line.length) continue;
      Payment.set(payment.Id, {
        ...payment,
        ...nextKept(payment),
        Line: remaining,
        UnappliedAmt: new Decimal(payment.TotalAmt)
          .minus(sum(remaining.map((line) => line.Amount)))
          .toNumber(),
      });
    }
  }

  function voidInvoice(existing: QuickbooksInvoice): QuickbooksInvoice {
    unapply(existing.Id);
    // That linked entries become billable again is (unconfirmed).
    for (const id of timeActivityIds(existing)) markActivity(id, 'Billable');
    const note = existing.PrivateNote ?? '';
    const invoice: QuickbooksInvoice = {
      ...existing,
      ...nextKept(existing),
      PrivateNote: note.startsWith('Voided') ? note : `Voided${note === '' ? '' : ` - ${note}`}`,
      Line: existing.Line.map((line) => {
        if (line.DetailType === 'DescriptionOnly') return line;
        if (line.DetailType === 'SubTotalLineDetail') return { ...line, Amount: 0 };
        const { LinkedTxn: _, ...rest } = line;
        return { ...rest, Amount: 0, SalesItemLineDetail: { ...rest.SalesItemLineDetail, Qty: 0 } };
      }),
      TxnTaxDetail: { TotalTax: 0 },
      TotalAmt: 0,
    };
    Invoice.set(invoice.Id, invoice);
    refreshInvoice(invoice);
    return invoice;
  }

  function deleteInvoice(existing: QuickbooksInvoice): void {
    unapply(existing.Id);
    for (const id of timeActivityIds(existing)) markActivity(id, 'Billable');
    bury('Invoice', existing.Id);
    refreshCustomer(existing.CustomerRef.value);
  }

  function sendInvoice(existing: QuickbooksInvoice, address: string | null): QuickbooksInvoice {
    const to = address ?? existing.BillEmail?.Address;
    if (to === undefined) throw missing('BillEmail');
    const invoice: QuickbooksInvoice = {
      ...existing,
      ...nextKept(existing),
      BillEmail: { Address: to },
      EmailStatus: 'EmailSent',
      DeliveryInfo: { DeliveryType: 'Email', DeliveryTime: instantNow() },
    };
    Invoice.set(invoice.Id, invoice);
    return invoice;
  }

  // ---- payments

  function putPayment(raw: unknown, existing: QuickbooksPayment | null): QuickbooksPayment {
    const body = readBody(paymentBody, raw);
    const customer = Customer.get(body.CustomerRef.value);
    if (customer === undefined) throw badReference('CustomerRef', body.CustomerRef.value);
    const currency = readCurrency(body, customer);
    const lines = body.Line ?? [];
    const ofKind = (kind: string) =>
      sum(lines.filter((line) => line.LinkedTxn[0]!.TxnType === kind).map((line) => line.Amount));
    const applied = ofKind('Invoice').minus(ofKind('CreditMemo'));
    if (applied.greaterThan(body.TotalAmt))
      throw businessRule('The amounts applied exceed the amount received.', 'Line');
    if (applied.isNegative()) throw businessRule('A credit memo is applied to invoices.', 'Line');
    const touched = new Set(
      (existing?.Line ?? []).flatMap((line) => line.LinkedTxn.map((link) => link.TxnId)),
    );
    const byInvoice = Map.groupBy(lines, (line) => line.LinkedTxn[0]!.TxnId);
    for (const [id, linesOfInvoice] of byInvoice) {
      const kind = linesOfInvoice[0]!.LinkedTxn[0]!.TxnType;
      if (kind !== 'Invoice' && kind !== 'CreditMemo') throw badReference(`LinkedTxn ${kind}`, id);
      const invoice = books.records[kind].get(id);
      if (invoice === undefined) throw badReference(`LinkedTxn ${kind}`, id);
      if (invoice.CustomerRef.value !== customer.Id)
        throw businessRule(`${kind} ${id} belongs to another customer.`, 'LinkedTxn');
      const before = sum(
        (existing?.Line ?? [])
          .filter((line) => line.LinkedTxn.some((link) => link.TxnId === id))
          .map((line) => line.Amount),
      );
      const wanted = sum(linesOfInvoice.map((line) => line.Amount));
      if (wanted.greaterThan(before.plus(invoice.Balance)))
        throw businessRule(`${kind} ${id} has an open balance of ${invoice.Balance} only.`, 'Line');
      touched.add(id);
    }
    const payment: QuickbooksPayment = {
      ...body,
      TxnDate: body.TxnDate ?? today(),
      CustomerRef: { value: customer.Id, name: String(customer.FullyQualifiedName) },
      ...currency,
      ProcessPayment: false,
      UnappliedAmt: new Decimal(body.TotalAmt).minus(applied).toNumber(),
      Line: lines,
      ...keptOf(existing),
    };
    Payment.set(payment.Id, payment);
    touchInvoices(touched);
    refreshCustomer(customer.Id);
    return payment;
  }

  /** A payment changes the balance of its invoices, and with it their version and time. */
  function touchInvoices(ids: Iterable<string>): void {
    for (const id of ids) {
      refreshMemo(id);
      const invoice = Invoice.get(id);
      if (invoice === undefined) continue;
      const touched = { ...invoice, ...nextKept(invoice) };
      Invoice.set(id, touched);
      refreshInvoice(touched);
    }
  }

  function deletePayment(existing: QuickbooksPayment): void {
    bury('Payment', existing.Id);
    touchInvoices(new Set(existing.Line.flatMap((line) => line.LinkedTxn.map((link) => link.TxnId))));
    refreshCustomer(existing.CustomerRef.value);
  }

  function voidPayment(existing: QuickbooksPayment): void {
    const note = typeof existing.PrivateNote === 'string' ? existing.PrivateNote : '';
    const PrivateNote = `Voided${note === '' ? '' : ` - ${note}`}`;
    Payment.set(existing.Id, {
      ...existing,
      ...nextKept(existing),
      ...{ PrivateNote, TotalAmt: 0, UnappliedAmt: 0, Line: [] },
    });
    touchInvoices(new Set(existing.Line.flatMap((line) => line.LinkedTxn.map((link) => link.TxnId))));
    refreshCustomer(existing.CustomerRef.value);
  }

  function bookPayment(booking: PaymentBooking): QuickbooksPayment {
    const single = 'invoiceId' in booking;
    const ids = single ? [booking.invoiceId] : booking.invoiceIds;
    const amounts = (single ? [booking.amount] : booking.amounts).map((amount) => new Decimal(amount));
    if (ids.length === 0 || ids.length !== amounts.length)
      throw new Error('Give one amount for each invoice.');
    const total = booking.amount === undefined ? sum(amounts) : new Decimal(booking.amount);
    const invoices = ids.map((id) => Invoice.get(id) ?? raise(badReference('LinkedTxn Invoice', id)));
    const [first] = invoices;
    const lines = invoices.flatMap((invoice, index) => {
      const applied = Decimal.min(amounts[index]!, invoice.Balance);
      return applied.isZero()
        ? []
        : [{ Amount: applied.toNumber(), LinkedTxn: [{ TxnId: invoice.Id, TxnType: 'Invoice' }] }];
    });
    return putPayment(
      {
        CustomerRef: { value: first!.CustomerRef.value },
        ...(multiCurrency ? { CurrencyRef: first!.CurrencyRef, ExchangeRate: first!.ExchangeRate } : {}),
        TotalAmt: total.toNumber(),
        TxnDate: booking.date,
        ...(booking.reference === undefined ? {} : { PaymentRefNum: booking.reference }),
        Line: lines,
      },
      null,
    );
  }

  // ---- time activities

  function putTimeActivity(raw: unknown, existing: QuickbooksTimeActivity | null): QuickbooksTimeActivity {
    const body = readBody(timeActivityBody, raw);
    const person = {
      Employee: { element: 'EmployeeRef', people: Employee } as const,
      Vendor: { element: 'VendorRef', people: Vendor } as const,
      // The sandbox keeps no list of other names, so a reference to one is never found.
      Other: { element: 'OtherNameRef', people: new Map<string, QuickbooksPerson>() } as const,
    }[body.NameOf];
    const personId = body[person.element]?.value;
    if (personId === undefined) throw missing(person.element);
    const found = person.people.get(personId);
    if (found === undefined) throw badReference(person.element, personId);
    const others = (['EmployeeRef', 'VendorRef', 'OtherNameRef'] as const).filter(
      (name) => name !== person.element,
    );
    if (others.some((name) => body[name] !== undefined))
      throw businessRule(`NameOf ${body.NameOf} goes with ${person.element} only.`, 'NameOf');
    const customer = body.CustomerRef === undefined ? undefined : Customer.get(body.CustomerRef.value);
    if (body.CustomerRef !== undefined && customer === undefined)
      throw badReference('CustomerRef', body.CustomerRef.value);
    const item = body.ItemRef === undefined ? undefined : Item.get(body.ItemRef.value);
    if (body.ItemRef !== undefined && item === undefined) throw badReference('ItemRef', body.ItemRef.value);

    const status = body.BillableStatus ?? 'NotBillable';
    if (status === 'HasBeenBilled' && existing?.BillableStatus !== 'HasBeenBilled')
      throw new VendorFault(
        '2170',
        'Invalid Enumeration',
        'Invalid Enumeration : HasBeenBilled is set by linking an invoice line only',
        {
          element: 'BillableStatus',
        },
      );
    if (status === 'Billable' && customer === undefined) throw missing('CustomerRef');
    if (status === 'Billable' && body.HourlyRate === undefined) throw missing('HourlyRate');

    const hasDuration = body.Hours !== undefined || body.Minutes !== undefined;
    const hasSpan = body.StartTime !== undefined || body.EndTime !== undefined;
    if (!hasDuration && !hasSpan) throw missing('Hours');
    if (hasDuration && hasSpan)
      throw businessRule('Give Hours and Minutes or StartTime and EndTime, not both.');
    if (hasSpan && body.StartTime === undefined) throw missing('StartTime');
    if (hasSpan && body.EndTime === undefined) throw missing('EndTime');
    if (hasSpan && Date.parse(body.EndTime!) <= Date.parse(body.StartTime!))
      throw businessRule('EndTime is not after StartTime.', 'EndTime');
    const activity: QuickbooksTimeActivity = {
      ...body,
      // Not taken from StartTime: an entry without a date is filed under today (minimul/qbo_api issue 16).
      TxnDate: body.TxnDate ?? today(),
      [person.element]: { value: found.Id, name: found.DisplayName },
      ...(customer === undefined
        ? {}
        : { CustomerRef: { value: customer.Id, name: String(customer.FullyQualifiedName) } }),
      ...(item === undefined ? {} : { ItemRef: { value: item.Id, name: item.Name } }),
      BillableStatus: status,
      // Rewritten into the company's zone (same issue).
      ...(hasSpan
        ? {
            StartTime: toLocal(new Date(body.StartTime!), utcOffset),
            EndTime: toLocal(new Date(body.EndTime!), utcOffset),
          }
        : {}),
      ...keptOf(existing),
    };
    TimeActivity.set(activity.Id, activity);
    return activity;
  }

  function deleteTimeActivity(existing: QuickbooksTimeActivity): void {
    if (existing.BillableStatus === 'HasBeenBilled')
      throw businessRule(`TimeActivity ${existing.Id} is on an invoice.`);
    bury('TimeActivity', existing.Id);
  }

  // ---- routes

  function existingForChange<Name extends WritableEntity>(name: Name, raw: unknown): Records[Name] {
    const { Id: id, SyncToken: syncToken } = raw as { Id?: unknown; SyncToken?: unknown };
    if (typeof id !== 'string') throw missing('Id');
    const existing = books.records[name].get(id);
    if (existing === undefined) throw objectNotFound();
    if (typeof syncToken !== 'string') throw missing('SyncToken');
    if (syncToken !== existing.SyncToken)
      throw new VendorFault(
        '5010',
        'Stale Object Error',
        `Stale Object Error : SyncToken ${syncToken} is not the current ${existing.SyncToken}: someone changed this object at the same time.`,
        { element: 'SyncToken' },
      );
    return existing;
  }

  function write(name: WritableEntity, call: VendorCall): VendorAnswer {
    allowParameters(call, ['requestid', 'operation', ...(name === 'Invoice' ? ['include'] : [])]);
    return once(call, () => {
      const raw = readJson(call);
      const operation = call.query.get('operation');
      const include = call.query.get('include');
      if (include !== null && include !== 'allowduplicatedocnum') throw unsupported(`include=${include}`);
      switch (operation) {
        case null:
        case 'update':
          return { [name]: save(name, raw, include === 'allowduplicatedocnum', operation === 'update') };
        case 'void': {
          if (name !== 'Invoice') throw unsupported(`operation=void on ${name}`);
          readBody(keyBody, raw);
          return { Invoice: voidInvoice(existingForChange('Invoice', raw)) };
        }
        case 'delete': {
          const { Id } = raw as { Id?: unknown };
          if (name === 'Invoice') deleteInvoice(existingForChange(name, raw));
          else if (name === 'Payment') deletePayment(existingForChange(name, raw));
          else if (name === 'TimeActivity') deleteTimeActivity(existingForChange(name, raw));
          else throw unsupported(`operation=delete on ${name} (set Active to false)`);
          return { [name]: { domain: 'QBO', status: 'Deleted', Id } };
        }
        default:
          throw unsupported(`operation=${operation}`);
      }
    });
  }

  /** Creates, or with an `Id` updates: a sparse body over what is kept, any other instead of it. */
  function save(name: WritableEntity, raw: object, allowDuplicate: boolean, mustExist: boolean): object {
    const isUpdate = 'Id' in raw && raw.Id !== undefined && raw.Id !== null;
    if (mustExist && !isUpdate) throw missing('Id');
    const existing = isUpdate ? existingForChange(name, raw) : null;
    const isSparse = existing !== null && 'sparse' in raw && raw.sparse === true;
    // The tax of the old lines must not pass for a tax that the caller fixed.
    const { TxnTaxDetail: _, ...kept } = (existing ?? {}) as { TxnTaxDetail?: unknown };
    const body = isSparse ? { ...kept, ...raw } : raw;
    switch (name) {
      case 'Customer':
        return putCustomer(body, existing as QuickbooksCustomer | null);
      case 'Item':
        return putItem(body, existing as QuickbooksItem | null);
      case 'Vendor':
        return putVendor(body, existing as QuickbooksPerson | null);
      case 'CreditMemo':
        return putCreditMemo(body, existing as QuickbooksCreditMemo | null);
      case 'Bill':
        return payables.putBill(body, existing as QuickbooksBill | null);
      case 'BillPayment':
        return payables.putBillPayment(body, existing as QuickbooksBillPayment | null);
      case 'Invoice':
        return putInvoice(body, existing as QuickbooksInvoice | null, { allowDuplicate });
      case 'Payment':
        return putPayment(body, existing as QuickbooksPayment | null);
      case 'TimeActivity':
        return putTimeActivity(body, existing as QuickbooksTimeActivity | null);
    }
  }

  /** Does `commit` once per request id: a repeat gets the first answer, also from another route of the company. */
  function once(call: VendorCall, commit: () => Record<string, unknown>): VendorAnswer {
    const requestId = call.query.get('requestid');
    if (requestId !== null && (requestId === '' || requestId.length > REQUEST_ID_LENGTH_MAX))
      throw new VendorFault(
        '2050',
        'String length is either shorter or longer than supported by specification',
        `requestid has ${requestId.length} characters; 1 to ${REQUEST_ID_LENGTH_MAX} are supported.`,
        { element: 'requestid' },
      );
    const first = requestId === null ? undefined : books.answers.get(requestId);
    if (first !== undefined) return first;
    const answer = { status: 200, body: structuredClone({ ...commit(), time: timeNow() }) };
    // Only what was done is remembered: whether the vendor also repeats a Fault is not documented.
    if (requestId !== null) {
      books.answers.set(requestId, answer);
      if (books.answers.size > REMEMBERED_ANSWERS_MAX)
        books.answers.delete(books.answers.keys().next().value!);
    }
    writeBooks(options.stateFile, books);
    return answer;
  }

  const timeNow = () => toLocal(clock(), utcOffset, true);

  function query(call: VendorCall): VendorAnswer {
    allowParameters(call, call.method === 'GET' ? ['query'] : []);
    if (call.method === 'POST' && !/^application\/text\b/.test(call.headers['content-type'] ?? ''))
      throw unsupported('a query by POST that is not sent as application/text');
    const text = call.method === 'GET' ? call.query.get('query') : call.text;
    if (text === null || text === '') throw missing('query');
    const parsed = parseQuery(text);
    const isKnown = Object.hasOwn(QUERYABLE, parsed.entity);
    if (!isKnown)
      throw new QueryError(
        '4001',
        `QueryValidationError: ${parsed.entity} is not an entity that can be queried.`,
      );
    const entity = parsed.entity as keyof typeof QUERYABLE;
    const records: object[] =
      entity === 'Preferences' ? [preferences()] : [...books.records[entity].values()];
    // Lists of names and items leave out what is inactive unless the query speaks of Active.
    const wantsInactive = parsed.conditions.some((condition) => condition.field === 'Active');
    const listed = records.filter(
      (record) => wantsInactive || !('Active' in record) || record.Active === true,
    );
    const selected = selectRecords(parsed, listed, QUERYABLE[entity]);
    if (parsed.counts)
      return { status: 200, body: { QueryResponse: { totalCount: selected.length }, time: timeNow() } };
    const page = pageOf(parsed, selected);
    const found = { [entity]: page, startPosition: parsed.startPosition, maxResults: page.length };
    return { status: 200, body: { QueryResponse: page.length === 0 ? {} : found, time: timeNow() } };
  }

  function changes(call: VendorCall): VendorAnswer {
    allowParameters(call, ['entities', 'changedSince']);
    const wanted = call.query.get('entities');
    const since = call.query.get('changedSince');
    if (wanted === null || wanted === '') throw missing('entities');
    if (since === null) throw missing('changedSince');
    // A raw "+" in the URL arrives as a space, so an offset that was not encoded is refused, as it should be.
    if (
      !/^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/.test(since) ||
      Number.isNaN(Date.parse(since))
    )
      throw unsupported(`changedSince=${since}: not a date or a date-time with an offset`);
    const sinceMs = since.length === 10 ? Date.parse(`${since}T00:00:00${utcOffset}`) : Date.parse(since);
    if (clock().getTime() - sinceMs > CDC_LOOK_BACK_MS)
      throw unsupported(`changedSince=${since}: changes are kept for 30 days`);
    const changed = wanted.split(',').flatMap((entity) => {
      if (!CDC_ENTITIES.includes(entity)) throw unsupported(`${entity} in change data capture`);
      const name = entity as EntityName;
      const alive = [...books.records[name].values()].map((record) => ({
        name,
        at: record.MetaData.LastUpdatedTime,
        record: record as object,
      }));
      const dead = books.deleted
        .filter((one) => one.entity === name)
        .map(({ id, at }) => ({
          name,
          at,
          record: { domain: 'QBO', status: 'Deleted', Id: id, MetaData: { LastUpdatedTime: at } },
        }));
      return [...alive, ...dead].filter(({ at }) => Date.parse(at) >= sinceMs);
    });
    // Oldest first, so that a reader who meets the limit can go on from the last change it has seen.
    const sent = changed.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(0, CDC_OBJECTS_MAX);
    const QueryResponse = wanted.split(',').map((entity) => {
      const records = sent.filter(({ name }) => name === entity).map(({ record }) => record);
      return records.length === 0
        ? {}
        : { [entity]: records, startPosition: 1, maxResults: records.length, totalCount: records.length };
    });
    return { status: 200, body: { CDCResponse: [{ QueryResponse }], time: timeNow() } };
  }

  function preferences(): object {
    return {
      SalesFormsPrefs: { CustomTxnNumbers: customTxnNumbers, AllowServiceDate: true, AllowDeposit: false },
      CurrencyPrefs: { MultiCurrencyEnabled: multiCurrency, HomeCurrency: { value: homeCurrency } },
      TaxPrefs: { UsingSalesTax: true, PartnerTaxEnabled: country === 'US' },
      TimeTrackingPrefs: { UseServices: true, BillCustomers: true, ShowBillRateToAll: true },
      domain: 'QBO',
      sparse: false,
      Id: '1',
      SyncToken: '0',
      MetaData: { CreateTime: '2020-01-01T00:00:00-08:00', LastUpdatedTime: '2020-01-01T00:00:00-08:00' },
    };
  }

  /** Only of an invoice with an e-mail, in a company with QuickBooks Payments. */
  function includedOf(call: VendorCall, record: object): object {
    const included = call.query.get('include');
    if (included === null) return {};
    if (included !== 'invoiceLink') throw unsupported(`with include=${included}`);
    const { Id, BillEmail } = record as QuickbooksInvoice;
    const InvoiceLink = BillEmail === undefined ? undefined : payPages.addressOf(call, Id);
    return InvoiceLink === undefined ? {} : { InvoiceLink };
  }

  const payPages = openPayPages({
    open: (id) => new Decimal((Invoice.get(id) ?? raise(objectNotFound())).Balance).toFixed(2),
    pay: (invoiceId, amount) =>
      void byHand(() => bookPayment({ invoiceId, amount, date: clock().toISOString().slice(0, 10) })),
  });

  function route(call: VendorCall, path: string): VendorAnswer {
    if (path === 'query' && (call.method === 'GET' || call.method === 'POST')) return query(call);
    if (path === 'cdc' && call.method === 'GET') return changes(call);
    if (path === 'preferences' && call.method === 'GET') {
      allowParameters(call, []);
      return { status: 200, body: { Preferences: preferences(), time: timeNow() } };
    }
    const sent = /^invoice\/(\w+)\/send$/.exec(path)?.[1];
    if (sent !== undefined && call.method === 'POST') {
      allowParameters(call, ['sendTo', 'requestid']);
      if (call.headers['content-type'] !== 'application/octet-stream')
        throw unsupported('sending an invoice without Content-Type: application/octet-stream');
      return once(call, () => ({
        Invoice: sendInvoice(Invoice.get(sent) ?? raise(objectNotFound()), call.query.get('sendTo')),
      }));
    }
    const [segment = '', id, ...more] = path.split('/');
    // Paths are case sensitive, with the entity in lower case.
    const name = ROUTES[segment];
    if (name !== undefined && more.length === 0) {
      const isWritable = (WRITABLE as readonly EntityName[]).includes(name);
      if (call.method === 'POST' && id === undefined && isWritable)
        return write(name as WritableEntity, call);
      if (call.method === 'GET' && id !== undefined) {
        allowParameters(call, name === 'Invoice' ? ['include'] : []);
        const record = books.records[name].get(id);
        if (record === undefined) throw objectNotFound();
        return { status: 200, body: { [name]: { ...record, ...includedOf(call, record) }, time: timeNow() } };
      }
    }
    throw new VendorFault('404', 'Not Found', `No route ${call.method} ${call.path}.`, {
      status: 404,
      type: 'SystemFault',
    });
  }

  function answer(call: VendorCall): VendorAnswer {
    try {
      const page = payPages.answer(call);
      if (page !== null) return page;
      if (oauth !== null && call.path === '/oauth2/v1/tokens/bearer') return oauth.token(call);
      if (oauth !== null && call.path === '/v2/oauth2/tokens/revoke') return oauth.revoke(call);
      const [, realm, path] = /^\/v3\/company\/([^/]+)\/(.+)$/.exec(call.path) ?? [];
      const token = /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1] ?? '';
      if (token !== accessToken && oauth?.accepts(token) !== true)
        return gatewayAnswer(401, 'Token expired or revoked');
      if (realm === undefined || path === undefined)
        throw new VendorFault('404', 'Not Found', `No route ${call.method} ${call.path}.`, {
          status: 404,
          type: 'SystemFault',
        });
      if (realm !== options.realmId)
        return gatewayAnswer(
          403,
          `The token gives no access to company ${realm}, or the environment is the wrong one.`,
        );
      if (!/\bapplication\/json\b/.test(call.headers.accept ?? ''))
        throw new VendorFault(
          '406',
          'Not Acceptable',
          'Without Accept: application/json QuickBooks answers in XML.',
          { status: 406, type: 'SystemFault' },
        );
      return route(call, path);
    } catch (error) {
      const fault =
        error instanceof QueryError
          ? new VendorFault(
              error.code,
              error.code === '4000' ? 'Error parsing query' : 'Invalid query',
              error.message,
            )
          : error;
      if (!(fault instanceof VendorFault)) throw error;
      const status = faultStatus200 && fault.status === 400 ? 200 : fault.status;
      return { status, body: toFaultBody(fault, timeNow()) };
    }
  }

  const limits = options.rateLimit ?? VENDOR_RATE_LIMITS;
  const sandbox = await startSandbox(
    {
      answer,
      errorBody: (status, message) =>
        [401, 403, 429].includes(status)
          ? gatewayAnswer(status, message).body
          : toFaultBody(
              new VendorFault(String(status), message, message, { status, type: 'SystemFault' }),
              timeNow(),
            ),
      rateLimits: limits === 'off' ? [] : 'requests' in limits ? [limits] : limits,
      sendsRetryAfter: false,
      commonHeaders: () => ({
        intuit_tid: `1-${randomBytes(4).toString('hex')}-${randomBytes(12).toString('hex')}`,
      }),
    },
    options.port,
  );

  /** Does a person's work in the books and keeps it; hands out copies, so that a test cannot write into the books. */
  function byHand<T>(work: () => T): T {
    const result = structuredClone(work());
    writeBooks(options.stateFile, books);
    return result;
  }
  function addPerson(
    people: Map<string, QuickbooksPerson>,
    DisplayName: string,
    email?: string,
  ): QuickbooksPerson {
    return byHand(() => {
      refuseDuplicateName(DisplayName, undefined);
      const person = {
        DisplayName,
        Active: true,
        ...(email === undefined ? {} : { PrimaryEmailAddr: { Address: email } }),
        ...newKept(),
      };
      people.set(person.Id, person);
      return person;
    });
  }

  return {
    ...sandbox,
    oauth,
    payPages,
    addCustomer: (customer) => byHand(() => putCustomer(customer, null)),
    addItem: (item) =>
      byHand(() => putItem({ Type: 'Service', IncomeAccountRef: { value: '79' }, ...item }, null)),
    addEmployee: (displayName, email) => addPerson(Employee, displayName, email),
    addVendor: (displayName, email) => addPerson(Vendor, displayName, email),
    bookPayment: (booking) => byHand(() => bookPayment(booking)),
    addClass: (Name) =>
      byHand(() => {
        const made = { Name, FullyQualifiedName: Name, Active: true, ...newKept() };
        Class.set(made.Id, made);
        return made;
      }),
    receive: (customerId, amount, date, reference) =>
      byHand(() =>
        putPayment(
          {
            CustomerRef: { value: customerId },
            TotalAmt: Number(amount),
            TxnDate: date,
            ...(reference === undefined ? {} : { PaymentRefNum: reference }),
          },
          null,
        ),
      ),
    editInvoice: (id, change) =>
      byHand(() => {
        const { TxnTaxDetail: _, ...kept } = Invoice.get(id) ?? raise(objectNotFound());
        return putInvoice({ ...kept, ...change }, Invoice.get(id)!);
      }),
    voidInvoice: (id) => byHand(() => voidInvoice(Invoice.get(id) ?? raise(objectNotFound()))),
    deleteInvoice: (id) => byHand(() => deleteInvoice(Invoice.get(id) ?? raise(objectNotFound()))),
    voidPayment: (id) => byHand(() => voidPayment(Payment.get(id) ?? raise(objectNotFound()))),
    deletePayment: (id) => byHand(() => deletePayment(Payment.get(id) ?? raise(objectNotFound()))),
    get customers() {
      return structuredClone([...Customer.values()]);
    },
    get items() {
      return structuredClone([...Item.values()]);
    },
    get invoices() {
      return structuredClone([...Invoice.values()]);
    },
    get payments() {
      return structuredClone([...Payment.values()]);
    },
    get creditMemos() {
      return structuredClone([...CreditMemo.values()]);
    },
    get vendors() {
      return structuredClone([...Vendor.values()]);
    },
    get bills() {
      return structuredClone([...Bill.values()]);
    },
    get billPayments() {
      return structuredClone([...BillPayment.values()]);
    },
    get timeActivities() {
      return structuredClone([...TimeActivity.values()]);
    },
    setAccessToken(token) {
      accessToken = token;
    },
    faultsAsHttp200(on) {
      faultStatus200 = on;
    },
    async sendWebhook(url, verifierToken, events, { legacy = false } = {}) {
      const at = (event: QuickbooksWebhookEvent) => event.at ?? clock().toISOString();
      const body = JSON.stringify(
        legacy ? toLegacyEvents(options.realmId, events, at) : toCloudEvents(options.realmId, events, at),
      );
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          // Over the raw bytes; the key is the verifier token as text, neither decoded nor the client secret.
          'intuit-signature': createHmac('sha256', verifierToken).update(body).digest('base64'),
        },
        body,
        signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
      });
      await response.arrayBuffer();
      return { status: response.status };
    },
  };
}

const OTHER_ACCOUNTS = [
  ['35', 'Checking', 'Bank'],
  ['80', 'Cost of labor', 'Cost of Goods Sold'],
  ['33', 'Accounts Payable (A/P)', 'Accounts Payable'],
] as const;

const CANADIAN_TAX_PERCENTS: Readonly<Record<string, number>> = { '2': 0, '3': 0, '5': 5, '7': 13 };
const CANADIAN_TAX_NAMES: Readonly<Record<string, string>> = {
  '2': 'Exempt',
  '3': 'Zero-rated',
  '5': 'GST',
  '7': 'HST ON',
};

function timeActivityIds(invoice: QuickbooksInvoice): string[] {
  return invoice.Line.flatMap((line) =>
    line.DetailType === 'SalesItemLineDetail' ? (line.LinkedTxn ?? []).map((link) => link.TxnId) : [],
  );
}

function taxOf(
  lines: readonly z.output<typeof salesLine>[],
  percents: Readonly<Record<string, number>>,
): Decimal {
  const byCode = Map.groupBy(lines, (line) => line.SalesItemLineDetail.TaxCodeRef!.value);
  return sum(
    [...byCode].map(([code, linesOfCode]) =>
      sum(linesOfCode.map((line) => line.Amount))
        .times(percents[code] ?? 0)
        .div(100)
        .toDecimalPlaces(2),
    ),
  );
}
