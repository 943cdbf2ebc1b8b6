/** Owns turning JavaScript arrays into Postgres array literals: bulk rows travel as one array per column (unnest). */
import { binaryArray } from './binary-arrays.ts';

type Plain = string | number | boolean | null;

/** For values that hold no quote, comma, brace or backslash: ids, days, numbers, booleans, hex. Fast, unescaped. */
export function plainArray(values: readonly Plain[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : value)).join(',')}}`;
}

/** For any text; NUL, which Postgres text cannot hold, becomes U+FFFD. */
export function textArray(values: readonly (string | null)[]): string {
  const quoted = values.map((value) => (value === null ? 'NULL' : `"${escapeText(value)}"`));
  return `{${quoted.join(',')}}`;
}

function escapeText(value: string): string {
  if (!/["\\]/.test(value) && !value.includes('\u0000')) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\u0000', '\uFFFD');
}

/** One column of a bulk statement: its Postgres type and a value per row; `text` where values may hold any character. */
export interface Column {
  type: string;
  values: readonly Plain[];
  text?: boolean;
}

const asText = (values: readonly Plain[], text?: boolean) =>
  text ? textArray(values as (string | null)[]) : plainArray(values);

/** Bytes come as hexadecimal digits. */
const asScalar = (type: string, value: Plain) => (type === 'bytea' && value !== null ? `\\x${value}` : value);

/** The same array is often a column of several statements, as the ids of what is written are. */
const encoded = new WeakMap<readonly Plain[], { type: string; array: Buffer | null }>();

function inBinary(type: string, values: readonly Plain[]): Buffer | null {
  const known = encoded.get(values);
  if (known?.type === type) return known.array;
  const array = binaryArray(type, values);
  encoded.set(values, { type, array });
  return array;
}

const isUniform = (values: readonly Plain[]) => values.every((value) => value === values[0]);

/**
 * Rows for `from …`: columns whose values differ travel as arrays, columns that are the same in every row as one value,
 * since reading a cell of an array costs Postgres about 0.6 µs. `firstParam` is the number of the first parameter.
 * Answers the FROM item (named `r`, columns by name) and its parameters. Needs at least one row.
 */
export function asRows(
  columns: Record<string, Column>,
  firstParam: number,
): { from: string; params: unknown[] } {
  const params: unknown[] = [];
  const place = (value: unknown) => {
    params.push(value);
    return `$${firstParam + params.length - 1}`;
  };
  const arrays: string[] = [];
  const names: string[] = [];
  const selected: string[] = [];
  for (const [name, { type, values, text }] of Object.entries(columns)) {
    if (values.length > 1 && isUniform(values)) {
      selected.push(`${place(asScalar(type, values[0]!))}::${type} as ${name}`);
      continue;
    }
    arrays.push(`${place(inBinary(type, values) ?? asText(values, text))}::${type}[]`);
    names.push(name);
    selected.push(`u.${name}`);
  }
  if (arrays.length === 0) {
    // Every column is the same in all rows: the rows are only counted.
    const count = Object.values(columns)[0]!.values.length;
    return { from: `(select ${selected.join(', ')} from generate_series(1, ${count})) as r`, params };
  }
  return {
    from: `(select ${selected.join(', ')} from unnest(${arrays.join(', ')}) as u(${names.join(', ')})) as r`,
    params,
  };
}
