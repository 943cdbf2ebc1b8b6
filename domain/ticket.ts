/** Owns the life of a ticket: its statuses, the table of what may be done in which, and who is kept from deciding. */
import { Refusal } from './refusal.ts';

export const ticketStatuses = [
  'draft',
  'submitted',
  'approved',
  'rejected',
  'bundled',
  'paid',
  'discarded',
] as const;
export type TicketStatus = (typeof ticketStatuses)[number];

/**
 * Action → from which status to which; what is not here may not be done. An employee's ticket ends at `approved`; a
 * contractor's goes on with their invoice, which alone does the last five.
 */
export const ticketMoves = {
  /** An approval is void when its ticket changes. */
  edit: { draft: 'draft', rejected: 'draft', approved: 'draft' },
  discard: { draft: 'discarded', rejected: 'discarded' },
  submit: { draft: 'submitted' },
  withdraw: { submitted: 'draft' },
  approve: { submitted: 'approved' },
  reject: { submitted: 'rejected' },
  bundle: { approved: 'bundled' },
  unbundle: { bundled: 'approved' },
  /** The second tier rejects one ticket of a bundle and passes the rest. */
  reject_bundled: { bundled: 'rejected' },
  pay: { bundled: 'paid' },
  unpay: { paid: 'bundled' },
} as const satisfies Record<string, Partial<Record<TicketStatus, TicketStatus>>>;
export type TicketAction = keyof typeof ticketMoves;

export function nextTicketStatus(action: TicketAction, from: TicketStatus): TicketStatus | null {
  const moves: Partial<Record<TicketStatus, TicketStatus>> = ticketMoves[action];
  return moves[from] ?? null;
}

/** Its content is approved, whatever became of it since: `approved_hash` is there and equals the content's. */
export const isApproved = (status: TicketStatus) =>
  status === 'approved' || status === 'bundled' || status === 'paid';

/** Nobody and nothing is waited for: the next submission starts the workflow anew. */
export function isTicketAtRest(status: TicketStatus, personKind: 'contractor' | 'employee'): boolean {
  if (status === 'submitted') return false;
  return !isApproved(status) || status === 'paid' || personKind === 'employee';
}

const whatToDo: Record<TicketStatus, string> = {
  draft: 'Submit it first.',
  submitted: 'It waits for a decision; its author may withdraw it to change it.',
  approved: 'Edit it, which makes its approval void, or correct it with a new ticket.',
  rejected: 'Edit it and submit it again.',
  bundled: 'It is on a contractor invoice: take it off there, or correct it with a new ticket.',
  paid: 'It is paid: correct it with a new ticket.',
  discarded: 'Write a new ticket.',
};

/** The status that the action leads to, or a 409 refusal that names who decided where somebody has. */
export function moveTicket(
  action: TicketAction,
  ticket: { number: string; status: TicketStatus; decidedBy: string | null; decidedByName: string | null },
): TicketStatus {
  const next = nextTicketStatus(action, ticket.status);
  if (next !== null) return next;
  const who = ticket.decidedByName ?? ticket.decidedBy;
  const by = who === null ? '' : ` (decided by ${who})`;
  throw new Refusal({
    code: action === 'approve' || action === 'reject' ? decidedCode(ticket.status) : 'ticket.wrong_status',
    message: `Ticket ${ticket.number} is ${ticket.status}${by}.`,
    whatToDo: whatToDo[ticket.status],
    details: { action, status: ticket.status, decidedBy: ticket.decidedBy },
  });
}

const decidedCode = (status: TicketStatus) =>
  isApproved(status) || status === 'rejected' ? 'ticket.already_decided' : 'ticket.not_submitted';
