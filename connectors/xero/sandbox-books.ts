/** Owns the Accounting half of the Xero sandbox: contacts, items, invoices, bills, credit notes, payments. */
import { randomUUID } from 'node:crypto';
import { Decimal } from 'decimal.js';
import type { z } from 'zod';
import type { VendorAnswer, VendorCall } from '../kit/sandbox.ts';
import { openPayPages, type ServedPayPages } from '../kit/sandbox-pay-pages.ts';
import {
  allocationBody,
  type Contact,
  contactBody,
  creditNoteBody,
  type Document,
  documentBody,
  type Item,
  itemBody,
  type lineBody,
  type Payment,
  paymentBody,
  statusBody,
  type Tables,
  taxRates,
} from './sandbox-bodies.ts';
import {
  dotNetDate,
  dotNetDay,
  elementOf,
  Invalid,
  jsonOf,
  matches,
  numberOf,
  pageOf,
  queryOf,
  Refusal,
  shaped,
} from './sandbox-words.ts';

const vendorPageSize = 100;
const mostPageSize = 1_000;
const emptyId = '00000000-0000-0000-0000-000000000000';

export interface XeroBooks {
  answer(call: VendorCall, path: string): VendorAnswer;
  payPages: ServedPayPages;
  readonly tables: Tables;
  addContact(contact: Partial<Contact> & { Name: string }): string;
  /** Somebody writes a sales invoice down in Xero itself. */
  addInvoice(contactId: string, number: string, amount: string): string;
  /** Somebody books money that came in; answers the payment's id. */
  pay(invoiceId: string, amount: string, day: string, reference?: string): string;
  removePayment(paymentId: string): void;
  /** `status` as somebody in Xero's own screens sets it; payments on it are not checked. */
  setStatus(id: string, status: Document['Status']): void;
  /** Somebody edits it there. */
  touch(id: string, change?: Partial<Pick<Document, 'DueDate' | 'Reference' | 'Number'>>): void;
}

