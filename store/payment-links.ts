/** Owns the pages at which clients pay invoices at their platform: kept when the platform tells them, shown while there is something to pay. */
import { type PayButton, payableStatuses, payButton } from '../domain/payment-link.ts';
import type { WorkspaceTx } from './database.ts';

const payable = payableStatuses.map((status) => `'${status}'`).join(', ');

/**
 * The link of an invoice `i` (its id, status and workspace `$1`), as SQL; null where it is not shown: paid, void, switched off
 * by the connection's ownership card, or at a connection that ended, whose payments nobody reads back.
 */
export const paymentLinkColumn = `case when i.status in (${payable}) then (
    select r.payment_link from sync_records r join connections c on c.workspace_id = $1 and c.id = r.connection_id
    where r.workspace_id = $1 and r.subject_id = i.id and r.subject_type = 'client_invoice' and r.status in ('synced', 'drifted')
      and c.status <> 'disconnected' and coalesce((c.ownership ->> 'paymentLinks')::boolean, true) limit 1) end`;

/** What the platform says, null: no page. It is not asked again for a day. */
export async function keepPaymentLink(
  tx: WorkspaceTx,
  connectionId: string,
  invoiceId: string,
  link: string | null,
): Promise<void> {
  await tx.run(
    `update sync_records set payment_link = $4, payment_link_asked_at = now()
     where workspace_id = $1 and connection_id = $2 and subject_type = 'client_invoice' and subject_id = $3`,
    [tx.workspaceId, connectionId, invoiceId, link],
  );
}

/** It could not be asked for: it goes behind the others, and keeps what it had. */
export async function notePaymentLinkAsked(
  tx: WorkspaceTx,
  connectionId: string,
  invoiceId: string,
): Promise<void> {
  await tx.run(
    `update sync_records set payment_link_asked_at = now()
     where workspace_id = $1 and connection_id = $2 and subject_type = 'client_invoice' and subject_id = $3`,
    [tx.workspaceId, connectionId, invoiceId],
  );
}

export interface AskableInvoice {
  invoiceId: string;
  externalId: string;
}

/** Pushed within a day, and could not be asked for then. */
export function readUnasked(tx: WorkspaceTx, connectionId: string, limit: number): Promise<AskableInvoice[]> {
  return tx.rows<AskableInvoice>(
    `select r.subject_id as invoice_id, r.external_id from sync_records r
     join client_invoices i on i.workspace_id = $1 and i.id = r.subject_id and i.status in (${payable})
     where r.workspace_id = $1 and r.connection_id = $2 and r.subject_type = 'client_invoice' and r.payment_link_asked_at is null
       and r.synced_at > now() - interval '1 day' and r.status in ('synced', 'drifted') and r.external_id is not null
     order by r.synced_at limit $3`,
    [tx.workspaceId, connectionId, limit],
  );
}

/**
 * Asked for longest ago, at least a day: links end, drafts are posted there, and payments are switched on. Only what waits for
 * money, by its index.
 */
export function readLongestUnasked(
  tx: WorkspaceTx,
  connectionId: string,
  limit: number,
): Promise<AskableInvoice[]> {
  return tx.rows<AskableInvoice>(
    `select r.subject_id as invoice_id, r.external_id from client_invoices i
     join sync_records r on r.workspace_id = $1 and r.subject_id = i.id and r.subject_type = 'client_invoice' and r.connection_id = $2
       and r.status in ('synced', 'drifted') and r.external_id is not null
       and (r.payment_link_asked_at is null or r.payment_link_asked_at < now() - interval '1 day')
     where i.workspace_id = $1 and i.status in (${payable})
     order by r.payment_link_asked_at nulls first, r.id limit $3`,
    [tx.workspaceId, connectionId, limit],
  );
}

/**
 * For how long yet the invoice's papers wait for its push, in milliseconds, because the platform may tell a page that belongs on
 * them: until ten minutes after its issue, and only where the platform is one of `connectors`. 0: no longer.
 */
export async function papersWaitMs(
  tx: WorkspaceTx,
  invoiceId: string,
  connectors: readonly string[],
): Promise<number> {
  const row = await tx.row<{ waitMs: number }>(
    // Queued with its issue; the issue's own time may be that of a clock which somebody sets forward.
    `select greatest(0, coalesce(max(extract(epoch from uuid_extract_timestamp(r.id) + interval '10 minutes' - now())) * 1000, 0))::int as wait_ms
     from sync_records r
     join connections c on c.workspace_id = $1 and c.id = r.connection_id and c.connector = any($3::text[])
       and coalesce((c.ownership ->> 'paymentLinks')::boolean, true)
     where r.workspace_id = $1 and r.subject_type = 'client_invoice' and r.subject_id = $2 and r.payment_link_asked_at is null`,
    [tx.workspaceId, invoiceId, connectors],
  );
  return row!.waitMs;
}

/** More buttons help nobody; the others stand on their invoices. */
const mostButtons = 10;

/** Buttons of a mail that leaves now: of the invoice in it, or of those that a reminder names, the oldest first. */
export async function readPayButtons(
  tx: WorkspaceTx,
  mail: { kind: string; key: string },
): Promise<PayButton[]> {
  const chosen = chosenBy(mail);
  if (chosen === null) return [];
  const rows = await tx.rows<{ number: string; language: string; url: string }>(
    `select x.number, x.language, x.url from (
       select i.number, c.language, i.due_date, i.id, ${paymentLinkColumn} as url
       from client_invoices i join clients c on c.workspace_id = $1 and c.id = i.client_id
       where i.workspace_id = $1 and ${chosen.where}) x
     where x.url is not null order by x.due_date, x.id limit ${mostButtons}`,
    [tx.workspaceId, chosen.id],
  );
  return rows.map(payButton);
}

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const documentKey = new RegExp(`^document:client_invoice:(${uuid}):`);
const reminderKey = new RegExp(`^reminder:(${uuid})$`);

/** Mails are known by their keys (`store/deliveries.ts`, `store/reminders.ts`). */
function chosenBy({ kind, key }: { kind: string; key: string }): { where: string; id: string } | null {
  const invoiceId = kind === 'document.sent' ? documentKey.exec(key)?.[1] : undefined;
  if (invoiceId !== undefined) return { where: 'i.id = $2', id: invoiceId };
  const letterId = kind === 'reminder.sent' ? reminderKey.exec(key)?.[1] : undefined;
  if (letterId === undefined) return null;
  return {
    where:
      'i.id in (select l.invoice_id from reminder_letter_invoices l where l.workspace_id = $1 and l.letter_id = $2)',
    id: letterId,
  };
}
