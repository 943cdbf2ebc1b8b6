/** Owns turning JavaScript arrays into Postgres arrays in their binary form, which the server reads without parsing text. */

type Cell = string | number | boolean | null;

/** Writes one value behind its length; answers where the next one begins, or -1 for a value that only text can carry. */
type Writer = (out: Buffer, at: number, value: NonNullable<Cell>) => number;

/** From `catalog/pg_type.dat`: the type's number, the most bytes that a value of `length` characters takes, and how it is written. */
interface Binary {
  oid: number;
  room: (length: number) => number;
  write: Writer;
}

const lengthBytes = 4;
const headerBytes = 20;

/**
 * The array as `array_recv` reads it (arrayfuncs.c), to be passed as a parameter `$n::type[]`. Null where the type is not known
 * here, or where a value is not written as one expects of it (an exponent, an infinity): then it goes as text.
 */
export function binaryArray(type: string, values: readonly Cell[]): Buffer | null {
  const binary = binaries[type];
  if (binary === undefined || values.length === 0) return null;
  let most = headerBytes;
  let hasNull = 0;
  for (const value of values) {
    if (value === null) hasNull = 1;
    most += lengthBytes + (value === null ? 0 : binary.room(typeof value === 'string' ? value.length : 24));
  }
  const out = Buffer.allocUnsafe(most);
  out.writeInt32BE(1, 0);
  out.writeInt32BE(hasNull, 4);
  out.writeInt32BE(binary.oid, 8);
  out.writeInt32BE(values.length, 12);
  out.writeInt32BE(1, 16);
  let at = headerBytes;
  for (const value of values) {
    if (value === null) {
      at = putInt(out, at, -1);
      continue;
    }
    at = binary.write(out, at, value);
    if (at < 0) return null;
  }
  return out.subarray(0, at);
}

function putInt(out: Buffer, at: number, value: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}

function putShort(out: Buffer, at: number, value: number): number {
  out[at] = value >>> 8;
  out[at + 1] = value;
  return at + 2;
}

/** By character code: the value of a hexadecimal digit, 255 for anything else. */
const hexValues = new Uint8Array(128).fill(255);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  hexValues[digit.charCodeAt(0)] = value;
  hexValues[digit.toUpperCase().charCodeAt(0)] = value;
}
/** Where the sixteen bytes of an id stand in its text, past the dashes. */
const uuidPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

function writeUuid(out: Buffer, at: number, value: NonNullable<Cell>): number {
  if (typeof value !== 'string' || value.length !== 36) return -1;
  putInt(out, at, 16);
  let seen = 0;
  for (let index = 0; index < 16; index += 1) {
    const place = uuidPlaces[index]!;
    const high = hexValues[value.charCodeAt(place)] ?? 255;
    const low = hexValues[value.charCodeAt(place + 1)] ?? 255;
    seen |= high | low;
    out[at + 4 + index] = (high << 4) | low;
  }
  // 255 sets bits beyond the four of a digit.
  return seen < 16 ? at + 20 : -1;
}

/** Bytes as hexadecimal digits, without the `\\x` that text has before them. */
function writeBytes(out: Buffer, at: number, value: NonNullable<Cell>): number {
  if (typeof value !== 'string' || value.length % 2 !== 0) throw new TypeError('bytes come as hexadecimal');
  const length = value.length / 2;
  for (let index = 0; index < length; index += 1) {
    const high = hexValues[value.charCodeAt(2 * index)] ?? 255;
    const low = hexValues[value.charCodeAt(2 * index + 1)] ?? 255;
    if ((high | low) > 15) throw new TypeError(`not in hexadecimal: ${value.slice(0, 100)}`);
    out[at + 4 + index] = (high << 4) | low;
  }
  putInt(out, at, length);
  return at + 4 + length;
}

/** Texts up to this length are written letter by letter, which is faster than a call into the engine. */
const shortText = 64;

function writeText(out: Buffer, at: number, value: NonNullable<Cell>): number {
  const text = String(value);
  const length = text.length;
  if (length <= shortText) {
    let index = 0;
    for (; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code === 0 || code > 127) break;
      out[at + 4 + index] = code;
    }
    if (index === length) {
      putInt(out, at, length);
      return at + 4 + length;
    }
  }
  // Postgres text cannot hold NUL.
  const written = out.write(text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text, at + 4);
  putInt(out, at, written);
  return at + 4 + written;
}