export function openBooks(options: {
  now: () => Date;
  baseCurrency: string;
  most: number | undefined;
  isEndless: () => boolean;
}): XeroBooks {
  const tables: Tables = {
    contacts: new Map(),
    items: new Map(),
    documents: new Map(),
    payments: new Map(),
    mails: [],
  };
  const { contacts, items, documents, payments } = tables;
  const currencies = [options.baseCurrency, 'EUR', 'USD', 'GBP', 'NZD'];
  const nowMs = () => options.now().getTime();
  let lastNumber = 0;

  // ---- figures

  const sumOf = (amounts: Decimal.Value[]) =>
    amounts.reduce<Decimal>((sum, each) => sum.plus(each), new Decimal(0));
  const paymentsOf = (id: string) =>
    [...payments.values()].filter((each) => each.Status === 'AUTHORISED' && each.documentId === id);
  const figuresOf = (document: Document) => {
    const SubTotal = sumOf(document.lines.map((line) => line.LineAmount));
    const TotalTax = sumOf(document.lines.map((line) => line.TaxAmount));
    const Total = SubTotal.plus(TotalTax);
    const AmountPaid = sumOf(paymentsOf(document.id).map((each) => each.Amount));
    const allocations = [...documents.values()].flatMap((each) =>
      each.Status === 'VOIDED' ? [] : each.allocations,
    );
    const isNote = document.Type.endsWith('CREDIT');
    const AmountCredited = sumOf(
      (isNote ? document.allocations : allocations.filter((each) => each.invoiceId === document.id)).map(
        (each) => each.Amount,
      ),
    );
    const isOff = document.Status === 'VOIDED' || document.Status === 'DELETED';
    const AmountDue = isOff ? new Decimal(0) : Total.minus(AmountPaid).minus(AmountCredited);
    return { SubTotal, TotalTax, Total, AmountPaid, AmountCredited, AmountDue };
  };
  /** AUTHORISED and PAID follow the money. */
  function settle(document: Document): void {
    if (document.Status === 'AUTHORISED' || document.Status === 'PAID') {
      const { Total, AmountDue } = figuresOf(document);
      document.Status = AmountDue.isZero() && !Total.isZero() ? 'PAID' : 'AUTHORISED';
    }
    document.updatedMs = nowMs();
  }

  // ---- what a document says

  function render(document: Document, withLines: boolean) {
    const figures = Object.fromEntries(
      Object.entries(figuresOf(document)).map(([name, value]) => [name, value.toNumber()]),
    );
    const { AmountDue, ...others } = figures;
    const contact = contacts.get(document.contactId)!;
    const isNote = document.Type.endsWith('CREDIT');
    return {
      Type: document.Type,
      ...(isNote
        ? { CreditNoteID: document.id, CreditNoteNumber: document.Number, RemainingCredit: AmountDue }
        : {
            InvoiceID: document.id,
            InvoiceNumber: document.Number,
            AmountDue,
            SentToContact: tables.mails.some(({ invoiceId }) => invoiceId === document.id),
          }),
      Reference: document.Reference,
      ...(document.Url === undefined ? {} : { Url: document.Url }),
      Contact: {
        ContactID: contact.ContactID,
        Name: contact.Name,
        ...(withLines ? { EmailAddress: contact.EmailAddress } : {}),
      },
      DateString: `${document.Date}T00:00:00`,
      Date: dotNetDay(document.Date),
      ...(document.DueDate === undefined ? {} : { DueDate: dotNetDay(document.DueDate) }),
      Status: document.Status,
      LineAmountTypes: 'Exclusive',
      LineItems: withLines ? document.lines : [],
      ...others,
      UpdatedDateUTC: dotNetDate(document.updatedMs),
      CurrencyCode: document.CurrencyCode,
      CurrencyRate: 1,
      Payments: [...payments.values()]
        .filter((each) => each.documentId === document.id && each.Status === 'AUTHORISED')
        .map((each) => ({
          PaymentID: each.PaymentID,
          Date: dotNetDay(each.Date),
          Amount: each.Amount,
          Reference: each.Reference,
        })),
      ...(isNote
        ? {
            Allocations: document.allocations.map((each) => ({
              Amount: each.Amount,
              Date: dotNetDay(each.Date),
              Invoice: { InvoiceID: each.invoiceId, InvoiceNumber: documents.get(each.invoiceId)?.Number },
            })),
          }
        : {}),
      HasErrors: false,
    };
  }

  function renderPayment(payment: Payment) {
    const document = documents.get(payment.documentId)!;
    const isNote = document.Type.endsWith('CREDIT');
    return {
      PaymentID: payment.PaymentID,
      Date: dotNetDay(payment.Date),
      Amount: payment.Amount,
      BankAmount: payment.Amount,
      Reference: payment.Reference,
      CurrencyRate: 1,
      PaymentType: isNote ? 'ARCREDITPAYMENT' : `${document.Type}PAYMENT`,
      Status: payment.Status,
      UpdatedDateUTC: dotNetDate(payment.updatedMs),
      HasAccount: true,
      IsReconciled: false,
      Invoice: {
        Type: document.Type,
        InvoiceID: document.id,
        InvoiceNumber: document.Number,
        CurrencyCode: document.CurrencyCode,
        Contact: { ContactID: document.contactId, Name: contacts.get(document.contactId)!.Name },
      },
    };
  }

  // ---- what is taken

  function checkLine(
    line: z.output<typeof lineBody>,
    document: { Type: string; Status: string },
    places: number,
  ) {
    const item = line.ItemCode === undefined ? undefined : items.get(line.ItemCode);
    const isSale = document.Type.startsWith('ACCREC');
    if (line.ItemCode !== undefined && (item === undefined || !(isSale ? item.IsSold : item.IsPurchased)))
      throw new Invalid(`Item code '${line.ItemCode}' is not valid`);
    const account = line.AccountCode ?? item?.SalesDetails?.AccountCode;
    if (account === undefined && document.Status === 'AUTHORISED')
      throw new Invalid('Account code must be specified');
    if (account !== undefined && !['200', '260', '400', '429'].includes(account))
      throw new Invalid(`Account code '${account}' is not a valid code for this document.`);
    // Two decimals of a price unless four are asked for.
    const UnitAmount = new Decimal(line.UnitAmount).toDecimalPlaces(places, Decimal.ROUND_HALF_UP);
    const product = UnitAmount.times(line.Quantity).toDecimalPlaces(2, Decimal.ROUND_HALF_UP);
    if (line.LineAmount !== undefined && !product.minus(line.LineAmount).abs().lessThanOrEqualTo('0.01'))
      throw new Invalid(
        `The line total ${line.LineAmount} does not match the expected line total ${product.toFixed(2)}`,
      );
    const LineAmount = new Decimal(line.LineAmount ?? product);
    const TaxType = line.TaxType ?? 'OUTPUT2';
    const rate = taxRates[TaxType];
    if (rate === undefined)
      throw new Invalid(
        `The TaxType code '${TaxType}' does not exist or cannot be used for this type of transaction.`,
      );
    for (const { Name, Option } of line.Tracking ?? [])
      if (Name !== 'Project' || !['HULL', 'DECK Deck works'].includes(Option))
        throw new Invalid(`The Tracking Option '${Option}' of '${Name}' does not exist.`);
    const TaxAmount = LineAmount.times(rate).dividedBy(100).toDecimalPlaces(2, Decimal.ROUND_HALF_UP);
    return {
      LineItemID: randomUUID(),
      Description: line.Description,
      Quantity: line.Quantity,
      UnitAmount: UnitAmount.toNumber(),
      LineAmount: LineAmount.toNumber(),
      TaxType,
      TaxAmount: TaxAmount.toNumber(),
      ...(line.ItemCode === undefined ? {} : { ItemCode: line.ItemCode }),
      ...(account === undefined ? {} : { AccountCode: account }),
      Tracking: line.Tracking ?? [],
    };
  }

  function contactOf(contact: { ContactID?: string | undefined; Name?: string | undefined }): string {
    if (contact.ContactID !== undefined) {
      const found = contacts.get(contact.ContactID);
      if (found?.ContactStatus !== 'ACTIVE')
        throw new Invalid('The Contact could not be found or is archived.');
      return found.ContactID;
    }
    if (contact.Name === undefined)
      throw new Invalid(
        'The Contact must contain at least 1 of the following elements to identify the contact: Name, ContactID, ContactNumber',
      );
    // A new name alone makes a contact.
    const known = [...contacts.values()].find(
      (each) => each.Name.toLowerCase() === contact.Name!.toLowerCase(),
    );
    return known?.ContactID ?? addContact({ Name: contact.Name });
  }

  function numberedAs(wanted: string | undefined, type: string, ownId: string | undefined): string {
    if (type === 'ACCPAY') return wanted ?? '';
    const isTaken = (number: string) =>
      [...documents.values()].some(
        (each) =>
          each.Type === type && each.Number === number && each.id !== ownId && each.Status !== 'DELETED',
      );
    if (wanted !== undefined) {
      if (isTaken(wanted))
        throw new Invalid(type === 'ACCREC' ? 'Invoice # must be unique.' : 'Credit Note # must be unique.');
      return wanted;
    }
    do lastNumber += 1;
    while (isTaken(`INV-${String(lastNumber).padStart(4, '0')}`));
    return `INV-${String(lastNumber).padStart(4, '0')}`;
  }

  function putDocument(raw: unknown, call: VendorCall, existing: Document | null): Document {
    const isNote = call.path.includes('/CreditNotes');
    const body = isNote ? shaped(creditNoteBody, raw) : shaped(documentBody, raw);
    if (existing) refuseLocked(existing);
    const Type = body.Type;
    const Status = body.Status ?? 'DRAFT';
    if (Status === 'AUTHORISED' && !isNote && body.DueDate === undefined)
      throw new Invalid('DueDate must be specified');
    const CurrencyCode = body.CurrencyCode ?? options.baseCurrency;
    if (!currencies.includes(CurrencyCode))
      throw new Invalid(`Organisation is not subscribed to currency ${CurrencyCode}`);
    const places = call.query.get('unitdp') === '4' ? 4 : 2;
    const lines = body.LineItems.map((line) => checkLine(line, { Type, Status }, places));
    if (sumOf(lines.map((line) => line.LineAmount)).isNegative())
      throw new Invalid('The document total must not be negative.');
    const contactId = contactOf(body.Contact);
    const number = numberedAs(body.InvoiceNumber ?? body.CreditNoteNumber, Type, existing?.id);
    const document: Document = {
      id: existing?.id ?? randomUUID(),
      Type,
      contactId,
      Number: number,
      // Bills have no reference beside their number.
      Reference: Type === 'ACCPAY' ? '' : (body.Reference ?? ''),
      ...(body.Url === undefined ? {} : { Url: body.Url }),
      Date: body.Date ?? options.now().toISOString().slice(0, 10),
      ...(body.DueDate === undefined ? {} : { DueDate: body.DueDate }),
      CurrencyCode,
      Status,
      lines,
      allocations: existing?.allocations ?? [],
      byOurApp: true,
      updatedMs: nowMs(),
    };
    documents.set(document.id, document);
    return document;
  }

  function refuseLocked(document: Document): void {
    const { AmountPaid, AmountCredited } = figuresOf(document);
    if (!AmountPaid.isZero() || !AmountCredited.isZero())
      throw new Invalid('This document cannot be edited as it has a payment or credit note allocated to it.');
    if (!['DRAFT', 'SUBMITTED', 'AUTHORISED'].includes(document.Status))
      throw new Invalid('Invoice not of valid status for modification');
  }

  function changeStatus(document: Document, Status: Document['Status']): Document {
    refuseLocked(document);
    const isDraft = document.Status === 'DRAFT' || document.Status === 'SUBMITTED';
    if (
      Status === 'DELETED'
        ? !isDraft
        : Status === 'VOIDED'
          ? document.Status !== 'AUTHORISED'
          : Status !== 'AUTHORISED'
    )
      throw new Invalid('Invoice not of valid status for modification');
    document.Status = Status;
    document.updatedMs = nowMs();
    return document;
  }

  function putContact(raw: unknown): Contact {
    const body = shaped(contactBody, raw);
    const isTaken = [...contacts.values()].some(
      (each) => each.ContactStatus === 'ACTIVE' && each.Name.toLowerCase() === body.Name.toLowerCase(),
    );
    if (isTaken)
      throw new Invalid(
        `The contact name ${body.Name} is already assigned to another contact. The contact name must be unique across all active contacts.`,
      );
    return contacts.get(addContact(body))!;
  }

  function putItem(raw: unknown): Item {
    const body = shaped(itemBody, raw);
    if (items.has(body.Code)) throw new Invalid(`Price List Item with Code '${body.Code}' already exists`);
    const item: Item = {
      ...body,
      ItemID: randomUUID(),
      IsSold: body.IsSold ?? true,
      IsPurchased: body.IsPurchased ?? true,
    };
    items.set(item.Code, item);
    return item;
  }

  function putPayment(raw: unknown): Payment {
    const body = shaped(paymentBody, raw);
    const id = body.Invoice?.InvoiceID ?? body.CreditNote?.CreditNoteID ?? emptyId;
    const document = documents.get(id);
    if (!document) throw new Invalid('The document that is paid does not exist.');
    if (document.Status !== 'AUTHORISED')
      throw new Invalid('Payments can only be made against Authorised documents');
    if (!['090', '970'].includes(body.Account.Code))
      throw new Invalid('Account could not be found, or takes no payments.');
    if (figuresOf(document).AmountDue.lessThan(body.Amount))
      throw new Invalid('Payment amount exceeds the amount outstanding on this document');
    return book(document, body.Amount, body.Date, body.Reference ?? '');
  }

  function book(document: Document, Amount: number, day: string, Reference: string): Payment {
    const payment: Payment = {
      PaymentID: randomUUID(),
      documentId: document.id,
      Amount,
      Date: day,
      Reference,
      Status: 'AUTHORISED',
      updatedMs: nowMs(),
    };
    payments.set(payment.PaymentID, payment);
    settle(document);
    return payment;
  }

  function allocate(raw: unknown, noteId: string) {
    const body = shaped(allocationBody, raw);
    const note = documents.get(noteId);
    const invoice = documents.get(body.Invoice.InvoiceID);
    if (!note || !invoice || invoice.Type !== 'ACCREC')
      throw new Invalid('The document to allocate to could not be found.');
    if (figuresOf(note).AmountDue.lessThan(body.Amount) || figuresOf(invoice).AmountDue.lessThan(body.Amount))
      throw new Invalid('Allocation amount exceeds the amount outstanding on one of the documents.');
    note.allocations.push({ invoiceId: invoice.id, Amount: body.Amount, Date: body.Date });
    settle(note);
    settle(invoice);
    return {
      Amount: body.Amount,
      Date: dotNetDay(body.Date),
      Invoice: { InvoiceID: invoice.id },
      CreditNote: { CreditNoteID: note.id },
    };
  }

  // ---- lists

  const filters = ['where', 'order', 'page', 'pageSize', 'unitdp'];
  function list(
    call: VendorCall,
    name: string,
    rows: readonly { shown: object; updatedMs: number }[],
    more: string[],
    canEnd = true,
  ) {
    const query = queryOf(call, [...filters, ...more]);
    const since = call.headers['if-modified-since'];
    const sinceMs = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(String(since));
    if (Number.isNaN(sinceMs)) throw new Refusal(400, 'If-Modified-Since is not a date.');
    if (query.order !== undefined && query.order !== 'UpdatedDateUTC ASC')
      throw new Refusal(400, 'Unknown order.');
    const selected = rows.filter((row) => row.updatedMs >= sinceMs && matches(query.where, row.shown));
    if (query.order !== undefined) selected.sort((one, other) => one.updatedMs - other.updatedMs);
    if (query.page === undefined)
      return { status: 200, body: { [name]: selected.map(({ shown }) => shown) } };
    const pageSize = Math.min(
      numberOf(query.pageSize, vendorPageSize, mostPageSize, 'pageSize'),
      options.most ?? mostPageSize,
    );
    const page = pageOf(
      selected,
      numberOf(query.page, 1, 1_000_000, 'page'),
      pageSize,
      options.isEndless() && !canEnd,
    );
    return {
      status: 200,
      body: { pagination: page.pagination, [name]: page.rows.map(({ shown }) => shown) },
    };
  }

  function listDocuments(call: VendorCall, name: 'Invoices' | 'CreditNotes'): VendorAnswer {
    const query = Object.fromEntries(call.query);
    const isOne = (text: string | undefined, value: string) =>
      text === undefined || text.split(',').includes(value);
    const rows = [...documents.values()]
      .filter((each) => each.Type.endsWith('CREDIT') === (name === 'CreditNotes'))
      .filter((each) => isOne(query.InvoiceNumbers, each.Number) && isOne(query.ContactIDs, each.contactId))
      .filter(
        (each) => isOne(query.Statuses, each.Status) && (query.createdByMyApp !== 'true' || each.byOurApp),
      )
      .filter(
        (each) =>
          !query.searchTerm ||
          `${each.Number} ${each.Reference}`.toLowerCase().includes(query.searchTerm.toLowerCase()),
      )
      // Line items only where a page is asked for.
      .map((each) => ({ shown: render(each, query.page !== undefined), updatedMs: each.updatedMs }));
    return list(call, name, rows, [
      'InvoiceNumbers',
      'ContactIDs',
      'Statuses',
      'searchTerm',
      'createdByMyApp',
    ]);
  }

  function listContacts(call: VendorCall): VendorAnswer {
    const { searchTerm, IDs, includeArchived } = Object.fromEntries(call.query);
    const rows = [...contacts.values()]
      .filter((each) => each.ContactStatus === 'ACTIVE' || includeArchived === 'true')
      .filter((each) => !IDs || IDs.split(',').includes(each.ContactID))
      .filter(
        (each) =>
          !searchTerm || `${each.Name} ${each.EmailAddress}`.toLowerCase().includes(searchTerm.toLowerCase()),
      )
      .map((shown) => ({ shown, updatedMs: 0 }));
    return list(call, 'Contacts', rows, ['searchTerm', 'IDs', 'includeArchived', 'summaryOnly']);
  }

  const listPayments = (call: VendorCall) =>
    list(
      call,
      'Payments',
      [...payments.values()].map((each) => ({ shown: renderPayment(each), updatedMs: each.updatedMs })),
      [],
      false,
    );

  // ---- routes

  /** One element; what it breaks comes as 400, or under 200 with `summarizeErrors=false`. */
  function write(call: VendorCall, name: string, work: (raw: unknown) => object): VendorAnswer {
    const hasPrices = ['Invoices', 'CreditNotes', 'Items'].includes(name);
    queryOf(call, hasPrices ? ['summarizeErrors', 'unitdp'] : ['summarizeErrors']);
    const raw = elementOf(call, name);
    try {
      return {
        status: 200,
        body: { Id: randomUUID(), Status: 'OK', [name]: [{ ...work(raw), StatusAttributeString: 'OK' }] },
      };
    } catch (problem) {
      if (!(problem instanceof Invalid)) throw problem;
      const failed = {
        ...(raw as object),
        HasErrors: true,
        StatusAttributeString: 'ERROR',
        ValidationErrors: [{ Message: problem.message }],
      };
      if (call.query.get('summarizeErrors') === 'false')
        return { status: 200, body: { Id: randomUUID(), Status: 'OK', [name]: [failed] } };
      throw new Refusal(400, problem.message, {
        ErrorNumber: 10,
        Type: 'ValidationException',
        Message: 'A validation exception occurred',
        Elements: [failed],
      });
    }
  }

  function changeInvoice(call: VendorCall, document: Document): VendorAnswer {
    return write(call, 'Invoices', (raw) => {
      const fields = Object.keys(raw as object).filter((name) => name !== 'InvoiceID');
      const changed =
        fields.length === 1 && fields[0] === 'Status'
          ? changeStatus(document, shaped(statusBody, raw).Status)
          : putDocument(raw, call, document);
      return render(changed, true);
    });
  }

  function mail(call: VendorCall, document: Document): VendorAnswer {
    jsonOf(call);
    const to = contacts.get(document.contactId)?.EmailAddress ?? '';
    if (document.Status === 'DRAFT' || to === '')
      throw new Refusal(400, 'Only approved invoices of a contact with an address can be sent.');
    tables.mails.push({ invoiceId: document.id, to });
    return { status: 204 };
  }

  function answer(call: VendorCall, path: string): VendorAnswer {
    const [, name, id, action] = /^\/([A-Za-z]+)(?:\/([^/]+))?(?:\/([A-Za-z]+))?$/.exec(path) ?? [];
    const route = `${call.method} /${name}${id === undefined ? '' : '/*'}${action === undefined ? '' : `/${action}`}`;
    const document = () => {
      const found = documents.get(id!);
      if (!found || found.Type.endsWith('CREDIT') !== (name === 'CreditNotes'))
        throw new Refusal(404, 'The resource you are looking for cannot be found');
      return found;
    };
    switch (route) {
      case 'GET /Contacts':
        return listContacts(call);
      case 'PUT /Contacts':
        return write(call, 'Contacts', putContact);
      case 'GET /Items':
        return list(
          call,
          'Items',
          [...items.values()].map((shown) => ({ shown, updatedMs: 0 })),
          [],
        );
      case 'PUT /Items':
        return write(call, 'Items', putItem);
      case 'GET /TrackingCategories':
        return { status: 200, body: { TrackingCategories: trackingCategories } };
      case 'GET /Invoices':
      case 'GET /CreditNotes':
        return listDocuments(call, name as 'Invoices' | 'CreditNotes');
      case 'GET /Invoices/*':
      case 'GET /CreditNotes/*':
        queryOf(call, ['unitdp']);
        return { status: 200, body: { [name as string]: [render(document(), true)] } };
      case 'PUT /Invoices':
      case 'PUT /CreditNotes':
        return write(call, name!, (raw) => render(putDocument(raw, call, null), true));
      case 'POST /Invoices':
        // POST also updates: an existing number is that invoice.
        return write(call, 'Invoices', (raw) => {
          const number = (raw as { InvoiceNumber?: string }).InvoiceNumber;
          const existing = [...documents.values()].find(
            (each) => each.Type === 'ACCREC' && each.Number === number,
          );
          return render(putDocument(raw, call, existing ?? null), true);
        });
      case 'POST /Invoices/*':
        return changeInvoice(call, document());
      case 'GET /Invoices/*/OnlineInvoice': {
        queryOf(call, []);
        const found = document();
        // Xero shows no draft to clients, and bills to nobody.
        if (found.Type !== 'ACCREC' || !['AUTHORISED', 'PAID'].includes(found.Status))
          throw new Refusal(404, 'The resource you are looking for cannot be found');
        const OnlineInvoiceUrl = payPages.addressOf(call, found.id);
        return {
          status: 200,
          body: { OnlineInvoices: OnlineInvoiceUrl === undefined ? [] : [{ OnlineInvoiceUrl }] },
        };
      }
      case 'POST /Invoices/*/Email':
        return mail(call, document());
      case 'PUT /CreditNotes/*/Allocations':
        return write(call, 'Allocations', (raw) => allocate(raw, id!));
      case 'GET /Payments':
        return listPayments(call);
      case 'PUT /Payments':
        return write(call, 'Payments', (raw) => renderPayment(putPayment(raw)));
      default:
        throw new Refusal(404, 'The resource you are looking for cannot be found');
    }
  }

  function addContact(contact: Partial<Contact> & { Name: string }): string {
    const ContactID = randomUUID();
    contacts.set(ContactID, { EmailAddress: '', ContactStatus: 'ACTIVE', ...contact, ContactID });
    return ContactID;
  }
  const documentOf = (id: string) => {
    const found = documents.get(id);
    if (!found) throw new Error(`there is no document ${id}`);
    return found;
  };

  const payPages = openPayPages({
    open: (id) => figuresOf(documentOf(id)).AmountDue.toFixed(2),
    pay: (id, amount) =>
      void book(documentOf(id), Number(amount), options.now().toISOString().slice(0, 10), 'Online payment'),
  });

  return {
    answer,
    payPages,
    tables,
    addContact,
    addInvoice(contactId, number, amount) {
      const line = {
        LineItemID: randomUUID(),
        Description: 'Something else',
        Quantity: 1,
        UnitAmount: Number(amount),
        LineAmount: Number(amount),
        TaxType: 'NONE',
        TaxAmount: 0,
        Tracking: [],
      };
      const id = randomUUID();
      const day = options.now().toISOString().slice(0, 10);
      const common = {
        Reference: '',
        Date: day,
        DueDate: day,
        CurrencyCode: options.baseCurrency,
        Status: 'AUTHORISED',
        allocations: [],
        byOurApp: false,
      } as const;
      documents.set(id, {
        ...common,
        id,
        Type: 'ACCREC',
        contactId,
        Number: number,
        lines: [line],
        allocations: [],
        updatedMs: nowMs(),
      });
      return id;
    },
    pay: (invoiceId, amount, day, reference = '') =>
      book(documentOf(invoiceId), Number(amount), day, reference).PaymentID,
    removePayment(paymentId) {
      const payment = payments.get(paymentId)!;
      Object.assign(payment, { Status: 'DELETED', updatedMs: nowMs() });
      settle(documentOf(payment.documentId));
    },
    setStatus: (id, Status) => void Object.assign(documentOf(id), { Status, updatedMs: nowMs() }),
    touch: (id, change = {}) => void Object.assign(documentOf(id), change, { updatedMs: nowMs() }),
  };
}

const trackingCategories = [
  {
    Name: 'Project',
    Status: 'ACTIVE',
    TrackingCategoryID: '22f10184-0deb-44ae-a312-b1f6ea70e51f',
    Options: ['HULL', 'DECK Deck works'].map((Name) => ({
      Name,
      Status: 'ACTIVE',
      TrackingOptionID: randomUUID(),
    })),
  },
];
