/** Owns finding an invoice of ours that may be at its platform already, before it is booked, and what is said of a void one. */
import type { RemoteInvoice } from '../connectors/kit/define.ts';
import { InvalidRequest } from '../connectors/kit/errors.ts';
import type { SaidInvoice } from './push-invoice.ts';
import type { OpenVendor } from './vendor.ts';

/**
 * By its number and our key, else by the id under which it was booked: one that somebody renumbered there must not be booked
 * beside itself.
 */
export async function findBooked(
  { http, connector }: OpenVendor,
  { target, document }: Pick<SaidInvoice, 'target' | 'document'>,
  knownId: string | null,
): Promise<RemoteInvoice | null> {
  const found = await target.invoices.find(http, document);
  if (found !== null || knownId === null) return found;
  const known = await target.readInvoice(http, knownId);
  if (known === null || known.status === 'void') return null;
  if (document.numberBy === 'platform' || known.number === document.number) return known;
  throw new InvalidRequest(
    `Invoice ${document.number} stands at ${connector.name} as ${known.number}. Give it its number back there, then try again.`,
    { vendorCode: 'number_differs' },
  );
}

/** Whoever voided it there did so behind our back: here it is owed, so a person decides. */
export const saysVoidThere = ({ connector }: OpenVendor, { number }: { number: string | null }) =>
  `Invoice ${number} is void at ${connector.name}, and a void document keeps its number. Credit it here, or delete the void one there and try again.`;

/** What was found again may have been voided since it was made there. Throws InvalidRequest. */
export function requireInForce({ connector }: OpenVendor, what: string, { status }: RemoteInvoice): void {
  if (status === 'void')
    throw new InvalidRequest(
      `${what} is void at ${connector.name}, and counts here. Book it there by hand, or delete the void one there and try again.`,
      { vendorCode: 'void_there' },
    );
}
