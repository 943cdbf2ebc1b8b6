/** Owns how a dispute is shown over the API. */
import { z } from 'zod';
import type { Permission } from '../../../domain/permissions.ts';
import { found } from '../../../domain/refusal.ts';
import { disputeStatuses } from '../../../domain/sign-off.ts';
import type { Dispute } from '../../../store/disputes.ts';
import { type Actor, ownClient } from '../../kit/auth.ts';
import { id, instant, storedDecimal } from '../../kit/schemas.ts';

export const dispute = z
  .object({
    id,
    invoiceId: id,
    invoiceNumber: z.string(),
    clientId: id,
    lineId: id.nullable(),
    currency: z.string(),
    amount: storedDecimal,
    reason: z.string(),
    status: z.enum(disputeStatuses),
    decisionReason: z.string().nullable(),
    creditNoteId: id.nullable().meta({ description: 'That answers it, where it was upheld by a credit.' }),
    createdAt: instant,
    closedAt: instant.nullable(),
  })
  .meta({ id: 'Dispute' });

/** Refuses with 404 a client's member who asks for another's. */
export function requireOwn(row: Dispute | null, actor: Actor, permission: Permission): Dispute {
  const clientId = ownClient(actor, permission);
  return found(clientId === null || row?.clientId === clientId ? row : null, 'dispute');
}
