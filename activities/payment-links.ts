/** Owns asking a platform for the pages at which clients pay their invoices. It never fails what it comes after. */
import type { PaymentLinks } from '../connectors/kit/define.ts';
import { InvalidRequest } from '../connectors/kit/errors.ts';
import { readPaymentLink } from '../connectors/kit/payment-link.ts';
import { connectors } from '../connectors/kit/registry.ts';
import { cardOf } from '../domain/ownership.ts';
import {
  type AskableInvoice,
  keepPaymentLink,
  notePaymentLinkAsked,
  readLongestUnasked,
  readUnasked,
} from '../store/payment-links.ts';
import type { ActivityDeps } from './deps.ts';
import type { OpenVendor } from './vendor.ts';

/** Of one reading: the calls of the day are shared with all else. */
const mostAtOnce = 20;
/** Then the platform is away, or has said to slow down. */
const mostFailures = 3;
/** A client can wait for a link, the push cannot. */
const mostWaitMs = 5_000;

/** Platforms that have such pages. */
export const platformsWithLinks: readonly string[] = [...connectors.values()].flatMap(
  ({ id, invoiceTarget }) => (invoiceTarget?.paymentLinks ? [id] : []),
);

/**
 * Of an invoice that was just booked. A platform that says again and again that there is none, as one does where the firm takes
 * no payments online, is spared the call: it is asked with the documents, once a day.
 */
export async function askAfterPush(
  deps: ActivityDeps,
  workspaceId: string,
  vendor: OpenVendor,
  invoice: AskableInvoice & { email: string | null },
): Promise<void> {
  const known = saidNone.get(vendor.connection.id);
  const isSpared = known !== undefined && known.times >= sparedAfter && Date.now() < known.untilMs;
  const { link } = await askForLink(deps, workspaceId, vendor, invoice, isSpared);
  // That a client without an e-mail has no page says nothing of the others.
  if (!isSpared && link !== undefined && (link !== null || invoice.email !== null))
    note(vendor.connection.id, link);
}
const sparedAfter = 5;
const sparedMs = 3_600_000;
/** By connection, in this process; forgotten at each page that there is. */
const saidNone = new Map<string, { times: number; untilMs: number }>();
const mostKnown = 10_000;

function note(connectionId: string, link: string | null): void {
  const times = (saidNone.get(connectionId)?.times ?? 0) + 1;
  saidNone.delete(connectionId);
  if (link === null) saidNone.set(connectionId, { times, untilMs: Date.now() + sparedMs });
  if (saidNone.size > mostKnown) saidNone.delete(saidNone.keys().next().value!);
}

/** Never throws. No link: no answer now, so it is asked for again with the payments. `isSpared`: taken for none, unasked. */
async function askForLink(
  deps: ActivityDeps,
  workspaceId: string,
  vendor: OpenVendor,
  { invoiceId, externalId }: AskableInvoice,
  isSpared = false,
): Promise<{ link?: string | null }> {
  const links = wantedLinks(vendor);
  if (links === null) return {};
  const connectionId = vendor.connection.id;
  try {
    const link = isSpared ? null : await linkOf(deps, vendor, links, externalId);
    await deps.database.inWorkspace(workspaceId, (tx) => keepPaymentLink(tx, connectionId, invoiceId, link));
    return { link };
  } catch (problem) {
    deps.logger.info({ err: problem, connectionId, invoiceId }, 'no word of a payment link');
    return {};
  }
}

/**
 * `unasked`: what its push could not ask for. `again`: what was asked for longest ago. Ends where the platform seems to be away;
 * one invoice that cannot be asked for keeps no other from it.
 */
export async function askForLinks(
  deps: ActivityDeps,
  workspaceId: string,
  vendor: OpenVendor,
  which: 'unasked' | 'again',
): Promise<void> {
  if (wantedLinks(vendor) === null) return;
  const read = which === 'unasked' ? readUnasked : readLongestUnasked;
  const due = await deps.database.inWorkspace(workspaceId, (tx) =>
    read(tx, vendor.connection.id, mostAtOnce),
  );
  let failures = 0;
  for (const invoice of due) {
    const { link } = await askForLink(deps, workspaceId, vendor, invoice);
    if (link !== undefined) continue;
    if (which === 'again')
      await deps.database.inWorkspace(workspaceId, (tx) =>
        notePaymentLinkAsked(tx, vendor.connection.id, invoice.invoiceId),
      );
    failures += 1;
    if (failures === mostFailures) return;
  }
}

/** What the platform refuses to say, e.g. of a draft, is no page. */
async function linkOf(
  { vendor: { allowLoopback } }: ActivityDeps,
  { direct, timeoutMs }: OpenVendor,
  links: PaymentLinks,
  externalId: string,
): Promise<string | null> {
  const http = { ...direct, get: withTimeout(direct.get, Math.min(timeoutMs, mostWaitMs)) };
  try {
    return await readPaymentLink(links, http, externalId, { allowLoopback });
  } catch (problem) {
    if (problem instanceof InvalidRequest) return null;
    throw problem;
  }
}

function wantedLinks({ connector, connection }: OpenVendor) {
  return cardOf(connection.ownership).paymentLinks ? (connector.invoiceTarget?.paymentLinks ?? null) : null;
}

type Get = OpenVendor['http']['get'];
function withTimeout(get: Get, timeoutMs: number): Get {
  const send = get as (path: string, request?: object) => Promise<unknown>;
  return ((path: string, request?: object) => send(path, { timeoutMs, ...request })) as Get;
}
