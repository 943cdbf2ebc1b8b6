/** Owns the PDF of a client's quarterly report: our own frame, and its sections one below the other. */
import type { Content, TDocumentDefinitions } from 'pdfmake/interfaces.js';
import { shown } from './letters.ts';
import { layOut } from './pdf-file.ts';
import { frameOf, grey, heading, paragraph, table, watermark, widthsOf } from './pdf-frame.ts';
import type { ReportPage, ReportSection } from './report-page.ts';

/** `createdAt`: when it was drawn up, so that the same report is the same bytes. */
export const reportToPdf = (page: ReportPage, createdAt: Date): Promise<Buffer> =>
  layOut(definitionOf(page, createdAt));

function definitionOf(page: ReportPage, createdAt: Date): TDocumentDefinitions {
  return {
    ...frameOf({
      paper: 'A4',
      language: page.language,
      title: `${page.title} ${page.quarter} · ${page.client}`,
      author: page.sender,
      createdAt,
      imprint: `${page.sender} · ${page.title} ${page.quarter} · ${page.client}`,
      pageWord: page.pageWord,
      ofWord: page.ofWord,
    }),
    ...(page.preview !== null && { watermark: watermark(page.preview) }),
    content: [
      head(page),
      ...page.sections.flatMap(sectionOf),
      { text: shown(page.basis), color: grey, fontSize: 7.5, margin: [0, 18, 0, 0] },
    ],
  };
}

const head = (page: ReportPage): Content => ({
  columns: [
    {
      width: '*',
      stack: [
        { text: shown(page.sender), fontSize: 14, bold: true },
        { text: page.clientLabel, color: grey, fontSize: 7.5, margin: [0, 14, 0, 2] },
        { text: shown(page.client), bold: true },
      ],
    },
    {
      width: 'auto',
      stack: [
        { text: page.title, fontSize: 20, bold: true, alignment: 'right' },
        { text: page.quarter, fontSize: 12, color: grey, alignment: 'right' },
        { text: page.span, color: grey, alignment: 'right', margin: [0, 2, 0, 0] },
      ],
    },
  ],
  margin: [0, 0, 0, 8],
});

function sectionOf({ title, note, table: shape, strong, wide, text }: ReportSection): Content[] {
  const words = text === null ? [] : [paragraph(text)];
  const top = heading(note === null ? title : `${title} (${note})`);
  if (shape === null) return [{ unbreakable: true, stack: [top, ...words] }];
  const drawn = table(shape, widthsOf(shape, wide)) as { table: { body: Record<string, unknown>[][] } };
  for (const row of strong)
    drawn.table.body[row + 1] = drawn.table.body[row + 1]!.map((cell) => ({ ...cell, bold: true }));
  return [top, { fontSize: 8, ...(drawn as object) } as Content, ...words];
}
