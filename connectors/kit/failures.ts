/** Owns the sentences of failures that every vendor has in its own form: for connectors that read more of an answer than its status. */
import {
  AuthorizationLost,
  InvalidRequest,
  Throttled,
  Unavailable,
  type VendorErrorFacts,
} from './errors.ts';
import { retryAfterMs } from './retry-after.ts';
import type { NamedVendor } from './vendor-words.ts';

type Name = Pick<NamedVendor, 'name'>;

export const signInLost = ({ name }: Name, facts: VendorErrorFacts): AuthorizationLost =>
  new AuthorizationLost(`${name} no longer accepts the saved sign-in. Connect ${name} again.`, facts);

export const slowDown = ({ name }: Name, waitMs: number, facts: VendorErrorFacts): Throttled =>
  new Throttled(`${name} asks us to slow down. It is tried again by itself.`, waitMs, facts);

/** `status`: the vendor's own number for it. */
export const troubled = ({ name }: Name, status: number | string, facts: VendorErrorFacts): Unavailable =>
  new Unavailable(`${name} has a problem on its side (${status}). It is tried again by itself.`, facts);

/** As `Retry-After` says, also where that is hours: asking a day's limit every quarter of an hour would change nothing. */
export function longWaitMs(header: string | undefined, defaultMs: number): number {
  const seconds = /^\d{1,5}$/.test(header ?? '') ? Number(header) : 0;
  return Math.max(retryAfterMs(header, defaultMs), seconds * 1_000);
}

/** Null where the vendor refuses with this code, such as its own word for "no such record". */
export async function unlessRefused<Answer>(
  vendorCode: string,
  call: () => Promise<Answer>,
): Promise<Answer | null> {
  try {
    return await call();
  } catch (problem) {
    if (problem instanceof InvalidRequest && problem.vendorCode === vendorCode) return null;
    throw problem;
  }
}
