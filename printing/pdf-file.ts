/** Owns the bytes of a PDF: pdfmake, the fonts that its texts ask for, and nothing read or fetched beside them. No browser. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import pdfmake from 'pdfmake';
import type { TDocumentDefinitions, TFontDictionary } from 'pdfmake/interfaces.js';
import { isPlain } from './letters.ts';
import { orderLines } from './line-order.ts';
import { hairline, ink } from './pdf-frame.ts';
import { isLoaded, loadFont } from './script-fonts.ts';
import { textRuns } from './text-runs.ts';

const require = createRequire(import.meta.url);
const fontDir = join(dirname(require.resolve('pdfmake/package.json')), 'fonts', 'Roboto');
const roboto: TFontDictionary = {
  Roboto: {
    normal: join(fontDir, 'Roboto-Regular.ttf'),
    bold: join(fontDir, 'Roboto-Medium.ttf'),
    italics: join(fontDir, 'Roboto-Italic.ttf'),
    bolditalics: join(fontDir, 'Roboto-MediumItalic.ttf'),
  },
};

orderLines();
/** Files that are in memory: what its types do not say. */
const { virtualfs: fontFiles } = pdfmake as unknown as {
  virtualfs: { writeFileSync(name: string, bytes: Uint8Array): void };
};
// Nothing but our fonts is read, and nothing is fetched.
pdfmake.setLocalAccessPolicy((path) => path.startsWith(fontDir));
pdfmake.setUrlAccessPolicy(() => false);

/** What pdfkit offers beyond what its types say. */
export interface PdfkitDocument extends NodeJS.ReadableStream {
  appendXML(xml: string): void;
  file(content: Buffer, options: Record<string, unknown>): void;
  end(): void;
}

/** The bytes of a definition; `embed` adds what is inside the file beside its pages. */
export async function layOut(
  definition: TDocumentDefinitions,
  embed: (pdf: PdfkitDocument) => void = () => undefined,
): Promise<Buffer> {
  const { footer } = definition;
  const written = {
    content: definition.content,
    footer: typeof footer === 'function' ? footer(1, 1, noPage) : null,
  };
  const fonts = await loadFontsOf(written);
  pdfmake.setFonts({
    ...roboto,
    ...Object.fromEntries(fonts.map((font) => [font, { normal: font, bold: font }])),
  });
  pdfmake.setTableLayouts({ ruled });
  const inFonts: TDocumentDefinitions =
    fonts.length === 0
      ? definition
      : {
          ...definition,
          content: inRuns(definition.content),
          ...(typeof footer === 'function' && {
            footer: (current, count, pageSize) => inRuns(footer(current, count, pageSize)),
          }),
        };
  const pdf = (await pdfmake.createPdf(inFonts).getStream()) as unknown as PdfkitDocument;
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

/** Any will do: the texts of our footers are the same on each. */
const noPage = { width: 0, height: 0, orientation: 'portrait' as const };

/** Of an inline text and of a cell; what is none, such as a picture, has none. */
const isNode = (part: unknown): part is Record<string, unknown> => typeof part === 'object' && part !== null;

/** The texts of a definition that Roboto cannot write. */
function textsIn(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(textsIn);
  if (!isNode(part)) return [];
  return Object.entries(part).flatMap(([name, value]) =>
    name === 'text' && typeof value === 'string'
      ? Array.from(value).every(isPlain)
        ? []
        : [value]
      : textsIn(value),
  );
}

/** Until each letter has a font that is known to have it, or none: what is loaded may show that another one is needed. */
async function loadFontsOf(definition: unknown): Promise<string[]> {
  const texts = [...new Set(textsIn(definition))];
  for (;;) {
    const runs = texts.flatMap((text) => textRuns(text));
    const needed = [...new Set(runs.map(({ font }) => font).filter((font) => font !== null))];
    const missing = needed.filter((font) => !isLoaded(font));
    if (missing.length === 0) return needed;
    for (const font of missing) fontFiles.writeFileSync(font, await loadFont(font));
  }
}

/** Each text that Roboto cannot write as its runs. */
function inRuns<Part>(part: Part): Part {
  if (Array.isArray(part)) return part.map(inRuns) as Part;
  if (!isNode(part)) return part;
  const entries = Object.entries(part).map(([name, value]) => [
    name,
    name === 'text' && typeof value === 'string' ? pieces(value) : inRuns(value),
  ]);
  return Object.fromEntries(entries) as Part;
}

function pieces(text: string): string | object[] {
  const runs = textRuns(text);
  if (runs.every(({ font, level }) => font === null && level === 0)) return text;
  return runs.map(({ font, ...run }) => ({ ...run, ...(font !== null && { font }) }));
}
