/**
 * Owns billing a small run in one go: all of its steps in one transaction, where a large one takes many. In place: within the
 * policy that asked for it, without a workflow of its own, which takes over what is left.
 */
import { numberLimits } from '../connectors/kit/registry.ts';
import { Decimal } from '../domain/money.ts';
import { compileChunk } from '../store/compile.ts';
import { openCompile } from '../store/compile-context.ts';
import type { ContractForBilling } from '../store/contract-scope.ts';
import { lockContract } from '../store/contract-versions.ts';
import type { Database, WorkspaceTx } from '../store/database.ts';
import { draftContract } from '../store/draft.ts';
import { issuableInvoices, issueInvoices } from '../store/issue.ts';
import type { CompileCursor } from '../store/open-entries.ts';
import { prepareCompile, recheckContract } from '../store/prepare-compile.ts';
import { type FinishAt, type Run, readRun } from '../store/runs.ts';
import { endInPlace, type NotedStep, noteStep } from '../store/small-runs.ts';
import { readTermsInUse } from '../store/terms-in-use.ts';
import { workspaceNow } from '../store/workspaces.ts';
import type { ActivityDeps } from './deps.ts';
import type { SubjectRef } from './look.ts';
import {
  actorOf,
  compileChunkSize,
  contractsOfRun,
  draftWish,
  issueBlockSize,
  nextStep,
  stepsDone,
} from './run-steps.ts';

/** More at once would keep the looks of other subjects waiting: these runs go to the queue of the large ones. */
const mostInPlace = 4;

export function createSmallRunActivities({ database }: Pick<ActivityDeps, 'database'>) {
  let inPlace = 0;

  async function billThenEnd(ref: SubjectRef): Promise<void> {
    if (inPlace < mostInPlace) {
      inPlace += 1;
      try {
        await billInOneGo(database, ref);
      } finally {
        inPlace -= 1;
      }
    }
    await database.inWorkspace(
      ref.workspaceId,
      (tx) => endInPlace(tx, ref.subjectId, async (run) => nextStep(run, await stepsDone(tx, run)) === null),
      'kept',
    );
  }

  return {
    /** What is left of a run. Repeated, it goes on with that; asked to stop, it does. */
    billAtOnce: (ref: SubjectRef): Promise<void> => billInOneGo(database, ref),

    /** A run that began with the look that asked for it, to its end; what is left, for whatever reason, its own workflow does. */
    billInPlace: billThenEnd,
  };
}

async function billInOneGo(database: Database, { workspaceId, subjectId }: SubjectRef): Promise<void> {
  while (await database.inWorkspace(workspaceId, (tx) => billSteps(tx, subjectId), 'kept'));
}

/** True while there is more to do, in another transaction. */
async function billSteps(tx: WorkspaceTx, runId: string): Promise<boolean> {
  const asked = (await readRun(tx, runId))!;
  const contracts = await contractsOfRun(tx, asked);
  // Before any entry, as whatever takes both does. Read after: somebody else may have been at the same run.
  for (const { id } of contracts) await lockContract(tx, id);
  const run = (await readRun(tx, runId))!;
  if (run.status !== 'running' || run.cancelRequested) return false;
  const done = await stepsDone(tx, run);
  for (let step = nextStep(run, done); step !== null; step = nextStep(run, done)) {
    const noted = await doing[step](tx, run, contracts);
    await noteStep(tx, run.id, step, noted);
    if (!noted.isDone) return true;
    done.add(step);
  }
  return false;
}

type DoStep = (tx: WorkspaceTx, run: Run, contracts: ContractForBilling[]) => Promise<NotedStep>;

const doing: Record<FinishAt, DoStep> = { compile, draft, issue };

async function compile(tx: WorkspaceTx, run: Run, contracts: ContractForBilling[]): Promise<NotedStep> {
  while (await prepareCompile(tx, contracts, run));
  const inUse = await readTermsInUse(tx);
  const noted = { done: 0, amount: {}, counts: { items: 0, seconds: 0, exceptions: 0 }, isDone: true };
  for (const contract of contracts) {
    const context = await openCompile(tx, run, contract, inUse);
    await recheckContract(tx, context);
    let cursor: CompileCursor | null = null;
    do {
      const chunk = await compileChunk(tx, context, cursor, compileChunkSize);
      noted.done += chunk.items;
      noted.counts.items += chunk.items;
      noted.counts.seconds += chunk.seconds;
      noted.counts.exceptions += chunk.exceptions;
      addTo(noted.amount, contract.currency, chunk.amount);
      cursor = chunk.cursor;
    } while (cursor);
  }
  return noted;
}

async function draft(tx: WorkspaceTx, run: Run, contracts: ContractForBilling[]): Promise<NotedStep> {
  const wish = await draftWish(tx, run);
  const amount = {};
  let drafts = 0;
  let draftedItems = 0;
  let addedTo = 0;
  for (const contract of contracts) {
    const drafted = await draftContract(tx, contract, wish);
    drafts += drafted.invoices;
    draftedItems += drafted.items;
    addedTo += drafted.addedTo;
    addTo(amount, contract.currency, drafted.net);
  }
  return {
    done: drafts,
    amount,
    counts: { drafts, draftedItems, ...(addedTo > 0 && { addedTo }) },
    isDone: true,
  };
}

async function issue(tx: WorkspaceTx, run: Run): Promise<NotedStep> {
  const ids = await issuableInvoices(tx, run.id, issueBlockSize + 1);
  const block = ids.slice(0, issueBlockSize);
  const { issued, held, net } =
    block.length === 0
      ? { issued: 0, held: 0, net: {} }
      : await issueInvoices(tx, block, actorOf(run), await workspaceNow(tx), null, numberLimits, true);
  return { done: issued, amount: net, counts: { issued, held }, isDone: ids.length === block.length };
}

function addTo(amounts: Record<string, string>, currency: string, amount: string): void {
  amounts[currency] = new Decimal(amounts[currency] ?? 0).plus(amount).toFixed();
}
