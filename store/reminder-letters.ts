/** Owns reading what clients were reminded of, and what stopped a letter. */
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';

export interface ReminderLetter {
  id: string;
  clientId: string;
  clientName: string;
  sellerId: string;
  level: number;
  status: 'draft' | 'sent' | 'stopped';
  stopReason: string | null;
  letterOn: Day;
  address: string | null;
  invoices: {
    invoiceId: string;
    number: string;
    stepDays: number;
    open: DecimalText;
    disputed: DecimalText;
  }[];
}
/** Newest first, after `after` (an id); of a client, or those that name an invoice. */
export function listReminderLetters(
  tx: WorkspaceTx,
  filter: { clientId: string | null; invoiceId: string | null },
  page: { after: string | null; limit: number },
): Promise<ReminderLetter[]> {
  return tx.rows<ReminderLetter>(
    `select l.id, l.client_id, c.name as client_name, l.seller_id, l.level, l.status, l.stop_reason, l.letter_on, l.address,
       coalesce((select jsonb_agg(jsonb_build_object('invoiceId', x.invoice_id, 'number', i.number, 'stepDays', x.step_days, 'open', x.open_amount::text,
           'disputed', x.disputed_amount::text) order by i.number)
         from reminder_letter_invoices x join client_invoices i on i.workspace_id = $1 and i.id = x.invoice_id
         where x.workspace_id = $1 and x.letter_id = l.id), '[]') as invoices
     from reminder_letters l join clients c on c.workspace_id = $1 and c.id = l.client_id
     where l.workspace_id = $1 and ($2::uuid is null or l.client_id = $2) and ($4::uuid is null or l.id < $4)
       and ($3::uuid is null or exists (select from reminder_letter_invoices x where x.workspace_id = $1 and x.letter_id = l.id and x.invoice_id = $3))
     order by l.id desc limit $5`,
    [tx.workspaceId, filter.clientId, filter.invoiceId, page.after, page.limit],
  );
}

/**
 * True of a reminder whose mail has not left yet, and that asks for nothing any more: all that it names is paid, credited, given
 * up or disputed meanwhile. One that brought a late fee still has that to say.
 */
export async function isOutdated(tx: WorkspaceTx, mailKey: string): Promise<boolean> {
  const row = await tx.row<{ asks: boolean }>(
    `select exists (select from late_fees f where f.workspace_id = $1 and f.letter_id = $2 and f.status = 'issued')
       or exists (
         select from reminder_letter_invoices x join client_invoices i on i.workspace_id = $1 and i.id = x.invoice_id
         where x.workspace_id = $1 and x.letter_id = $2 and i.status in ('issued', 'sent', 'partially_paid')
           and i.total - i.applied - i.credited - i.bad_debt > coalesce((
             select sum(d.amount) from disputes d where d.workspace_id = $1 and d.invoice_id = i.id and d.status = 'open'), 0)) as asks`,
    [tx.workspaceId, mailKey.slice('reminder:'.length)],
  );
  return row?.asks === false;
}
