/** Owns cutting a text into runs of one font and one direction. */
import { createRequire } from 'node:module';
import type { Bidi } from 'bidi-js';
import { isPlain } from './letters.ts';
import { fontsListing, type ListedFont } from './script-fonts.ts';

export interface TextRun {
  text: string;
  /** Null: Roboto. */
  font: string | null;
  /** Of the Unicode bidirectional algorithm: odd is from right to left. */
  level: number;
  /** What is given to the font instead, once the line's words have their places: "(" for a ")" from right to left. */
  drawn?: string;
}

/** What it exports is this function, which its types call a default that a CommonJS module has not. */
const bidi = (createRequire(import.meta.url)('bidi-js') as () => Bidi)();
const rightToLeft = /[\p{scx=Hebr}\p{scx=Arab}]/u;

/** As one run where Roboto has all of it. `fontsOf` is another one in tests. */
export function textRuns(text: string, fontsOf: (letter: string) => ListedFont[] = fontsListing): TextRun[] {
  const letters = Array.from(text);
  if (letters.every(isPlain)) return [{ text, font: null, level: 0 }];
  const fonts = fontsOfLetters(letters, fontsOf);
  const { levels } = rightToLeft.test(text) ? bidi.getEmbeddingLevels(text) : { levels: null };
  const runs: TextRun[] = [];
  let at = 0;
  for (const [index, letter] of letters.entries()) {
    const font = fonts[index] ?? null;
    const level = levels?.[at] ?? 0;
    const written = font === null && !isPlain(letter) ? '?' : letter;
    const last = runs.at(-1);
    // Signs between words from right to left take their places one by one.
    const isSign = font === null && level % 2 === 1;
    if (last?.font === font && last.level === level && !isSign) last.text += written;
    else runs.push({ text: written, font, level });
    at += letter.length;
  }
  return runs.map(turned);
}

/**
 * Of each letter: of the fonts that have it, the one whose family has most of the text, so that a name is not written in two
 * hands: with kana it is Japanese, with Hangul Korean, and what only simplified Chinese has, is Chinese.
 */
function fontsOfLetters(letters: string[], fontsOf: (letter: string) => ListedFont[]): (string | null)[] {
  const choices = letters.map((letter) => (isPlain(letter) ? [] : fontsOf(letter)));
  const counts = new Map<string, number>();
  for (const { family } of choices.flat()) counts.set(family, (counts.get(family) ?? 0) + 1);
  const best = (listed: ListedFont[]) =>
    listed.reduce<ListedFont | null>(
      (chosen, one) =>
        chosen === null || counts.get(one.family)! > counts.get(chosen.family)! ? one : chosen,
      null,
    );
  return choices.map((listed) => best(listed)?.font ?? null);
}

/** Its font writes Arabic and Hebrew from right to left, their figures too, which are to be read from left to right. */
function turned(run: TextRun): TextRun {
  if (run.font === null) {
    const mirrored = run.level % 2 === 1 ? bidi.getMirroredCharacter(run.text) : null;
    return mirrored === null ? run : { ...run, drawn: mirrored };
  }
  const isFigures = run.level % 2 === 0 && rightToLeft.test(run.text);
  return isFigures ? { ...run, drawn: Array.from(run.text).reverse().join('') } : run;
}
