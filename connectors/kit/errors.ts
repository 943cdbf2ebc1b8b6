/** Owns the four ways a vendor call can fail (invariant 7); nothing else leaves a connector. */

export const vendorErrorKinds = ['AuthorizationLost', 'InvalidRequest', 'Throttled', 'Unavailable'] as const;
export type VendorErrorKind = (typeof vendorErrorKinds)[number];

/** What is known about a failure besides the sentence; never a token, a header we sent or a request body. */
export interface VendorErrorFacts {
  connector?: string | undefined;
  /** HTTP status; absent when no answer arrived. */
  status?: number | undefined;
  /** The vendor's own error code, or a stable word of ours such as `number_taken`. */
  vendorCode?: string | undefined;
  /** The id to quote to the vendor's support. */
  requestId?: string | undefined;
  cause?: unknown;
}

export abstract class VendorError extends Error {
  abstract readonly kind: VendorErrorKind;
  readonly connector: string | null;
  readonly status: number | null;
  readonly vendorCode: string | null;
  readonly requestId: string | null;

  /** `message`: one or two sentences that a finance person understands. */
  constructor(message: string, facts: VendorErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.connector = facts.connector ?? null;
    this.status = facts.status ?? null;
    this.vendorCode = facts.vendorCode ?? null;
    this.requestId = facts.requestId ?? null;
  }
}

/** The sign-in no longer works or lacks a right: pause the connection and tell a person. */
export class AuthorizationLost extends VendorError {
  override readonly name = 'AuthorizationLost';
  readonly kind = 'AuthorizationLost';
}

/** The vendor refuses this request and will refuse it again: never retried, a person corrects it. */
export class InvalidRequest extends VendorError {
  override readonly name = 'InvalidRequest';
  readonly kind = 'InvalidRequest';
}

/** The vendor asks us to wait `retryAfterMs` before the next call. */
export class Throttled extends VendorError {
  override readonly name = 'Throttled';
  readonly kind = 'Throttled';
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, facts: VendorErrorFacts = {}) {
    super(message, facts);
    this.retryAfterMs = retryAfterMs;
  }
}

/** No usable answer: down, too slow, cut off or unreadable. A write may have happened: look before repeating it. */
export class Unavailable extends VendorError {
  override readonly name = 'Unavailable';
  readonly kind = 'Unavailable';
}

/**
 * Anything thrown during a vendor call as one of the four. What we did not foresee becomes `Unavailable` with its
 * cause: a retry after a repair may succeed, and marking it never-retry would lose work over a mistake of ours.
 */
export function toVendorError(problem: unknown, connector?: string): VendorError {
  if (problem instanceof VendorError) return problem;
  return new Unavailable(
    `${connector ?? 'The platform'} could not be read because of an unexpected problem. It is tried again.`,
    {
      connector,
      cause: problem,
    },
  );
}
