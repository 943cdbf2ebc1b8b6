/** Owns POST /exceptions/:exceptionId/resolve. */
import { z } from 'zod';
import { found, Refusal } from '../../../domain/refusal.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { type ExceptionRow, notOpen, readException } from '../../../store/exceptions.ts';
import { matchBys } from '../../../store/mapping-rules.ts';
import { isRecheckable, recheck } from '../../../store/recheck.ts';
import { isMatchRule, type Rematched, resolveMatch } from '../../../store/rematch.ts';
import { defineRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';
import { exception } from './exception.ts';

export const resolveException = defineRoute({
  name: 'resolve-exception',
  method: 'post',
  path: '/exceptions/:exceptionId/resolve',
  summary: 'Map a name that a source uses, or look at a corrected entry again',
  description:
    'match.*: makes the mapping rule for all later entries and matches those that it covers; leave targetId out after you created a record of that name. Findings about an entry or its contract: closed once their rule no longer finds them.',
  permission: 'exceptions.resolve',
  body: z.object({
    targetId: id.optional().meta({ description: 'Our client, project, task or person, by the rule.' }),
  }),
  example: { targetId: '{projectId}' },
  responses: {
    200: z.object({
      exception,
      mappingRule: z
        .object({ id, matchBy: z.enum(matchBys), matchValue: z.string(), targetId: id })
        .nullable(),
      matched: z.int(),
      remaining: z.int().meta({ description: 'Entries that it still covers: tasks of other projects.' }),
    }),
  },
  errors: [
    'exception.not_open',
    'exception.not_resolvable',
    'exception.still_holds',
    'exception.nothing_to_map',
    'exception.still_unmatched',
    'reference.unknown',
  ],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const row = found(await readException(tx, params.exceptionId), 'exception');
      const counts = isMatchRule(row.rule)
        ? await resolveMatch(tx, row, body.targetId ?? null, actor.id)
        : await lookAgain(tx, row, actor.id);
      return {
        status: 200,
        body: { ...counts, exception: found(await readException(tx, row.id), 'exception') },
      };
    }),
});

async function lookAgain(tx: WorkspaceTx, row: ExceptionRow, actor: string): Promise<Rematched> {
  if (!isRecheckable(row.rule))
    throw new Refusal({
      code: 'exception.not_resolvable',
      message: `${row.rule} closes by itself when its cause is gone.`,
      whatToDo:
        row.severity === 'W'
          ? 'Correct the cause, or release it: POST /exceptions/release.'
          : 'Correct the cause.',
    });
  if (row.status !== 'open') throw notOpen(row);
  await recheck(tx, row, actor);
  return { mappingRule: null, matched: row.entryCount, remaining: 0 };
}
