/** Owns who is told of money: the client that its invoice is paid or open again, and us that a client says they paid. */
import type { DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { notify } from './notifications.ts';
import type { Payable } from './payment-applications.ts';

/** The client's members learn of invoices that money has settled, in the transaction that settled them. */
export async function tellOfSettled(
  tx: WorkspaceTx,
  paymentId: string,
  settled: readonly Payable[],
): Promise<void> {
  const invoices = settled.filter(({ kind, status }) => kind === 'invoice' && status === 'settled');
  if (invoices.length === 0) return;
  const members = await tx.rows<{ id: string; clientId: string }>(
    `select id, client_id from members where workspace_id = $1 and status = 'active' and client_id = any($2::uuid[]) order by id`,
    [tx.workspaceId, plainArray([...new Set(invoices.map(({ clientId }) => clientId))])],
  );
  if (members.length === 0) return;
  await notify(
    tx,
    invoices.map((invoice) => ({
      kind: 'invoice.paid' as const,
      to: {
        memberIds: members.filter(({ clientId }) => clientId === invoice.clientId).map(({ id }) => id),
      },
      key: `invoice.paid:${invoice.id}:${paymentId}`,
      subjectType: 'client_invoice',
      subjectId: invoice.id,
      params: {
        number: invoice.number,
        amount: `${invoice.total} ${invoice.currency}`,
      },
    })),
  );
}

/** Whoever records payments looks for the money. */
export async function tellOfConfirmation(
  tx: WorkspaceTx,
  invoice: { id: string; number: string | null; clientName: string; total: DecimalText; currency: string },
  confirmation: { id: string; status: string },
): Promise<void> {
  await notify(tx, [
    {
      kind: 'invoice.confirmed_by_client',
      to: { permission: 'payments.create' },
      key: `invoice.confirmed_by_client:${confirmation.id}`,
      subjectType: 'client_invoice',
      subjectId: invoice.id,
      params: {
        client: invoice.clientName,
        number: invoice.number ?? '',
        amount: `${invoice.total} ${invoice.currency}`,
        next:
          confirmation.status === 'waiting' ? 'It waits for your word.' : 'No money is recorded for it yet.',
      },
    },
  ]);
}
