/** Owns what stands on printed documents: words, figures and paper, read back from the PDF; and when there is an e-invoice. */
import { afterAll, describe, expect, test } from 'vitest';
import { formatAmount, formatDay, formatMoney, formatQuantity } from '../domain/print-format.ts';
import {
  badgeOf,
  maxPrintedLines,
  type PrintedDocument,
  requirePrintable,
} from '../domain/printed-document.ts';
import { whyNoEInvoice } from '../printing/e-invoice-reasons.ts';
import { createPrinter } from '../printing/printer.ts';
import { readPdf } from './support/pdf-text.ts';
import { documentOf, lineOf, sampleDocuments } from './support/printed-documents.ts';
import { picture, png } from './support/sample-files.ts';

const printer = createPrinter();
afterAll(() => printer.stop());
const pdfOf = async (document: PrintedDocument, more: { badge?: 'paid' | 'overdue'; logo?: string } = {}) =>
  readPdf(
    await printer.print({ document, format: 'pdf', badge: more.badge ?? null, logo: more.logo ?? null }),
  );

describe('how figures are written', () => {
  test.each([
    ['1234.5', 'EUR', 'en', 'EUR 1,234.50'],
    ['1234.5', 'EUR', 'de', '1.234,50 EUR'],
    ['-1234567', 'JPY', 'en', 'JPY -1,234,567'],
    ['0.5', 'KWD', 'de', '0,500 KWD'],
    ['33.335', 'EUR', 'en', 'EUR 33.335'],
    ['100', 'EUR', 'en', 'EUR 100.00'],
  ] as const)('%s %s in %s is %s', (value, currency, language, written) => {
    expect(formatMoney(value, currency, language)).toBe(written);
  });
  test('an amount keeps its places, a quantity loses its zeros, a day is as its language has it', () => {
    expect(formatAmount('999999.99', 'USD', 'en')).toBe('999,999.99');
    expect(formatQuantity('7.500', 'de')).toBe('7,5');
    expect(formatQuantity('-1200', 'en')).toBe('-1,200');
    expect(formatDay('2026-03-09', 'en')).toBe('9 Mar 2026');
    expect(formatDay('2026-03-09', 'de')).toBe('09.03.2026');
  });
});

