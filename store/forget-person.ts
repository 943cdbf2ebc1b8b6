/** Owns forgetting a person: what names them goes, here and in the audit; what a duty covers stays, under no name. */
import { Refusal } from '../domain/refusal.ts';
import type { Database, WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import type { Person } from './people.ts';
import { deleteDataKeys } from './personal-fields.ts';

const forgottenName = 'Forgotten person';

export function requireRemembered(person: Person): void {
  if (person.forgottenAt === null) return;
  throw new Refusal({
    code: 'person.forgotten',
    message: 'This person was forgotten: what names them was deleted for good.',
    whatToDo: 'Create them anew if they are back.',
  });
}

interface OpenWork {
  tickets: number;
  contractorInvoices: number;
}

/** Whatever of theirs is still on its way to approval or to money. */
async function openWork(tx: WorkspaceTx, person: Person): Promise<OpenWork> {
  const row = await tx.row<OpenWork>(
    // The end of a ticket: paid, or for an employee approved.
    `select
       (select count(*) from tickets where workspace_id = $1 and person_id = $2
          and status not in ('paid', 'discarded') and not (status = 'approved' and $3 = 'employee')) as tickets,
       (select count(*) from contractor_invoices where workspace_id = $1 and person_id = $2
          and status not in ('paid', 'cancelled')) as contractor_invoices`,
    [tx.workspaceId, person.id, person.kind],
  );
  return row!;
}

/**
 * Deletes what names the person and no duty covers: name and address of the person and of their member, what the member was
 * told, rules that recognise them at sources, and the keys of their personal fields in the audit. The caller holds the
 * person's lock; a person who is forgotten already stays as they are. Answers the member's user, for `forgetUser`.
 * Refuses with 409 while work of theirs is open.
 */
export async function forgetPerson(
  tx: WorkspaceTx,
  person: Person,
  { reason, actor }: { reason: string; actor: string },
): Promise<{ userId: string | null }> {
  const member = await tx.row<{ id: string; userId: string | null; email: string }>(
    'select id, user_id, email from members where workspace_id = $1 and person_id = $2 for no key update',
    [tx.workspaceId, person.id],
  );
  const userId = member?.userId ?? null;
  if (person.forgottenAt !== null) return { userId };
  const open = await openWork(tx, person);
  if (open.tickets + open.contractorInvoices > 0)
    throw new Refusal({
      code: 'person.has_open_work',
      message: `${open.tickets} tickets and ${open.contractorInvoices} contractor invoices of theirs are not at their end.`,
      whatToDo: 'Pay, cancel or discard them first.',
      details: { ...open },
    });
  await tx.run(
    `update people set name = $3, email = null, active = false, forgotten_at = now() where workspace_id = $1 and id = $2`,
    [tx.workspaceId, person.id, forgottenName],
  );
  await tx.run(
    `delete from mapping_rules where workspace_id = $1 and target_kind = 'person' and target_id = $2`,
    [tx.workspaceId, person.id],
  );
  if (member) await forgetMember(tx, member);
  const owners = [`person:${person.id}`, ...(member ? [`member:${member.id}`] : [])];
  const keys = await deleteDataKeys(tx, owners);
  await recordEvents(tx, [
    {
      type: 'person.forgotten',
      subjectType: 'person',
      subjectId: person.id,
      actor,
      permission: 'people.read',
      payload: { reason, keysDeleted: keys },
      after: { active: false },
      ...(person.active && { before: { active: true } }),
    },
  ]);
  return { userId };
}

async function forgetMember(tx: WorkspaceTx, { id, email }: { id: string; email: string }): Promise<void> {
  await tx.run(
    `delete from mails m where m.workspace_id = $1 and (lower(m.address) = lower($3) or exists (
       select from notifications n where n.workspace_id = $1 and n.id::text = m.key and n.member_id = $2))`,
    [tx.workspaceId, id, email],
  );
  await tx.run('delete from notifications where workspace_id = $1 and member_id = $2', [tx.workspaceId, id]);
  // An address of nobody (RFC 2606), since each member has one of their own.
  await tx.run(
    `update members set name = $3, email = $4, status = 'suspended' where workspace_id = $1 and id = $2`,
    [tx.workspaceId, id, forgottenName, `forgotten-${id}@forgotten.invalid`],
  );
}

/** Deletes the sign-in of a user who is forgotten wherever they were a member. After the commit; may be repeated. */
export async function forgetUser(database: Database, userId: string): Promise<void> {
  await database.inSystem((tx) => tx.rows('select forget_user($1)', [userId]));
}
