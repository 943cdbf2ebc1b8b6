/** Owns how a document's state at a platform is shown over the API. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { type DocumentAtPlatform, lockDocumentAt } from '../../../store/pushed-documents.ts';
import { syncStatuses } from '../../../store/sync.ts';
import { id, instant, storedDecimal } from '../../kit/schemas.ts';

export const syncStatus = z.enum(syncStatuses);
export const documentAtPlatform = z
  .object({
    id,
    documentType: z.string(),
    documentId: id,
    number: z.string().nullable(),
    status: syncStatus,
    failedStep: z.string().nullable(),
    reason: z.string().nullable(),
    externalId: z.string().nullable(),
    numberThere: z.string().nullable().meta({ description: 'Where the platform counts.' }),
    totalThere: storedDecimal.nullable(),
    generation: z.int().meta({ description: 'One more each time a person has it pushed again.' }),
    difference: z.record(z.string(), z.unknown()).nullable().meta({ description: 'Of a drifted one.' }),
    acceptedBy: z.string().nullable(),
    acceptedReason: z.string().nullable(),
    syncedAt: instant.nullable(),
  })
  .meta({ id: 'DocumentAtPlatform' });

export function toDocumentView(row: DocumentAtPlatform) {
  const { subjectType, subjectId, remoteNumber, remoteTotal } = row;
  return {
    id: row.id,
    documentType: subjectType,
    documentId: subjectId,
    number: row.number,
    status: row.status,
    failedStep: row.failedStep,
    reason: row.reason,
    externalId: row.externalId,
    numberThere: remoteNumber,
    totalThere: remoteTotal,
    generation: row.generation,
    difference: row.difference,
    acceptedBy: row.acceptedBy,
    acceptedReason: row.acceptedReason,
    syncedAt: row.syncedAt,
  };
}

/** Held until the transaction ends; 404 where this connection has no such document. */
export async function lockShown(tx: WorkspaceTx, params: { connectionId: string; syncedDocumentId: string }) {
  return found(await lockDocumentAt(tx, params.connectionId, params.syncedDocumentId), 'synced_document');
}
