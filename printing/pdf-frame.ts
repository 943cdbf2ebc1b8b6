/** Owns what all our PDFs look like: PDF/A-3, paper, margins, the footer with page numbers, tables, headings and paragraphs. */
import type { Content, TableCell, TDocumentDefinitions } from 'pdfmake/interfaces.js';
import type { Paper } from '../domain/printed-document.ts';
import { shown } from './letters.ts';
import type { TextTable } from './page.ts';

export const ink = '#1a2b3c';
export const grey = '#5b6770';
export const hairline = '#c9d1d6';

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

const withoutMarkup = (text: string) => text.replace(/[<>&\p{Cc}\u{fffe}\u{ffff}]/gu, ' ');

/** Across each page, behind all else. */
export const watermark = (text: string) => ({ text, color: grey, opacity: 0.12, bold: true, angle: -45 });

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

export const paragraph = (text: string, above = 3): Content => ({
  text: shown(text),
  margin: [0, above, 0, 0],
});
export const heading = (text: string): Content => ({ text, bold: true, fontSize: 10, margin: [0, 16, 0, 2] });
