/** Owns deciding on submitted tickets, one or a thousand in one transaction: who may, up to what amount, and what it does. */
import {
  type Conflict,
  type Doer,
  type DutyRule,
  isUnlimited,
  keepApart,
  requireWithinLimit,
} from '../domain/duties.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import { isApproved, moveTicket } from '../domain/ticket.ts';
import type { DecimalText, EntryKind } from '../domain/work-entry.ts';
import { representedBy } from './approval-substitutes.ts';
import { plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import { creditCorrections } from './contractor-credits.ts';
import type { WorkspaceTx } from './database.ts';
import { closeDue } from './due.ts';
import { approvalLimits, dutyRule, recordDutyExceptions } from './duties.ts';
import { approveEntries, type CostedEntry, costTicketEntries, moveApprovals } from './ticket-entries.ts';
import { decidingManagers, ownsTicket, tellAuthors } from './ticket-notices.ts';
import { lockTickets, recordTicketEvents, type TicketFacts } from './tickets.ts';
import { workArrived } from './work-arrived.ts';

/** Who decides, with the name that the author reads. */
export interface Decider extends Doer {
  name: string;
}
export type Decision =
  /**
   * `ownReason`: why an admin on their own approves what is their own. `contentHash`: what they looked at, where they say so.
   */
  | { to: 'approve'; ownReason: string | null; contentHash?: string | undefined }
  | { to: 'reject'; reason: string };

export interface Outcome {
  ticketId: string;
  /** Null where there is no such ticket. */
  number: string | null;
  outcome: 'approved' | 'rejected' | 'already_approved' | 'already_rejected' | 'refused';
  /** Of a refused one. */
  refusal: Refusal | null;
}

/** As many as one call may bring. */
export const maxDecidedAtOnce = 1_000;

/**
 * Refuses with 404 where none of them is a ticket of this workspace. Else decides on each ticket by itself: what cannot be decided is refused with its reason and keeps none of the others. Doing it
 * again finds everything decided already and changes nothing. A handful of statements, however many tickets.
 */
export async function decideTickets(
  tx: WorkspaceTx,
  ids: readonly string[],
  decision: Decision,
  decider: Decider,
): Promise<Outcome[]> {
  const tickets = await lockTickets(tx, [...new Set(ids)]);
  if (tickets.length === 0) throw notFound(ids[0]!);
  const grounds = await openGrounds(tx, tickets, decider);
  const refusals = new Map<string, Refusal>();
  const pass = <T extends { id: string }>(rows: readonly T[], check: (row: T) => void) =>
    rows.filter((row) => {
      const refusal = refusalOf(() => check(row));
      if (refusal) refusals.set(row.id, refusal);
      return refusal === null;
    });
  const conflicts = new Map<string, readonly Conflict[]>();
  const allowed = pass(tickets, (ticket) => {
    moveTicket(decision.to, ticket);
    requireDeciding(ticket, decider, grounds);
    if (decision.to === 'reject') return;
    requireSeen(ticket, decision.contentHash);
    conflicts.set(ticket.id, keepApart(conflictsOf(ticket, decider), grounds.rule, decision.ownReason));
  });
  const done =
    decision.to === 'approve'
      ? await approve(tx, allowed, decider, grounds, pass)
      : await reject(tx, allowed, decision.reason, decider, grounds);
  if (decision.to === 'approve')
    for (const { id } of done)
      await recordDutyExceptions(
        tx,
        decider,
        { type: 'ticket', id, action: 'approve' },
        conflicts.get(id) ?? [],
        decision.ownReason,
      );
  return outcomesOf(ids, tickets, done, decision, refusals);
}

/** One ticket: what would be refused is thrown, e.g. 409 naming who decided before. */
export async function decideTicket(
  tx: WorkspaceTx,
  id: string,
  decision: Decision,
  decider: Decider,
): Promise<void> {
  const [outcome] = await decideTickets(tx, [id], decision, decider);
  if (outcome?.refusal) throw outcome.refusal;
}

/** What is the same for every ticket of one call, read once. */
interface Grounds {
  rule: DutyRule;
  limits: Record<string, DecimalText>;
  /** Ticket id → the member who runs its project; without one whoever may approve decides. */
  managers: ReadonlyMap<string, string>;
  /** In whose place the decider decides today. */
  represented: ReadonlySet<string>;
}

async function openGrounds(
  tx: WorkspaceTx,
  tickets: readonly TicketFacts[],
  decider: Decider,
): Promise<Grounds> {
  const managers = await decidingManagers(tx, tickets);
  return {
    rule: await dutyRule(tx, 'tickets.approve', decider),
    limits: await approvalLimits(tx),
    managers,
    represented: managers.size === 0 ? new Set() : await representedBy(tx, decider.memberId),
  };
}

function refusalOf(check: () => void): Refusal | null {
  try {
    check();
    return null;
  } catch (problem) {
    if (problem instanceof Refusal) return problem;
    throw problem;
  }
}

/** Where a project names its manager, they decide, their substitutes, or an admin. */
function requireDeciding(ticket: TicketFacts, decider: Decider, grounds: Grounds): void {
  const manager = grounds.managers.get(ticket.id);
  const may =
    manager === undefined ||
    manager === decider.memberId ||
    grounds.represented.has(manager) ||
    decider.role === 'admin' ||
    decider.role === null;
  if (!may)
    throw new Refusal({
      code: 'ticket.other_approver',
      status: 403,
      message: `Ticket ${ticket.number} is decided on by who manages its project.`,
      whatToDo: 'Leave it to them, or have them name you as substitute for a time.',
      details: { managerId: manager },
    });
}

/** An approval is of what the approver saw: its author may have taken it back, changed it and handed it in again since. */
function requireSeen(ticket: TicketFacts, contentHash: string | undefined): void {
  if (contentHash === undefined || contentHash === ticket.contentHash) return;
  throw new Refusal({
    code: 'ticket.changed_since',
    message: `Ticket ${ticket.number} says something else than what you looked at.`,
    whatToDo: 'Read it again, then decide.',
    details: { contentHash: ticket.contentHash, revision: ticket.revision },
  });
}

/** Nobody approves their own ticket: neither the person whose work it is nor who submitted it. */
function conflictsOf(ticket: TicketFacts, decider: Decider): Conflict[] {
  const own = ownsTicket(ticket, decider) || ticket.submittedBy === decider.id;
  return own ? [{ code: 'own_ticket', message: `Ticket ${ticket.number} is your own.`, always: true }] : [];
}

const onBehalfOf = (ticket: TicketFacts, decider: Decider, { managers, represented }: Grounds) => {
  const manager = managers.get(ticket.id);
  return manager !== undefined && manager !== decider.memberId && represented.has(manager) ? manager : null;
};

async function approve(
  tx: WorkspaceTx,
  allowed: readonly TicketFacts[],
  decider: Decider,
  grounds: Grounds,
  pass: <T extends { id: string }>(rows: readonly T[], check: (row: T) => void) => T[],
): Promise<TicketFacts[]> {
  if (allowed.length === 0) return [];
  const costed = await costTicketEntries(
    tx,
    allowed.map((ticket) => ticket.id),
  );
  const byTicket = Map.groupBy(costed, (entry) => entry.ticketId);
  const within = pass(allowed, (ticket) =>
    requireTicketWithinLimit(ticket, byTicket.get(ticket.id) ?? [], decider, grounds),
  );
  if (within.length === 0) return [];
  await approveEntries(
    tx,
    within.flatMap((ticket) => byTicket.get(ticket.id) ?? []),
  );
  await writeDecisions(tx, within, 'approved', null, decider, grounds);
  await tellAuthors(tx, within, 'ticket.approved', decider, '');
  await creditCorrections(
    tx,
    within.filter((ticket) => ticket.correctsTicketId !== null).map((ticket) => ticket.id),
    decider.id,
  );
  await workArrived(
    tx,
    within.map(({ projectId }) => ({ projectId, approval: 'approved' })),
    { actor: decider.id, reason: 'tickets were approved' },
  );
  return within;
}

async function reject(
  tx: WorkspaceTx,
  allowed: readonly TicketFacts[],
  reason: string,
  decider: Decider,
  grounds: Grounds,
): Promise<TicketFacts[]> {
  if (allowed.length === 0) return [];
  await moveApprovals(
    tx,
    allowed.map((ticket) => ticket.id),
    'rejected',
  );
  await writeDecisions(tx, allowed, 'rejected', reason, decider, grounds);
  await tellAuthors(tx, allowed, 'ticket.rejected', decider, reason);
  return [...allowed];
}

async function writeDecisions(
  tx: WorkspaceTx,
  tickets: readonly TicketFacts[],
  decision: 'approved' | 'rejected',
  reason: string | null,
  decider: Decider,
  grounds: Grounds,
): Promise<void> {
  const ids = plainArray(tickets.map((ticket) => ticket.id));
  const places = plainArray(tickets.map((ticket) => onBehalfOf(ticket, decider, grounds)));
  await tx.run(
    `with decided as (
       update tickets t set status = $4, approved_hash = case when $4 = 'approved' then t.content_hash end,
         approved_by = case when $4 = 'approved' then $5::uuid end, decided_by = $6, decided_at = ${sqlNow}, decision_reason = $7,
         on_behalf_of = r.on_behalf_of
       from unnest($2::uuid[], $3::uuid[]) as r(id, on_behalf_of) where t.workspace_id = $1 and t.id = r.id
       returning t.id, t.revision, t.on_behalf_of)
     update ticket_revisions v set decision = $4, decided_by = $6, decided_at = ${sqlNow}, reason = $7, on_behalf_of = d.on_behalf_of
     from decided d where v.workspace_id = $1 and v.ticket_id = d.id and v.revision = d.revision`,
    [tx.workspaceId, ids, places, decision, decider.memberId, decider.id, reason],
  );
  await closeDue(
    tx,
    'ticket',
    tickets.map((ticket) => ticket.id),
  );
  await recordTicketEvents(tx, tickets, `ticket.${decision}`, decider.id, (ticket) => ({
    payload: {
      number: ticket.number,
      revision: ticket.revision,
      contentHash: ticket.contentHash,
      ...(reason === null ? {} : { reason }),
      onBehalfOf: onBehalfOf(ticket, decider, grounds),
    },
    before: { status: ticket.status },
    after: { status: decision },
  }));
}

const rawPerUnit: Record<EntryKind, number> = {
  labor: 3600,
  mileage_time: 3600,
  mileage_distance: 1000,
  expense: 100,
  goods: 1,
};

/** What the ticket costs, per currency, against what a manager may approve; a cost nobody knows has no limit to keep to. */
function requireTicketWithinLimit(
  ticket: TicketFacts,
  entries: readonly CostedEntry[],
  decider: Decider,
  { limits }: Grounds,
): void {
  if (isUnlimited(decider) || Object.keys(limits).length === 0) return;
  const amounts = new Map<string, Decimal>();
  for (const { kind, quantity, costRate, currency } of entries) {
    if (costRate === null || currency === null) {
      if (ticket.personKind === 'employee') continue;
      throw new Refusal({
        code: 'duty.amount_unknown',
        status: 403,
        message: `No cost rate says what ticket ${ticket.number} costs, so the limit of managers cannot be kept.`,
        whatToDo: 'Add a cost rate for the person and date, or have an admin decide.',
      });
    }
    const amount = new Decimal(quantity).div(rawPerUnit[kind]).times(costRate);
    amounts.set(currency, (amounts.get(currency) ?? new Decimal(0)).plus(amount));
  }
  for (const [currency, amount] of amounts)
    requireWithinLimit(decider, limits, amount.toFixed(2, Decimal.ROUND_UP), currency);
}

function outcomesOf(
  ids: readonly string[],
  tickets: readonly TicketFacts[],
  done: readonly TicketFacts[],
  decision: Decision,
  refusals: ReadonlyMap<string, Refusal>,
): Outcome[] {
  const known = new Map(tickets.map((ticket) => [ticket.id, ticket]));
  const decided = new Set(done.map((ticket) => ticket.id));
  return [...new Set(ids)].map((ticketId): Outcome => {
    const ticket = known.get(ticketId);
    if (!ticket) return { ticketId, number: null, outcome: 'refused', refusal: notFound(ticketId) };
    const { number } = ticket;
    if (decided.has(ticketId))
      return {
        ticketId,
        number,
        outcome: decision.to === 'approve' ? 'approved' : 'rejected',
        refusal: null,
      };
    const refusal = refusals.get(ticketId) ?? null;
    if (decision.to === 'approve' && isApproved(ticket.status))
      return { ticketId, number, outcome: 'already_approved', refusal };
    if (decision.to === 'reject' && ticket.status === 'rejected')
      return { ticketId, number, outcome: 'already_rejected', refusal };
    return { ticketId, number, outcome: 'refused', refusal };
  });
}

const notFound = (ticketId: string) =>
  new Refusal({
    code: 'ticket.not_found',
    status: 404,
    message: `There is no ticket ${ticketId} in this workspace.`,
    whatToDo: 'Check the id.',
  });