describe('the PDF of an invoice', () => {
  test('says who, to whom, what, how much, until when, and to which account', async () => {
    const { pages, title, width, height, files } = await pdfOf(sampleDocuments.plain!);
    expect(pages).toHaveLength(1);
    const [text = ''] = pages;
    for (const words of [
      'Invoice',
      'NFE-0042',
      'Harbour Works GmbH & Co. KG',
      'Tax no. DE136695976',
      'Northern Ferries AS',
      '5003 Bergen',
      'Norway',
      'Tax no. NO987654321MVA',
      '2 Apr 2026',
      '2 May 2026',
      '1 Mar 2026 – 31 Mar 2026',
      'PO 4711',
      'MS Nordlys',
      'Refit, March',
      '1,000.00',
      'EUR 190.00',
      'EUR 1,190.00',
      'Payable within 30 days, by 2 May 2026, without deduction.',
      'DE89 3704 0044 0532 0130 00',
      'COBADEFFXXX',
      'HRB 12345',
      'Page 1 of 1',
    ])
      expect(text).toContain(words);
    expect(title).toBe('Invoice NFE-0042');
    // A4.
    expect([Math.round(width), Math.round(height)]).toEqual([595, 842]);
    expect(Object.keys(files)).toEqual(['factur-x.xml']);
    expect(files['factur-x.xml']).toContain('<ram:ID>NFE-0042</ram:ID>');
    expect(text).not.toMatch(/paid|overdue|draft|copy/i);
  });

  test('is in German for a client that reads German, with the tax by rate and the discounts', async () => {
    const discount = sampleDocuments.discount!;
    const { pages } = await pdfOf({ ...discount, language: 'de' });
    for (const words of [
      'Rechnung',
      'Leistungszeitraum',
      '01.03.2026 – 31.03.2026',
      'Summe der Positionen',
      '1.300,00 EUR',
      'Rabatt 10 %: Spring',
      '-100,00 EUR',
      '-30,00 EUR',
      'Ermäßigt',
      '18,90',
      '1.359,90 EUR',
      'Norwegen',
      'Seite 1 von 1',
    ])
      expect(pages[0]).toContain(words);
  });

  test('is on Letter for a client in the United States', async () => {
    const client = {
      id: 'c',
      name: 'Gulf Ferries',
      address: { city: 'Galveston', region: 'TX', postalCode: '77550', country: 'US' },
    };
    const { pages, width, height } = await pdfOf(documentOf({ snapshot: { client } }));
    expect([Math.round(width), Math.round(height)]).toEqual([612, 792]);
    expect(pages[0]).toContain('Galveston, TX 77550');
  });

  test('shows yen without and dinars with three places', async () => {
    const yen = documentOf({
      facts: { currency: 'JPY', net: '150000', tax: '15000', total: '165000' },
      lines: [lineOf({ unitPrice: '15000', amount: '150000', taxRate: '10' })],
    });
    expect((await pdfOf(yen)).pages[0]).toContain('JPY 165,000');
    const dinars = documentOf({
      facts: { currency: 'KWD', net: '12.345', tax: '0.000', total: '12.345' },
      lines: [
        lineOf({ quantity: '1', unitPrice: '12.345', amount: '12.345', taxRate: '0', taxCategory: 'zero' }),
      ],
    });
    const { pages, files } = await pdfOf(dinars);
    expect(pages[0]).toContain('KWD 12.345');
    // EN 16931 has two decimals: this one is a PDF without XML.
    expect(files).toEqual({});
  });

  test('goes on over pages with its head, and ends with the entries where the contract asks for them', async () => {
    const lines = Array.from({ length: 80 }, (_, index) =>
      lineOf({ lineNo: index + 1, description: `Engine ${index + 1}` }),
    );
    const appendix = [
      {
        lineNo: 1,
        workDate: '2026-03-02',
        personName: 'Ola Vik',
        description: 'Turbocharger',
        quantity: '7.5',
        unit: 'hour',
        amount: '750.00',
      },
    ];
    const { pages } = await pdfOf(documentOf({ lines, appendix }));
    expect(pages.length).toBeGreaterThan(3);
    expect(pages[1]).toContain('Description');
    expect(pages[1]).toContain(`Page 2 of ${pages.length}`);
    expect(pages.join(' ').match(/Engine \d+/g)).toHaveLength(80);
    expect(pages.at(-1)).toContain('Appendix: entries');
    expect(pages.at(-1)).toMatch(/1 2 Mar 2026 Ola Vik Turbocharger 7\.5 h 750\.00/);
  });

  test('shows what is held back and due now, the tax in the tax currency, and the rates used', async () => {
    const document = documentOf({
      facts: { retained: '100.00', taxCurrency: 'NOK', taxInTaxCurrency: '2185.00' },
      snapshot: {
        rates: [
          {
            purpose: 'tax',
            from: 'EUR',
            to: 'NOK',
            rate: '11.5',
            rateOn: '2026-03-31',
            source: 'Norges Bank',
          },
        ],
      },
    });
    const [text] = (await pdfOf(document)).pages;
    expect(text).toMatch(
      /Held back until completion EUR -100\.00 Due now EUR 1,090\.00 Tax in NOK NOK 2,185\.00/,
    );
    expect(text).toContain('1 EUR = 11.5 NOK (31 Mar 2026, Norges Bank)');
  });

  test('has its logo on top, and says so where no mail was sent of it', async () => {
    const logo = `data:image/png;base64,${picture.toString('base64')}`;
    const document = documentOf({ snapshot: { mail: 'off' } });
    const { pages, images } = await pdfOf(document, { logo });
    expect(images).toBe(1);
    expect(pages[0]).toContain('Not sent by e-mail, as you asked.');
  });

  test('comes without its logo where that is no picture after all', async () => {
    const logo = `data:image/png;base64,${png.toString('base64')}`;
    const { pages, images } = await pdfOf(documentOf(), { logo });
    expect(images).toBe(0);
    expect(pages[0]).toContain('NFE-0042');
  });

  test('shows its status on a marked copy only, which no machine books', async () => {
    const { pages, files } = await pdfOf(sampleDocuments.plain!, { badge: 'paid' });
    expect(pages[0]).toContain('COPY · PAID');
    expect(files).toEqual({});
  });

  test('is marked as a draft, with no number and no dates, before it is issued', async () => {
    const draft = documentOf({
      facts: { number: null, issueDate: null, dueDate: null, taxPoint: null, issuedAt: null },
    });
    const { pages, files, title } = await pdfOf(draft);
    expect(pages[0]).toContain('DRAFT');
    expect(title).toBe('Invoice (Draft)');
    expect(pages[0]).not.toContain('Due 2');
    expect(files).toEqual({});
  });

  test('has no empty boxes for letters that its font lacks', async () => {
    const { pages } = await pdfOf(
      documentOf({ lines: [lineOf({ description: 'Ремонт Ελλάς Łódź 船舶 🚢 Œuvre' })] }),
    );
    expect(pages[0]).toMatch(/Ремонт Ελλάς Łódź 船\s*舶 \? Œuvre/);
  });

  test('breaks a word that no line takes, so that the amounts stay on the page', async () => {
    const { pages } = await pdfOf(documentOf({ lines: [lineOf({ description: 'Ж'.repeat(400) })] }));
    expect(pages[0]!.match(/Ж/g)).toHaveLength(400);
    expect(pages[0]).not.toMatch(/Ж{50}/);
    expect(pages[0]).toContain('1,190.00');
  });

  test('writes a letter that its font lacks by the plain ones that it is made of', async () => {
    const { pages } = await pdfOf(
      documentOf({ lines: [lineOf({ description: 'Ahmad Ṭāhirī ＡＢ ǆ \u0001 Ꭰ ﬁn' })] }),
    );
    expect(pages[0]).toContain('Ahmad Tāhirī AB dž ? ? fin');
  });

  test('is the same bytes each time', async () => {
    const request = { document: sampleDocuments.plain!, format: 'pdf', badge: null, logo: null } as const;
    const [one, other] = [await printer.print(request), await printer.print(request)];
    expect(Buffer.from(one).equals(Buffer.from(other))).toBe(true);
  });
});

