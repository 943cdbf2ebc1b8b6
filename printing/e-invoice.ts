/** Owns the e-invoice of a document: EN 16931 as UBL 2.1 and as CII. */
import { FormatFactoryService, type Invoice } from '@e-invoice-eu/core';
import type { TaxSubtotal } from '../domain/invoice-snapshot.ts';
import { Decimal } from '../domain/money.ts';
import type { PrintedDocument, PrintedLine, PrintedParty } from '../domain/printed-document.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { taxCodeOf } from './e-invoice-reasons.ts';

const subtotalKey = (category: string, rate: DecimalText) => `${category}|${new Decimal(rate).toFixed()}`;

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
const formats = new FormatFactoryService();

/** What XML 1.0 has no place for, whoever pasted it: control characters and halves of pairs. Text goes on with a space there. */
const illegible = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;
function legible<Value>(value: Value): Value {
  if (typeof value === 'string') return value.replace(illegible, ' ') as Value;
  if (Array.isArray(value)) return value.map(legible) as Value;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, legible(part)])) as Value;
}

/** As XML text; the caller has asked `whyNoEInvoice`. */
async function generate(document: PrintedDocument, format: 'UBL' | 'CII'): Promise<string> {
  const service = formats.createFormatService(format, silent);
  const made = await service.generate(toInvoice(legible(document)), {
    format,
    lang: document.language,
    noWarnings: true,
  });
  return typeof made === 'string' ? made : new TextDecoder().decode(made);
}
export const toUbl = (document: PrintedDocument): Promise<string> => generate(document, 'UBL');
export const toCii = (document: PrintedDocument): Promise<string> => generate(document, 'CII');

/** Two decimals, as EN 16931 has them; `whyNoEInvoice` has refused more. */
const cents = (value: DecimalText | Decimal): string => new Decimal(value).toFixed(2);
const plain = (value: DecimalText): string => new Decimal(value).toFixed();

