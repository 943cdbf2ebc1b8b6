/** Owns the plain page that somebody sees who comes back from a platform's sign-in: no scripts, no styles, no links. */

const marks: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string) => text.replace(/[&<>"']/g, (mark) => marks[mark]!);

export async function* renderConsentPage(
  title: string,
  message: string,
  next: string,
): AsyncGenerator<string> {
  yield `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)} · Slipway</title></head><body><h1>${escaped(title)}</h1><p>${escaped(message)}</p><p>${escaped(next)}</p></body></html>`;
}
