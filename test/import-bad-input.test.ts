/** Bad files: each bad line is quarantined with its content and a reason, and the rest is imported. */

import { describe, expect, it } from 'vitest';
import { readMapping } from '../domain/import/mapping.ts';
import { type ParsedChunk, parseEntries, rawLimitBytes } from '../runtime/import/parse-entries.ts';
import { inBlocks, parseText, simpleMapping } from './fixtures/import/parse-text.ts';

const header = 'Day,Hours,Person,Project,Notes';
const good = (n: number) => `2026-01-0${n},${n},Ada,P1,note ${n}`;
const csv = (...lines: string[]) => `${[header, ...lines].join('\n')}\n`;
const reasons = (rows: { position: string; reason: string }[]) =>
  rows.map(({ position, reason }) => `${position}: ${reason}`);

describe('encodings', () => {
  const text = csv('2026-01-01,1,Åsa Öberg,P1,"naïve, 5 €"', good(2));
  const expectRead = async (bytes: Uint8Array, encoding?: string) => {
    const mapping = readMapping(encoding ? { ...simpleMapping, file: { encoding } } : simpleMapping);
    // Blocks of 7 bytes cut characters and line ends in two.
    for (const blockBytes of [7, 65_536]) {
      const { entries, unreadable } = await parseText(bytes, mapping, blockBytes);
      expect(unreadable).toEqual([]);
      expect(entries.map(({ person, notes }) => [person?.name, notes])).toEqual([
        ['Åsa Öberg', 'naïve, 5 €'],
        ['Ada', 'note 2'],
      ]);
    }
  };
  const utf16 = (bigEndian: boolean) => {
    const bytes = Buffer.from(text, 'utf16le');
    return bigEndian ? bytes.swap16() : bytes;
  };

  it('reads UTF-8 without and with a byte order mark', async () => {
    await expectRead(Buffer.from(text));
    await expectRead(Buffer.from(`\ufeff${text}`));
    await expectRead(Buffer.from(`\ufeff${text}`), 'utf-8');
  });
  it('reads UTF-16 of both orders, by its mark or as declared', async () => {
    await expectRead(Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(false)]));
    await expectRead(Buffer.concat([Buffer.from([0xfe, 0xff]), utf16(true)]));
    await expectRead(utf16(false), 'utf-16le');
    await expectRead(utf16(true), 'utf-16be');
  });
  it('reads Windows-1252 when declared', async () => {
    const bytes = Buffer.from(text.replace('€', '\u0080'), 'latin1');
    await expectRead(bytes, 'windows-1252');
  });
  it('refuses UTF-16 without a mark as a whole, and says what to state', async () => {
    await expect(parseText(utf16(false))).rejects.toMatchObject({
      code: 'file.encoding',
      message: expect.stringContaining('utf-16le'),
    });
  });
  it('quarantines a line with bytes that are not UTF-8, shows them, and reads the others', async () => {
    const bytes = Buffer.concat([
      Buffer.from(csv(good(1))),
      Buffer.from('2026-01-02,2,Åsa,P1,x\n', 'latin1'),
      Buffer.from(`${good(3)}\n`),
    ]);
    for (const blockBytes of [5, 65_536]) {
      const { entries, unreadable } = await parseText(bytes, readMapping(simpleMapping), blockBytes);
      expect(entries.map(({ workDate }) => workDate)).toEqual(['2026-01-01', '2026-01-03']);
      expect(unreadable).toEqual([
        {
          position: 'line 3',
          raw: '2026-01-02,2,Åsa,P1,x',
          truncated: false,
          reason: 'encoding.invalid',
          detail: expect.stringContaining('UTF-8'),
        },
      ]);
    }
  });
  it('quarantines a UTF-16 line with half a character', async () => {
    const bytes = Buffer.concat([
      Buffer.from([0xff, 0xfe]),
      Buffer.from(csv(good(1)), 'utf16le'),
      Buffer.from('2026-01-02,2,Ada,P1,', 'utf16le'),
      Buffer.from([0x00, 0xd8]),
      Buffer.from(`\n${good(3)}`, 'utf16le'),
    ]);
    const { entries, unreadable } = await parseText(bytes);
    expect(entries).toHaveLength(2);
    expect(reasons(unreadable)).toEqual(['line 3: encoding.invalid']);
  });
  it('quarantines a line with NUL bytes, in a form that a database takes', async () => {
    const { entries, unreadable } = await parseText(csv(good(1), '2026-01-02,2,A\0da,P1,x', good(3)));
    expect(entries).toHaveLength(2);
    expect(unreadable).toMatchObject([
      { position: 'line 3', reason: 'row.nul', raw: '2026-01-02,2,A␀da,P1,x' },
    ]);
  });
});