/** EN 16931 by its UBL names, which the library turns into either syntax. */
export function toInvoice(document: PrintedDocument): Invoice {
  const { currency, corrects, buyer, seller, lines, allowances } = document;
  const money = <Name extends string>(name: Name, value: DecimalText | Decimal) =>
    ({ [name]: cents(value), [`${name}@currencyID`]: currency }) as Record<Name, string> &
      Record<`${Name}@currencyID`, string>;
  const codes = new Map(
    document.taxSubtotals.map((subtotal) => [
      subtotalKey(subtotal.category, subtotal.rate),
      taxCodeOf(subtotal),
    ]),
  );
  const category = (word: string, rate: DecimalText) => ({
    'cbc:ID': codes.get(subtotalKey(word, rate)) ?? 'E',
    'cbc:Percent': plain(rate),
    'cac:TaxScheme': { 'cbc:ID': 'VAT' },
  });
  const lineNet = (line: PrintedLine) => new Decimal(line.amount).minus(line.discount);
  const linesTotal = lines.reduce((sum, line) => sum.plus(lineNet(line)), new Decimal(0));
  const allowed = allowances.reduce((sum, one) => sum.plus(one.amount), new Decimal(0));
  const withTax = new Decimal(document.net).plus(document.tax);
  const reference = (name: string) => document.references.find((one) => one.name === name)?.text;
  const job = reference('job') ?? reference('vessel');
  const account = document.bankAccounts[0];
  const isBetweenStates = [...codes.values()].includes('K');
  const invoice = {
    'cbc:CustomizationID': 'urn:cen.eu:en16931:2017',
    'cbc:ID': document.number ?? '',
    'cbc:IssueDate': document.issueDate ?? '',
    ...(document.dueDate !== null && { 'cbc:DueDate': document.dueDate }),
    'cbc:InvoiceTypeCode': document.kind === 'credit_note' ? '381' : '380',
    ...(notesOf(document).length > 0 && { 'cbc:Note': notesOf(document) }),
    'cbc:DocumentCurrencyCode': currency,
    ...(document.taxShown !== null && { 'cbc:TaxCurrencyCode': document.taxShown.currency }),
    ...given('cbc:BuyerReference', reference('buyerReference')),
    ...(document.serviceFrom !== null &&
      document.serviceTo !== null && {
        'cac:InvoicePeriod': { 'cbc:StartDate': document.serviceFrom, 'cbc:EndDate': document.serviceTo },
      }),
    ...(reference('purchaseOrder') !== undefined && {
      'cac:OrderReference': { 'cbc:ID': reference('purchaseOrder') },
    }),
    ...(corrects !== null && {
      'cac:BillingReference': [
        {
          'cac:InvoiceDocumentReference': { 'cbc:ID': corrects.number, 'cbc:IssueDate': corrects.issueDate },
        },
      ],
    }),
    ...(reference('contract') !== undefined && {
      'cac:ContractDocumentReference': { 'cbc:ID': reference('contract') },
    }),
    // A UBL credit note has no place for it.
    ...(job !== undefined && corrects === null && { 'cac:ProjectReference': { 'cbc:ID': job } }),
    'cac:AccountingSupplierParty': {
      'cac:Party': {
        ...partyOf(seller),
        'cac:PartyTaxScheme': seller.taxNumbers.slice(0, 1).map(taxSchemeOf),
      },
    },
    'cac:AccountingCustomerParty': {
      'cac:Party': {
        ...partyOf(buyer),
        ...(buyer.taxNumbers[0] && { 'cac:PartyTaxScheme': taxSchemeOf(buyer.taxNumbers[0]) }),
      },
    },
    // CII has no invoice without its element for the delivery.
    'cac:Delivery': {
      'cbc:ActualDeliveryDate': document.serviceTo ?? document.issueDate,
      ...(isBetweenStates && {
        'cac:DeliveryLocation': {
          'cac:Address': { 'cac:Country': { 'cbc:IdentificationCode': buyer.country } },
        },
      }),
    },
    ...(account !== undefined && {
      'cac:PaymentMeans': [
        {
          'cbc:PaymentMeansCode': account.iban !== null && currency === 'EUR' ? '58' : '30',
          'cbc:PaymentID': document.number,
          'cac:PayeeFinancialAccount': {
            'cbc:ID': account.iban ?? account.accountNumber,
            ...given('cbc:Name', account.holder),
            ...(account.bic !== null && { 'cac:FinancialInstitutionBranch': { 'cbc:ID': account.bic } }),
          },
        },
      ],
    }),
    ...(document.terms !== null && { 'cac:PaymentTerms': { 'cbc:Note': document.terms } }),
    ...(allowances.length > 0 && {
      'cac:AllowanceCharge': allowances.map((allowance) => ({
        'cbc:ChargeIndicator': 'false',
        'cbc:AllowanceChargeReasonCode': '95',
        'cbc:AllowanceChargeReason': allowance.reason,
        ...money('cbc:Amount', allowance.amount),
        'cac:TaxCategory': category(allowance.category, allowance.rate),
      })),
    }),
    'cac:TaxTotal': [
      {
        ...money('cbc:TaxAmount', document.tax),
        'cac:TaxSubtotal': document.taxSubtotals.map((subtotal) => ({
          ...money('cbc:TaxableAmount', subtotal.net),
          ...money('cbc:TaxAmount', subtotal.tax),
          'cac:TaxCategory': { ...category(subtotal.category, subtotal.rate), ...exemption(subtotal) },
        })),
      },
      ...(document.taxShown === null
        ? []
        : [
            {
              'cbc:TaxAmount': cents(document.taxShown.amount),
              'cbc:TaxAmount@currencyID': document.taxShown.currency,
            },
          ]),
    ],
    'cac:LegalMonetaryTotal': {
      ...money('cbc:LineExtensionAmount', linesTotal),
      ...money('cbc:TaxExclusiveAmount', document.net),
      ...money('cbc:TaxInclusiveAmount', withTax),
      ...(allowances.length > 0 && money('cbc:AllowanceTotalAmount', allowed)),
      ...(!new Decimal(document.rounding).isZero() && money('cbc:PayableRoundingAmount', document.rounding)),
      ...money('cbc:PayableAmount', document.total),
    },
    'cac:InvoiceLine': lines.map((line) => ({
      'cbc:ID': String(line.lineNo),
      'cbc:InvoicedQuantity': plain(line.quantity),
      'cbc:InvoicedQuantity@unitCode': unitCodes[line.unit] ?? 'C62',
      ...money('cbc:LineExtensionAmount', lineNet(line)),
      ...(line.serviceFrom !== null &&
        line.serviceTo !== null && {
          'cac:InvoicePeriod': { 'cbc:StartDate': line.serviceFrom, 'cbc:EndDate': line.serviceTo },
        }),
      ...(!new Decimal(line.discount).isZero() && {
        'cac:AllowanceCharge': [
          {
            'cbc:ChargeIndicator': 'false',
            'cbc:AllowanceChargeReasonCode': '95',
            'cbc:AllowanceChargeReason': 'Discount',
            ...money('cbc:Amount', line.discount),
          },
        ],
      }),
      'cac:Item': {
        'cbc:Name': line.description.trim() === '' ? line.kind : line.description,
        'cac:ClassifiedTaxCategory': category(line.taxCategory, line.taxRate),
      },
      'cac:Price': { 'cbc:PriceAmount': plain(line.unitPrice), 'cbc:PriceAmount@currencyID': currency },
    })),
  };
  // The library's type lists every code of every list; what we send is checked against the rules themselves (.ci/run).
  return { 'ubl:Invoice': invoice } as unknown as Invoice;
}

