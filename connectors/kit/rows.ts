/** Owns how a list of vendor rows becomes mapped rows and quarantined rows: none is dropped (invariant 7). */
import { type ZodError, z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { DecimalText, UnreadableRow } from '../../domain/work-entry.ts';

/** Enough for any single time entry; a longer row is kept cut, and says so. */
export const rawLimitBytes = 16_384;

/** Thrown by a mapping for a row that cannot be read. */
export class UnreadableField extends Error {
  override readonly name = 'UnreadableField';
  /** `<field>.<problem>`, e.g. `hours.not_a_number`. */
  readonly reason: string;

  /** `detail`: one sentence for a person. */
  constructor(reason: string, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** Maps each row; what a mapping throws as UnreadableField goes to quarantine, any other error is a mistake of ours and leaves. */
export function mapRows<Mapped>(
  rows: readonly unknown[],
  toMapped: (row: unknown) => Mapped,
  positionOf: (row: unknown, index: number) => string,
): { mapped: Mapped[]; unreadable: UnreadableRow[] } {
  const mapped: Mapped[] = [];
  const unreadable: UnreadableRow[] = [];
  for (const [index, row] of rows.entries()) {
    try {
      mapped.push(toMapped(row));
    } catch (problem) {
      if (!(problem instanceof UnreadableField)) throw problem;
      unreadable.push(unreadableRow(row, positionOf(row, index), problem));
    }
  }
  return { mapped, unreadable };
}

function unreadableRow(row: unknown, position: string, problem: UnreadableField): UnreadableRow {
  const bytes = Buffer.from(JSON.stringify(row) ?? 'undefined');
  const truncated = bytes.length > rawLimitBytes;
  return {
    position,
    // A cut inside a character leaves U+FFFD at the end, which is dropped with it.
    raw: truncated
      ? bytes
          .subarray(0, rawLimitBytes)
          .toString('utf8')
          .replace(/\uFFFD+$/, '')
      : bytes.toString('utf8'),
    truncated,
    reason: problem.reason,
    detail: problem.message,
  };
}

/** The first problem zod found, in our words. */
export function unreadableShape(vendorName: string, problem: ZodError, row: unknown): UnreadableField {
  const issue = problem.issues[0]!;
  const field = issue.path.map(String).join('_') || 'row';
  const absent = valueAt(row, issue.path) === undefined || valueAt(row, issue.path) === null;
  return new UnreadableField(
    `${field}.${absent ? 'missing' : 'invalid'}`,
    `${vendorName} sent this row ${absent ? 'without' : 'with an unexpected value in'} "${issue.path.map(String).join('.')}". Correct it at ${vendorName} or report it.`,
  );
}

function valueAt(row: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    row,
  );
}

/** A JSON number, or the text of one that a double cannot hold, as exact decimal text; null when it is neither. */
export function decimalOf(value: unknown): DecimalText | null {
  if (typeof value === 'number')
    return Number.isFinite(value) ? new Decimal(value.toString()).toFixed() : null;
  if (typeof value === 'string' && /^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/.test(value))
    return new Decimal(value).toFixed();
  return null;
}

/** Money as stated, with at least two decimals: `490` → `490.00`, `0.125` stays. */
export function moneyOf(value: unknown): DecimalText | null {
  const text = decimalOf(value);
  if (text === null) return null;
  const amount = new Decimal(text);
  return amount.decimalPlaces() > 2 ? text : amount.toFixed(2);
}

/** `moneyOf` as the field of a shape. */
export const moneyField = z.union([z.number(), z.string()]).transform((value, context) => {
  const text = moneyOf(value);
  if (text !== null) return text;
  context.addIssue('not an amount');
  return z.NEVER;
});
