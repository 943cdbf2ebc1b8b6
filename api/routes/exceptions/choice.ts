/** Owns how a command names the exceptions it is about: by id, by rule, or both. */
import { z } from 'zod';
import { Refusal } from '../../../domain/refusal.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { type ExceptionChoice, unknownExceptions } from '../../../store/exceptions.ts';
import { id } from '../../kit/schemas.ts';

export const choice = {
  ids: z.array(id).min(1).max(1000).optional(),
  rules: z.array(z.string().min(1).max(100)).min(1).max(50).optional(),
};
export const namesSome = (body: ExceptionChoice) => (body.ids ?? body.rules) !== undefined;
export const nothingNamed = { error: 'name ids or rules', path: ['rules'] };

/** Refuses with 404 `exception.not_found` where an id is of no exception of this workspace. */
export async function requireKnown(tx: WorkspaceTx, { ids }: ExceptionChoice): Promise<void> {
  const [missing] = await unknownExceptions(tx, ids ?? []);
  if (!missing) return;
  throw new Refusal({
    code: 'exception.not_found',
    status: 404,
    message: `There is no exception ${missing} in this workspace.`,
    whatToDo: 'List the exceptions and name ids from there.',
  });
}
