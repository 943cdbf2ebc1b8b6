/** Owns looking at one finding again: it is fixed when its rule no longer finds it, whatever has changed since. */
import { localDay } from '../domain/day.ts';
import { Refusal } from '../domain/refusal.ts';
import { contractRules, entryRules } from '../domain/validation/entry-rules.ts';
import type { ContractContext, EntryUnderCheck } from '../domain/validation/rule.ts';
import type { Day } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { closeException, type ExceptionRow } from './exceptions.ts';
import { getWorkspace, zoneOf } from './workspaces.ts';

const ruleOf = (code: string) =>
  entryRules.find((rule) => rule.code === code) ?? contractRules.find((rule) => rule.code === code) ?? null;

/** True for findings about one entry that its rule can look at again. */
export const isRecheckable = (rule: string): boolean => ruleOf(rule) !== null;

interface Checked extends EntryUnderCheck {
  startsOn: Day | null;
  endsBefore: Day | null;
  goLiveOn: Day | null;
  projectBillable: boolean | null;
}

/** Closes the exception as fixed, or refuses with 409 while its rule still finds it on the current version. */
export async function recheck(tx: WorkspaceTx, exception: ExceptionRow, actor: string): Promise<void> {
  const rule = ruleOf(exception.rule);
  if (!rule) throw new Error(`no rule ${exception.rule}`);
  const entry = await tx.row<Checked>(
    `select v.kind, v.work_date, v.quantity, v.running, k.starts_on, k.ends_before, k.go_live_on, j.billable as project_billable
     from work_entries e
     join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
     left join projects j on j.workspace_id = $1 and j.id = v.project_id
     left join contracts k on k.workspace_id = $1 and k.id = j.contract_id
     where e.workspace_id = $1 and e.id = $2 and e.deleted_at is null`,
    [tx.workspaceId, exception.subjectId],
  );
  const still = entry && (await findAgain(tx, exception.rule, entry));
  if (still)
    throw new Refusal({
      code: 'exception.still_holds',
      message: `${exception.rule} still holds for this entry.`,
      whatToDo: rule.whatToDo,
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

async function findAgain(tx: WorkspaceTx, code: string, entry: Checked) {
  const entryRule = entryRules.find((rule) => rule.code === code);
  if (entryRule) {
    const workspace = await getWorkspace(tx);
    return entryRule.check(entry, { today: localDay(workspace.clockAt ?? new Date(), zoneOf(workspace)) });
  }
  const contract = contractOf(entry);
  // Without a contract there is nothing to break; the next run says what else is missing.
  return contract && (contractRules.find((rule) => rule.code === code)?.check(entry, contract) ?? null);
}

function contractOf(entry: Checked): ContractContext | null {
  const { startsOn, endsBefore, goLiveOn, projectBillable } = entry;
  if (startsOn === null || goLiveOn === null || projectBillable === null) return null;
  return { startsOn, endsBefore, goLiveOn, projectBillable };
}
