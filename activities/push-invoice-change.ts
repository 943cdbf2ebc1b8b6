/** Owns what is done to an invoice that is at its platform already: voided, replaced, or sent by the platform's own mail. */
import { InvalidRequest } from '../connectors/kit/errors.ts';
import { mailAddressOf } from '../domain/document-mail.ts';
import { noteDeliveredThere } from '../store/deliveries.ts';
import { readRemoteRef } from '../store/documents-to-push.ts';
import { readSnapshot } from '../store/printed-documents.ts';
import { declined, gone, type Push, type Pushed } from './push.ts';
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
    async (key) => (await target.voidInvoice!(vendor.http, remote, key)) ?? { ...remote, total: null },
    'void',
  );
  // The total of before: that is what stands void.
  return { is: 'there', remote: { externalId: remote.externalId, versionToken: voided.versionToken } };
}

/** Says the invoice anew over what stands there, as a person has asked. */
export async function pushUpdate(push: Push): Promise<Pushed> {
  const { deps, workspaceId, vendor, target, record, sayInvoice, once } = push;
  if (!target.updateInvoice) return declined(target, 'updateInvoice');
  const { invoice, lines } = await deps.database.inWorkspace(workspaceId, (tx) =>
    readPushed(tx, record.subjectId),
  );
  const { document } = await sayInvoice(vendor, workspaceId, invoice, lines, { step: 'update' });
  const known = await target.readInvoice(vendor.http, record.externalId!);
  if (known === null) throw gone(`invoice ${invoice.number} at ${vendor.connector.name}`);
  const remote = await once(
    async () => (differenceOf(invoice, known) === null && known.number === invoice.number ? known : null),
    (key) => target.updateInvoice!(vendor.http, known, document, key),
    'update',
  );
  const difference = differenceOf(invoice, remote);
  return difference === null
    ? {
        is: 'there',
        remote: { externalId: remote.externalId, versionToken: remote.versionToken, total: remote.total },
      }
    : { is: 'different', externalId: remote.externalId, difference };
}

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
