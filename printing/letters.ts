/** Owns which letters can be printed, and what stands for those that cannot: the letters of Roboto, and those of the script fonts. */
import { fontsListing } from './script-fonts.ts';

/** The letters of Roboto as pdfmake brings it: Latin, Greek and Cyrillic of living languages, figures and signs. */
const lettersOfRoboto =
  /^[ -~\u{a0}-\u{17f}\u{18f}\u{192}\u{1a0}\u{1a1}\u{1af}\u{1b0}\u{1f0}\u{1fa}-\u{1ff}\u{218}-\u{21b}\u{237}\u{259}\u{384}-\u{38a}\u{38c}\u{38e}-\u{3a1}\u{3a3}-\u{3ce}\u{400}-\u{482}\u{48a}-\u{513}\u{1e80}-\u{1e85}\u{1e9e}\u{1ea0}-\u{1ef9}–—‘’‚“”„†•…‰‹›₦₩₪₫€₹₺₽№™−]+$/u;
const isInRoboto = (letters: string) => lettersOfRoboto.test(letters);
const isListed = (letter: string) => fontsListing(letter).length > 0;
/** What is written with Roboto: its letters, line ends, and places where a line may end. */
export const isPlain = (letter: string): boolean =>
  letter === '\n' || letter === '\u{200b}' || isInRoboto(letter);

/**
 * What no embedded font has a letter for would be an empty box, and is forbidden in PDF/A: it becomes the plain letters that it
 * is made of (ṣ an s, a wide Ａ an A), else a question mark. Marks that only turn text around or choose a shape are left out.
 */
export const shown = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/[^\S\n]+/g, ' ')
    .replace(
      /[\p{Bidi_Control}\p{Variation_Selector}]|(?<![\p{scx=Arab}\p{scx=Deva}])[\u{200c}\u{200d}]/gu,
      '',
    )
    .replace(/[^\n -~]/gu, (letter) => {
      if (isInRoboto(letter) || isListed(letter)) return letter;
      const plain = [letter.normalize('NFKC'), letter.normalize('NFKD').replace(/\p{M}/gu, '')];
      return plain.find(isInRoboto) ?? '?';
    })
    .replace(/\p{scx=Thai}{30,}/gu, wordsOfThai)
    // A word that no line takes would push its columns off the page: it may be broken here, by a space of no width.
    .replace(longWord, '$&\u{200b}');

/** Lines end anywhere between Chinese, Japanese and Korean letters; a break goes before no mark of the letter before it. */
const longWord =
  /(?:(?!\p{scx=Han}|\p{scx=Hira}|\p{scx=Kana}|\p{scx=Hang})[^\s\u{200b}]){30}(?=[^\s\u{200b}])(?!\p{M})/gu;

/** Thai has no spaces between words: lines may end between them all the same. */
function wordsOfThai(text: string): string {
  const words = new Intl.Segmenter('th', { granularity: 'word' }).segment(text);
  return Array.from(words, ({ segment }) => segment).join('\u{200b}');
}
