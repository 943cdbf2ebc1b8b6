/** Owns documents to print in tests: of each kind that EN 16931 treats by rules of its own, with sums worked out by hand. */
import { type InvoiceSnapshot, invoiceSnapshot } from '../../domain/invoice-snapshot.ts';
import {
  type InvoiceFacts,
  type PrintedDocument,
  type PrintedEntry,
  type PrintedLine,
  toCreditNote,
  toPrintedInvoice,
} from '../../domain/printed-document.ts';

export const snapshotOf = (changes: Partial<Record<keyof InvoiceSnapshot, unknown>>): InvoiceSnapshot =>
  invoiceSnapshot.parse({
    number: 'NFE-0042',
    issueDate: '2026-04-02',
    currency: 'EUR',
    paymentTermsDays: 30,
    seller: {
      id: 's',
      name: 'Harbour Works GmbH & Co. KG',
      address: { lines: ['Am Kai 4'], city: 'Bremen', postalCode: '28195', country: 'DE' },
      country: 'DE',
      taxRegistrations: [{ country: 'DE', number: 'DE136695976' }],
      registrationNumber: 'HRB 12345',
      contactName: 'Inge Maß',
      email: 'billing@harbour.example',
      phone: '+49 421 555 0',
      bankAccounts: [
        {
          id: 'b',
          label: 'Euro',
          currency: 'EUR',
          holder: 'Harbour Works GmbH & Co. KG',
          iban: 'DE89370400440532013000',
          bic: 'COBADEFFXXX',
          bank: 'Commerzbank',
        },
      ],
    },
    client: {
      id: 'c',
      name: 'Northern Ferries AS',
      code: 'NFE',
      email: 'ap@ferries.example',
      address: { lines: ['Bryggen 1', '3. etasje'], city: 'Bergen', postalCode: '5003', country: 'NO' },
      taxId: 'NO987654321MVA',
      language: 'en',
    },
    contract: { id: 'k', name: 'Refit 2026' },
    references: { buyerReference: 'AP-77', purchaseOrder: 'PO 4711', vessel: 'MS Nordlys' },
    terms: {
      id: 't',
      name: 'Standard',
      language: 'en',
      text: 'Payable within 30 days, by 2 May 2026, without deduction.\n\nPlease transfer EUR 1,190.00 and name NFE-0042 as the reference.',
    },
    ...changes,
  });

export const lineOf = (changes: Partial<PrintedLine>): PrintedLine => ({
  lineNo: 1,
  kind: 'time',
  description: 'Refit, March',
  quantity: '10',
  unit: 'hour',
  unitPrice: '100',
  amount: '1000.00',
  discount: '0',
  taxCategory: 'standard',
  taxRate: '19',
  serviceFrom: '2026-03-01',
  serviceTo: '2026-03-31',
  ...changes,
});

const facts = (changes: Partial<InvoiceFacts>): InvoiceFacts => ({
  number: 'NFE-0042',
  currency: 'EUR',
  issueDate: '2026-04-02',
  dueDate: '2026-05-02',
  taxPoint: '2026-03-31',
  serviceFrom: '2026-03-01',
  serviceTo: '2026-03-31',
  issuedAt: '2026-04-02T09:00:00.000Z',
  net: '1000.00',
  tax: '190.00',
  rounding: '0',
  total: '1190.00',
  retained: null,
  taxCurrency: null,
  taxInTaxCurrency: null,
  paymentLink: null,
  ...changes,
});

export function documentOf(
  changes: {
    facts?: Partial<InvoiceFacts>;
    snapshot?: Partial<Record<keyof InvoiceSnapshot, unknown>>;
    lines?: PrintedLine[];
    appendix?: PrintedEntry[];
  } = {},
): PrintedDocument {
  return toPrintedInvoice(
    facts(changes.facts ?? {}),
    snapshotOf(changes.snapshot ?? {}),
    changes.lines ?? [lineOf({})],
    changes.appendix ?? [],
  );
}

const subtotal = (category: string, rate: string, net: string, tax: string, more: object = {}) => ({
  category,
  rate,
  net,
  tax,
  ...more,
});
const untaxed = { tax: '0.00', total: '1000.00' };

