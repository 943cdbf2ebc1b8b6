/** Owns reading where the links of a PDF lead, each address once: a link over several words is drawn as several. */
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';

export async function readPdfLinks(bytes: Uint8Array): Promise<string[]> {
  const task = getDocument({ data: new Uint8Array(bytes), verbosity: 0, isEvalSupported: false });
  const pdf = await task.promise;
  const links: string[] = [];
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const annotations = (await (await pdf.getPage(number)).getAnnotations()) as { url?: string }[];
    links.push(...annotations.flatMap(({ url }) => url ?? []));
  }
  await task.destroy();
  return [...new Set(links)];
}
