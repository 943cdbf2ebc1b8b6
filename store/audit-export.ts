/** Owns exporting the audit: what was exported, by whom, is an event itself; the lines come page by page. */
import {
  csvHeader,
  type ExportHead,
  toCsvLine,
  toExportHeadLine,
  toExportLine,
} from '../domain/audit-event.ts';
import { type AuditFilter, readAudit } from './audit.ts';
import type { Database, WorkspaceTx } from './database.ts';
import { eventHead, recordEvents } from './events.ts';

export const exportFormats = ['jsonl', 'csv'] as const;
export type ExportFormat = (typeof exportFormats)[number];
export type ExportFilter = Omit<AuditFilter, 'permissions'>;

/** Records that the audit is exported, and answers what the export will say of itself. */
export async function beginExport(
  tx: WorkspaceTx,
  { format, filter, actor }: { format: ExportFormat; filter: ExportFilter; actor: string },
): Promise<ExportHead> {
  const asked = Object.fromEntries(
    Object.entries(filter).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
  const head = await eventHead(tx);
  await recordEvents(tx, [
    {
      type: 'audit.exported',
      subjectType: 'workspace',
      subjectId: tx.workspaceId,
      actor,
      permission: 'audit.read',
      payload: { format, filter: asked, untilSeq: head.seq },
    },
  ]);
  return { workspaceId: tx.workspaceId, exportedAt: new Date().toISOString(), filter: asked, head };
}

/** The lines up to the head, in pieces of a page. A whole export verifies by itself: docs/AUDIT.md. */
export async function* exportLines(
  database: Database,
  head: ExportHead,
  { format, filter }: { format: ExportFormat; filter: ExportFilter },
): AsyncGenerator<string> {
  yield format === 'csv' ? csvHeader : toExportHeadLine(head);
  const toLine = format === 'csv' ? toCsvLine : toExportLine;
  for await (const page of readAudit(database, head.workspaceId, filter, head.head.seq))
    yield page.map(toLine).join('');
}
