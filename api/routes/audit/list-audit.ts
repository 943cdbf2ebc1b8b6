/** Owns GET /audit. */
import { z } from 'zod';
import { listAudit as list } from '../../../store/audit.ts';
import { numberAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { auditEvent, auditFilter, toAuditView } from './audit-event.ts';

export const listAudit = defineRoute({
  name: 'list-audit',
  method: 'get',
  path: '/audit',
  summary: 'Read the audit',
  description:
    'Newest first. Personal fields are opened; `[forgotten]` stands where the person was forgotten. An event shows a moment after its commit.',
  permission: 'audit.read',
  query: z.object({ ...pageQuery, ...auditFilter }),
  responses: { 200: pageOf(auditEvent) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const rows = await list(
        tx,
        { ...filter, permissions: [...actor.permissions] },
        { before: numberAfter(cursor), limit },
      );
      return { status: 200, body: toPage(rows, limit, (row) => [String(row.seq)], toAuditView) };
    }),
});
