/** Owns the duties of whoever lets work go that exceptions hold back: not their own work, and not beyond their limit. */
import { type Conflict, type Doer, keepApart, requireWithinLimit } from '../domain/duties.ts';
import type { Permission } from '../domain/permissions.ts';
import { Refusal } from '../domain/refusal.ts';
import type { WorkspaceTx } from './database.ts';
import { approvalLimits, dutyRule, recordDutyExceptions } from './duties.ts';
import type { CoveredEntry } from './exceptions.ts';
import { type Valued, valueEntries } from './write-off.ts';

/** Beyond this a command would hold too many locks for too long. */
export const mostEntriesAtOnce = 5_000;

export function requireBounded(covered: readonly CoveredEntry[]): void {
  if (covered.length <= mostEntriesAtOnce) return;
  throw new Refusal({
    code: 'exception.too_many',
    message: `These exceptions hold more than ${mostEntriesAtOnce.toLocaleString('en')} entries.`,
    whatToDo: 'Name fewer of them, and repeat.',
    details: { limit: mostEntriesAtOnce },
  });
}

/**
 * BILLING §8: nobody lets their own work go while four eyes are asked for, and a manager decides up to the workspace's limit,
 * by what the entries come to. `known`: what they come to, where the caller has it. The reason of a lone admin is listed in
 * the duties report. Refuses with 403 `duty.…`.
 */
export async function requireDuties(
  tx: WorkspaceTx,
  doer: Doer,
  decision: {
    action: string;
    permission: Permission;
    covered: readonly CoveredEntry[];
    reason: string;
    known?: Valued;
  },
): Promise<void> {
  const { action, permission, covered, reason } = decision;
  const own = covered.filter((entry) => doer.personId !== null && entry.personId === doer.personId);
  const conflicts: Conflict[] =
    own.length === 0
      ? []
      : [{ code: 'own_work', message: `${own.length} of the entries are your own work.`, always: false }];
  const standing = keepApart(conflicts, await dutyRule(tx, permission, doer), reason);
  for (const exceptionId of new Set(own.map((entry) => entry.exceptionId)))
    await recordDutyExceptions(tx, doer, { type: 'exception', id: exceptionId, action }, standing, reason);
  const limits = await approvalLimits(tx);
  if (doer.role !== 'manager' || Object.keys(limits).length === 0) return;
  requireBounded(covered);
  const { amounts } = decision.known ?? (await valueEntries(tx, covered));
  for (const [currency, amount] of amounts) requireWithinLimit(doer, limits, amount.toFixed(), currency);
}
