/** Owns POST /exceptions/assign. */
import { z } from 'zod';
import { invalidField } from '../../../domain/refusal.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { recordEvents } from '../../../store/events.ts';
import { assignExceptions as assign } from '../../../store/exceptions.ts';
import { members } from '../../../store/members.ts';
import { newId } from '../../../store/new-id.ts';
import { notify } from '../../../store/notifications.ts';
import type { Actor } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';
import { choice, namesSome, nothingNamed, requireKnown } from './choice.ts';

export const assignExceptions = defineRoute({
  name: 'assign-exceptions',
  method: 'post',
  path: '/exceptions/assign',
  summary: 'Give open exceptions to a member who looks after them',
  description:
    'By id, by rule, or both; an ownerId of null takes them back. Those that are closed stay as they are.',
  permission: 'exceptions.resolve',
  body: z.object({ ...choice, ownerId: id.nullable() }).refine(namesSome, nothingNamed),
  example: { rules: ['match.project'], ownerId: '{memberId}' },
  responses: { 200: z.object({ assigned: z.int().meta({ description: 'Had another owner before.' }) }) },
  errors: ['exception.not_found', 'reference.unknown', 'exception.owner_cannot_look'],
  handler: ({ body: { ids, rules, ownerId }, actor, workspaceId, transact }) =>
    transact(async (tx) => {
      await requireKnown(tx, { ids });
      if (ownerId !== null) await requireOwner(tx, ownerId);
      const assigned = await assign(tx, { ids, rules }, ownerId);
      if (ownerId !== null) await tellOwner(tx, actor, ownerId, assigned);
      if (assigned.length > 0)
        await recordEvents(tx, [
          {
            type: 'exceptions.assigned',
            subjectType: 'workspace',
            subjectId: workspaceId,
            actor: actor.id,
            permission: 'exceptions.read',
            payload: { ids: ids ?? null, rules: rules ?? null, ownerId, assigned: assigned.length },
          },
        ]);
      return { status: 200, body: { assigned: assigned.length } };
    }),
});

/** Told once for all of them; who takes them on knows. */
async function tellOwner(
  tx: WorkspaceTx,
  { memberId, name }: Pick<Actor, 'memberId' | 'name'>,
  ownerId: string,
  assigned: readonly { id: string; rule: string }[],
): Promise<void> {
  const newest = assigned.at(-1);
  if (!newest || memberId === ownerId) return;
  const byRule = Map.groupBy(assigned, (row) => row.rule);
  await notify(tx, [
    {
      kind: 'exception.assigned',
      to: { memberIds: [ownerId] },
      key: `exception.assigned:${newest.id}:${newId()}`,
      subjectType: 'exception',
      subjectId: assigned.length === 1 ? newest.id : null,
      params: {
        count: String(assigned.length),
        actor: name,
        rules: [...byRule].map(([rule, rows]) => `${rule}: ${rows.length}`).join('\n'),
      },
    },
  ]);
}

async function requireOwner(tx: WorkspaceTx, ownerId: string): Promise<void> {
  const member = await members.find(tx, ownerId);
  if (!member)
    throw invalidField('/ownerId', 'reference.unknown', 'There is no such member in this workspace.');
  if (member.role === 'client' || member.status === 'suspended')
    throw invalidField(
      '/ownerId',
      'exception.owner_cannot_look',
      `${member.name} cannot look at exceptions.`,
      'Choose a member who works here.',
    );
}
