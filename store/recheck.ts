/** Owns looking at one finding again: it is fixed when its rule no longer finds it, whatever has changed since. */
import { localDay } from '../domain/day.ts';
import { Refusal } from '../domain/refusal.ts';
import { contractRules, entryRules, pricedRules } from '../domain/validation/entry-rules.ts';
import type { EntryUnderCheck } from '../domain/validation/rule.ts';
import { openCompile } from './compile-context.ts';
import { contractsInScope } from './contract-scope.ts';
import { contractStatuses } from './contracts.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { closeException, type ExceptionRow } from './exceptions.ts';
import { readEntries } from './open-entries.ts';
import { findAgain } from './prepare-compile.ts';
import { getWorkspace, zoneOf } from './workspaces.ts';

const whatToDo = new Map(
  [...entryRules, ...contractRules, ...pricedRules].map((rule) => [rule.code, rule.whatToDo]),
);

/** True for findings about one entry that its rule can look at again. */
export const isRecheckable = (rule: string): boolean => whatToDo.has(rule);

/** Closes the exception as fixed, or refuses with 409 while its rule still finds it on the current version. */
export async function recheck(tx: WorkspaceTx, exception: ExceptionRow, actor: string): Promise<void> {
  if (!isRecheckable(exception.rule)) throw new Error(`no rule ${exception.rule}`);
  const still = await lookAgain(tx, exception);
  if (still)
    throw new Refusal({
      code: 'exception.still_holds',
      message: `${exception.rule} still holds for this entry.`,
      whatToDo: whatToDo.get(exception.rule)!,
      details: still,
    });
  await closeException(tx, exception.id, { status: 'fixed', by: actor, reason: 'looked at again' });
  await recordEvents(tx, [
    {
      type: 'exception.resolved',
      subjectType: 'exception',
      subjectId: exception.id,
      actor,
      permission: 'exceptions.read',
      payload: { rule: exception.rule },
      before: { status: 'open' },
      after: { status: 'fixed' },
    },
  ]);
}

/** The figures that the rule finds now; null where it finds nothing. */
function lookAgain(tx: WorkspaceTx, { rule, subjectId }: ExceptionRow) {
  const entryRule = entryRules.find((one) => one.code === rule);
  return entryRule ? lookAtEntry(tx, entryRule, subjectId!) : lookAtContract(tx, rule, subjectId!);
}

async function lookAtEntry(tx: WorkspaceTx, rule: (typeof entryRules)[number], entryId: string) {
  const entry = await tx.row<EntryUnderCheck>(
    `select v.kind, v.work_date, v.quantity, v.running from work_entries e
     join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
     where e.workspace_id = $1 and e.id = $2 and e.deleted_at is null`,
    [tx.workspaceId, entryId],
  );
  const workspace = await getWorkspace(tx);
  const today = localDay(workspace.clockAt ?? new Date(), zoneOf(workspace));
  return entry && rule.check(entry, { today });
}

async function lookAtContract(tx: WorkspaceTx, rule: string, entryId: string) {
  const [entry] = await readEntries(tx, [{ entryId, version: null }]);
  // Without a contract there is nothing to break; the next run says what else is missing.
  if (!entry?.contractId) return null;
  const scope = { type: 'contract', id: entry.contractId } as const;
  const [contract] = await contractsInScope(tx, scope, contractStatuses);
  const context = await openCompile(tx, { id: null, cutoffOn: '9999-12-31' }, contract!);
  const { found } = await findAgain(tx, context, [entry]);
  return found.find((finding) => finding.rule === rule)?.detail ?? null;
}
