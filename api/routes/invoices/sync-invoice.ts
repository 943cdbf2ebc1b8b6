/** Owns POST /invoices/:invoiceId/sync. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { connections } from '../../../store/connections.ts';
import { contracts } from '../../../store/contracts.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { recordEvents } from '../../../store/events.ts';
import { type InvoiceRow, readInvoice } from '../../../store/invoices.ts';
import { enqueueLook } from '../../../store/outbox.ts';
import { requestSync } from '../../../store/sync.ts';
import { defineRoute } from '../../kit/route.ts';
import { invoice } from './invoice.ts';

export const syncInvoice = defineRoute({
  name: 'sync-invoice',
  method: 'post',
  path: '/invoices/:invoiceId/sync',
  summary: 'Send an invoice to the accounting platform',
  description:
    'Queued; where it stands is on the invoice and in the list (sync). One that is there already stays as it is; one that failed is tried again. A draft goes only to a platform that keeps drafts; for the others it must be issued first.',
  permission: 'invoices.sync',
  responses: { 202: invoice },
  errors: ['invoice.must_be_issued', 'invoice.not_syncable', 'invoice.no_target'],
  handler: ({ params, actor, deps, transact }) =>
    transact(async (tx) => {
      const before = found(await readInvoice(tx, params.invoiceId), 'invoice');
      const target = await targetOf(tx, before);
      const platform = deps.connectors.get(target.connector)?.name ?? target.connector;
      requireSyncable(before, platform);
      const asked = await requestSync(tx, target.id, 'client_invoice', before.id);
      if (asked) {
        await recordEvents(tx, [
          {
            type: 'invoice.sync_requested',
            subjectType: 'client_invoice',
            subjectId: before.id,
            actor: actor.id,
            permission: 'invoices.read',
            payload: { connectionId: target.id, connector: target.connector },
          },
        ]);
        await enqueueLook(tx, {
          subjectType: 'client_invoice',
          subjectId: before.id,
          lane: 'interactive',
          reason: 'sync asked for',
        });
      }
      return { status: 202, body: found(await readInvoice(tx, before.id), 'invoice') };
    }),
});

async function targetOf(tx: WorkspaceTx, { contractId, sync }: InvoiceRow) {
  const contract = contractId === null ? null : await contracts.find(tx, contractId);
  const connectionId = sync?.connectionId ?? contract?.targetConnectionId ?? null;
  const connection = connectionId === null ? null : await connections.find(tx, connectionId);
  if (connection) return connection;
  throw new Refusal({
    code: 'invoice.no_target',
    message: 'Its contract names no accounting platform.',
    whatToDo: 'Name a target connection on the contract, and repeat.',
  });
}

/** None of the platforms that invoices go to keeps drafts without a number. */
function requireSyncable({ status, number }: InvoiceRow, platform: string): void {
  if (status === 'discarded' || status === 'void')
    throw new Refusal({
      code: 'invoice.not_syncable',
      message: `This invoice is ${status}: there is nothing to send.`,
      whatToDo: 'Nothing: read it again.',
    });
  if (number === null)
    throw new Refusal({
      code: 'invoice.must_be_issued',
      message: `${platform} keeps no drafts, so this invoice must be issued first.`,
      whatToDo: 'Issue it (POST /invoices/:invoiceId/issue); it is then sent by itself.',
      details: { platform },
    });
}