test('a credit note says which invoice it corrects, and why', async () => {
  const { pages, files } = await pdfOf(sampleDocuments['credit-note']!);
  for (const words of [
    'Credit note',
    'CN-0003',
    'NFE-0042, 2 Apr 2026',
    'Two hours were not worked.',
    'Total credited',
    'EUR 238.00',
  ])
    expect(pages[0]).toContain(words);
  expect(pages[0]).not.toContain('Payable within');
  expect(files['factur-x.xml']).toContain('<ram:TypeCode>381</ram:TypeCode>');
});

describe('the page for the screen', () => {
  test('takes nobody’s words for markup, and fetches nothing', () => {
    const evil = '<script>alert(1)</script><img src=x onerror="x">';
    const document = documentOf({
      lines: [lineOf({ description: evil })],
      snapshot: {
        terms: { id: 't', name: 't', language: 'en', text: evil },
        references: { purchaseOrder: evil },
      },
    });
    const html = printer.page(document, 'overdue', null);
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<img');
    expect(html.match(/&lt;script&gt;/g)).toHaveLength(3);
    expect(html).not.toMatch(/https?:/);
    expect(html).toContain('<p class="badge">Overdue</p>');
    expect(html).toContain('.badge{display:none!important}');
  });
  test('speaks the language of the client on the paper of its country', () => {
    expect(printer.page({ ...sampleDocuments.plain!, language: 'de', paper: 'LETTER' }, null, null)).toMatch(
      /<html lang="de">[\s\S]*size:letter[\s\S]*Rechnung/,
    );
  });
});

