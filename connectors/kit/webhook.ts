/** Owns the signature check of incoming webhooks (constant time, over the bytes as they arrived) and the reading of their bodies. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookSource } from './define.ts';
import type { InvalidRequest } from './errors.ts';
import { parseJson } from './json.ts';
import { type NamedVendor, refused } from './vendor-words.ts';

export interface HmacCheck {
  rawBody: Uint8Array;
  /** As presented in the header; absent or empty is a failed check. */
  signature: string | undefined;
  /** The key, as UTF-8 text where it is text; an empty key fails every check, for anyone can sign with it. */
  secret: string | Uint8Array;
  algorithm: 'sha1' | 'sha256' | 'sha512';
  encoding: 'base64' | 'hex';
}

export function hmacMatches({ rawBody, signature, secret, algorithm, encoding }: HmacCheck): boolean {
  if (!signature || secret.length === 0) return false;
  const expected = Buffer.from(createHmac(algorithm, secret).update(rawBody).digest(encoding));
  const presented = Buffer.from(encoding === 'hex' ? signature.toLowerCase() : signature);
  // The length is no secret: it follows from the algorithm.
  return expected.length === presented.length && timingSafeEqual(expected, presented);
}

/** The check of a signature over the raw body that stands in one header, behind `prefix` where the vendor writes a word before it. */
export const signedIn =
  (header: string, encoding: HmacCheck['encoding'], prefix = ''): WebhookSource['verify'] =>
  ({ rawBody, headers }, secret) => {
    const presented = headers[header] ?? '';
    const signature = presented.startsWith(prefix) ? presented.slice(prefix.length) : undefined;
    return hmacMatches({ rawBody, signature, secret, algorithm: 'sha256', encoding });
  };

/** A delivery that we cannot read must not pass in silence. */
export const unknownDelivery = (vendor: NamedVendor, what = 'form'): InvalidRequest =>
  refused(
    vendor,
    'webhook_unknown',
    `${vendor.name} announced a change in an unknown ${what}. Report it: changes may arrive late until then.`,
  );

/** What was parsed last: a delivery is asked for its id, its handshake and its events one after the other. Nobody changes it. */
let latest: { rawBody: Uint8Array | null; value: unknown } = { rawBody: null, value: null };

/** The JSON of a delivery; null where it is none, which no form of a vendor's fits. */
export function parsedBody(rawBody: Uint8Array): unknown {
  if (latest.rawBody !== rawBody) latest = { rawBody, value: parsedOrNull(rawBody) };
  return latest.value;
}

function parsedOrNull(rawBody: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(rawBody.buffer, rawBody.byteOffset, rawBody.byteLength).toString('utf8'));
  } catch {
    return null;
  }
}

/** For vendors that send a fixed token instead of a signature: constant time, and an empty secret matches nothing. */
export function tokenMatches(presented: string | undefined, secret: string): boolean {
  if (!presented || secret === '') return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(presented), digest(secret));
}

/** SHA-256 in hex: what a thing without a name of its own is known by. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
