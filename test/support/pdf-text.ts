/** Owns reading PDFs in tests: the text of each page in the order in which it is read, its size, and the files inside. */
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';

export interface ReadPdf {
  pages: string[];
  /** Points. */
  width: number;
  height: number;
  title: string;
  /** File name → content. */
  files: Record<string, string>;
  images: number;
}

export async function readPdf(bytes: Uint8Array): Promise<ReadPdf> {
  const task = getDocument({ data: new Uint8Array(bytes), verbosity: 0, isEvalSupported: false });
  const pdf = await task.promise;
  const pages: string[] = [];
  let images = 0;
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    pages.push(
      items
        .map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : ' ') : ''))
        .join('')
        .replace(/\s+/g, ' '),
    );
    const { fnArray } = await page.getOperatorList();
    images += fnArray.filter((operation) => operation === paintImage).length;
  }
  const [, , width = 0, height = 0] = (await pdf.getPage(1)).view;
  const { info } = (await pdf.getMetadata()) as { info: { Title?: string } };
  const attached = ((await pdf.getAttachments()) ?? {}) as Record<string, { content: Uint8Array }>;
  const files = Object.fromEntries(
    Object.entries(attached).map(([name, { content }]) => [name, new TextDecoder().decode(content)]),
  );
  await task.destroy();
  return { pages, width, height, title: info.Title ?? '', files, images };
}

/** OPS.paintImageXObject of pdf.js. */
const paintImage = 85;