describe('an e-invoice', () => {
  test.each(Object.keys(sampleDocuments))('there is one of: %s', (name) => {
    expect(whyNoEInvoice(sampleDocuments[name]!)).toEqual([]);
  });

  const exempt = sampleDocuments.exempt!;
  const reversed = sampleDocuments['reverse-charge']!;
  test.each([
    ['a draft', documentOf({ facts: { number: null } }), 'it has no number yet'],
    [
      'tax line by line',
      documentOf({ snapshot: { lineLevelTax: true } }),
      'its tax is reckoned line by line, and EN 16931 adds it up by category',
    ],
    [
      'tax line by line by its rounding',
      documentOf({
        snapshot: {
          contract: {
            id: 'k',
            name: 'k',
            rounding: { mode: 'half_up', moneyPlaces: 2, quantityPlaces: 2, taxPer: 'line' },
          },
        },
      }),
      'its tax is reckoned line by line, and EN 16931 adds it up by category',
    ],
    ['no lines', { ...sampleDocuments.plain!, lines: [] }, 'it has no lines'],
    [
      'a client nowhere',
      { ...exempt, buyer: { ...exempt.buyer, country: null } },
      'the client has no country',
    ],
    [
      'a seller without a tax registration',
      { ...sampleDocuments.plain!, seller: { ...exempt.seller, taxNumbers: [] } },
      'the seller has no tax registration',
    ],
    [
      'a reverse charge to nobody',
      { ...reversed, buyer: { ...reversed.buyer, taxNumbers: [] } },
      'the client has no VAT id, which this tax asks for',
    ],
    [
      'work without tax for no reason',
      { ...exempt, taxSubtotals: exempt.taxSubtotals.map((one) => ({ ...one, exemptionReason: null })) },
      'no reason is given for work without tax',
    ],
    [
      'mils',
      documentOf({ facts: { total: '1190.001' } }),
      'amounts in EUR have more than two decimals, and EN 16931 has two',
    ],
    [
      'a contractor’s',
      { ...sampleDocuments.plain!, kind: 'self_billed' as const },
      'only invoices and credit notes to clients are sent so',
    ],
  ] as [string, PrintedDocument, string][])('there is none of %s, and it says why', (_, document, reason) => {
    expect(whyNoEInvoice(document)).toContain(reason);
  });

  test.each(['xml', 'cii'] as const)('as %s has no character that XML has not', async (format) => {
    const pasted = lineOf({ description: 'Weld\u0001ing\u000b <of> 船舶 🚢 \ufffe& more' });
    const made = await printer.print({
      document: documentOf({ lines: [pasted] }),
      format,
      badge: null,
      logo: null,
    });
    const text = Buffer.from(made).toString();
    expect(text).toContain('Weld ing  &lt;of&gt; 船舶 🚢  &amp; more');
    expect(text).not.toMatch(/(?![\t\n\r])\p{Cc}|[\u{fffe}\u{ffff}]/u);
  });

  test('in UBL names the parties by their schemes, and tax ids with their country', async () => {
    const document = documentOf();
    const xml = new TextDecoder().decode(
      await printer.print({
        document: {
          ...document,
          seller: {
            ...document.seller,
            country: 'GR',
            taxNumbers: [{ country: 'GR', number: '123 456 789' }],
            electronicAddress: '0192:987654321',
          },
        },
        format: 'xml',
        badge: null,
        logo: null,
      }),
    );
    expect(xml).toContain('<cbc:EndpointID schemeID="0192">987654321</cbc:EndpointID>');
    expect(xml).toContain('<cbc:EndpointID schemeID="EM">ap@ferries.example</cbc:EndpointID>');
    expect(xml).toContain('<cbc:CompanyID>EL123456789</cbc:CompanyID>');
    expect(xml).toContain('<cbc:CompanyID>NO987654321MVA</cbc:CompanyID>');
  });
});

describe('the badge', () => {
  const on = (status: Parameters<typeof badgeOf>[0]['status'], applied = '0') =>
    badgeOf({ status, dueDate: '2026-05-02', applied }, '2026-05-02');
  test('follows the status; paid is said of money only', () => {
    expect([
      on('draft'),
      on('held'),
      on('issued'),
      on('sent'),
      on('partially_paid', '1'),
      on('void'),
    ]).toEqual(['draft', 'draft', 'issued', 'sent', 'partly_paid', 'void']);
    expect([on('settled', '1190'), on('settled', '0')]).toEqual(['paid', 'settled']);
  });
  test('is overdue from the day after it was due', () => {
    const sent = { status: 'sent', dueDate: '2026-05-02', applied: '0' } as const;
    expect([badgeOf(sent, '2026-05-02'), badgeOf(sent, '2026-05-03')]).toEqual(['sent', 'overdue']);
    expect(badgeOf({ ...sent, status: 'void' }, '2026-05-03')).toBe('void');
  });
});

test('a document of more lines than can be printed is refused with the limit', () => {
  expect(() => requirePrintable(maxPrintedLines)).not.toThrow();
  expect(() => requirePrintable(maxPrintedLines + 1)).toThrow(/5001 lines; 5000 can be printed/);
});
