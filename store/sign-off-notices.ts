/** Owns who is told of a sign-off: the members of the client who are asked and reminded, and us of what they say. */
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { type Notice, notify } from './notifications.ts';

export interface AskedDraft {
  id: string;
  clientId: string;
  total: string;
  currency: string;
}

/** `key` makes it one: the same is told a member once. */
export async function tellClients(
  tx: WorkspaceTx,
  kind: 'invoice.sign_off_asked' | 'invoice.sign_off_reminder',
  drafts: readonly AskedDraft[],
  of: (id: string) => { key: string; dueOn: string },
): Promise<void> {
  const members = await tx.rows<{ id: string; clientId: string }>(
    "select id, client_id from members where workspace_id = $1 and role = 'client' and status = 'active' and client_id = any($2::uuid[])",
    [tx.workspaceId, plainArray([...new Set(drafts.map(({ clientId }) => clientId))])],
  );
  const byClient = Map.groupBy(members, (member) => member.clientId);
  await notify(
    tx,
    drafts.map(({ id, clientId, total, currency }): Notice => {
      const { key, dueOn } = of(id);
      return {
        kind,
        to: { memberIds: (byClient.get(clientId) ?? []).map((member) => member.id) },
        key: `${kind}:${id}:${key}`,
        subjectType: 'client_invoice',
        subjectId: id,
        params: { amount: `${total} ${currency}`, dueOn },
      };
    }),
  );
}

/** What the client said of a draft. */
export async function tellStaff(
  tx: WorkspaceTx,
  invoiceId: string,
  said: string,
  key: string,
  verb: 'commented' | 'disputed',
): Promise<void> {
  const row = await tx.row<{ client: string; total: string; currency: string }>(
    `select c.name as client, i.total, i.currency from client_invoices i join clients c on c.workspace_id = $1 and c.id = i.client_id
     where i.workspace_id = $1 and i.id = $2`,
    [tx.workspaceId, invoiceId],
  );
  await notify(tx, [
    {
      kind: 'invoice.client_answered',
      to: { permission: 'invoices.update' },
      key: `invoice.client_answered:${key}`,
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      params: { client: row!.client, amount: `${row!.total} ${row!.currency}`, answer: verb, said },
    },
  ]);
}
