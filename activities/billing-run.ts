/** Owns the steps of a billing run: compile, draft, issue, cancel; each repeatable, set-based, and done chunk by chunk. */
import { numberLimits } from '../connectors/kit/registry.ts';
import { compileChunk } from '../store/compile.ts';
import { openCompile } from '../store/compile-context.ts';
import { type ContractForBilling, contractsInScope } from '../store/contract-scope.ts';
import { contractStatuses } from '../store/contracts.ts';
import { creditBelowZero, findBelowZero } from '../store/credit-below-zero.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { discardDraft, draftContract } from '../store/draft.ts';
import { issuableInvoices, issueInvoices } from '../store/issue.ts';
import { draftsAddedTo, takeFromDraft } from '../store/open-draft.ts';
import type { CompileCursor } from '../store/open-entries.ts';
import { prepareCompile, recheckContract } from '../store/prepare-compile.ts';
import { returnDrawsOfRun } from '../store/retainers.ts';
import { beginAskingAgain, isAsApproved, stepBack, withdrawAsked } from '../store/run-approvals.ts';
import { findRunBefore } from '../store/run-turns.ts';
import {
  beginRun,
  beginStep,
  endStep,
  finishRun,
  openDraftsOfRun,
  progressStep,
  type Run,
  type RunStep,
  readRun,
} from '../store/runs.ts';
import { isSmall } from '../store/small-runs.ts';
import { readTermsInUse } from '../store/terms-in-use.ts';
import { undoPage } from '../store/uncompile.ts';
import { beginUndo, finishUndo, progressUndo } from '../store/undo-run.ts';
import { workspaceNow } from '../store/workspaces.ts';
import type { ActivityDeps } from './deps.ts';
import { look, type SubjectRef } from './look.ts';
import {
  actorOf,
  compileChunkSize,
  contractsOfRun,
  draftWish,
  hasBegun,
  issueBlockSize,
  nextStep,
  stepsDone,
} from './run-steps.ts';

export type BillingRunStep = { counts?: Run['counts'] } & (
  | { step: 'compile' | 'draft' | 'issue' | 'cancel' | 'finish' | 'undo' | 'ask_again' }
  /** All of the three that are left: the run is small, and the next approval waits for it. */
  | { step: 'bill_at_once' }
  /** For the end of the run `for`, or for somebody's approval. */
  | { step: 'wait'; for: string }
  | { step: 'done'; status: Run['status'] }
);

const discardBatch = 50;

