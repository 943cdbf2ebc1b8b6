/** Owns the look at documents that are at a platform: what was edited, voided or deleted there since. */
import type { RemoteInvoice } from '../connectors/kit/define.ts';
import { cardOf } from '../domain/ownership.ts';
import { noteBalances } from '../store/balances-there.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { noteSeen, readLongestUnseen, type ThereNow } from '../store/drift.ts';
import type { ActivityDeps } from './deps.ts';
import type { OpenVendor } from './vendor.ts';

/** Read one by one where the platform tells of no changes; the others are looked at the next time. */
const mostReadSingly = 200;
/** Where only deletions are not told: calls of the day are shared with all else. */
const mostReadBesides = 50;

export async function lookAtDocuments(
  deps: ActivityDeps,
  workspaceId: string,
  { connection, connector, http }: OpenVendor,
  cursor: string | null,
  advance: (tx: WorkspaceTx, cursor: string | null) => Promise<void>,
): Promise<void> {
  const target = connector.invoiceTarget;
  if (!target) return;
  const { id } = connection;
  const actor = `connection:${id}`;
  const readsPayments = cardOf(connection.ownership).payments;
  const note = (invoices: readonly RemoteInvoice[], gone: readonly string[], checkpoint: string | null) =>
    deps.database.inWorkspace(workspaceId, async (tx) => {
      await advance(tx, checkpoint);
      await noteSeen(tx, id, [...invoices.map(toSeen), ...gone.map(goneThere)], actor);
      if (readsPayments) await noteBalances(tx, id, invoices.filter(isOwedThere));
    });
  if (target.invoicesSince) {
    for await (const page of target.invoicesSince(http, cursor))
      await note(page.invoices, page.deleted, page.checkpoint);
    if (target.tellsDeletedInvoices !== false) return;
  }
  const unseen = await deps.database.inWorkspace(workspaceId, (tx) =>
    target.invoicesSince
      ? readLongestUnseen(tx, id, mostReadBesides, 'unpaid')
      : readLongestUnseen(tx, id, mostReadSingly),
  );
  for (const externalId of unseen) {
    const remote = await target.readInvoice(http, externalId);
    await note(remote === null ? [] : [remote], remote === null ? [externalId] : [], null);
  }
}

/** A draft is not in the books yet, and a void one is owed by nobody. */
const isOwedThere = ({ status }: RemoteInvoice) => status !== 'draft' && status !== 'void';
const goneThere = (externalId: string): ThereNow => ({ externalId, versionToken: null, now: null });
const toSeen = (remote: RemoteInvoice): ThereNow => ({
  externalId: remote.externalId,
  versionToken: remote.versionToken,
  now: { ...remote, isVoid: remote.status === 'void' },
});
