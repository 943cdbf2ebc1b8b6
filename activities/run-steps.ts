/** Owns what the steps of a run are asked to do: which is next, and on which contracts. */
import { contractsOfItems } from '../store/chosen-items.ts';
import { type ContractForBilling, contractsInScope } from '../store/contract-scope.ts';
import type { WorkspaceTx } from '../store/database.ts';
import type { DraftWish } from '../store/draft.ts';
import { addsToOpenDraft } from '../store/run-finish.ts';
import { type FinishAt, type Run, type RunStep, readRunItems, readRunSteps, stepsOf } from '../store/runs.ts';

export const compileChunkSize = 5_000;
export const issueBlockSize = 200;

/** The first that is not done; null: all are. */
export const nextStep = (run: Run, done: ReadonlySet<RunStep>): FinishAt | null =>
  stepsOf(run).find((step) => !done.has(step)) ?? null;

export async function stepsDone(tx: WorkspaceTx, run: Run): Promise<Set<RunStep>> {
  const rows = await readRunSteps(tx, run.id);
  return new Set(rows.filter((row) => row.status === 'done').map((row) => row.step));
}

/** Begun, or done: some of it may stand. */
export const hasBegun = async (tx: WorkspaceTx, runId: string, step: RunStep): Promise<boolean> =>
  (await readRunSteps(tx, runId)).some((row) => row.step === step);

/** By id. */
export async function contractsOfRun(tx: WorkspaceTx, run: Run): Promise<ContractForBilling[]> {
  const contracts = await contractsInScope(tx, { type: run.scopeType, id: run.scopeId });
  const itemIds = await chosenItems(tx, run);
  return itemIds === null ? contracts : contractsOfItems(tx, contracts, itemIds);
}

export const draftWish = async (tx: WorkspaceTx, run: Run): Promise<DraftWish> => ({
  id: run.id,
  actor: actorOf(run),
  projectIds: run.scopeType === 'project' ? [run.scopeId] : null,
  cutoffOn: run.cutoffOn,
  itemIds: await chosenItems(tx, run),
  grouping: run.grouping,
  addsToOpen: addsToOpenDraft(run),
});

/** Null: all that is open. */
const chosenItems = async (tx: WorkspaceTx, run: Run): Promise<string[] | null> =>
  run.itemCount === null ? null : readRunItems(tx, run.id);

export const actorOf = (run: Run) => `billing-run:${run.id}`;