/** UN/ECE recommendation 20. */
const unitCodes: Readonly<Record<string, string>> = {
  hour: 'HUR',
  standby: 'HUR',
  km: 'KMT',
  day: 'DAY',
  month: 'MON',
};

const notesOf = ({ corrects, legalTexts }: PrintedDocument): string[] =>
  [corrects?.reason ?? '', ...legalTexts].filter((text) => text !== '');

const given = <Name extends string>(name: Name, value: string | null | undefined) =>
  value === null || value === undefined || value === '' ? {} : { [name]: value };

function exemption(subtotal: TaxSubtotal) {
  const code = taxCodeOf(subtotal);
  if (code === 'S' || code === 'Z') return {};
  const reason = subtotal.legalText ?? subtotal.exemptionReason ?? 'Reverse charge';
  return {
    ...(code === 'AE' && { 'cbc:TaxExemptionReasonCode': 'VATEX-EU-AE' }),
    'cbc:TaxExemptionReason': reason,
  };
}

/** BR-CO-09: a VAT id begins with its country; Greece's with EL. */
function vatId({ country, number }: PrintedParty['taxNumbers'][number]): string {
  const id = number.replace(/[\s.-]/g, '');
  if (/^[A-Z]{2}/.test(id) || country === null) return id;
  return `${country === 'GR' ? 'EL' : country}${id}`;
}

const taxSchemeOf = (taxNumber: PrintedParty['taxNumbers'][number]) => ({
  'cbc:CompanyID': vatId(taxNumber),
  'cac:TaxScheme': { 'cbc:ID': 'VAT' },
});

function partyOf(party: PrintedParty) {
  const { address, country, email } = party;
  const [first, second, ...more] = address.lines ?? [];
  const contact = {
    ...given('cbc:Name', party.contactName),
    ...given('cbc:Telephone', party.phone),
    ...given('cbc:ElectronicMail', email),
  };
  return {
    ...endpointOf(party),
    'cac:PostalAddress': {
      ...given('cbc:StreetName', first),
      ...given('cbc:AdditionalStreetName', second),
      ...given('cbc:CityName', address.city),
      ...given('cbc:PostalZone', address.postalCode),
      ...given('cbc:CountrySubentity', address.region),
      ...(more.length > 0 && { 'cac:AddressLine': { 'cbc:Line': more.join(', ') } }),
      'cac:Country': { 'cbc:IdentificationCode': country },
    },
    'cac:PartyLegalEntity': {
      'cbc:RegistrationName': party.name,
      ...given('cbc:CompanyID', party.registrationNumber),
    },
    ...(Object.keys(contact).length > 0 && { 'cac:Contact': contact }),
  };
}

/** `0192:987654321` in its scheme; where there is none, the e-mail address in the scheme EM. */
function endpointOf({ electronicAddress, email }: PrintedParty) {
  const [, scheme, address] = /^(\d{4}|EM):(.+)$/.exec(electronicAddress ?? '') ?? [];
  if (scheme !== undefined && address !== undefined)
    return { 'cbc:EndpointID': address, 'cbc:EndpointID@schemeID': scheme };
  return email === null ? {} : { 'cbc:EndpointID': email, 'cbc:EndpointID@schemeID': 'EM' };
}