describe('line ends and delimiters', () => {
  it.each([
    ['\n', ','],
    ['\r\n', ';'],
    ['\r', '\t'],
    ['\n', '|'],
  ])('reads lines that end in %j with cells between %j', async (lineEnd, delimiter) => {
    const file = [header, good(1), '', good(2)].join(lineEnd).replaceAll(',', delimiter);
    for (const blockBytes of [1, 3, 65_536]) {
      const { entries, unreadable, chunks } = await parseText(file, readMapping(simpleMapping), blockBytes);
      expect(unreadable).toEqual([]);
      expect(entries.map(({ notes }) => notes)).toEqual(['note 1', 'note 2']);
      expect(chunks.at(-1)).toMatchObject({ blankRows: 1, lastLine: 4 });
    }
  });
  it('takes a semicolon file with decimal commas, and Excel\'s own "sep=" line', async () => {
    const { entries } = await parseText(
      'sep=;\nDay;Hours;Person;Project;Notes\n2026-01-01;1,5;Ada;P1;a, b\n',
    );
    expect(entries).toMatchObject([{ quantity: 5400, notes: 'a, b' }]);
  });
  it('passes over rows of nothing but delimiters and cells behind the last column', async () => {
    const { entries, chunks } = await parseText(csv(`${good(1)},,`, ',,,,', ' , ,,,,,'));
    expect(entries).toHaveLength(1);
    expect(chunks.at(-1)).toMatchObject({ blankRows: 2 });
  });
  it('reads a file whose last line has no end, and one of the header alone', async () => {
    expect((await parseText(csv(good(1)).trimEnd())).entries).toHaveLength(1);
    const alone = await parseText(header);
    expect(alone.chunks).toMatchObject([
      { entries: [], unreadable: [], firstLine: 0, lastLine: 0, last: true },
    ]);
  });
});

