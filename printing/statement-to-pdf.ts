/** Owns the PDF of a statement of account: our own frame, a sheet for each seller and currency. */
import type { Content, TableCell, TDocumentDefinitions } from 'pdfmake/interfaces.js';
import type { Paper } from '../domain/printed-document.ts';
import { shown } from './letters.ts';
import type { Row } from './page.ts';
import { layOut } from './pdf-file.ts';
import { frameOf, grey, heading, paragraph, table, widthsOf } from './pdf-frame.ts';
import type { StatementPage, StatementSheet } from './statement-page.ts';

/** `createdAt`: of the last day, so that the same statement is the same bytes. */
export const statementToPdf = (page: StatementPage, paper: Paper, createdAt: Date): Promise<Buffer> =>
  layOut(definitionOf(page, paper, createdAt));

function definitionOf(page: StatementPage, paper: Paper, createdAt: Date): TDocumentDefinitions {
  const author = page.sheets[0]?.seller[0] ?? page.client[0] ?? '';
  return {
    ...frameOf({ ...page, title: page.name, paper, author, createdAt }),
    content: [
      ...(page.nothing === null
        ? []
        : [head(page, ''), block(page.client, page.clientLabel), paragraph(page.nothing, 20)]),
      ...page.sheets.flatMap((sheet, index) => sheetOf(page, sheet, index > 0)),
      { text: shown(page.basis), color: grey, fontSize: 7.5, margin: [0, 18, 0, 0] },
    ],
  };
}

const head = (page: StatementPage, sender: string): Content => ({
  columns: [
    { text: shown(sender), fontSize: 14, bold: true },
    { width: 'auto', text: page.title, fontSize: 20, bold: true, alignment: 'right' },
  ],
  margin: [0, 0, 0, 24],
});

const block = (lines: string[], label: string): { stack: Content[] } => ({
  stack: [
    ...(label === ''
      ? []
      : [
          {
            text: label,
            color: grey,
            fontSize: 7.5,
            margin: [0, 0, 0, 2] as [number, number, number, number],
          },
        ]),
    ...lines.map((line, index) => ({ text: shown(line), bold: index === 0 })),
  ],
});

const pairs = (rows: Row[], widths: (string | number)[], alignment: 'left' | 'right') => ({
  layout: 'noBorders',
  table: {
    widths,
    body: rows.map(({ label, value }): TableCell[] => [
      { text: shown(label), color: grey },
      { text: shown(value), alignment },
    ]),
  },
});

function sheetOf(page: StatementPage, sheet: StatementSheet, isNext: boolean): Content[] {
  const banks = sheet.banks.filter((rows) => rows.length > 0);
  return [
    {
      ...(head(page, sheet.seller[0] ?? '') as object),
      ...(isNext && { pageBreak: 'before' as const }),
    } as Content,
    {
      columns: [
        { width: '*', ...block(sheet.client, page.clientLabel) },
        { width: 165, ...block(sheet.seller, '') },
        { width: 215, ...pairs(sheet.facts, ['auto', '*'], 'right') },
      ],
      columnGap: 14,
      margin: [0, 0, 0, 22],
    },
    movementsOf(sheet),
    {
      unbreakable: true,
      stack: [
        heading(sheet.ageingTitle),
        {
          fontSize: 8,
          ...(table(
            sheet.ageing,
            sheet.ageing.head.map(() => '*'),
          ) as object),
        } as Content,
      ],
    },
    ...(banks.length === 0 ? [] : [heading(sheet.bankTitle)]),
    ...banks.map(
      (rows): Content => ({ unbreakable: true, margin: [0, 0, 0, 6], ...pairs(rows, [90, '*'], 'left') }),
    ),
  ];
}

/** The opening and the closing balance are set apart. */
function movementsOf({ movements }: StatementSheet): Content {
  const drawn = table(movements, widthsOf(movements, 1)) as { table: { body: Record<string, unknown>[][] } };
  for (const at of [1, movements.rows.length])
    drawn.table.body[at] = drawn.table.body[at]!.map((cell) => ({ ...cell, bold: true }));
  return drawn as unknown as Content;
}