export function createBillingRunActivities(deps: ActivityDeps) {
  const { database } = deps;

  async function runOf(ref: SubjectRef): Promise<Run> {
    const run = await database.inWorkspace(ref.workspaceId, (tx) => readRun(tx, ref.subjectId), 'kept');
    if (!run) throw new Error(`billing run ${ref.subjectId} does not exist`);
    return run;
  }

  /** True when the run was asked to stop. */
  async function shouldStop(ref: SubjectRef): Promise<boolean> {
    return (await runOf(ref)).cancelRequested;
  }

  const activities = {
    /** The next step of a run, from what is already done. */
    lookAtBillingRun: (ref: SubjectRef): Promise<BillingRunStep> =>
      look(deps, 'billing_run', ref, async (tx) => {
        let run = await readRun(tx, ref.subjectId);
        // One that is under way is held by its chunks: nobody waits for them only to look.
        if (run?.status === 'queued') run = await readRun(tx, ref.subjectId, 'for no key update');
        if (!run) return { step: 'done', status: 'failed' };
        const { counts } = run;
        if (run.undoRequested) return { step: 'undo' };
        if (run.status !== 'queued' && run.status !== 'running')
          return { step: 'done', status: run.status, counts };
        if (run.cancelRequested) return { step: 'cancel' };
        if (run.status === 'queued') {
          if (run.approval === 'asked') return { step: 'wait', for: 'approval' };
          const before = await findRunBefore(tx, run);
          if (before) return { step: 'wait', for: before.id };
          await beginRun(tx, run.id);
        } else if (run.approval === 'asked') return { step: 'ask_again' };
        const done = await stepsDone(tx, run);
        // What somebody agreed to is held against the drafts themselves: nothing comes onto them later. Once the first is issued
        // there is no way back, and what a credit takes off a draft makes the rest of it more.
        if (
          run.approval === 'approved' &&
          done.has('draft') &&
          !(await hasBegun(tx, run.id, 'issue')) &&
          !(await isAsApproved(tx, run.id))
        )
          return { step: 'ask_again' };
        const next = nextStep(run, done);
        if (next === 'compile' && run.trigger === 'entry' && (await isSmall(tx, run)))
          return { step: 'bill_at_once', counts };
        return { step: next ?? 'finish', counts };
      }),

    /** Entries → billable items and claims. */
    async compileRun(ref: SubjectRef): Promise<void> {
      const run = await runOf(ref);
      const contracts = await begin(ref, run, 'compile');
      while (await database.inWorkspace(ref.workspaceId, (tx) => prepareCompile(tx, contracts, run)));
      const inUse = await database.inWorkspace(ref.workspaceId, readTermsInUse);
      const isTime = everySecond();
      const stopped = await eachContract(contracts, async (contract) => {
        // The same dozen of questions for every contract, each of few rows.
        const context = await database.inWorkspace(
          ref.workspaceId,
          async (tx) => {
            const opened = await openCompile(tx, run, contract, inUse);
            await recheckContract(tx, opened);
            return opened;
          },
          'kept',
        );
        let cursor: CompileCursor | null = null;
        do {
          if (await shouldStop(ref)) return false;
          cursor = await database.inWorkspace(ref.workspaceId, async (tx) => {
            const chunk = await compileChunk(tx, context, cursor, compileChunkSize);
            await progressStep(tx, run.id, 'compile', {
              done: chunk.items,
              amount: { [contract.currency]: chunk.amount },
              counts: { items: chunk.items, seconds: chunk.seconds, exceptions: chunk.exceptions },
              tell: isTime(),
            });
            return chunk.cursor;
          });
        } while (cursor);
        return true;
      });
      if (stopped) return;
      await database.inWorkspace(ref.workspaceId, (tx) => endStep(tx, run.id, 'compile'));
    },

    /** Open items → draft invoices with lines and allocations; one transaction a contract. */
    async draftRun(ref: SubjectRef): Promise<void> {
      const run = await runOf(ref);
      const contracts = await begin(ref, run, 'draft');
      const isTime = everySecond();
      const stopped = await eachContract(contracts, async (contract) => {
        if (await shouldStop(ref)) return false;
        await database.inWorkspace(ref.workspaceId, async (tx) => {
          const drafted = await draftContract(tx, contract, await draftWish(tx, run));
          await progressStep(tx, run.id, 'draft', {
            done: drafted.invoices,
            amount: { [contract.currency]: drafted.net },
            counts: {
              drafts: drafted.invoices,
              draftedItems: drafted.items,
              ...(drafted.addedTo > 0 && { addedTo: drafted.addedTo }),
              ...(drafted.carriedForward > 0 && { carriedForward: drafted.carriedForward }),
            },
            tell: isTime(),
          });
        });
        return true;
      });
      if (stopped) return;
      await database.inWorkspace(ref.workspaceId, (tx) => endStep(tx, run.id, 'draft'));
    },

    /** Drafts → issued invoices with numbers, in blocks; the series is locked last and briefly. */
    async issueRun(ref: SubjectRef): Promise<void> {
      const run = await runOf(ref);
      await begin(ref, run, 'issue');
      const isTime = everySecond();
      while (true) {
        if (await shouldStop(ref)) return;
        const ids = await database.inWorkspace(ref.workspaceId, (tx) =>
          issuableInvoices(tx, run.id, 2 * issueBlockSize),
        );
        if (ids.length === 0) break;
        if (await creditDrafts(ref, run, ids)) continue;
        // Two at once: while one gives numbers under the series' lock, the other's gate is checked. What fits into one block
        // stays in one, so that its numbers follow the order of the drafts.
        await Promise.all(
          [ids.slice(0, issueBlockSize), ids.slice(issueBlockSize)]
            .filter((block) => block.length > 0)
            .map((block) => issueBlock(ref, run, block, isTime)),
        );
      }
      await database.inWorkspace(ref.workspaceId, (tx) => endStep(tx, run.id, 'issue'));
    },

    /** Takes back what has no number yet; what is issued stays. */
    cancelRun: (ref: SubjectRef): Promise<void> =>
      takeBack(ref, { status: 'cancelled', error: null }, 'the run was cancelled'),

    /** Its drafts came to more than was agreed to: they go back, and what they came to is asked for. */
    async askAgain(ref: SubjectRef): Promise<void> {
      await database.inWorkspace(ref.workspaceId, (tx) => beginAskingAgain(tx, ref.subjectId));
      await giveDraftsBack(ref, 'they came to more than was agreed to', async (tx, run) => {
        if (run.approval === 'asked') await stepBack(tx, run.id);
      });
    },

    /** Items → back to their entries, contract by contract; what a document holds by now stays. */
    async undoRun(ref: SubjectRef): Promise<void> {
      const run = await runOf(ref);
      const contracts = await database.inWorkspace(ref.workspaceId, async (tx) => {
        await beginUndo(tx, run.id);
        return contractsInScope(tx, { type: run.scopeType, id: run.scopeId }, contractStatuses);
      });
      for (const contract of contracts) {
        let after: string | null = null;
        do {
          after = await database.inWorkspace(ref.workspaceId, async (tx) => {
            const page = await undoPage(tx, run, contract.id, after);
            await progressUndo(tx, run.id, page);
            return page.after;
          });
        } while (after);
      }
      await database.inWorkspace(ref.workspaceId, (tx) => finishUndo(tx, run.id, null));
    },

    /** A run that failed leaves no drafts: nobody would issue them, and the next run would find their items taken. */
    async finishBillingRun({ error, ...ref }: SubjectRef & { error: string | null }): Promise<void> {
      if ((await runOf(ref)).undoRequested)
        return database.inWorkspace(ref.workspaceId, (tx) => finishUndo(tx, ref.subjectId, error));
      return error === null
        ? database.inWorkspace(ref.workspaceId, (tx) =>
            finishRun(tx, ref.subjectId, { status: 'done', error: null }),
          )
        : takeBack(ref, { status: 'failed', error }, 'the run failed');
    },
  };

  return activities;

  /**
   * Each in a transaction of its own, as whoever credits by hand does: it takes the series of credit notes before what an issue
   * takes first. True where there were any: the drafts are others now.
   */
  async function creditDrafts(ref: SubjectRef, run: Run, ids: string[]): Promise<boolean> {
    const below = await database.inWorkspace(ref.workspaceId, (tx) => findBelowZero(tx, ids));
    for (const id of below) {
      if (await shouldStop(ref)) break;
      await database.inWorkspace(ref.workspaceId, async (tx) => {
        const counts = await creditBelowZero(tx, id, actorOf(run), await workspaceNow(tx));
        await progressStep(tx, run.id, 'issue', { done: 0, amount: {}, counts });
      });
    }
    return below.length > 0;
  }

  async function issueBlock(ref: SubjectRef, run: Run, ids: string[], isTime: () => boolean): Promise<void> {
    await database.inWorkspace(ref.workspaceId, async (tx) => {
      const now = await workspaceNow(tx);
      const block = await issueInvoices(tx, ids, actorOf(run), now, null, numberLimits, true);
      await progressStep(tx, run.id, 'issue', {
        done: block.issued,
        amount: block.net,
        counts: { issued: block.issued, held: block.held },
        tell: isTime(),
      });
    });
  }

  /** All that it drafted goes back, and at the end of a run that is still open its outcome. */
  function takeBack(
    ref: SubjectRef,
    outcome: { status: 'failed' | 'cancelled'; error: string | null },
    reason: string,
  ): Promise<void> {
    return giveDraftsBack(ref, reason, async (tx, run) => {
      await withdrawAsked(tx, run.id);
      await finishRun(tx, run.id, outcome);
    });
  }

  /** Batch by batch; `end` in the transaction that found nothing left. */
  async function giveDraftsBack(
    ref: SubjectRef,
    reason: string,
    end: (tx: WorkspaceTx, run: Run) => Promise<void>,
  ): Promise<void> {
    while (true) {
      const left = await database.inWorkspace(ref.workspaceId, async (tx) => {
        // First the run, as every chunk does at its end: none can add drafts between the last look and the end.
        const run = await readRun(tx, ref.subjectId, 'for no key update');
        if (!run || (run.status !== 'queued' && run.status !== 'running')) return 0;
        const drafts = (await openDraftsOfRun(tx, run.id)).slice(0, discardBatch);
        for (const invoiceId of drafts) await discardDraft(tx, invoiceId, actorOf(run), reason);
        if (drafts.length === 0) {
          for (const invoiceId of await draftsAddedTo(tx, run))
            await takeFromDraft(tx, invoiceId, run, actorOf(run), reason);
          await returnDrawsOfRun(tx, run.id, reason);
          await end(tx, run);
        }
        return drafts.length;
      });
      if (left === 0) return;
    }
  }

  async function begin(ref: SubjectRef, run: Run, step: RunStep): Promise<ContractForBilling[]> {
    return database.inWorkspace(ref.workspaceId, async (tx) => {
      await beginStep(tx, run.id, step);
      return contractsOfRun(tx, run);
    });
  }
}

/** Chunks are many, and whoever watches a run reads no more than this; the end of a step is told besides. */
const tellEveryMs = 1_000;
function everySecond(): () => boolean {
  let toldAt = performance.now();
  return () => {
    if (performance.now() - toldAt < tellEveryMs) return false;
    toldAt = performance.now();
    return true;
  };
}

/**
 * Three at a time: their entries and items are apart, and each waits half of its time for Postgres. On two cores the third is
 * 15 % faster than two, and a fourth adds 5 % more but takes another connection.
 */
const contractsAtOnce = 3;

/** Works through the contracts, a few at a time, until one answers false; true when that happened. */
async function eachContract(
  contracts: ContractForBilling[],
  work: (contract: ContractForBilling) => Promise<boolean>,
): Promise<boolean> {
  const left = contracts.values();
  let stopped = false;
  const lane = async () => {
    for (const contract of left) {
      if (stopped) return;
      if (!(await work(contract))) stopped = true;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: contractsAtOnce }, lane));
  for (const outcome of ended) if (outcome.status === 'rejected') throw outcome.reason;
  return stopped;
}
