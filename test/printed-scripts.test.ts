/** Owns names in scripts beyond Latin, Greek and Cyrillic on printed documents: read back from the PDF, in fonts and in order. */
import { afterAll, describe, expect, test } from 'vitest';
import { shown } from '../printing/letters.ts';
import { visualOrder } from '../printing/line-order.ts';
import { createPrinter } from '../printing/printer.ts';
import { textRuns } from '../printing/text-runs.ts';
import { readPdf } from './support/pdf-text.ts';
import { documentOf, lineOf } from './support/printed-documents.ts';

const printer = createPrinter();
afterAll(() => printer.stop());

const requestOf = (name: string) => ({
  document: documentOf({
    snapshot: { client: { id: 'c', name, address: { city: 'Bergen', country: 'NO' } } },
    lines: [lineOf({ description: name })],
  }),
  format: 'pdf' as const,
  badge: null,
  logo: null,
});
const print = (name: string) => printer.print(requestOf(name));
/** Words of one name are drawn in pieces, a font each. */
const withoutBlanks = (text: string) => text.replace(/\s/g, '');

describe('a client’s name can be read on the invoice', () => {
  test.each([
    ['Japanese', '日本郵船株式会社 横浜ドック'],
    ['Japanese with a letter beyond the basic plane', '𠮷野海運'],
    ['simplified Chinese', '中远海运集装箱运输有限公司'],
    ['traditional Chinese', '長榮海運股份有限公司 鈣'],
    ['Korean', '현대중공업 주식회사'],
    ['Hebrew', 'צים שירותי ספנות בע״מ'],
    ['Arabic', 'محمد سالم ٢٠٢٦'],
    ['Thai', 'บริษัท ท่าเรือกรุงเทพ'],
    ['Hindi', 'भारतीय नौवहन'],
  ])('in %s', async (_, name) => {
    const bytes = await print(name);
    const { pages } = await readPdf(bytes);
    const read = withoutBlanks(pages[0]!);
    const parts = name.split(' ');
    // As buyer and as line.
    for (const part of parts) expect(read.split(part).length - 1, part).toBe(2);
    expect(read).not.toContain('?');
    // The letters that it needs, and not the fonts.
    expect(bytes.length).toBeLessThan(250_000);
  });

  test('and what no font has stays a question mark', async () => {
    const { pages } = await readPdf(await print('Ꮳ Ltd 🚢 船'));
    expect(pages[0]).toMatch(/\? Ltd \? 船/);
  });

  test('a letter that a font is said to have, and has not, is looked for in the next one', async () => {
    // Of the last block of ideographs the packages list more than the Chinese fonts have.
    const { pages } = await readPdf(await print('\u{9ff0}\u{9faa}\u{897}'));
    expect(withoutBlanks(pages[0]!)).not.toContain('\u{fffd}');
    expect(pages[0]).toContain('?');
  });

  test('the same document is the same bytes', async () => {
    const [one, other] = [await print('日本郵船 현대 צים'), await print('日本郵船 현대 צים')];
    expect(Buffer.from(one).equals(Buffer.from(other))).toBe(true);
  });
});

describe('from right to left', () => {
  test('words stand in their order, and figures and Latin names within them', async () => {
    const { items } = await readPdf(await print('שלום עולם 77 Zygo'));
    const xOf = (text: string) => items.findLast((item) => item.text.includes(text))!.x;
    expect(xOf('Zygo')).toBeLessThan(xOf('77'));
    expect(xOf('77')).toBeLessThan(xOf('עולם'));
    expect(xOf('עולם')).toBeLessThan(xOf('שלום'));
  });

  test('within a Latin sentence only the name itself is turned', async () => {
    const { items } = await readPdf(await print('Repair of שלום עולם Haifa'));
    const xOf = (text: string) => items.findLast((item) => item.text.includes(text))!.x;
    expect(xOf('Repair')).toBeLessThan(xOf('עולם'));
    expect(xOf('עולם')).toBeLessThan(xOf('שלום'));
    expect(xOf('שלום')).toBeLessThan(xOf('Haifa'));
  });

  test.each([
    [
      [0, 0, 0],
      [0, 1, 2],
    ],
    [
      [1, 1, 1],
      [2, 1, 0],
    ],
    // A number in a name in a sentence.
    [
      [0, 1, 2, 2, 1, 0],
      [0, 4, 2, 3, 1, 5],
    ],
    [
      [1, 0, 1, 1],
      [0, 1, 3, 2],
    ],
    [[], []],
  ])('levels %j stand as %j', (levels, order) => {
    expect(visualOrder(levels)).toEqual(order);
  });
});

describe('the runs of a text', () => {
  const fonts = (text: string) =>
    textRuns(text).map(({ text: run, font }) => [run, font?.split(' ')[0] ?? null]);
  const families = (text: string) => [...new Set(fonts(text).map(([, family]) => family))];

  test('are one where Roboto has all of it', () => {
    expect(textRuns('Ремонт Ελλάς Łódź')).toEqual([{ text: 'Ремонт Ελλάς Łódź', font: null, level: 0 }]);
  });
  test('are of the family that has most of it: kana make it Japanese, Hangul Korean, a simplified letter Chinese', () => {
    expect(families('横浜ドック')).toEqual(['noto-sans-jp']);
    expect(families('中远海运')).toEqual(['noto-sans-sc']);
    expect(families('大韓民國현대')).toEqual(['noto-sans-kr']);
  });
  test('change with script and direction; signs are mirrored where they stand', () => {
    const runs = textRuns('AB שלום (1)');
    expect(runs.map(({ text, level }) => [text, level])).toEqual([
      ['AB ', 0],
      ['שלום', 1],
      [' ', 1],
      ['(', 1],
      ['1', 2],
      [')', 1],
    ]);
    expect(runs.map(({ drawn }) => drawn ?? null)).toEqual([null, null, null, ')', null, '(']);
  });
  test('ask each font for each letter only once it is known to have it', () => {
    const fontsOf = (letter: string) =>
      letter === '船'
        ? [{ family: 'b', font: 'b 1' }]
        : [
            { family: 'a', font: 'a 1' },
            { family: 'b', font: 'b 2' },
          ];
    expect(textRuns('船舶', fontsOf).map(({ font }) => font)).toEqual(['b 1', 'b 2']);
    expect(textRuns('船', () => [])).toEqual([{ text: '?', font: null, level: 0 }]);
  });
});

describe('what is shown of a text', () => {
  test('has no marks that only turn it around or choose a shape', () => {
    expect(shown('\u{200f}שלום\u{200e} 葛\u{e0100}')).toBe('שלום 葛');
  });
  test('keeps the joiners of Arabic and Hindi, and no others', () => {
    expect(shown('می\u{200c}خواهم a\u{200d}b')).toBe('می\u{200c}خواهم ab');
  });
  test('may be broken between the words of a long Thai text', () => {
    expect(shown('ตรวจสอบและซ่อมบำรุงเครื่องยนต์หลักของเรือ')).toMatch(/^ตรวจ\u{200b}?สอบ\u{200b}และ/u);
    expect(shown('กรุงเทพ')).toBe('กรุงเทพ');
  });
});
