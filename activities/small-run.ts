/**
 * Owns billing a small run in one go: all of its steps in one transaction, where a large one takes many. In place: within the
 * policy that asked for it, with the first push of what it issued, without workflows of their own, which take over what is left.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { numberLimits } from '../connectors/kit/registry.ts';
import { Decimal } from '../domain/money.ts';
import { compileChunk } from '../store/compile.ts';
import { openCompile } from '../store/compile-context.ts';
import type { ContractForBilling } from '../store/contract-scope.ts';
import { lockContract } from '../store/contract-versions.ts';
import { creditBelowZero, findBelowZero } from '../store/credit-below-zero.ts';
import type { Database, WorkspaceTx } from '../store/database.ts';
import { draftContract } from '../store/draft.ts';
import { issuableInvoices, issueInvoices } from '../store/issue.ts';
import type { CompileCursor } from '../store/open-entries.ts';
import { prepareCompile, recheckContract } from '../store/prepare-compile.ts';
import { type FinishAt, type Run, readRun } from '../store/runs.ts';
import { endInPlace, holdLooks, type NotedStep, noteStep, sendLooks } from '../store/small-runs.ts';
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
/** The policy waits no longer for a platform that is slow; the push goes on. */
const longestPushMs = 5_000;

/** `pushInPlace`: pushes an issued invoice; false where it is left to the invoice's own workflow. */
export function createSmallRunActivities(
  { database, logger }: Pick<ActivityDeps, 'database' | 'logger'>,
  pushInPlace: (ref: SubjectRef) => Promise<boolean>,
) {
  let inPlace = 0;

  async function billThenEnd(ref: SubjectRef): Promise<void> {
    const pushes: Promise<void>[] = [];
    if (inPlace < mostInPlace) {
      inPlace += 1;
      try {
        await billInOneGo(database, ref, (invoiceIds) => {
          for (const subjectId of invoiceIds) pushes.push(pushThenLook({ ...ref, subjectId }));
        });
      } finally {
        inPlace -= 1;
      }
    }
    await database.inWorkspace(
      ref.workspaceId,
      (tx) => endInPlace(tx, ref.subjectId, async (run) => nextStep(run, await stepsDone(tx, run)) === null),
      'kept',
    );
    await Promise.race([Promise.all(pushes), sleep(longestPushMs, undefined, { ref: false })]);
  }

  /** Never rejects: what fails here is done by the invoice's workflow, whose look has waited for it. */
  async function pushThenLook(ref: SubjectRef): Promise<void> {
    const { workspaceId, subjectId } = ref;
    try {
      await pushInPlace(ref);
    } catch (problem) {
      logger.info(
        { err: problem, invoiceId: subjectId },
        'an invoice was not pushed in place: its workflow does it',
      );
    }
    try {
      await database.inWorkspace(workspaceId, (tx) => sendLooks(tx, 'client_invoice', subjectId), 'kept');
    } catch (problem) {
      logger.warn({ err: problem, invoiceId: subjectId }, 'a look waits until an unanswered one is repeated');
    }
  }

  return {
    /** What is left of a run. Repeated, it goes on with that; asked to stop, it does. */
    billAtOnce: (ref: SubjectRef): Promise<void> => billInOneGo(database, ref),

    /** A run that began with the look that asked for it, to its end; what is left, for whatever reason, its own workflow does. */
    billInPlace: billThenEnd,
  };
}

/** `push`: called with invoices that are issued by now, and whose looks are held for it. */
async function billInOneGo(
  database: Database,
  { workspaceId, subjectId }: SubjectRef,
  push?: (invoiceIds: string[]) => void,
): Promise<void> {
  for (let isMore = true; isMore; ) {
    let held: string[] = [];
    isMore = await database.inWorkspace(
      workspaceId,
      async (tx) => {
        const left = await billSteps(tx, subjectId);
        if (push) held = await holdLooks(tx, subjectId, mostInPlace);
        return left;
      },
      'kept',
    );
    push?.(held);
  }
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
  let carriedForward = 0;
  for (const contract of contracts) {
    const drafted = await draftContract(tx, contract, wish);
    drafts += drafted.invoices;
    draftedItems += drafted.items;
    addedTo += drafted.addedTo;
    carriedForward += drafted.carriedForward;
    addTo(amount, contract.currency, drafted.net);
  }
  return {
    done: drafts,
    amount,
    counts: {
      drafts,
      draftedItems,
      ...(addedTo > 0 && { addedTo }),
      ...(carriedForward > 0 && { carriedForward }),
    },
    isDone: true,
  };
}

async function issue(tx: WorkspaceTx, run: Run): Promise<NotedStep> {
  const ids = await issuableInvoices(tx, run.id, issueBlockSize + 1);
  const block = ids.slice(0, issueBlockSize);
  if (block.length === 0) return { done: 0, amount: {}, counts: { issued: 0, held: 0 }, isDone: true };
  const now = await workspaceNow(tx);
  // One at a time, and then the rest in another transaction: it takes the series of credit notes before what an issue takes first.
  const [below] = await findBelowZero(tx, block);
  if (below !== undefined) {
    const counts = await creditBelowZero(tx, below, actorOf(run), now);
    return { done: 0, amount: {}, counts, isDone: false };
  }
  const { issued, held, net } = await issueInvoices(tx, block, actorOf(run), now, null, numberLimits, true);
  return {
    done: issued,
    amount: net,
    counts: { issued, held },
    isDone: ids.length === block.length,
  };
}

function addTo(amounts: Record<string, string>, currency: string, amount: string): void {
  amounts[currency] = new Decimal(amounts[currency] ?? 0).plus(amount).toFixed();
}
