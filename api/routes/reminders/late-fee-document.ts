/** Owns which document of a late fee an actor may see, and the badge that it has today. */
import { localDay } from '../../../domain/day.ts';
import type { StatusBadge } from '../../../domain/printed-document.ts';
import { lateFeeBadge } from '../../../domain/printed-late-fee.ts';
import { found } from '../../../domain/refusal.ts';
import { clockOf } from '../../../store/clock.ts';
import type { Database } from '../../../store/database.ts';
import { readLateFee } from '../../../store/late-fees.ts';
import { getWorkspace, zoneOf } from '../../../store/workspaces.ts';
import type { DocumentRef } from '../../deps.ts';
import { type Actor, ownClient } from '../../kit/auth.ts';

export interface LateFeeDocument {
  ref: DocumentRef;
  number: string;
  badge: StatusBadge;
}

/** Refuses with 404 what the actor may not see, and what never had a number: a client sees their own. */
export function lateFeeDocument(
  database: Database,
  actor: Actor,
  lateFeeId: string,
): Promise<LateFeeDocument> {
  const { workspaceId } = actor;
  return database.inWorkspace(workspaceId, async (tx) => {
    const own = ownClient(actor, 'invoices.read');
    const fee = await readLateFee(tx, lateFeeId);
    const isVisible = fee !== null && (own === null || fee.clientId === own);
    const { number, ...row } = found(isVisible ? fee : null, 'late_fee');
    const { now } = await clockOf(tx);
    const today = localDay(now, zoneOf(await getWorkspace(tx)));
    return {
      ref: { workspaceId, type: 'late_fee', id: row.id },
      number: found(number, 'late_fee'),
      badge: lateFeeBadge(row, today),
    };
  });
}
