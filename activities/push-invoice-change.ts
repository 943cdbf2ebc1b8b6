/** Owns what is done to an invoice that is at its platform already: voided, replaced, or sent by the platform's own mail. */
import type { RemoteInvoice, TargetInvoice } from '../connectors/kit/define.ts';
import { InvalidRequest } from '../connectors/kit/errors.ts';
import { mailAddressOf } from '../domain/document-mail.ts';
import { Decimal } from '../domain/money.ts';
import { noteDeliveredThere } from '../store/deliveries.ts';
import { readRemoteRef } from '../store/documents-to-push.ts';
import { readSnapshot } from '../store/printed-documents.ts';
import { saysVoidThere } from './find-booked.ts';
import { declined, type Push, type Pushed } from './push.ts';
import { readPushed } from './push-invoice.ts';
import { differenceOf } from './target-invoice.ts';

/** A document that is gone there is as void as one that is voided. */
export async function pushVoid({ vendor, target, record, once }: Push): Promise<Pushed> {
  const remote = { externalId: record.externalId!, versionToken: record.versionToken };
  if (record.subjectType !== 'client_invoice' || !target.voidInvoice)
    throw new InvalidRequest(
      `It was cancelled here, and ${vendor.connector.name} takes no cancellation from us. Delete it there.`,
      { vendorCode: 'void_declined' },
    );
  const voided = await once(
    async () => {
      const there = await target.readInvoice(vendor.http, remote.externalId);
      return there?.status === 'void' ? there : null;
    },
    async (key) => {
      await requireUnpaid(vendor, target, remote.externalId);
      return (await target.voidInvoice!(vendor.http, remote, key)) ?? { ...remote, total: null };
    },
    'void',
  );
  // The total of before: that is what stands void.
  return { is: 'there', remote: { externalId: remote.externalId, versionToken: voided.versionToken } };
}

/** Most platforms detach the money of a void document without a word: somebody may have paid before we read it. */
async function requireUnpaid(
  { http, connector }: Push['vendor'],
  target: Push['target'],
  externalId: string,
): Promise<void> {
  const there = await target.readInvoice(http, externalId);
  if (there === null || there.status === 'void' || new Decimal(there.balance).eq(there.total)) return;
  throw new InvalidRequest(
    `It was voided here, and has payments or credits at ${connector.name}. Take them off there first, then try again.`,
    { vendorCode: 'paid_there' },
  );
}

/** Says the invoice anew over what stands there, as a person has asked. */
export async function pushUpdate(push: Push): Promise<Pushed> {
  const { deps, workspaceId, vendor, target, record, sayInvoice } = push;
  if (!target.updateInvoice) return declined(target, 'updateInvoice');
  const { invoice, lines } = await deps.database.inWorkspace(workspaceId, (tx) =>
    readPushed(tx, record.subjectId),
  );
  const { document } = await sayInvoice(vendor, workspaceId, invoice, lines, { step: 'update' });
  const remote = await updated(push, document);
  if (remote.status === 'void')
    throw new InvalidRequest(saysVoidThere(vendor, invoice), { vendorCode: 'void_there' });
  const difference = differenceOf(invoice, remote);
  const { externalId, versionToken, number, total } = remote;
  return difference === null
    ? {
        is: 'there',
        remote: { externalId, versionToken, total, ...(number !== invoice.number && { number }) },
      }
    : { is: 'different', externalId, difference };
}

/** Written over what stands there, unless it stands there as here; made anew where it was deleted meanwhile. */
async function updated(
  { vendor: { http }, target, record, once }: Push,
  document: TargetInvoice,
): Promise<RemoteInvoice> {
  let there = await target.readInvoice(http, record.externalId!);
  if (there === null)
    return once(
      () => target.invoices.find(http, document),
      (key) => target.invoices.create(http, document, key),
    );
  if (there.status === 'void') return there;
  return once(
    async () => {
      // Anew: a write that we gave up on may have arrived since.
      there = await target.readInvoice(http, record.externalId!);
      return there && (there.status === 'void' || standsAsHere(there, document)) ? there : null;
    },
    (key) =>
      target.updateInvoice!(
        http,
        there ?? { externalId: record.externalId!, versionToken: null },
        document,
        key,
      ),
    'update',
  );
}

/** In all that a drift is told by. */
const standsAsHere = (there: RemoteInvoice, { customer, numberBy, ...document }: TargetInvoice): boolean =>
  differenceOf(document, there) === null &&
  there.customerExternalId === customer.externalId &&
  (numberBy === 'platform' || there.number === document.number);

/** The platform's own mail, to whom ours would go. */
export async function pushInvoiceMail({
  deps,
  workspaceId,
  vendor,
  target,
  record,
  once,
}: Push): Promise<Pushed> {
  if (!target.emailInvoice) return { is: 'nothing', reason: 'The platform sends no mail for us.' };
  const { remote, to } = await deps.database.inWorkspace(workspaceId, async (tx) => {
    const snapshot = await readSnapshot(tx, 'client_invoice', record.subjectId);
    return {
      remote: await readRemoteRef(tx, record.connectionId, 'client_invoice', record.subjectId),
      to: snapshot === null ? null : mailAddressOf(snapshot),
    };
  });
  if (to === null) return { is: 'nothing', reason: 'The client has no address, or wants no mail.' };
  if (!remote) return { is: 'waiting', for: record.subjectId, reason: 'The invoice is not there yet.' };
  await once(
    () => Promise.resolve(null),
    async () => {
      await target.emailInvoice!(vendor.http, remote, to);
      return remote;
    },
  );
  await deps.database.inWorkspace(workspaceId, (tx) => noteDeliveredThere(tx, record.subjectId, to));
  // The record of the mail has an id of its own: the invoice's is taken.
  return { is: 'there', remote: { externalId: `mail:${remote.externalId}`, versionToken: null } };
}
