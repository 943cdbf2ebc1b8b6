/**
 * Owns the fonts for scripts beyond Roboto's: Noto Sans (OFL) as Fontsource cuts it into slices of some hundred letters. Of a
 * slice the package only says which letters it should have; what it has is known once it is loaded, so that what is asked for
 * is loaded first.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { atRegularWeight, openFont } from './regular-weight.ts';

interface Family {
  name: string;
  /** Of its letters, those that it is used for. */
  letters: RegExp;
}
/** Where two have a letter and nothing else decides, the first has it. */
const families: readonly Family[] = [
  { name: 'noto-sans-jp', letters: /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}]/u },
  { name: 'noto-sans-sc', letters: /[\p{scx=Han}\p{scx=Bopo}]/u },
  { name: 'noto-sans-tc', letters: /[\p{scx=Han}\p{scx=Bopo}]/u },
  { name: 'noto-sans-kr', letters: /[\p{scx=Hang}\p{scx=Han}]/u },
  { name: 'noto-sans-hebrew', letters: /\p{scx=Hebr}/u },
  { name: 'noto-sans-arabic', letters: /[\p{scx=Arab}\u{200c}\u{200d}]/u },
  { name: 'noto-sans-thai', letters: /\p{scx=Thai}/u },
  { name: 'noto-sans-devanagari', letters: /[\p{scx=Deva}\u{200c}\u{200d}]/u },
];

const require = createRequire(import.meta.url);
const dirOf = (family: string) => dirname(require.resolve(`@fontsource-variable/${family}/package.json`));

/** Family → letter → its slice; at most the letters of Unicode. */
const listed = new Map<string, ReadonlyMap<number, string>>();
function slicesOf(family: string): ReadonlyMap<number, string> {
  const known = listed.get(family);
  if (known) return known;
  const ranges = JSON.parse(readFileSync(join(dirOf(family), 'unicode.json'), 'utf8')) as Record<
    string,
    string
  >;
  const slices = new Map<number, string>();
  // `[12]` is a file of the name `12`; what is written with Roboto needs none.
  for (const [name, text] of Object.entries(ranges)) {
    const slice = name.replace(/[[\]]/g, '');
    for (const letter of lettersIn(text)) if (!slices.has(letter)) slices.set(letter, slice);
  }
  listed.set(family, slices);
  return slices;
}

/** "U+20-22,U+2a" → 0x20, 0x21, 0x22, 0x2a. */
function lettersIn(ranges: string): number[] {
  return ranges.split(',').flatMap((range) => {
    const [from = 0, to = from] = range
      .replace('U+', '')
      .split('-')
      .map((hex) => Number.parseInt(hex, 16));
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

/** Font → the letters that it has; at most the files of the packages. The print thread, which has them, ends when it is idle. */
const loaded = new Map<string, ReadonlySet<number>>();

export interface ListedFont {
  family: string;
  /** Of the slice: "noto-sans-jp 12". */
  font: string;
}
/** Fonts that should have the letter, and do as far as is known; the preferred one first. */
export function fontsListing(letter: string): ListedFont[] {
  const code = letter.codePointAt(0) ?? 0;
  return families.flatMap(({ name: family, letters }) => {
    const slice = letters.test(letter) ? slicesOf(family).get(code) : undefined;
    if (slice === undefined) return [];
    const font = `${family} ${slice}`;
    return loaded.get(font)?.has(code) === false ? [] : [{ family, font }];
  });
}

export const isLoaded = (font: string): boolean => loaded.has(font);

/** Its file, unpacked: of all of Noto's weights the regular one, for headings too. */
export async function loadFont(font: string): Promise<Uint8Array> {
  const [family = '', slice = ''] = font.split(' ');
  const packed = await readFile(join(dirOf(family), 'files', `${family}-${slice}-wght-normal.woff2`));
  // Most documents need none: it comes along with the first font.
  const { default: decompress } = await import('woff2-encoder/decompress');
  const bytes = await decompress(packed);
  loaded.set(font, new Set(openFont(bytes).characterSet));
  return atRegularWeight(bytes);
}
