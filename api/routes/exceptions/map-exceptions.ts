/** Owns POST /exceptions/map. */
import { z } from 'zod';
import { Refusal } from '../../../domain/refusal.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { type ExceptionRow, lockMatchSources, readException } from '../../../store/exceptions.ts';
import { isMatchRule, resolveMatch } from '../../../store/rematch.ts';
import { defineRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';
import { requireKnown } from './choice.ts';

const atOnce = 200;

export const mapExceptions = defineRoute({
  name: 'map-exceptions',
  method: 'post',
  path: '/exceptions/map',
  summary: 'Map many names at once that sources use',
  description:
    'Each as POST /exceptions/:exceptionId/resolve does it, in the order given: name clients before their projects, and projects before their tasks. All or nothing. One that another of them closed on the way counts as done.',
  permission: 'exceptions.resolve',
  body: z.object({
    items: z
      .array(
        z.object({
          exceptionId: id,
          targetId: id.optional().meta({ description: 'Our client, project, task or person, by the rule.' }),
        }),
      )
      .min(1)
      .max(atOnce),
  }),
  example: { items: [{ exceptionId: '{exceptionId}', targetId: '{projectId}' }] },
  responses: {
    200: z.object({
      items: z.array(
        z.object({
          exceptionId: id,
          matched: z.int(),
          remaining: z.int().meta({ description: 'Entries that it still covers: tasks of other projects.' }),
        }),
      ),
    }),
  },
  errors: [
    'exception.not_found',
    'exception.not_open',
    'exception.not_mappable',
    'exception.nothing_to_map',
    'exception.still_unmatched',
    'reference.unknown',
  ],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      await requireKnown(tx, { ids: body.items.map((item) => item.exceptionId) });
      await lockMatchSources(
        tx,
        body.items.map((item) => item.exceptionId),
      );
      const before = new Map<string, ExceptionRow>();
      for (const { exceptionId } of body.items) before.set(exceptionId, await openMatch(tx, exceptionId));
      const items: { exceptionId: string; matched: number; remaining: number }[] = [];
      for (const { exceptionId, targetId } of body.items) {
        const now = (await readException(tx, exceptionId))!;
        if (now.status !== 'open') {
          items.push({ exceptionId, matched: before.get(exceptionId)!.entryCount, remaining: 0 });
          continue;
        }
        const { matched, remaining } = await resolveMatch(tx, now, targetId ?? null, actor.id);
        items.push({ exceptionId, matched, remaining });
      }
      return { status: 200, body: { items } };
    }),
});

async function openMatch(tx: WorkspaceTx, exceptionId: string): Promise<ExceptionRow> {
  const row = (await readException(tx, exceptionId))!;
  if (row.status !== 'open')
    throw new Refusal({
      code: 'exception.not_open',
      message: `The exception ${row.rule} is not open any more.`,
      whatToDo: 'Leave it out; read it to see how it ended.',
      details: { exceptionId },
    });
  if (!isMatchRule(row.rule))
    throw new Refusal({
      code: 'exception.not_mappable',
      message: `${row.rule} is not about a name that could be mapped.`,
      whatToDo: 'Leave it out: only match.* is mapped.',
      details: { exceptionId },
    });
  return row;
}
