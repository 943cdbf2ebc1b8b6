/** Owns who is told what of a ticket: its approvers when it waits for them, its author when it is decided, the admins in the end. */
import { localDay } from '../domain/day.ts';
import { substitutesOf } from './approval-substitutes.ts';
import type { WorkspaceTx } from './database.ts';
import { rolesHolding } from './duties.ts';
import { type Notice, notify } from './notifications.ts';
import type { TicketFacts } from './tickets.ts';
import { getWorkspace, zoneOf } from './workspaces.ts';

/** True when the one who runs the project has a hand in the ticket, so that others have to decide. */
export function ownsTicket(
  ticket: Pick<TicketFacts, 'personId' | 'submittedBy'>,
  member: { memberId: string | null; personId: string | null },
): boolean {
  return (
    (member.personId !== null && member.personId === ticket.personId) ||
    (member.memberId !== null && ticket.submittedBy === `member:${member.memberId}`)
  );
}

/** The project's manager where it names one that may decide on this ticket; null: whoever may approve tickets. */
export async function decidingManagers(
  tx: WorkspaceTx,
  tickets: readonly TicketFacts[],
): Promise<Map<string, string>> {
  const ids = [...new Set(tickets.flatMap((ticket) => ticket.projectManagerId ?? []))];
  if (ids.length === 0) return new Map();
  const members = await tx.rows<{ memberId: string; personId: string | null }>(
    `select id as member_id, person_id from members
     where workspace_id = $1 and id = any($2::uuid[]) and status = 'active' and role = any($3::text[])`,
    [tx.workspaceId, ids, await rolesHolding(tx, 'tickets.approve')],
  );
  const known = new Map(members.map((member) => [member.memberId, member]));
  return new Map(
    tickets.flatMap((ticket) => {
      const manager = ticket.projectManagerId === null ? undefined : known.get(ticket.projectManagerId);
      return manager && !ownsTicket(ticket, manager) ? [[ticket.id, manager.memberId] as const] : [];
    }),
  );
}

/** What the words of every kind name. */
const paramsOf = (ticket: TicketFacts) => ({
  ticket: ticket.number,
  person: ticket.personName,
  project: ticket.projectName,
  workDate: ticket.workDate,
});
const subjectOf = (ticket: TicketFacts) => ({ subjectType: 'ticket', subjectId: ticket.id });

async function submittedOn(tx: WorkspaceTx, ticket: TicketFacts): Promise<string> {
  return ticket.submittedAt === null ? '' : localDay(ticket.submittedAt, zoneOf(await getWorkspace(tx)));
}

/** Members who have a hand in the ticket are not asked to decide on it. */
async function partiesOf(tx: WorkspaceTx, ticket: TicketFacts): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select id from members where workspace_id = $1 and (person_id = $2 or 'member:' || id = $3)`,
    [tx.workspaceId, ticket.personId, ticket.submittedBy],
  );
  return rows.map((row) => row.id);
}

/** The ticket waits: its project's manager and their substitutes are told, else whoever may approve tickets. */
export async function tellApprovers(
  tx: WorkspaceTx,
  ticket: TicketFacts,
  kind: 'ticket.submitted' | 'ticket.reminder',
): Promise<void> {
  const manager = (await decidingManagers(tx, [ticket])).get(ticket.id);
  const to: Notice['to'] =
    manager === undefined
      ? { permission: 'tickets.approve' }
      : { memberIds: [manager, ...(await substitutesOf(tx, [manager]))] };
  await notify(tx, [
    {
      kind,
      to,
      except: await partiesOf(tx, ticket),
      key: `${kind}:${ticket.id}:${ticket.revision}`,
      ...subjectOf(ticket),
      params: { ...paramsOf(ticket), submittedOn: await submittedOn(tx, ticket) },
    },
  ]);
}

/** Nobody decided in time: the admins are told. */
export async function tellAdmins(tx: WorkspaceTx, ticket: TicketFacts): Promise<void> {
  await notify(tx, [
    {
      kind: 'ticket.escalated',
      to: { role: 'admin' },
      key: `ticket.escalated:${ticket.id}:${ticket.revision}`,
      ...subjectOf(ticket),
      params: { ...paramsOf(ticket), submittedOn: await submittedOn(tx, ticket) },
    },
  ]);
}

/** The authors learn what was decided on their tickets. */
export async function tellAuthors(
  tx: WorkspaceTx,
  tickets: readonly TicketFacts[],
  kind: 'ticket.approved' | 'ticket.rejected',
  by: { name: string; memberId: string | null },
  reason: string,
): Promise<void> {
  await notify(
    tx,
    tickets.map((ticket) => ({
      kind,
      to: { personId: ticket.personId },
      except: by.memberId === null ? [] : [by.memberId],
      key: `${kind}:${ticket.id}:${ticket.revision}`,
      ...subjectOf(ticket),
      params: { ...paramsOf(ticket), approver: by.name, reason },
    })),
  );
}