/** Name → document; each must pass EN 16931 in both syntaxes, and its PDF PDF/A-3. */
export const sampleDocuments: Record<string, PrintedDocument> = {
  plain: documentOf(),
  'reverse-charge': documentOf({
    facts: untaxed,
    lines: [lineOf({ taxCategory: 'reverse_charge', taxRate: '0' })],
    snapshot: {
      taxSubtotals: [
        subtotal('reverse_charge', '0', '1000.00', '0.00', {
          reverseCharge: true,
          legalText: 'Reverse charge: the customer owes the tax.',
        }),
      ],
    },
  }),
  exempt: documentOf({
    facts: untaxed,
    lines: [lineOf({ taxCategory: 'exempt', taxRate: '0' })],
    snapshot: {
      taxSubtotals: [
        subtotal('exempt', '0', '1000.00', '0.00', { exemptionReason: 'Seagoing vessel, § 8 UStG.' }),
      ],
    },
  }),
  // Every letter has a glyph, and every font is in the file.
  scripts: documentOf({
    lines: [
      lineOf({
        description:
          '日本郵船 横浜ドック · 中远海运 · 長榮海運 · 현대중공업 · צים (חיפה) 12 · شركة الملاحة ٢٠٢٦ · ท่าเรือกรุงเทพ จำกัด · भारतीय नौवहन निगम · 🚢',
      }),
    ],
    snapshot: {
      client: {
        id: 'c',
        name: '日本郵船株式会社',
        address: { lines: ['丸の内二丁目'], city: '東京', country: 'JP' },
        email: 'ap@yusen.example',
      },
    },
  }),
  // 1000 + 300 less 10 % of each; 19 % of 900 is 171, 7 % of 270 is 18.90.
  discount: documentOf({
    facts: { net: '1170.00', tax: '189.90', total: '1359.90' },
    lines: [
      lineOf({}),
      lineOf({
        lineNo: 2,
        description: 'Handbooks',
        unit: 'unit',
        quantity: '3',
        amount: '300.00',
        taxCategory: 'reduced',
        taxRate: '7',
      }),
    ],
    snapshot: {
      allowances: [
        {
          reason: 'Spring',
          amount: '100.00',
          percentage: '10',
          base: '1000.00',
          category: 'standard',
          rate: '19',
        },
        {
          reason: 'Spring',
          amount: '30.00',
          percentage: '10',
          base: '300.00',
          category: 'reduced',
          rate: '7',
        },
      ],
      taxSubtotals: [
        subtotal('standard', '19', '900.00', '171.00'),
        subtotal('reduced', '7', '270.00', '18.90'),
      ],
    },
  }),
  // 19 % of 1000 − 50 is 180.50; 7 % of 33.34 is 2.3338.
  'two-rates': documentOf({
    facts: { net: '983.34', tax: '182.83', total: '1166.17' },
    lines: [
      lineOf({ discount: '50.00' }),
      lineOf({
        lineNo: 2,
        kind: 'goods',
        description: 'Charts',
        unit: 'unit',
        quantity: '1',
        unitPrice: '33.335',
        amount: '33.34',
        taxCategory: 'reduced',
        taxRate: '7',
      }),
    ],
    snapshot: {
      taxSubtotals: [
        subtotal('standard', '19', '950.00', '180.50'),
        subtotal('reduced', '7', '33.34', '2.33'),
      ],
    },
  }),
  'credit-note': toCreditNote(documentOf(), {
    number: 'CN-0003',
    issueDate: '2026-04-20',
    issuedAt: '2026-04-20T09:00:00.000Z',
    reason: 'Two hours were not worked.',
    net: '200.00',
    tax: '38.00',
    rounding: '0',
    total: '238.00',
    taxSubtotals: [
      {
        category: 'standard',
        rate: '19',
        net: '200.00',
        tax: '38.00',
        exemptionReason: null,
        reverseCharge: false,
        legalText: null,
      },
    ],
    lines: [lineOf({ quantity: '2', amount: '200.00' })],
  }),
};
