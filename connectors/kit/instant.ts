/** Owns the reading of a vendor's date-times as instants. */
import type { Instant } from '../../domain/work-entry.ts';

/** An ISO 8601 date-time with an offset as an instant in UTC; null when it is none (a time without offset has no instant). */
export function toInstant(text: string): Instant | null {
  if (!/^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:?\d{2})$/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}
