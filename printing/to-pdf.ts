/** Owns the PDF of a document: pdfmake, fonts of its own, and PDF/A-3 with the XML inside where there is one. No browser. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import pdfmake from 'pdfmake';
import type { Content, TableCell, TDocumentDefinitions } from 'pdfmake/interfaces.js';
import type { Paper } from '../domain/printed-document.ts';
import { facturXMetadata } from './factur-x-metadata.ts';
import type { Page, Row, TextTable } from './page.ts';

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

const require = createRequire(import.meta.url);
const fontDir = join(dirname(require.resolve('pdfmake/package.json')), 'fonts', 'Roboto');
const fonts = {
  Roboto: {
    normal: join(fontDir, 'Roboto-Regular.ttf'),
    bold: join(fontDir, 'Roboto-Medium.ttf'),
    italics: join(fontDir, 'Roboto-Italic.ttf'),
    bolditalics: join(fontDir, 'Roboto-MediumItalic.ttf'),
  },
};
const ink = '#1a2b3c';
export const grey = '#5b6770';
const hairline = '#c9d1d6';

pdfmake.setFonts(fonts);
// Nothing but our fonts is read, and nothing is fetched.
pdfmake.setLocalAccessPolicy((path) => path.startsWith(fontDir));
pdfmake.setUrlAccessPolicy(() => false);

/** What pdfkit offers beyond what its types say. */
export interface PdfkitDocument extends NodeJS.ReadableStream {
  appendXML(xml: string): void;
  file(content: Buffer, options: Record<string, unknown>): void;
  end(): void;
}

export const toPdf = (input: PdfInput): Promise<Buffer> =>
  layOut(definitionOf(input), (pdf) => {
    if (input.cii !== null) embedFacturX(pdf, input.cii, input.createdAt);
  });

/** The bytes of a definition; `embed` adds what is inside the file beside its pages. */
export async function layOut(
  definition: TDocumentDefinitions,
  embed: (pdf: PdfkitDocument) => void = () => undefined,
): Promise<Buffer> {
  pdfmake.setTableLayouts({ ruled });
  const pdf = (await pdfmake.createPdf(definition).getStream()) as unknown as PdfkitDocument;
  embed(pdf);
  const pieces: Buffer[] = [];
  const ended = new Promise<Buffer>((resolve, reject) => {
    pdf.on('data', (piece: Buffer) => pieces.push(piece));
    pdf.on('end', () => resolve(Buffer.concat(pieces)));
    pdf.on('error', reject);
  });
  pdf.end();
  return ended;
}

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

/** Lines above the head, below it, and below each row. */
const ruled = {
  hLineWidth: (index: number, node: { table: { body: unknown[] } }) =>
    index <= 1 || index === node.table.body.length ? 0.8 : 0.3,
  vLineWidth: () => 0,
  hLineColor: (index: number) => (index <= 1 ? ink : hairline),
  paddingLeft: () => 3,
  paddingRight: () => 3,
  paddingTop: () => 3,
  paddingBottom: () => 3,
};

export interface Frame {
  paper: Paper;
  language: string;
  title: string;
  author: string;
  createdAt: Date;
  /** In the footer of each page. */
  imprint: string;
  pageWord: string;
  ofWord: string;
}

/** What all our PDFs have in common: PDF/A-3, the font, the margins, who made it, and the footer with page numbers. */
export function frameOf(frame: Frame): Omit<TDocumentDefinitions, 'content'> {
  return {
    version: '1.7',
    subset: 'PDF/A-3b',
    pageSize: frame.paper,
    pageMargins: [50, 50, 50, 60],
    language: frame.language,
    // As XMP metadata pdfkit writes them as they are.
    info: {
      title: withoutMarkup(frame.title),
      author: withoutMarkup(frame.author),
      creator: 'Slipway',
      producer: 'Slipway',
      creationDate: frame.createdAt,
      modDate: frame.createdAt,
    },
    defaultStyle: { font: 'Roboto', fontSize: 9, color: ink, lineHeight: 1.15 },
    footer: (current: number, count: number) => ({
      margin: [50, 18, 50, 0],
      columns: [
        { text: shown(frame.imprint), color: grey, fontSize: 7.5 },
        {
          width: 'auto',
          text: `${frame.pageWord} ${current} ${frame.ofWord} ${count}`,
          color: grey,
          fontSize: 7.5,
          alignment: 'right',
        },
      ],
    }),
  };
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
      ...page.notes.map((text) => paragraph(text, 10)),
      ...appendix(page),
    ],
  };
}

