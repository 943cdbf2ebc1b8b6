/** Owns which address of a vendor's is shown to a client as the page to pay at: text from outside is not trusted. */
import { isLoopback } from './address.ts';
import type { PaymentLinks } from './define.ts';
import type { VendorHttp } from './http.ts';

const mostCharacters = 2_000;

/** The page of one invoice, checked; null: there is none that could be shown. Throws as any other read does. */
export async function readPaymentLink(
  links: PaymentLinks,
  http: VendorHttp,
  externalId: string,
  rules: { allowLoopback: boolean },
): Promise<string | null> {
  return paymentLinkOf(await links.link(http, externalId), links.domains, rules);
}

/**
 * `said` as an address of the vendor's own: https, without a password in it, at most 2,000 characters. Null for whatever else
 * was said. Loopback, also without TLS, is for sandboxes and tests.
 */
export function paymentLinkOf(
  said: unknown,
  domains: readonly string[],
  { allowLoopback }: { allowLoopback: boolean },
): string | null {
  if (typeof said !== 'string' || said.length > mostCharacters || !URL.canParse(said)) return null;
  const url = new URL(said);
  if (url.username !== '' || url.password !== '' || url.href.length > mostCharacters) return null;
  if (isLoopback(url.hostname))
    return allowLoopback && ['http:', 'https:'].includes(url.protocol) ? url.href : null;
  const isVendors = domains.some((domain) => url.hostname === domain || url.hostname.endsWith(`.${domain}`));
  return url.protocol === 'https:' && isVendors ? url.href : null;
}
