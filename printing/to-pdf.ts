/** Owns the PDF of a document: its page in our frame, with the XML inside where there is one. */
import type { Content, TableCell, TDocumentDefinitions } from 'pdfmake/interfaces.js';
import type { Paper } from '../domain/printed-document.ts';
import { facturXMetadata } from './factur-x-metadata.ts';
import { shown } from './letters.ts';
import type { Page, Row } from './page.ts';
import { layOut, type PdfkitDocument } from './pdf-file.ts';
import { frameOf, grey, heading, paragraph, table, watermark, widthsOf } from './pdf-frame.ts';

export interface PdfInput {
  page: Page;
  paper: Paper;
  /** A data URL of a JPEG or PNG. */
  logo: string | null;
  /** The CII that makes it a Factur-X; null: a plain PDF. */
  cii: string | null;
  /** When it was issued: so the same document is the same bytes. */
  createdAt: Date;
  /** Of the document's language. */
  author: string;
}

export const toPdf = (input: PdfInput): Promise<Buffer> =>
  layOut(definitionOf(input), (pdf) => {
    if (input.cii !== null) embedFacturX(pdf, input.cii, input.createdAt);
  });

function embedFacturX(pdf: PdfkitDocument, cii: string, createdAt: Date): void {
  pdf.file(Buffer.from(cii), {
    name: 'factur-x.xml',
    type: 'text/xml',
    description: 'Factur-X invoice',
    relationship: 'Alternative',
    creationDate: createdAt,
    modifiedDate: createdAt,
  });
  pdf.appendXML(facturXMetadata);
}

function definitionOf({ page, paper, logo, createdAt, author }: PdfInput): TDocumentDefinitions {
  return {
    ...frameOf({ ...page, paper, createdAt, author }),
    ...(page.draft !== null && { watermark: watermark(page.draft) }),
    content: [
      head(page, logo),
      parties(page),
      table(page.lines, widthsOf(page.lines, 1)),
      sums(page),
      ...page.legalTexts.map((text) => paragraph(text, 6)),
      ...words(page.termsTitle, page.terms),
      ...banks(page),
      ...payOnline(page),
      ...page.notes.map((text) => paragraph(text, 10)),
      ...appendix(page),
    ],
  };
}

function head(page: Page, logo: string | null): Content {
  const badge = page.badge === null ? [] : [badgeBox(`${page.copy} · ${page.badge}`)];
  return {
    columns: [
      logo === null
        ? { text: shown(page.seller[0] ?? ''), fontSize: 14, bold: true }
        : { image: logo, fit: [180, 60] },
      {
        width: 'auto',
        stack: [
          { text: page.kind, fontSize: 20, bold: true, alignment: 'right' },
          ...(page.number === null
            ? []
            : [{ text: shown(page.number), fontSize: 12, color: grey, alignment: 'right' as const }]),
          ...badge,
        ],
      },
    ],
    margin: [0, 0, 0, 24],
  };
}

const badgeBox = (text: string): Content => ({
  margin: [0, 6, 0, 0],
  columns: [
    { width: '*', text: '' },
    {
      width: 'auto',
      table: { body: [[{ text: text.toUpperCase(), bold: true, fontSize: 9, margin: [6, 2, 6, 2] }]] },
    },
  ],
});

function parties(page: Page): Content {
  const block = (lines: string[], bold: boolean): Content[] =>
    lines.map((line, index) => ({ text: shown(line), bold: bold && index === 0 }));
  return {
    columns: [
      {
        width: '*',
        stack: [
          { text: page.buyerLabel, color: grey, fontSize: 7.5, margin: [0, 0, 0, 2] },
          ...block(page.buyer, true),
        ],
      },
      { width: 165, stack: block(page.seller, true) },
      { width: 190, ...factTable(page.facts) },
    ],
    columnGap: 14,
    margin: [0, 0, 0, 22],
  };
}

const factTable = (facts: Row[]) => ({
  layout: 'noBorders',
  table: {
    widths: ['auto', '*'],
    body: facts.map(({ label, value }): TableCell[] => [
      { text: label, color: grey, noWrap: true },
      { text: shown(value), alignment: 'right' },
    ]),
  },
});

/** The tax summary on the left, the sums on the right. */
function sums(page: Page): Content {
  return {
    unbreakable: true,
    margin: [0, 12, 0, 0],
    columns: [
      {
        width: 250,
        stack:
          page.tax.rows.length === 0
            ? []
            : [
                { text: page.taxTitle, bold: true, fontSize: 8, color: grey, margin: [0, 0, 0, 3] },
                { fontSize: 8, ...(table(page.tax, widthsOf(page.tax, 0)) as object) } as Content,
              ],
      },
      {
        width: '*',
        layout: 'noBorders',
        table: {
          widths: ['*', 'auto'],
          body: page.totals.map(({ label, value, strong }): TableCell[] => [
            { text: shown(label), bold: strong, fontSize: strong ? 11 : 9 },
            {
              text: shown(value),
              bold: strong,
              fontSize: strong ? 11 : 9,
              alignment: 'right',
              noWrap: value.length < 40,
            },
          ]),
        },
      },
    ],
    columnGap: 30,
  };
}

const words = (title: string, parts: string[]): Content[] =>
  parts.length === 0 ? [] : [heading(title), ...parts.map((part) => paragraph(part))];

function banks(page: Page): Content[] {
  const filled = page.banks.filter((rows) => rows.length > 0);
  if (filled.length === 0) return [];
  return [
    heading(page.bankTitle),
    ...filled.map(
      (rows): Content => ({
        unbreakable: true,
        margin: [0, 0, 0, 6],
        layout: 'noBorders',
        table: {
          widths: [90, '*'],
          body: rows.map(({ label, value }): TableCell[] => [
            { text: label, color: grey },
            { text: shown(value) },
          ]),
        },
      }),
    ),
  ];
}

/** The address is the link's alone: its text may be shorter, and has what the font lacks left out. */
const payOnline = ({ pay }: Page): Content[] =>
  pay === null
    ? []
    : [
        {
          margin: [0, 10, 0, 0],
          text: [
            { text: `${pay.label}: ` },
            { text: shown(pay.value), link: pay.url, decoration: 'underline' as const },
          ],
        },
      ];

function appendix({ appendix: rows, appendixTitle }: Page): Content[] {
  if (rows === null) return [];
  return [
    { text: appendixTitle, fontSize: 13, bold: true, pageBreak: 'before', margin: [0, 0, 0, 8] },
    { fontSize: 8, ...(table(rows, widthsOf(rows, 3)) as object) } as Content,
  ];
}