describe('quotes', () => {
  it('reads quoted delimiters, quotes and line ends', async () => {
    const { entries, unreadable } = await parseText(
      csv('2026-01-01,1,"Ada ""A"" L","P,1","two\r\nlines\n\nand a blank one"', good(2)),
    );
    expect(unreadable).toEqual([]);
    expect(entries[0]).toMatchObject({
      person: { name: 'Ada "A" L' },
      project: { name: 'P,1' },
      notes: 'two\nlines\n\nand a blank one',
    });
    expect(entries).toHaveLength(2);
  });
  it('takes a quote inside an unquoted cell as text', async () => {
    const { entries } = await parseText(csv('2026-01-01,1,Ada,P1,5" pipe', '2026-01-02,1,Ada,P1,7" pipe'));
    expect(entries.map(({ notes }) => notes)).toEqual(['5" pipe', '7" pipe']);
  });
  it.each([
    ['is never closed', '2026-01-02,2,"Ada,P1,x', []],
    ['meets the quote of a later line', '2026-01-02,2,"Ada,P1,x', ['2026-01-04,4,"Ada","P1","x, y"']],
    ['meets a quote at the end of a later cell', '2026-01-02,2,"Ada,P1,x', ['2026-01-04,4,Ada,P1,5"']],
    ['closes before more text', '2026-01-02,2,"Ada" L,P1,x', []],
  ])('gives up only the line whose quote %s', async (_, broken, after) => {
    const { entries, unreadable } = await parseText(csv(good(1), broken, good(3), ...after, good(5)));
    expect(entries).toHaveLength(3 + after.length);
    expect(unreadable).toMatchObject([{ position: 'line 3', reason: 'row.quotes', raw: broken }]);
  });
  it('gives the same rows whatever the size of the blocks it reads', async () => {
    const file = csv(
      good(1),
      '2026-01-02,2,"two\nlines",P1,x',
      '2026-01-02,"2,Ada,P1,x',
      good(3),
      'short',
      good(4),
    );
    const whole = await parseText(file);
    expect(reasons(whole.unreadable)).toEqual(['line 5: row.quotes', 'line 7: row.columns']);
    for (let blockBytes = 1; blockBytes < 60; blockBytes += 1) {
      const { entries, unreadable } = await parseText(file, readMapping(simpleMapping), blockBytes);
      expect({ entries, unreadable }).toEqual({ entries: whole.entries, unreadable: whole.unreadable });
    }
  });
  it('gives up an open quote after 500 lines, so that a broken one costs one line of a long file', async () => {
    const lines = Array.from({ length: 2_000 }, () => good(1));
    const { entries, unreadable } = await parseText(csv('2026-01-02,2,"Ada,P1,x', ...lines));
    expect(entries).toHaveLength(2_000);
    expect(reasons(unreadable)).toEqual(['line 2: row.quotes']);
  });
  it('stays fast when every line opens a quote and closes the one before', async () => {
    const lines = Array.from({ length: 20_000 }, () => 'x","y');
    const startedMs = performance.now();
    const { unreadable } = await parseText(csv(...lines, good(1)));
    expect(unreadable).toHaveLength(20_000);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});

describe('too much', () => {
  it('keeps the beginning of a 10 MB line and reads the next one', async () => {
    const long = `2026-01-02,2,Ada,P1,"${'ä'.repeat(5_000_000)}"`;
    const { entries, unreadable } = await parseText(csv(good(1), long, good(3)));
    expect(entries.map(({ workDate }) => workDate)).toEqual(['2026-01-01', '2026-01-03']);
    expect(unreadable).toMatchObject([{ position: 'line 3', reason: 'row.too_long', truncated: true }]);
    expect(unreadable[0]!.raw.startsWith('2026-01-02,2,Ada,P1,"ää')).toBe(true);
    expect(Buffer.byteLength(unreadable[0]!.raw)).toBeLessThanOrEqual(rawLimitBytes);
  });
  it('never holds more of a 200 MB line than its limit', async () => {
    const block = Buffer.alloc(262_144, 'x');
    const held = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    const before = held();
    let grownBytes = 0;
    async function* bytes() {
      yield Buffer.from(`${header}\n`);
      for (let count = 0; count < 800; count += 1) {
        yield block;
        grownBytes = Math.max(grownBytes, held() - before);
      }
      yield Buffer.from(`\n${good(1)}\n`);
    }
    const chunks: ParsedChunk[] = [];
    const mapping = readMapping(simpleMapping);
    for await (const chunk of parseEntries({ bytes: bytes(), totalBytes: null, mapping, chunkSize: 10 }))
      chunks.push(chunk);
    expect(chunks.flatMap(({ entries }) => entries)).toHaveLength(1);
    expect(chunks.flatMap(({ unreadable }) => reasons(unreadable))).toEqual(['line 2: row.too_long']);
    expect(grownBytes).toBeLessThan(60_000_000);
  });
  it('hands a chunk on early when its rows are long', async () => {
    const lines = Array.from({ length: 100 }, () => `2026-01-01,1,Ada,P1,${'n'.repeat(90_000)}`);
    const { chunks, entries } = await parseText(csv(...lines));
    expect(entries).toHaveLength(100);
    expect(chunks.length).toBeGreaterThan(2);
  });
  it('quarantines names and notes longer than what can be stored', async () => {
    const { unreadable } = await parseText(
      csv(`2026-01-01,1,${'a'.repeat(501)},P1,x`, `2026-01-01,1,Ada,P1,${'n'.repeat(100_001)}`),
    );
    expect(reasons(unreadable)).toEqual(['line 2: person.too_long', 'line 3: notes.too_long']);
    expect(unreadable[1]!.truncated).toBe(true);
  });
});

describe('values', () => {
  it.each([
    ['2026-01-01,1000000000,Ada,P1,x', 'hours.out_of_range'],
    ['2026-01-01,=1+1,Ada,P1,x', 'hours.formula'],
    ['2026-01-01,-1,Ada,P1,x', 'hours.negative'],
    ['2026-01-01,,Ada,P1,x', 'hours.missing'],
    ['2026-01-01,soon,Ada,P1,x', 'hours.not_a_number'],
    [',1,Ada,P1,x', 'work_date.missing'],
    ['=NOW(),1,Ada,P1,x', 'work_date.formula'],
    ['26-Feb-04,1,Ada,P1,x', 'work_date.ambiguous'],
    ['2026-01-01,1,,P1,x', 'person.missing'],
    ['2026-01-01,1,Ada,P1', 'row.columns'],
    ['2026-01-01,1,5,Ada,P1,x', 'row.columns'],
  ])('%j is quarantined as %s', async (line, reason) => {
    const { entries, unreadable } = await parseText(csv(good(1), line, good(2)));
    expect(entries).toHaveLength(2);
    expect(unreadable).toMatchObject([{ position: 'line 3', raw: line, truncated: false, reason }]);
    expect(unreadable[0]!.detail).toMatch(/^[A-Z"].*\.$/);
  });

  it.each(['=HYPERLINK("http://x","y")', '+cmd|x', '@SUM(A1)', '-1+1', '\tx'])(
    'keeps the formula %j in a text as text',
    async (formula) => {
      const { entries } = await parseText(csv(`2026-01-01,1,Ada,P1,"${formula.replaceAll('"', '""')}"`));
      expect(entries[0]!.notes).toBe(formula.trim());
    },
  );

  it('takes negative and zero hours as the mapping says', async () => {
    const file = csv('2026-01-01,-1.5,Ada,P1,x', '2026-01-01,0,Ada,P1,x');
    const byDefault = await parseText(file);
    expect(byDefault.entries.map(({ quantity }) => quantity)).toEqual([0]);
    expect(reasons(byDefault.unreadable)).toEqual(['line 2: hours.negative']);
    const policy = { negativeHours: 'accept', zeroHours: 'quarantine' } as const;
    const turned = await parseText(file, readMapping({ ...simpleMapping, policy }));
    expect(turned.entries.map(({ quantity }) => quantity)).toEqual([-5400]);
    expect(reasons(turned.unreadable)).toEqual(['line 3: hours.zero']);
  });
});

describe('whole files', () => {
  it.each([
    ['an empty file', '', 'file.empty'],
    ['a file of blank lines', '\n\n \n', 'file.empty'],
    ['a byte order mark alone', '\ufeff', 'file.empty'],
    ['an Excel workbook', 'PK\u0003\u0004\u0014', 'file.not_text'],
    [
      'a file without a mapped column',
      'Day,Hours,Person,Notes\n2026-01-01,1,Ada,x\n',
      'header.missing_column',
    ],
    ['a file with a mapped column twice', `${header},hours\n`, 'header.missing_column'],
    ['a header with a broken quote', `"Day,Hours\n${good(1)}`, 'header.unreadable'],
  ])('%s is refused', async (_, file, code) => {
    await expect(parseText(file)).rejects.toMatchObject({ name: 'FileUnreadable', code });
  });

  it('names the missing column, what needs it, and the columns there are', async () => {
    await expect(parseText('Day;Hours;Person;Notes\n')).rejects.toThrow(
      'no column "Project" (needed by project.name). Its columns are: "Day", "Hours", "Person", "Notes".',
    );
  });

  it('reads a header that is not in the first line, and a file without one', async () => {
    const later = readMapping({ ...simpleMapping, file: { headerLine: 3 } });
    expect((await parseText(`Time report\n"2026, January"\n${csv(good(1))}`, later)).entries).toHaveLength(1);
    const none = readMapping({ ...simpleMapping, file: { headerLine: 0, columns: header.split(',') } });
    expect((await parseText(`${good(1)}\n${good(2)}`.replaceAll(',', ';'), none)).entries).toHaveLength(2);
  });

  it('tells bytes, size and the hash of the whole file with the last chunk', async () => {
    const bytes = Buffer.from(csv(good(1), good(2), good(3)));
    const mapping = readMapping(simpleMapping);
    const chunks: ParsedChunk[] = [];
    const request = { bytes: inBlocks(bytes, 10), totalBytes: bytes.length, mapping, chunkSize: 2 };
    for await (const chunk of parseEntries(request)) chunks.push(chunk);
    const { createHash } = await import('node:crypto');
    expect(chunks.map(({ firstLine, lastLine, last }) => [firstLine, lastLine, last])).toEqual([
      [2, 3, false],
      [4, 4, true],
    ]);
    expect(chunks.at(-1)).toMatchObject({
      bytesRead: bytes.length,
      totalBytes: bytes.length,
      sha256SoFar: createHash('sha256').update(bytes).digest('hex'),
    });
  });
});
