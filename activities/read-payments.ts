/** Owns reading payments back from a platform: each is taken in once, and one that cannot be taken holds up no other. */
import type { InvoiceTarget, PaymentPage, RemotePayment } from '../connectors/kit/define.ts';
import { cardOf } from '../domain/ownership.ts';
import { closeAgreeing } from '../store/balances-there.ts';
import { type Poll, readingsOf } from '../store/checkpoints.ts';
import type { Connection } from '../store/connections.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { ensureSource, writeQuarantine } from '../store/intake.ts';
import { takeInRemotePayments } from '../store/remote-payments.ts';
import { findByExternalIds } from '../store/sync.ts';
import type { ActivityDeps } from './deps.ts';
import type { OpenVendor } from './vendor.ts';

/** A page and its checkpoint are stored in one transaction. */
export async function readPayments(
  { database }: ActivityDeps,
  workspaceId: string,
  { connection, connector, http }: OpenVendor,
  poll: Poll,
  advance: (tx: WorkspaceTx, cursor: string | null) => Promise<void>,
): Promise<void> {
  // Left out by the ownership card: the reading ends at once, so that whoever asked for it is answered.
  if (!connector.invoiceTarget || !cardOf(connection.ownership).payments) return;
  for await (const page of pagesOf(connector.invoiceTarget, http, poll.cursor))
    await database.inWorkspace(workspaceId, async (tx) => {
      await advance(tx, page.checkpoint);
      const refused = await takeInRemotePayments(
        tx,
        connection.id,
        await toOurs(tx, connection, page.payments),
        `connection:${connection.id}`,
      );
      const unreadable = [...page.unreadable, ...refused];
      if (unreadable.length === 0) return;
      const { id: connectionId, name } = connection;
      const sourceId = await ensureSource(tx, { kind: 'connection', name, connectionId });
      await writeQuarantine(tx, unreadable, { sourceId, operationId: null });
    });
  await database.inWorkspace(workspaceId, (tx) => closeAgreeing(tx, connection.id));
}

async function* pagesOf(
  target: InvoiceTarget,
  http: OpenVendor['http'],
  cursor: string | null,
): AsyncGenerator<PaymentPage> {
  for (const { from, keep } of readingsOf(cursor))
    for await (const page of target.paymentsSince(http, from))
      yield { ...page, checkpoint: keep(page.checkpoint) };
}

/** With our ids of the documents, and of the client where nothing is applied. */
async function toOurs(tx: WorkspaceTx, connection: Connection, payments: readonly RemotePayment[]) {
  const externalIds = payments.flatMap(({ applications }) =>
    applications.map(({ invoiceExternalId }) => invoiceExternalId),
  );
  const invoices = await findByExternalIds(tx, connection.id, 'client_invoice', externalIds);
  const payers = payments.flatMap(({ customerExternalId }) => customerExternalId ?? []);
  const clients = await findByExternalIds(tx, connection.id, 'client', payers);
  return payments.map((payment) => ({
    ...payment,
    applications: payment.applications.map(({ invoiceExternalId, amount }) => ({
      invoiceId: invoices.get(invoiceExternalId) ?? null,
      amount,
    })),
    onAccountOf: payerOf(payment, clients, connection),
  }));
}

/** Whose money it is, where nothing of it is applied there: of before the go-live date it is nobody's business here. */
function payerOf(
  { customerExternalId, valueDate }: RemotePayment,
  clients: ReadonlyMap<string, string>,
  { goLiveOn }: Connection,
): string | null {
  if (!customerExternalId || valueDate < goLiveOn) return null;
  return clients.get(customerExternalId) ?? null;
}
