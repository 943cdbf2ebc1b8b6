/** Owns what a ticket went through: its submissions, their decisions, and what each changed. */
import { type TicketChanges, type TicketContent, ticketChanges } from '../domain/ticket-lines.ts';
import type { Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import type { TicketRow } from './tickets.ts';

export interface TicketRevision {
  revision: number;
  submittedBy: string;
  submittedAt: Instant;
  decision: 'approved' | 'rejected' | 'withdrawn' | null;
  decidedBy: string | null;
  decidedAt: Instant | null;
  onBehalfOf: string | null;
  reason: string | null;
  voidedBy: string | null;
  voidedAt: Instant | null;
  voidReason: string | null;
  /** Against the submission before. */
  changes: TicketChanges | null;
}

/** A ticket that was submitted more often shows its latest. */
const maxRevisions = 100;

/** Newest first; `unsubmitted` is what was edited since the last submission. */
export async function ticketHistory(
  tx: WorkspaceTx,
  ticket: TicketRow,
): Promise<{ items: TicketRevision[]; unsubmitted: TicketChanges | null }> {
  const rows = await tx.rows<Omit<TicketRevision, 'changes'> & { snapshot: TicketContent }>(
    `select revision, submitted_by, submitted_at, decision, decided_by, decided_at, on_behalf_of, reason, voided_by, voided_at, void_reason,
       snapshot
     from ticket_revisions where workspace_id = $1 and ticket_id = $2 order by revision desc limit $3`,
    [tx.workspaceId, ticket.id, maxRevisions],
  );
  const items = rows.map(({ snapshot, ...revision }, index) => {
    const before = rows[index + 1]?.snapshot;
    return { ...revision, changes: before ? ticketChanges(before, snapshot) : null };
  });
  const last = rows[0]?.snapshot;
  const edited = last ? ticketChanges(last, ticket) : null;
  const differs = edited && (edited.lines.length > 0 || Object.keys(edited.fields).length > 0);
  return { items, unsubmitted: differs ? edited : null };
}
