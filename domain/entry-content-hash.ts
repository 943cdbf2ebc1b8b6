/** Owns the fingerprint that says whether a source's entry has changed in anything that billing looks at. */

import { hash } from 'node:crypto';
import type { DecimalText, SourceEntry, SourcePersonRef, SourceRef } from './work-entry.ts';

/** Raise it when a field is added or written otherwise: every stored hash is then of an older kind. */
const version = 'entry/1';

/**
 * SHA-256 (hex) over the billing-relevant fields: kind, work date, quantity, person, client, project, task, position,
 * billable, notes, rate, cost, currency, receipt, cost centre. Approval, running, billed elsewhere, times and `sourceUpdatedAt` are not in it:
 * they change on their own and have columns of their own.
 * A party counts by its strongest name only (external id, else e-mail, else code, else name), so that renaming a
 * project at its source does not make a new version of every hour on it.
 */
export function entryContentHash(entry: SourceEntry): string {
  return hash(
    'sha256',
    JSON.stringify([
      version,
      entry.kind,
      entry.workDate,
      entry.quantity,
      identityOf(entry.person),
      identityOf(entry.client),
      identityOf(entry.project),
      identityOf(entry.task),
      entry.position,
      entry.billable,
      entry.notes,
      canonical(entry.rate),
      canonical(entry.cost),
      entry.currency,
      // Only where there is one: the hash of everything else stays what it was.
      ...(entry.receipt
        ? [entry.receipt.on, canonical(entry.receipt.net), canonical(entry.receipt.inputTax)]
        : []),
      ...(entry.costCentre ? ['cost centre', entry.costCentre] : []),
    ]),
    'hex',
  );
}

function identityOf(ref: SourceRef | SourcePersonRef | null): string | null {
  if (ref === null) return null;
  if (ref.externalId !== null) return `id:${ref.externalId}`;
  if ('email' in ref && ref.email !== null) return `email:${ref.email.toLowerCase()}`;
  if (ref.code !== null) return `code:${ref.code}`;
  return `name:${ref.name}`;
}

/** `80`, `80.0` and `080.00` are one amount. */
function canonical(amount: DecimalText | null): string | null {
  if (amount === null) return null;
  const [integer, fraction = ''] = amount.split('.');
  const digits = fraction.replace(/0+$/, '');
  const whole = integer!.replace(/^(-?)0+(?=\d)/, '$1');
  return digits === '' ? whole : `${whole}.${digits}`;
}
