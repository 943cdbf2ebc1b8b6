/** Owns the shape of "this cell or row cannot be read", as the import's parsers return it. */

/** Why a value or row is refused. Returned, not thrown: a bad file may hold millions of them. */
export interface Problem {
  /** Stable code `<field>.<problem>`, e.g. `hours.not_a_number`. */
  reason: string;
  /** One sentence for a person: what is wrong and what to do. */
  detail: string;
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'reason' in value && 'detail' in value;
}

/** A cell's text as it may stand inside a sentence: quoted, one line, at most 60 characters. */
export function quoted(text: string): string {
  const oneLine = text.replaceAll(/\s+/g, ' ');
  return JSON.stringify(oneLine.length > 60 ? `${oneLine.slice(0, 57)}…` : oneLine);
}

/**
 * Whether a cell looks like a spreadsheet formula (OWASP "CSV Injection": leading = + - @).
 * Nothing here ever evaluates one. In a text field it stays text, unchanged, and whatever writes CSV or XLSX must
 * neutralise it; in a field that must be a number, a day or a clock it is refused, see `formulaProblem`.
 */
export function looksLikeFormula(text: string): boolean {
  return /^[=@]|^[+-](?![\d.,:\s]*$)/.test(text);
}

/** The refusal of a formula in a field that must hold a value. */
export function formulaProblem(field: string, text: string): Problem {
  return {
    reason: `${field}.formula`,
    detail: `The cell holds the formula ${quoted(text)} instead of a value; export the values, not the formulas.`,
  };
}
