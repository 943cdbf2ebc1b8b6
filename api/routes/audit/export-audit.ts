/** Owns GET /audit/export. */
import { z } from 'zod';
import { beginExport, exportFormats, exportLines } from '../../../store/audit-export.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { auditFilter } from './audit-event.ts';

const mediaTypes = { jsonl: 'application/x-ndjson', csv: 'text/csv' } as const;

export const exportAudit = defineRoute({
  name: 'export-audit',
  method: 'get',
  path: '/audit/export',
  summary: 'Export the audit',
  description:
    'Oldest first, as JSON Lines that anybody can verify (docs/AUDIT.md), or as CSV for spreadsheets. That it was exported is an event too.',
  permission: 'audit.export',
  query: z.object({ format: z.enum(exportFormats).default('jsonl'), ...auditFilter }),
  responses: {
    200: streamOf(mediaTypes.jsonl, 'One event a line; with format=csv, text/csv.'),
  },
  handler: ({ query: { format, ...filter }, actor, deps, transact }) =>
    transact(async (tx) => {
      const head = await beginExport(tx, { format, filter, actor: actor.id });
      return {
        status: 200,
        headers: {
          'Content-Type': `${mediaTypes[format]}; charset=utf-8`,
          'Content-Disposition': `attachment; filename="audit-${head.exportedAt.slice(0, 10)}.${format}"`,
          'Cache-Control': 'no-store',
        },
        stream: exportLines(deps.database, head, { format, filter }),
      };
    }),
});
