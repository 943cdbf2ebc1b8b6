/**
 * Owns a variable TrueType font at its regular weight, as a plain one: fontkit knows its outlines at every weight, but what it
 * embeds of a variable font breaks (2.0.4). Layout of the tables: the OpenType specification 1.9, `otff`, `glyf`, `hmtx`.
 */
import { createRequire } from 'node:module';

interface Command {
  command: 'moveTo' | 'lineTo' | 'quadraticCurveTo' | 'closePath' | 'bezierCurveTo';
  args: number[];
}
/** What we use of fontkit's fonts. */
export interface OpenFont {
  characterSet: number[];
  numGlyphs: number;
  variationAxes: Record<string, { default: number } | undefined>;
  getGlyph(id: number): { advanceWidth: number; path: { commands: Command[] } };
  getVariation(axes: Record<string, number>): OpenFont;
}
/** The fontkit that pdfkit writes with. */
const fontkit = createRequire(import.meta.url)('fontkit') as { create(bytes: Uint8Array): OpenFont };
export const openFont = (bytes: Uint8Array): OpenFont => fontkit.create(bytes);

const regular = 400;

export function atRegularWeight(bytes: Uint8Array): Uint8Array {
  const font = openFont(bytes);
  const weight = font.variationAxes.wght?.default ?? regular;
  const tables = inLine(tablesOf(bytes));
  return toFont(weight === regular ? tables : withOutlines(tables, font.getVariation({ wght: regular })));
}

/** As high as Roboto, of 1,000: its lines and its neighbours' in a table stand as they do without it. */
function inLine(tables: ReadonlyMap<string, Buffer>): Map<string, Buffer> {
  const hhea = Buffer.from(tables.get('hhea')!);
  const units = tables.get('head')!.readUInt16BE(18);
  for (const [at, value] of [928, -244, 0].entries())
    hhea.writeInt16BE(Math.round((value * units) / 1000), 4 + at * 2);
  return new Map([...tables, ['hhea', hhea]]);
}

/** Of no use once the outlines are fixed: variations, and hints to grids of pixels. */
const left = new Set([
  'fvar',
  'gvar',
  'avar',
  'cvar',
  'HVAR',
  'MVAR',
  'VVAR',
  'STAT',
  'gasp',
  'prep',
  'fpgm',
  'cvt ',
]);

function withOutlines(tables: ReadonlyMap<string, Buffer>, font: OpenFont): Map<string, Buffer> {
  const outlines = Array.from({ length: font.numGlyphs }, (_, id) => outlineOf(font.getGlyph(id)));
  const loca = Buffer.alloc((outlines.length + 1) * 4);
  const hmtx = Buffer.alloc(outlines.length * 4);
  let offset = 0;
  for (const [id, { glyf, advance, xMin }] of outlines.entries()) {
    loca.writeUInt32BE(offset, id * 4);
    offset += glyf.length;
    hmtx.writeUInt16BE(advance, id * 4);
    hmtx.writeInt16BE(xMin, id * 4 + 2);
  }
  loca.writeUInt32BE(offset, outlines.length * 4);
  const head = Buffer.from(tables.get('head')!);
  head.writeInt16BE(1, 50); // loca is of 32 bits.
  const hhea = Buffer.from(tables.get('hhea')!);
  hhea.writeUInt16BE(outlines.length, 34);
  const maxp = Buffer.from(tables.get('maxp')!);
  maxp.writeUInt16BE(Math.max(...outlines.map(({ points }) => points)), 6);
  maxp.writeUInt16BE(Math.max(...outlines.map(({ contours }) => contours)), 8);
  const glyf = Buffer.concat(outlines.map((outline) => outline.glyf));
  const made = { head, hhea, maxp, hmtx, loca, glyf };
  return new Map([...[...tables].filter(([name]) => !left.has(name)), ...Object.entries(made)]);
}

interface Point {
  x: number;
  y: number;
  isOnCurve: boolean;
}

function contoursOf(commands: readonly Command[]): Point[][] {
  const contours: Point[][] = [];
  for (const { command, args } of commands) {
    if (command === 'moveTo') contours.push([]);
    for (let at = 0; at < args.length; at += 2)
      contours.at(-1)?.push({
        x: Math.round(args[at]!),
        y: Math.round(args[at + 1]!),
        isOnCurve: command !== 'quadraticCurveTo' || at === 2,
      });
  }
  return contours.filter((contour) => contour.length > 0);
}

/** A simple glyph with coordinates of two bytes; of a blank nothing. */
function outlineOf({ advanceWidth, path }: ReturnType<OpenFont['getGlyph']>) {
  const contours = contoursOf(path.commands);
  const points = contours.flat();
  const advance = Math.round(advanceWidth);
  const facts = { advance, points: points.length, contours: contours.length };
  if (points.length === 0) return { ...facts, xMin: 0, glyf: Buffer.alloc(0) };
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const xMin = Math.min(...xs);
  const box = [xMin, Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  let end = -1;
  const ends = contours.map((contour) => (end += contour.length));
  const steps = (values: number[]) => values.map((value, index) => value - (values[index - 1] ?? 0));
  const shorts = [...[contours.length, ...box].map(toShort), ...ends.map(toShort), toShort(0)];
  const flags = Buffer.from(points.map(({ isOnCurve }) => (isOnCurve ? 1 : 0)));
  return {
    ...facts,
    xMin,
    glyf: padded(Buffer.concat([...shorts, flags, ...[...steps(xs), ...steps(ys)].map(toShort)])),
  };
}

function toShort(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

/** Name → content. */
function tablesOf(bytes: Uint8Array): Map<string, Buffer> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = file.readUInt16BE(4);
  const records = Array.from({ length: count }, (_, index) => 12 + index * 16);
  return new Map(
    records.map((at) => {
      const [start, length] = [file.readUInt32BE(at + 8), file.readUInt32BE(at + 12)];
      return [file.toString('latin1', at, at + 4), file.subarray(start, start + length)];
    }),
  );
}

/** In the order of their names. Sums are left out: what reads it here, and what is embedded, checks none. */
function toFont(tables: ReadonlyMap<string, Buffer>): Buffer {
  const sorted = [...tables].sort(([one], [other]) => (one < other ? -1 : 1));
  const start = Buffer.alloc(12 + sorted.length * 16);
  start.writeUInt32BE(0x00010000, 0);
  start.writeUInt16BE(sorted.length, 4);
  let offset = start.length;
  for (const [index, [name, content]] of sorted.entries()) {
    const at = 12 + index * 16;
    start.write(name, at, 'latin1');
    start.writeUInt32BE(offset, at + 8);
    start.writeUInt32BE(content.length, at + 12);
    offset += content.length + (-content.length & 3);
  }
  return Buffer.concat([start, ...sorted.map(([, content]) => padded(content))]);
}