/** Across each page, behind all else. */
export const watermark = (text: string) => ({ text, color: grey, opacity: 0.12, bold: true, angle: -45 });

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

export const widthsOf = (shape: TextTable, wide: number) =>
  shape.head.map((_, index) => (index === wide ? '*' : 'auto'));

export function table(shape: TextTable, widths: string[]): Content {
  const align = (index: number) => (shape.right.includes(index) ? ('right' as const) : ('left' as const));
  const body: TableCell[][] = [
    shape.head.map((text, index) => ({
      text,
      bold: true,
      fontSize: 8,
      alignment: align(index),
      noWrap: true,
    })),
    ...shape.rows.map((row) =>
      row.map((text, index) => ({
        text: shown(text),
        alignment: align(index),
        noWrap: shape.right.includes(index),
      })),
    ),
  ];
  return { layout: 'ruled', table: { headerRows: 1, dontBreakRows: true, widths, body } };
}

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

export const paragraph = (text: string, above = 3): Content => ({
  text: shown(text),
  margin: [0, above, 0, 0],
});
export const heading = (text: string): Content => ({ text, bold: true, fontSize: 10, margin: [0, 16, 0, 2] });

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

function appendix({ appendix: rows, appendixTitle }: Page): Content[] {
  if (rows === null) return [];
  return [
    { text: appendixTitle, fontSize: 13, bold: true, pageBreak: 'before', margin: [0, 0, 0, 8] },
    { fontSize: 8, ...(table(rows, widthsOf(rows, 3)) as object) } as Content,
  ];
}

const withoutMarkup = (text: string) => text.replace(/[<>&\p{Cc}\u{fffe}\u{ffff}]/gu, ' ');

/** The letters of Roboto as pdfmake brings it: Latin, Greek and Cyrillic of living languages, figures and signs. */
const lettersOfFont =
  /^[ -~\u{a0}-\u{17f}\u{18f}\u{192}\u{1a0}\u{1a1}\u{1af}\u{1b0}\u{1f0}\u{1fa}-\u{1ff}\u{218}-\u{21b}\u{237}\u{259}\u{384}-\u{38a}\u{38c}\u{38e}-\u{3a1}\u{3a3}-\u{3ce}\u{400}-\u{482}\u{48a}-\u{513}\u{1e80}-\u{1e85}\u{1e9e}\u{1ea0}-\u{1ef9}–—‘’‚“”„†•…‰‹›₦₩₪₫€₹₺₽№™−]+$/u;
const isInFont = (letters: string) => lettersOfFont.test(letters);

/**
 * What the embedded font has no letter for would be an empty box, and is forbidden in PDF/A: it becomes the plain letters that it
 * is made of (ṣ an s, a wide Ａ an A), else a question mark.
 */
export const shown = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/[^\S\n]+/g, ' ')
    .replace(/[^\n -~]/gu, (letter) => {
      if (isInFont(letter)) return letter;
      const plain = [letter.normalize('NFKC'), letter.normalize('NFKD').replace(/\p{M}/gu, '')];
      return plain.find(isInFont) ?? '?';
    })
    // A word that no line takes would push its columns off the page: it may be broken here, by a space of no width.
    .replace(/\S{30}(?=\S)/gu, '$&\u{200b}');
