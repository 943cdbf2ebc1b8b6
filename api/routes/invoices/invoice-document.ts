/** Owns which document of an invoice an actor may see, and the badge that it has today. */
import { localDay } from '../../../domain/day.ts';
import { badgeOf, type StatusBadge } from '../../../domain/printed-document.ts';
import type { Database } from '../../../store/database.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { getWorkspace, zoneOf } from '../../../store/workspaces.ts';
import type { DocumentRef } from '../../deps.ts';
import type { Actor } from '../../kit/auth.ts';
import { requireVisible } from './invoice.ts';

export interface InvoiceDocument {
  ref: DocumentRef;
  /** Null: a draft. */
  number: string | null;
  badge: StatusBadge;
}

/** Refuses with 404 what the actor may not see: a client sees their own issued ones. */
export function invoiceDocument(
  database: Database,
  actor: Actor,
  invoiceId: string,
): Promise<InvoiceDocument> {
  const { workspaceId } = actor;
  return database.inWorkspace(workspaceId, async (tx) => {
    const row = requireVisible(await readInvoice(tx, invoiceId), actor);
    const workspace = await getWorkspace(tx);
    const today = localDay(workspace.clockAt ?? new Date(), zoneOf(workspace));
    const ref: DocumentRef = { workspaceId, type: 'client_invoice', id: row.id };
    return { ref, number: row.number, badge: badgeOf(row, today) };
  });
}
