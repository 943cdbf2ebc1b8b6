/** Owns reading tickets, and what a contractor's invoice does to them: bundled, sent back, paid. */

import { Refusal } from '../domain/refusal.ts';
import { nextTicketStatus, type TicketAction, type TicketStatus } from '../domain/ticket.ts';
import type { TicketLine, TicketTotals } from '../domain/ticket-lines.ts';
import type { Day, DecimalText, EntryKind, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { type NewEvent, recordEvents } from './events.ts';
import { enqueueLooks } from './outbox.ts';
import { moveApprovals } from './ticket-entries.ts';

/** A ticket without its lines: what decides about it. */
export interface TicketFacts {
  id: string;
  number: string;
  status: TicketStatus;
  personId: string;
  personName: string;
  personKind: 'contractor' | 'employee';
  projectId: string;
  projectName: string;
  /** The member who runs the project and decides on its tickets; null: whoever may approve tickets. */
  projectManagerId: string | null;
  workDate: Day;
  correctsTicketId: string | null;
  /** Of the last submission. */
  revision: number;
  /** As events name actors, e.g. `member:<id>`. */
  submittedBy: string | null;
  submittedAt: Instant | null;
  decidedBy: string | null;
  /** Where a member did; a key of no member has none. */
  decidedByName: string | null;
  decidedAt: Instant | null;
  decisionReason: string | null;
  /** The member in whose place a substitute decided. */
  onBehalfOf: string | null;
  /** Hex. */
  contentHash: string;
}
export interface TicketRow extends TicketFacts {
  projectCode: string;
  clientId: string;
  notes: string;
  createdAt: Instant;
  lines: TicketLine[];
}

const facts = `t.id, t.number, t.status, t.person_id, p.name as person_name, p.kind as person_kind, t.project_id,
  j.name as project_name, j.manager_id as project_manager_id, t.work_date, t.corrects_ticket_id, t.revision,
  t.submitted_by, t.submitted_at, t.decided_by, m.name as decided_by_name, t.decided_at, t.decision_reason, t.on_behalf_of, encode(t.content_hash, 'hex') as content_hash`;
const linesOf = `(select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'kind', l.kind, 'taskId', l.task_id, 'position', l.position,
    'overtime', l.overtime, 'seconds', l.seconds, 'amount', round(l.amount_cents::numeric / 100, 2)::text, 'currency', l.currency,
    'category', l.category, 'receiptId', l.receipt_id, 'receiptOn', l.receipt_on,
    'inputTax', round(l.input_tax_cents::numeric / 100, 2)::text, 'metres', l.metres, 'transportSeconds', l.transport_seconds, 'note', l.note)
    order by l.line_no), '[]')
  from ticket_lines l where l.workspace_id = t.workspace_id and l.ticket_id = t.id) as lines`;
const rows = `${facts}, j.code as project_code, j.client_id, t.notes, t.created_at, ${linesOf}`;
const tables = `tickets t
  join people p on p.workspace_id = t.workspace_id and p.id = t.person_id
  join projects j on j.workspace_id = t.workspace_id and j.id = t.project_id
  left join members m on m.workspace_id = t.workspace_id
    and m.id = case when t.decided_by like 'member:%' then substr(t.decided_by, 8)::uuid end`;

/** `ownPersonId`: only if it is that person's; what is somebody else's does not exist. */
export function readTicket(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<TicketRow | null> {
  return tx.row<TicketRow>(
    `select ${rows} from ${tables} where t.workspace_id = $1 and t.id = $2 and ($3::uuid is null or t.person_id = $3)`,
    [tx.workspaceId, id, ownPersonId],
  );
}

/** Like readTicket, and holds the ticket until the transaction ends. */
export async function lockTicket(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<TicketRow | null> {
  // Locked first, read after: the statement that waited would show the lines of before.
  await tx.run('select 1 from tickets where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    id,
  ]);
  return readTicket(tx, id, ownPersonId);
}

/** Holds the tickets, in the order of their ids, until the transaction ends; ids that are none are left out. */
export async function lockTickets(tx: WorkspaceTx, ids: readonly string[]): Promise<TicketFacts[]> {
  await tx.run(
    'select 1 from tickets where workspace_id = $1 and id = any($2::uuid[]) order by id for no key update',
    [tx.workspaceId, plainArray(ids)],
  );
  return tx.rows<TicketFacts>(
    `select ${facts} from ${tables}
     where t.workspace_id = $1 and t.id = any($2::uuid[]) order by t.id`,
    [tx.workspaceId, plainArray(ids)],
  );
}

export interface TicketFilter {
  /** Whose alone may be seen; null: everybody's. */
  ownPersonId: string | null;
  status?: TicketStatus | undefined;
  personId?: string | undefined;
  projectId?: string | undefined;
  /** First and last day. */
  from?: Day | undefined;
  to?: Day | undefined;
  /** How the number begins. */
  number?: string | undefined;
}
const filtered = `t.workspace_id = $1 and ($2::text is null or t.status = $2) and ($3::uuid is null or t.person_id = $3)
  and ($4::uuid is null or t.project_id = $4) and ($5::date is null or t.work_date >= $5) and ($6::date is null or t.work_date <= $6)
  and ($7::text is null or starts_with(t.number, $7))
  and ($8::uuid is null or t.person_id = $8)`;
const filterParams = (
  tx: WorkspaceTx,
  { status, personId, projectId, from, to, number, ownPersonId }: TicketFilter,
) => [
  tx.workspaceId,
  status ?? null,
  personId ?? null,
  projectId ?? null,
  from ?? null,
  to ?? null,
  number ?? null,
  ownPersonId,
];

/** Newest first, after the id that the last page ended with. */
export function listTickets(
  tx: WorkspaceTx,
  filter: TicketFilter,
  page: { after: string | null; limit: number },
): Promise<TicketRow[]> {
  return tx.rows<TicketRow>(
    // The page first: lines are gathered for its rows only.
    `select ${rows} from ${tables} where t.workspace_id = $1 and t.id = any(array(
       select t.id from tickets t where ${filtered} and ($9::uuid is null or t.id < $9) order by t.id desc limit $10))
     order by t.id desc`,
    [...filterParams(tx, filter), page.after, page.limit],
  );
}

/** What the filtered tickets add up to, money per currency. */
export async function totalTickets(
  tx: WorkspaceTx,
  filter: TicketFilter,
): Promise<TicketTotals & { tickets: number }> {
  const lines = await tx.rows<
    Omit<TicketTotals, 'expenses'> & { currency: string | null; amount: DecimalText }
  >(
    `select l.currency, coalesce(sum(l.seconds) filter (where not l.overtime), 0)::bigint as regular_seconds,
       coalesce(sum(l.seconds) filter (where l.overtime), 0)::bigint as overtime_seconds,
       coalesce(sum(l.metres), 0)::bigint as metres, coalesce(sum(l.transport_seconds), 0)::bigint as transport_seconds,
       coalesce(round(sum(l.amount_cents)::numeric / 100, 2), 0) as amount
     from tickets t join ticket_lines l on l.workspace_id = t.workspace_id and l.ticket_id = t.id
     where ${filtered} group by l.currency`,
    filterParams(tx, filter),
  );
  const count = await tx.row<{ tickets: number }>(
    `select count(*) as tickets from tickets t where ${filtered}`,
    filterParams(tx, filter),
  );
  const sum = (field: 'regularSeconds' | 'overtimeSeconds' | 'metres' | 'transportSeconds') =>
    lines.reduce((total, line) => total + line[field], 0);
  return {
    tickets: count?.tickets ?? 0,
    regularSeconds: sum('regularSeconds'),
    overtimeSeconds: sum('overtimeSeconds'),
    metres: sum('metres'),
    transportSeconds: sum('transportSeconds'),
    expenses: Object.fromEntries(
      lines.flatMap((line) => (line.currency === null ? [] : [[line.currency, line.amount]])),
    ),
  };
}

/** One entry of a ticket with what it costs; null rate: nobody said what this person's work costs on that day. */
export interface TicketCost {
  ticketId: string;
  lineId: string;
  entryId: string;
  kind: EntryKind;
  position: string | null;
  overtime: boolean;
  /** Raw units: seconds, metres, cents; negative on a correcting ticket. */
  quantity: number;
  /** Per hour or kilometre, as stored at approval; of an expense 1. */
  costRate: DecimalText | null;
  currency: string | null;
  notes: string | null;
}
/** Of approved tickets: their entries with the cost rates that were stored at approval, by ticket and line. */
export function readTicketCosts(tx: WorkspaceTx, ticketIds: readonly string[]): Promise<TicketCost[]> {
  return tx.rows<TicketCost>(
    `select x.ticket_id, x.line_id, x.entry_id, v.kind, v.position, coalesce(v.overtime_seconds, 0) <> 0 as overtime, v.quantity,
       v.cost_rate, v.currency, v.notes
     from ticket_entries x
     join work_entries e on e.workspace_id = x.workspace_id and e.id = x.entry_id and e.deleted_at is null
     join entry_versions v on v.workspace_id = x.workspace_id and v.entry_id = e.id and v.version = e.current_version
     join ticket_lines l on l.workspace_id = x.workspace_id and l.id = x.line_id
     where x.workspace_id = $1 and x.ticket_id = any($2::uuid[]) order by x.ticket_id, l.line_no, x.entry_id`,
    [tx.workspaceId, plainArray(ticketIds)],
  );
}

/** Who asks, and for which contractor invoice. */
export interface BundleMove {
  actor: string;
  contractorInvoiceId: string;
}

/** approved → bundled. Refuses with 409 naming the first ticket that is not approved, or is on another invoice. */
export function bundleTickets(
  tx: WorkspaceTx,
  ids: readonly string[],
  move: BundleMove,
): Promise<TicketFacts[]> {
  return moveWithInvoice(tx, 'bundle', ids, move, 'ticket.bundled');
}
/** bundled → approved: the ticket may go on another invoice. */
export function unbundleTickets(
  tx: WorkspaceTx,
  ids: readonly string[],
  move: BundleMove,
): Promise<TicketFacts[]> {
  return moveWithInvoice(tx, 'unbundle', ids, move, 'ticket.unbundled');
}
/** bundled → paid, when its invoice is. */
export function markTicketsPaid(
  tx: WorkspaceTx,
  ids: readonly string[],
  move: BundleMove,
): Promise<TicketFacts[]> {
  return moveWithInvoice(tx, 'pay', ids, move, 'ticket.paid');
}
/** paid → bundled, when a payment of its invoice was reversed. */
export function markTicketsUnpaid(
  tx: WorkspaceTx,
  ids: readonly string[],
  move: BundleMove,
): Promise<TicketFacts[]> {
  return moveWithInvoice(tx, 'unpay', ids, move, 'ticket.unpaid');
}
/** bundled → rejected by the second tier: off its invoice, its approval void, back to its author with the reason. */
export async function rejectBundledTickets(
  tx: WorkspaceTx,
  ids: readonly string[],
  move: BundleMove & { reason: string },
): Promise<TicketFacts[]> {
  const tickets = await moveWithInvoice(tx, 'reject_bundled', ids, move, 'ticket.rejected');
  await moveApprovals(tx, ids, 'rejected');
  await tx.run(
    `update ticket_revisions r set voided_by = $3, voided_at = now(), void_reason = $4 from tickets t
     where t.workspace_id = $1 and t.id = any($2::uuid[]) and r.workspace_id = $1 and r.ticket_id = t.id and r.revision = t.revision`,
    [tx.workspaceId, plainArray(ids), move.actor, move.reason],
  );
  return tickets;
}

async function moveWithInvoice(
  tx: WorkspaceTx,
  action: Extract<TicketAction, 'bundle' | 'unbundle' | 'reject_bundled' | 'pay' | 'unpay'>,
  ids: readonly string[],
  move: BundleMove & { reason?: string },
  eventType: string,
): Promise<TicketFacts[]> {
  const tickets = await lockTickets(tx, ids);
  const known = new Set(tickets.map((ticket) => ticket.id));
  const missing = ids.find((id) => !known.has(id));
  if (missing !== undefined)
    throw new Refusal({
      code: 'ticket.not_found',
      status: 404,
      message: `There is no ticket ${missing} in this workspace.`,
    });
  const wrong = tickets.find((ticket) => nextTicketStatus(action, ticket.status) === null);
  if (wrong)
    throw new Refusal({
      code: 'ticket.wrong_status',
      message: `Ticket ${wrong.number} is ${wrong.status}.`,
      whatToDo: 'Read the tickets again and leave out those that have moved on.',
      details: { action, ticketId: wrong.id, number: wrong.number, status: wrong.status },
    });
  if (tickets.length === 0) return [];
  const to = nextTicketStatus(action, tickets[0]!.status)!;
  await tx.run(
    `update tickets set status = $3,
       approved_hash = case when $3 = 'rejected' then null else approved_hash end,
       approved_by = case when $3 = 'rejected' then null else approved_by end,
       decided_by = case when $3 = 'rejected' then $4 else decided_by end,
       decided_at = case when $3 = 'rejected' then ${sqlNow} else decided_at end,
       on_behalf_of = case when $3 = 'rejected' then null else on_behalf_of end,
       decision_reason = case when $3 = 'rejected' then $5 else decision_reason end
     where workspace_id = $1 and id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(ids), to, move.actor, move.reason ?? null],
  );
  await recordTicketEvents(tx, tickets, eventType, move.actor, (ticket) => ({
    payload: {
      number: ticket.number,
      contractorInvoiceId: move.contractorInvoiceId,
      ...(move.reason === undefined ? {} : { reason: move.reason }),
    },
    before: { status: ticket.status },
    after: { status: to },
  }));
  return tickets.map((ticket) => ({ ...ticket, status: to }));
}

/** More than this at once is an import's size: people at other tickets are not to wait behind it. */
const mostInteractive = 50;

/** One event a ticket, and a look for each. */
export async function recordTicketEvents<T extends Pick<TicketFacts, 'id'>>(
  tx: WorkspaceTx,
  tickets: readonly T[],
  type: string,
  actor: string,
  told: (ticket: T) => Pick<NewEvent, 'payload' | 'before' | 'after'>,
): Promise<void> {
  await recordEvents(
    tx,
    tickets.map((ticket) => ({
      type,
      subjectType: 'ticket',
      subjectId: ticket.id,
      actor,
      permission: 'tickets.read' as const,
      ...told(ticket),
    })),
  );
  await enqueueLooks(
    tx,
    tickets.map((ticket) => ({
      subjectType: 'ticket' as const,
      subjectId: ticket.id,
      lane: tickets.length > mostInteractive ? ('bulk' as const) : ('interactive' as const),
      reason: type,
    })),
  );
}
