/** Owns finding every document that still waits for something, so that its workflow can be started again. */
import type { WorkspaceTx } from './database.ts';
import { enqueueLooks, type Look, type SubjectType } from './outbox.ts';

const batchSize = 5_000;
/** Of these there are thousands: people are not to wait behind them. */
const many: ReadonlySet<SubjectType> = new Set([
  'client_invoice',
  'ticket',
  'contractor_invoice',
  'client_report',
]);

/**
 * Asks for a look at every open run, invoice, ticket, contractor invoice, report, billing policy and connection of the workspace. A workflow that runs just looks once more;
 * one that was lost is started. Answers how many subjects.
 */
export async function wakeOpenSubjects(tx: WorkspaceTx): Promise<number> {
  const subjects = await tx.rows<Pick<Look, 'subjectType' | 'subjectId'>>(
    `select 'connection' as subject_type, id as subject_id from connections where workspace_id = $1 and status <> 'disconnected'
     union all select 'billing_run', id from runs where workspace_id = $1 and (status in ('queued', 'running') or undo_requested)
     union all select 'client_invoice', i.id from client_invoices i
       where i.workspace_id = $1 and i.number is not null
         and (i.status in ('issued', 'sent', 'partially_paid')
           or exists (select 1 from sync_records s where s.workspace_id = $1 and (s.subject_id = i.id or s.owner_id = i.id) and s.status in ('queued', 'syncing', 'not_synced')))
     union all select 'client_invoice', id from client_invoices where workspace_id = $1 and status in ('in_sign_off', 'ready')
     -- Settled, and not thanked for yet, or its contractors not told.
     union all select 'client_invoice', i.id from client_invoices i where i.workspace_id = $1 and i.status = 'settled'
       and exists (select from due d where d.workspace_id = $1 and d.subject_type = 'client_invoice' and d.subject_id = i.id and d.done_at is null)
     union all select 'ticket', t.id from tickets t join people p on p.workspace_id = $1 and p.id = t.person_id
       where t.workspace_id = $1 and (t.status = 'submitted' or t.status in ('approved', 'bundled') and p.kind = 'contractor')
     union all select 'contractor_invoice', id from contractor_invoices
       where workspace_id = $1 and (status in ('submitted', 'approved', 'partially_paid')
         or id in (select owner_id from sync_records where workspace_id = $1 and owner_type = 'contractor_invoice' and status in ('queued', 'syncing')))
     union all select 'client_report', id from client_reports where workspace_id = $1 and status in ('waiting', 'drawn_up')
     union all select 'billing_policy', p.contract_id from billing_policies p
       join contracts c on c.workspace_id = $1 and c.id = p.contract_id and c.status = 'active'
       where p.workspace_id = $1 and (p.on_entry or p.on_period or p.on_watch or p.on_project)
     union all select 'clock', workspace_id from clock_moves where workspace_id = $1 and ended_at is null`,
    [tx.workspaceId],
  );
  for (let from = 0; from < subjects.length; from += batchSize) {
    await enqueueLooks(
      tx,
      subjects.slice(from, from + batchSize).map((subject) => ({
        ...subject,
        lane: many.has(subject.subjectType) ? 'bulk' : 'interactive',
        reason: 'restart',
      })),
    );
  }
  return subjects.length;
}
