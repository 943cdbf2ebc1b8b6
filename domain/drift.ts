/** Owns what stands at a platform otherwise than here: a synced document that was edited, voided or deleted there. */
import { Decimal } from './money.ts';
import type { DecimalText } from './work-entry.ts';

interface Compared {
  /** Null where the platform counts. */
  number: string | null;
  customerExternalId: string | null;
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
  isVoid: boolean;
}
/** By what differs: `{ total: { here, there } }`, `{ void: true }` or `{ deleted: true }`. */
export type Drift = Readonly<Record<string, true | { here: string; there: string }>>;

/** Null: they agree. `there` null: it is gone. A void here, gone or void there, agrees. */
export function driftOf(here: Compared, there: Compared | null): Drift | null {
  if (there === null) return here.isVoid ? null : { deleted: true };
  if (here.isVoid && there.isVoid) return null;
  if (there.isVoid) return { void: true };
  const found: Record<string, true | { here: string; there: string }> = {};
  if (here.isVoid) found.status = { here: 'void', there: 'open' };
  for (const field of ['net', 'tax', 'total'] as const)
    if (!new Decimal(here[field]).eq(there[field])) found[field] = { here: here[field], there: there[field] };
  for (const field of ['number', 'customerExternalId'] as const) {
    const [ours, theirs] = [here[field], there[field]];
    if (ours !== null && ours !== theirs)
      found[field === 'number' ? 'number' : 'customer'] = { here: ours, there: theirs ?? 'none' };
  }
  return Object.keys(found).length === 0 ? null : found;
}

/** In a sentence, for the exception and the record. */
export function saysDrift(drift: Drift): string {
  if (drift.deleted === true) return 'It was deleted there.';
  if (drift.void === true) return 'It was voided there.';
  const parts = Object.entries(drift).map(([field, of]) =>
    of === true ? field : `${field} is ${of.here} here and ${of.there} there`,
  );
  return `It was changed there: ${parts.join('; ')}.`;
}
