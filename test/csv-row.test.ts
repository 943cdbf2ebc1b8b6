/** Owns CSV cells: what a spreadsheet would calculate is text, and every text comes back as it was. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toCsvRow } from '../domain/csv-row.ts';

/** A reader of one row by RFC 4180, written for this test. */
function readRow(line: string): string[] {
  const cells: string[] = [];
  let rest = line;
  do {
    const quoted = /^"((?:[^"]|"")*)"(?:,|\r\n$)/.exec(rest);
    const plain = /^([^",\r\n]*)(?:,|\r\n$)/.exec(rest);
    const [taken, cell] = (quoted ?? plain)!;
    cells.push(quoted ? cell!.replaceAll('""', '"') : cell!);
    rest = rest.slice(taken.length);
    if (taken.endsWith(',') && rest === '') cells.push('');
  } while (rest !== '');
  return cells;
}

test.each([
  ['=HYPERLINK("http://evil.example")', `"'=HYPERLINK(""http://evil.example"")"`],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\tx', "'\tx"],
  ['\r=1', `"'\r=1"`],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['1 = 1', '1 = 1'],
  ['', ''],
])('%j is written as %s', (text, written) => {
  expect(toCsvRow([text])).toBe(`${written}\r\n`);
});

test('numbers stay numbers and nothing stays empty', () => {
  expect(toCsvRow([-5, null, 0])).toBe('-5,,0\r\n');
});

test('no cell begins with what a spreadsheet calculates, and each comes back but for the apostrophe', () => {
  const cell = fc.oneof(fc.string(), fc.stringMatching(/^[=+\-@\t\r"',\n]{1,4}[a-z"]*$/));
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), (cells) => {
      const read = readRow(toCsvRow(cells));
      expect(read).toHaveLength(cells.length);
      read.forEach((text, index) => {
        expect(text).not.toMatch(/^[=+\-@\t\r]/);
        expect([cells[index], `'${cells[index]}`]).toContain(text);
      });
    }),
  );
});
