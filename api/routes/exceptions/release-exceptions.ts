/** Owns POST /exceptions/release. */
import { z } from 'zod';
import { Refusal } from '../../../domain/refusal.ts';
import { recordEvents } from '../../../store/events.ts';
import { mostEntriesAtOnce, requireDuties } from '../../../store/exception-duties.ts';
import { coveredEntries, releaseByRule, unreleasable } from '../../../store/exceptions.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { choice, namesSome, nothingNamed, requireKnown } from './choice.ts';

export const releaseExceptions = defineRoute({
  name: 'release-exceptions',
  method: 'post',
  path: '/exceptions/release',
  summary: 'Release open warnings with a reason',
  description:
    "By id, by rule, or both. All or nothing: one that cannot be released refuses the whole. Nobody releases their own work while four eyes are asked for, nor a manager more than the workspace's limit.",
  permission: 'exceptions.resolve',
  body: z.object({ ...choice, reason: note }).refine(namesSome, nothingNamed),
  example: { rules: ['entry.over_24h', 'person_day.over_24h'], reason: 'Sea trial over two days' },
  responses: {
    200: z.object({
      items: z.array(z.object({ rule: z.string(), exceptions: z.int(), entries: z.int() })),
    }),
  },
  errors: [
    'exception.not_releasable',
    'exception.not_found',
    'exception.too_many',
    'duty.own_work',
    'duty.reason_required',
    'duty.beyond_limit',
  ],
  handler: ({ body: { ids, rules, reason }, actor, workspaceId, transact }) =>
    transact(async (tx) => {
      await requireKnown(tx, { ids });
      const blocking = await unreleasable(tx, { ids, rules });
      if (blocking.length > 0) throw notReleasable(blocking);
      await requireDuties(tx, deciderOf(actor), {
        action: 'release',
        permission: 'exceptions.resolve',
        covered: await coveredEntries(tx, { ids, rules }, mostEntriesAtOnce + 1),
        reason,
      });
      const items = await releaseByRule(tx, { ids, rules }, actor.id, reason);
      if (items.length > 0)
        await recordEvents(tx, [
          {
            type: 'exceptions.released',
            subjectType: 'workspace',
            subjectId: workspaceId,
            actor: actor.id,
            permission: 'exceptions.read',
            payload: { reason, ids: ids ?? null, rules: rules ?? null, released: items },
          },
        ]);
      return { status: 200, body: { items } };
    }),
});

function notReleasable(blocking: { id: string; rule: string; severity: string }[]): Refusal {
  const names = [...new Set(blocking.map((row) => row.rule))].join(', ');
  const held = blocking.every((row) => row.rule === 'invoice.held');
  return new Refusal({
    code: 'exception.not_releasable',
    message: held
      ? 'A held invoice is not released by its exception.'
      : `${names} cannot be released: severity E is fixed, not released.`,
    whatToDo: held
      ? 'Issue it with a releaseReason: POST /invoices/:invoiceId/issue.'
      : 'Correct the cause, then POST /exceptions/:exceptionId/resolve; leave these out to release the others.',
    details: { exceptions: blocking },
  });
}
