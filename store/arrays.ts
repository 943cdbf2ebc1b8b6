/** Owns turning JavaScript arrays into Postgres array literals: bulk rows travel as one array per column (unnest). */

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

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is exactly what must be caught
const special = /["\\\u0000]/;
function escapeText(value: string): string {
  if (!special.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\u0000', '\uFFFD');
}
