/** Owns what a submitted ticket's workflow does: reminding its approvers, telling the admins, and knowing what it waits for. */
import { isTicketAtRest, type TicketStatus } from '../domain/ticket.ts';
import type { Instant } from '../domain/work-entry.ts';
import { clockOf } from '../store/clock.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { doneDue, nextDue } from '../store/due.ts';
import { recordEvents } from '../store/events.ts';
import { tellAdmins, tellApprovers } from '../store/ticket-notices.ts';
import { lockTickets, readTicket, type TicketFacts } from '../store/tickets.ts';
import type { ActivityDeps } from './deps.ts';
import { look, type SubjectRef } from './look.ts';

/** Where a ticket stands; `until` is when something is done about its waiting, null: only a signal ends it. */
export type TicketStep =
  | { step: 'remind' | 'escalate'; status: TicketStatus }
  | {
      step: 'wait';
      status: TicketStatus;
      for: 'decision' | 'contractor_invoice' | 'payment';
      until: Instant | null;
      waitMs: number | null;
    }
  | { step: 'done'; status: TicketStatus | 'unknown' };

const actor = 'system:ticket';

export function createTicketActivities(deps: ActivityDeps) {
  const { database } = deps;

  /** Does it once, however often it is repeated: the due row of this submission is marked in the same transaction. */
  const onceDue = (
    { workspaceId, subjectId }: SubjectRef,
    kind: 'remind' | 'escalate',
    tell: (tx: WorkspaceTx, ticket: TicketFacts) => Promise<void>,
  ): Promise<void> =>
    database.inWorkspace(workspaceId, async (tx) => {
      const [ticket] = await lockTickets(tx, [subjectId]);
      if (ticket?.status !== 'submitted') return;
      const key = { subjectType: 'ticket', subjectId, kind, period: String(ticket.revision) } as const;
      if (!(await doneDue(tx, key))) return;
      await tell(tx, ticket);
      await recordEvents(tx, [
        {
          type: kind === 'remind' ? 'ticket.reminded' : 'ticket.escalated',
          subjectType: 'ticket',
          subjectId,
          actor,
          permission: 'tickets.read',
          payload: { number: ticket.number, revision: ticket.revision },
        },
      ]);
    });

  return {
    /** What this ticket needs now, from its own state and the clock. */
    lookAtTicket: (ref: SubjectRef): Promise<TicketStep> =>
      look(deps, 'ticket', ref, async (tx) => {
        const ticket = await readTicket(tx, ref.subjectId);
        if (!ticket) return { step: 'done', status: 'unknown' };
        const { status } = ticket;
        if (isTicketAtRest(status, ticket.personKind)) return { step: 'done', status };
        const waiting = { step: 'wait', status, until: null, waitMs: null } as const;
        if (status === 'approved') return { ...waiting, for: 'contractor_invoice' };
        if (status === 'bundled') return { ...waiting, for: 'payment' };
        const due = await nextDue(tx, 'ticket', ticket.id);
        if (due === null) return { ...waiting, for: 'decision' };
        const clock = await clockOf(tx);
        if (due.dueAt <= clock.now) return { step: due.kind === 'remind' ? 'remind' : 'escalate', status };
        return { ...waiting, for: 'decision', until: due.dueAt, waitMs: clock.waitMs(due.dueAt) };
      }),

    remindApprovers: (ref: SubjectRef): Promise<void> =>
      onceDue(ref, 'remind', (tx, ticket) => tellApprovers(tx, ticket, 'ticket.reminder')),

    escalateTicket: (ref: SubjectRef): Promise<void> => onceDue(ref, 'escalate', tellAdmins),
  };
}
