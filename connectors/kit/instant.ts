/** Owns the reading of a vendor's date-times as instants, and what is reckoned with them: all in one form, so that they compare as text. */
import type { Instant } from '../../domain/work-entry.ts';

/** An ISO 8601 date-time with an offset as an instant in UTC; null when it is none (a time without offset has no instant). */
export function toInstant(text: string): Instant | null {
  if (!/^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:?\d{2})$/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

/** For vendors whose times carry no offset and are UTC. */
export const toInstantOfUtc = (text: string): Instant | null =>
  toInstant(/(Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}Z`);

export const earlier = (at: Instant, byMs: number): Instant => new Date(Date.parse(at) - byMs).toISOString();

/** The later of the two; null where there is neither. */
export function later(one: Instant | null, other: Instant | null): Instant | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}

/** Without milliseconds where there are none: what vendors document. */
export const wholeSeconds = (at: Instant): string => at.replace('.000Z', 'Z');

/** When the vendor answered, by its own clock; by ours where it does not say. */
export function answeredAt({ headers }: { headers: Readonly<Record<string, string>> }): Instant {
  const stated = Date.parse(headers.date ?? '');
  return new Date(Number.isNaN(stated) ? Date.now() : stated).toISOString();
}
