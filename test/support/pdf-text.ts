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
  /** Pieces of the first page as they are drawn; `x` in points from the left. */
  items: { text: string; x: number }[];
}

export async function readPdf(bytes: Uint8Array): Promise<ReadPdf> {
  const task = getDocument({ data: new Uint8Array(bytes), verbosity: 0, isEvalSupported: false });
  const pdf = await task.promise;
  const pages: string[] = [];
  const places: ReadPdf['items'] = [];
  let images = 0;
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    if (number === 1)
      for (const item of items)
        if ('str' in item) places.push({ text: item.str, x: (item.transform as number[])[4]! });
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
  return { pages, width, height, title: info.Title ?? '', files, images, items: places };
}

/** OPS.paintImageXObject of pdf.js. */
const paintImage = 85;
