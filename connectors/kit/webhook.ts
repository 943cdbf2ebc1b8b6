/** Owns the signature check of incoming webhooks (constant time, over the bytes as they arrived) and the reading of their bodies. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseJson } from './json.ts';

export interface HmacCheck {
  rawBody: Uint8Array;
  /** As presented in the header; absent or empty is a failed check. */
  signature: string | undefined;
  /** The key as UTF-8 text; an empty key fails every check, for anyone can sign with it. */
  secret: string;
  algorithm: 'sha1' | 'sha256' | 'sha512';
  encoding: 'base64' | 'hex';
}

export function hmacMatches({ rawBody, signature, secret, algorithm, encoding }: HmacCheck): boolean {
  if (!signature || secret === '') return false;
  const expected = Buffer.from(createHmac(algorithm, secret).update(rawBody).digest(encoding));
  const presented = Buffer.from(encoding === 'hex' ? signature.toLowerCase() : signature);
  // The length is no secret: it follows from the algorithm.
  return expected.length === presented.length && timingSafeEqual(expected, presented);
}

/** The JSON of a delivery; null where it is none, which no form of a vendor's fits. */
export function parsedBody(rawBody: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(rawBody).toString('utf8'));
  } catch {
    return null;
  }
}
