/** Owns number series: one gap-free counter per seller, document type and name. Counting itself happens at issue. */
import { numberShape, type SeriesDocumentType, type SeriesReset } from '../domain/numbering.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFixed } from './exceptions.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export interface Series {
  id: string;
  sellerId: string;
  documentType: SeriesDocumentType;
  name: string;
  /** e.g. `{CLIENT}-{YYYY}-{NNNN}`, see domain/numbering.ts. */
  pattern: string;
  /** {PREFIX} in the pattern. */
  prefix: string;
  reset: SeriesReset;
  /** Whose own series it is; only of self-billed documents. */
  personId: string | null;
  nextNumber: number;
  lastIssueDate: string | null;
}
export type NewSeries = NewRow<Series, 'sellerId' | 'documentType' | 'pattern'>;

export const series = tenantTable<Series>('series', {
  sellerId: 'plain',
  documentType: 'plain',
  name: 'plain',
  pattern: 'plain',
  prefix: 'plain',
  reset: 'plain',
  personId: 'plain',
  nextNumber: 'plain',
  lastIssueDate: 'plain',
});

const maxSiblings = 1_000;
/**
 * Another series of the seller and document type that comes to the same numbers; null: none. What carries the contractor's
 * code in the number may have one shape for all contractors.
 */
export async function findTwin(tx: WorkspaceTx, own: Series): Promise<Series | null> {
  const { sellerId, documentType } = own;
  const siblings = await series.list(tx, {
    limit: maxSiblings,
    after: null,
    where: { sellerId, documentType },
  });
  const shape = numberShape(own.pattern, own.prefix);
  return (
    siblings.find(
      (other) =>
        other.id !== own.id &&
        numberShape(other.pattern, other.prefix) === shape &&
        (other.personId === own.personId || !shape.includes('{CONTRACTOR}')),
    ) ?? null
  );
}

/** The connectors of the platforms that the seller's contracts send their invoices to. */
export async function connectorsOfTargets(tx: WorkspaceTx, sellerId: string): Promise<string[]> {
  const rows = await tx.rows<{ connector: string }>(
    `select distinct t.connector from contracts k join connections t on t.workspace_id = $1 and t.id = k.target_connection_id
     where k.workspace_id = $1 and k.seller_id = $2 order by 1`,
    [tx.workspaceId, sellerId],
  );
  return rows.map((row) => row.connector);
}

/** Why a series could not number an invoice: too long for its platform, or the number is another document's already. */
export const numberRules = ['number.too_long', 'number.taken'] as const;

/** Closes what issuing found wrong with the numbers of these series; where it still is, the next issue finds it again. */
export async function closeNumberFindings(
  tx: WorkspaceTx,
  seriesIds: string[],
  reason: string,
): Promise<void> {
  for (const rule of numberRules)
    await closeFixed(
      tx,
      rule,
      seriesIds.map((id) => `series:${id}`),
      reason,
    );
}
