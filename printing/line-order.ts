/** Owns the order of a printed line: from right to left where its text runs so. pdfmake itself puts all from left to right. */
import { createRequire } from 'node:module';

/** What pdfmake knows of a piece of a line, and what our runs give it (text-runs.ts). */
export interface Inline {
  text: string;
  x: number;
  width: number;
  level?: number;
  drawn?: string;
}
interface Line {
  inlines: Inline[];
  leadingCut: number;
  addInline: (this: Line, inline: Inline) => void;
}

/** Indexes of the pieces as they stand from left to right: rule L2 of the Unicode bidirectional algorithm (UAX 9). */
export function visualOrder(levels: readonly number[]): number[] {
  const order = levels.map((_, index) => index);
  for (let level = Math.max(0, ...levels); level > 0; level -= 1)
    for (let start = 0; start < order.length; start += 1) {
      let end = start;
      while (end < order.length && levels[order[end]!]! >= level) end += 1;
      order.splice(start, end - start, ...order.slice(start, end).reverse());
      start = Math.max(start, end);
    }
  return order;
}

/** Blanks at its end stay there, where nobody sees them (rule L1). */
function levelsOf(inlines: readonly Inline[]): number[] {
  const end = inlines.findLastIndex(({ text }) => text.trim() !== '');
  return inlines.map(({ level = 0 }, index) => (index > end ? 0 : level));
}

/** Once, before the first document: a line is placed anew with each piece that it gets. */
export function orderLines(): void {
  const { default: line } = createRequire(import.meta.url)('pdfmake/js/Line.js') as {
    default: { prototype: Line };
  };
  const add = line.prototype.addInline;
  line.prototype.addInline = function addInOrder(this: Line, inline: Inline): void {
    add.call(this, inline);
    // Measured and broken as it was; drawn only now.
    if (inline.drawn !== undefined) inline.text = inline.drawn;
    if (!this.inlines.some(({ level = 0 }) => level > 0)) return;
    let x = -this.leadingCut;
    for (const index of visualOrder(levelsOf(this.inlines))) {
      const one = this.inlines[index]!;
      one.x = x;
      x += one.width;
    }
  };
}
