/**
 * Owns filling a template: `{{name}}` is a value, `{{#name}}…{{/name}}` repeats for each item of a list, with `{{.}}` for it, or
 * its own names where it has some.
 */

type Item = string | Readonly<Record<string, string>>;
export type TemplateValues = Readonly<Record<string, string | readonly Item[]>>;
/** Makes a value safe where the template puts it. */
export type Escape = (text: string) => string;

// A tag that ends a line takes the line's end with it, as Mustache has it.
const section = /\{\{#(\w+)\}\}\n?([\s\S]*?)\{\{\/\1\}\}\n?/g;
const value = /\{\{(\w+|\.)\}\}/g;

/**
 * Fills every place of the template; each value is escaped once and never read as a template itself. Throws on a name
 * without a value: that is a mistake in the template, which its test finds.
 */
export function fillTemplate(template: string, values: TemplateValues, makeSafe: Escape): string {
  const fillValues = (text: string, item: Item = {}) =>
    text.replace(value, (_, name: string) => {
      const own = typeof item === 'string' ? { '.': item } : item;
      const found = Object.hasOwn(own, name) ? own[name as keyof typeof own] : values[name];
      if (typeof found !== 'string') throw new Error(`the template names {{${name}}}, which has no value`);
      return makeSafe(found);
    });
  // Sections are cut out before anything is filled in: what a value holds is never taken for one.
  const parts: string[] = [];
  let end = 0;
  for (const match of template.matchAll(section)) {
    const [whole, name = '', inner = ''] = match;
    const items = values[name];
    if (!Array.isArray(items)) throw new Error(`the template repeats {{#${name}}}, which is no list`);
    parts.push(fillValues(template.slice(end, match.index)));
    for (const item of items as readonly Item[]) parts.push(fillValues(inner, item));
    end = match.index + whole.length;
  }
  parts.push(fillValues(template.slice(end)));
  return parts.join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** For text and quoted attributes of HTML. */
export const escapeHtml: Escape = (text) => text.replace(/[&<>"']/g, (char) => entities[char]!);
/** For plain text: without the control characters that a terminal or mail reader might act upon. */
export const escapeText: Escape = (text) => text.replace(/[^\P{Cc}\n\t]/gu, '');