function writeJson(out: Buffer, at: number, value: NonNullable<Cell>): number {
  const end = writeText(out, at + 1, value);
  putInt(out, at, end - at - 4);
  // Its version, which is 1, stands before the text.
  out[at + 4] = 1;
  return end;
}

function writeInt(out: Buffer, at: number, value: NonNullable<Cell>): number {
  const number = Number(value);
  if ((number | 0) !== number) return -1;
  return putInt(out, putInt(out, at, 4), number);
}

function writeBigint(out: Buffer, at: number, value: NonNullable<Cell>): number {
  const number = typeof value === 'number' ? value : Number(value);
  if (!Number.isSafeInteger(number)) return -1;
  return putInt(out, putInt(out, putInt(out, at, 8), Math.floor(number / 2 ** 32)), number % 2 ** 32);
}

function writeBoolean(out: Buffer, at: number, value: NonNullable<Cell>): number {
  if (typeof value !== 'boolean') return -1;
  putInt(out, at, 1);
  out[at + 4] = value ? 1 : 0;
  return at + 5;
}

const dayMs = 86_400_000;
/** Days are counted from 1 January 2000. */
const firstDay = Date.UTC(2000, 0, 1) / dayMs;

function writeDay(out: Buffer, at: number, value: NonNullable<Cell>): number {
  if (typeof value !== 'string' || value.length !== 10 || value[4] !== '-' || value[7] !== '-') return -1;
  const [year, month, day] = [digitsAt(value, 0, 4), digitsAt(value, 5, 2), digitsAt(value, 8, 2)];
  if (year < 1000 || month < 1 || month > 12 || day < 1 || day > 28) {
    // The last days of a month are rare enough to ask for each whether there is such a day; text that is none fails there.
    if (!(year >= 1000) || new Date(`${value}T00:00:00Z`).toISOString().slice(0, 10) !== value) return -1;
  }
  return putInt(out, putInt(out, at, 4), Date.UTC(year, month - 1, day) / dayMs - firstDay);
}

/** NaN where a character is no digit. */
function digitsAt(text: string, from: number, count: number): number {
  let number = 0;
  for (let index = from; index < from + count; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}

const negative = 0x4000;

/** Plain decimal text as groups of four digits, from the first that is before the point to the last behind it. */
function writeNumeric(out: Buffer, at: number, value: NonNullable<Cell>): number {
  const text = typeof value === 'string' ? value : String(value);
  const start = text.charCodeAt(0) === 45 ? 1 : 0;
  const point = text.indexOf('.');
  const whole = (point < 0 ? text.length : point) - start;
  const places = point < 0 ? 0 : text.length - point - 1;
  if (whole < 1 || whole > 1000 || places > 1000 || (point >= 0 && places === 0)) return -1;
  const groups = Math.ceil(whole / 4) + Math.ceil(places / 4);
  let next = putInt(out, at, 8 + 2 * groups);
  next = putShort(out, next, groups);
  next = putShort(out, next, Math.ceil(whole / 4) - 1);
  next = putShort(out, next, start === 1 ? negative : 0);
  next = putShort(out, next, places);
  let group = 0;
  for (let index = 0; index < whole; index += 1) {
    const digit = text.charCodeAt(start + index) - 48;
    if (digit < 0 || digit > 9) return -1;
    group = group * 10 + digit;
    if ((whole - index) % 4 !== 1) continue;
    next = putShort(out, next, group);
    group = 0;
  }
  for (let index = 0; index < Math.ceil(places / 4) * 4; index += 1) {
    const digit = index < places ? text.charCodeAt(point + 1 + index) - 48 : 0;
    if (digit < 0 || digit > 9) return -1;
    group = group * 10 + digit;
    if (index % 4 !== 3) continue;
    next = putShort(out, next, group);
    group = 0;
  }
  return next;
}

/** Every character of UTF-16 takes three bytes of UTF-8 at most. */
const roomForText = (length: number) => 3 * length;

const binaries: Record<string, Binary> = {
  uuid: { oid: 2950, room: () => 16, write: writeUuid },
  text: { oid: 25, room: roomForText, write: writeText },
  jsonb: { oid: 3802, room: (length) => 1 + roomForText(length), write: writeJson },
  int: { oid: 23, room: () => 4, write: writeInt },
  bigint: { oid: 20, room: () => 8, write: writeBigint },
  boolean: { oid: 16, room: () => 1, write: writeBoolean },
  bytea: { oid: 17, room: (length) => length / 2, write: writeBytes },
  date: { oid: 1082, room: () => 4, write: writeDay },
  numeric: { oid: 1700, room: (length) => 12 + length, write: writeNumeric },
};
