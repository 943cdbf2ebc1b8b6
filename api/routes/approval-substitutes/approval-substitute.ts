/** Owns how an approver's substitute is named over the API. */
import { z } from 'zod';
import { Refusal } from '../../../domain/refusal.ts';
import type { Actor } from '../../kit/auth.ts';
import type { Subject } from '../../kit/record-change.ts';
import { day, id, instant, storedDay } from '../../kit/schemas.ts';

export const substituteSubject: Subject = { type: 'approval_substitute', permission: 'tickets.read' };

export const approvalSubstitute = z
  .object({
    id,
    memberId: id,
    substituteId: id,
    startsOn: storedDay,
    endsBefore: storedDay.meta({ description: 'First day on which the member decides again.' }),
    createdAt: instant,
  })
  .meta({ id: 'ApprovalSubstitute' });

export const newSubstitute = z
  .strictObject({
    memberId: id.optional().meta({ description: 'Who is away; left out: yourself. Another: admins only.' }),
    substituteId: id,
    startsOn: day,
    endsBefore: day,
  })
  .refine((one) => one.endsBefore > one.startsOn, { path: ['endsBefore'], message: 'after startsOn' });

/** Members hand their own place to another; admins anybody's. */
export function requireOwnPlace(actor: Actor, memberId: string): void {
  if (actor.memberId === memberId || actor.role === 'admin' || actor.role === null) return;
  throw new Refusal({
    code: 'substitute.not_yours',
    status: 403,
    message: "Only an admin decides who takes somebody else's place.",
    whatToDo: 'Ask them, or an admin.',
  });
}
