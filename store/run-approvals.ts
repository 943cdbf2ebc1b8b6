/** Owns the second pair of eyes on a run by hand: asked for above a limit, decided by somebody else, over figures that are frozen. */
import { type Conflict, type Doer, keepApart } from '../domain/duties.ts';
import { Decimal } from '../domain/money.ts';
import { found, Refusal } from '../domain/refusal.ts';
import { type BilledFigures, isBeyond, isWithin } from '../domain/run-approval.ts';
import type { DecimalText, Instant } from '../domain/work-entry.ts';
import { findSameDrafts, requestDrafts, type WantedDrafts } from './chosen-items.ts';
import { clockOf } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { dutyRule, recordDutyExceptions } from './duties.ts';
import { recordEvents } from './events.ts';
import { requireWithin } from './item-duties.ts';
import { newId } from './new-id.ts';
import { notify } from './notifications.ts';
import { enqueueLook } from './outbox.ts';
import { previewTotals, tooLargeToPreview } from './preview-run.ts';
import { sumToBill } from './run-figures.ts';
import { passTurn } from './run-turns.ts';
import { finishRun, type Run, readRun } from './runs.ts';

export interface RunApproval {
  id: string;
  figures: BilledFigures[];
  status: 'asked' | 'approved' | 'rejected' | 'withdrawn';
  askedBy: string;
  askedAt: Instant;
  decidedBy: string | null;
  decidedAt: Instant | null;
  reason: string | null;
}
const columns = 'id, figures, status, asked_by, asked_at, decided_by, decided_at, reason';
const mostApprovals = 100;

/** Newest first. */
export function listRunApprovals(tx: WorkspaceTx, runId: string): Promise<RunApproval[]> {
  return tx.rows<RunApproval>(
    `select ${columns} from run_approvals where workspace_id = $1 and run_id = $2 order by id desc limit $3`,
    [tx.workspaceId, runId, mostApprovals],
  );
}

/** Currency → up to how much the member starts alone: their own limit, else everybody's. */
async function runLimits(tx: WorkspaceTx, memberId: string | null): Promise<Map<string, DecimalText>> {
  const rows = await tx.rows<{ currency: string; amount: DecimalText }>(
    `select distinct on (currency) currency, amount from duty_limits
     where workspace_id = $1 and action = 'run' and (member_id is null or member_id = $2) order by currency, member_id nulls last`,
    [tx.workspaceId, memberId],
  );
  return new Map(rows.map(({ currency, amount }) => [currency, amount]));
}

/**
 * A run by hand, or the one that is under way for the same. What would come to more than its person's limit (duty limit `run`,
 * by currency, with tax, run-figures.ts) waits for somebody else. Only where there is a limit is it reckoned beforehand; what is too
 * large for that begins, and its drafts are held against the limit.
 */
export async function requestByHand(tx: WorkspaceTx, doer: Doer, wanted: WantedDrafts): Promise<Run> {
  const asked = { ...wanted, askedByMember: doer.memberId };
  const same = await findSameDrafts(tx, asked);
  if (same) return same;
  const limits = await runLimits(tx, doer.memberId);
  if (limits.size === 0) return requestDrafts(tx, asked);
  const figures = await reckon(tx, asked);
  if (figures === null) {
    const run = await requestDrafts(tx, { ...asked, approval: 'approved' });
    await agreeUpToLimits(tx, run, limits);
    return run;
  }
  if (!isBeyond(figures, limits)) return requestDrafts(tx, asked);
  const run = await requestDrafts(tx, { ...asked, approval: 'asked' });
  await ask(tx, run, figures);
  return run;
}

/** Null: more than a preview reads. */
async function reckon(tx: WorkspaceTx, wanted: WantedDrafts): Promise<BilledFigures[] | null> {
  try {
    return await previewTotals(tx, wanted);
  } catch (error) {
    if (error instanceof Refusal && error.code === tooLargeToPreview) return null;
    throw error;
  }
}

/** Whoever decided, where nobody did: up to their limits a person needs nobody. */
const byLimit = 'limit';

async function agreeUpToLimits(
  tx: WorkspaceTx,
  run: Run,
  limits: ReadonlyMap<string, DecimalText>,
): Promise<void> {
  const { now } = await clockOf(tx);
  const figures: BilledFigures[] = [...limits].map(([currency, total]) => ({
    currency,
    invoices: 0,
    net: total,
    total,
    seconds: 0,
  }));
  await tx.run(
    `insert into run_approvals (workspace_id, id, run_id, figures, status, asked_by, asked_at, decided_by, decided_at)
     values ($1, $2, $3, $4, 'approved', $5, $6, $7, $6)`,
    [tx.workspaceId, newId(), run.id, JSON.stringify(figures), run.pulledBy, now, byLimit],
  );
}

/** Whether a run by hand that comes to this would wait for somebody else. */
export const takesTwo = async (
  tx: WorkspaceTx,
  memberId: string | null,
  figures: readonly Pick<BilledFigures, 'currency' | 'total'>[],
): Promise<boolean> => isBeyond(figures, await runLimits(tx, memberId));

async function ask(tx: WorkspaceTx, run: Run, figures: readonly BilledFigures[]): Promise<void> {
  const approval = newId();
  const { now } = await clockOf(tx);
  await tx.run(
    `insert into run_approvals (workspace_id, id, run_id, figures, asked_by, asked_at) values ($1, $2, $3, $4, $5, $6)`,
    [tx.workspaceId, approval, run.id, JSON.stringify(figures), run.pulledBy, now],
  );
  await recordEvents(tx, [
    {
      type: 'billing_run.approval_asked',
      subjectType: 'billing_run',
      subjectId: run.id,
      actor: run.pulledBy,
      permission: 'runs.read',
      payload: { figures },
    },
  ]);
  const { memberId, name } = await readAsker(tx, run);
  await notify(tx, [
    {
      kind: 'run.waits',
      to: { permission: 'runs.approve' },
      ...(memberId === null ? {} : { except: [memberId] }),
      key: `run.waits:${approval}`,
      subjectType: 'billing_run',
      subjectId: run.id,
      params: { asker: name, amount: saysFigures(figures), reason: run.reason ?? '' },
    },
  ]);
}

const saysFigures = (figures: readonly BilledFigures[]) =>
  figures.map(({ total, currency }) => `${total} ${currency}`).join(', ');

/** Who asked; a key of no member is nobody to tell. */
async function readAsker(tx: WorkspaceTx, run: Run): Promise<{ memberId: string | null; name: string }> {
  const row = await tx.row<{ memberId: string | null; name: string | null }>(
    `select m.id as member_id, m.name from runs r left join members m on m.workspace_id = $1 and m.id = r.asked_by_member
     where r.workspace_id = $1 and r.id = $2`,
    [tx.workspaceId, run.id],
  );
  return { memberId: row?.memberId ?? null, name: row?.name ?? 'A program' };
}

async function lockAsked(tx: WorkspaceTx, runId: string): Promise<Run> {
  const run = found(await readRun(tx, runId, 'for no key update'), 'billing_run');
  if (run.status === 'queued' && run.approval === 'asked' && !run.cancelRequested) return run;
  throw new Refusal({
    code: 'billing_run.not_waiting',
    message:
      run.approval === 'asked' && run.status === 'running'
        ? 'It is taking back drafts that came to more than was agreed to, and asks again in a moment.'
        : `This run does not wait for anybody’s approval: it is ${run.status}.`,
    whatToDo: 'Read it again.',
  });
}

async function readOpen(tx: WorkspaceTx, runId: string): Promise<RunApproval> {
  return (await tx.row<RunApproval>(
    `select ${columns} from run_approvals where workspace_id = $1 and run_id = $2 and status = 'asked'`,
    [tx.workspaceId, runId],
  ))!;
}

/**
 * Somebody else agrees to the figures. Refuses with 409 a run that waits for nobody, with 403 `duty.own_run` whoever asked for
 * it (an admin with nobody beside them gives a reason instead) and who has a lower limit of their own.
 */
export async function approveRun(
  tx: WorkspaceTx,
  runId: string,
  doer: Doer,
  ownReason: string | null,
): Promise<Run> {
  const run = await lockAsked(tx, runId);
  const open = await readOpen(tx, run.id);
  const { memberId } = await readAsker(tx, run);
  const isOwn = run.pulledBy === doer.id || (memberId !== null && memberId === doer.memberId);
  const conflicts: Conflict[] = isOwn
    ? [{ code: 'own_run', message: 'You asked for this run yourself.', always: true }]
    : [];
  const standing = keepApart(conflicts, await dutyRule(tx, 'runs.approve', doer), ownReason);
  await recordDutyExceptions(
    tx,
    doer,
    { type: 'billing_run', id: run.id, action: 'run' },
    standing,
    ownReason,
  );
  if (!isOwn) await requireOwnLimits(tx, doer, open.figures);
  await decide(tx, run, doer, 'approved', ownReason);
  await enqueueLook(tx, {
    subjectType: 'billing_run',
    subjectId: run.id,
    lane: 'interactive',
    reason: 'approved',
  });
  return { ...run, approval: 'approved' };
}

/** Everybody's limit is what takes two; one of their own is what somebody is trusted with beside another. */
async function requireOwnLimits(
  tx: WorkspaceTx,
  doer: Doer,
  figures: readonly BilledFigures[],
): Promise<void> {
  const rows = await tx.rows<{ currency: string; amount: DecimalText }>(
    `select currency, amount from duty_limits where workspace_id = $1 and action = 'run' and member_id = $2`,
    [tx.workspaceId, doer.memberId],
  );
  const limits = new Map(rows.map(({ currency, amount }) => [currency, amount]));
  for (const { currency, total } of figures)
    requireWithin(limits.get(currency) ?? null, new Decimal(total), currency);
}

/** It ends, and has billed nothing; whoever asked is told why. */
export async function rejectRun(tx: WorkspaceTx, runId: string, doer: Doer, reason: string): Promise<Run> {
  const run = await lockAsked(tx, runId);
  await decide(tx, run, doer, 'rejected', reason);
  await finishRun(tx, run.id, { status: 'cancelled', error: `rejected: ${reason}` });
  const { memberId } = await readAsker(tx, run);
  if (memberId !== null && memberId !== doer.memberId)
    await notify(tx, [
      {
        kind: 'run.rejected',
        to: { memberIds: [memberId] },
        key: `run.rejected:${run.id}`,
        subjectType: 'billing_run',
        subjectId: run.id,
        params: { approver: doer.name, reason },
      },
    ]);
  return (await readRun(tx, run.id))!;
}

async function decide(
  tx: WorkspaceTx,
  run: Run,
  doer: Doer,
  status: 'approved' | 'rejected',
  reason: string | null,
): Promise<void> {
  const { now } = await clockOf(tx);
  await tx.run('update runs set approval = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    run.id,
    status,
  ]);
  await tx.run(
    `update run_approvals set status = $3, decided_by = $4, decided_at = $5, reason = $6
     where workspace_id = $1 and run_id = $2 and status = 'asked'`,
    [tx.workspaceId, run.id, status, doer.id, now, reason],
  );
  await recordEvents(tx, [
    {
      type: `billing_run.${status}`,
      subjectType: 'billing_run',
      subjectId: run.id,
      actor: doer.id,
      permission: 'runs.read',
      payload: { reason },
      before: { approval: 'asked' },
      after: { approval: status },
    },
  ]);
}

/** A run that ends meanwhile asks nobody any more. */
export async function withdrawAsked(tx: WorkspaceTx, runId: string): Promise<void> {
  const { now } = await clockOf(tx);
  await tx.run(
    `update run_approvals set status = 'withdrawn', decided_at = $3 where workspace_id = $1 and run_id = $2 and status = 'asked'`,
    [tx.workspaceId, runId, now],
  );
}

/** Whether the drafts of an approved run come to no more than was agreed to: as then or less, in each currency. */
export async function isAsApproved(tx: WorkspaceTx, runId: string): Promise<boolean> {
  const agreed = await tx.row<{ figures: BilledFigures[]; decidedBy: string }>(
    `select figures, decided_by from run_approvals where workspace_id = $1 and run_id = $2 and status = 'approved' order by id desc limit 1`,
    [tx.workspaceId, runId],
  );
  const drafted = await sumToBill(tx, runId);
  const figures = agreed?.figures ?? [];
  if (agreed?.decidedBy !== byLimit) return isWithin(drafted, figures);
  return !isBeyond(drafted, new Map(figures.map(({ currency, total }) => [currency, total])));
}

/** What it came to is frozen and asked for anew, before its drafts go back; a repeat asks no second time. */
export async function beginAskingAgain(tx: WorkspaceTx, runId: string): Promise<void> {
  const run = await readRun(tx, runId, 'for no key update');
  if (run?.status !== 'running' || run.approval !== 'approved') return;
  await tx.run(`update runs set approval = 'asked' where workspace_id = $1 and id = $2`, [
    tx.workspaceId,
    runId,
  ]);
  await ask(tx, run, await sumToBill(tx, runId));
}

/** With its drafts taken back the run is where it began: it counts and drafts anew once somebody agreed. */
export async function stepBack(tx: WorkspaceTx, runId: string): Promise<void> {
  await tx.run(
    `update runs set status = 'queued', counts = counts - 'drafts' - 'draftedItems' where workspace_id = $1 and id = $2 and status = 'running'`,
    [tx.workspaceId, runId],
  );
  await tx.run(
    `update run_steps set status = 'running', finished_at = null, done = case when step = 'draft' then 0 else done end,
       amount = case when step = 'draft' then '{}' else amount end
     where workspace_id = $1 and run_id = $2 and step in ('compile', 'draft')`,
    [tx.workspaceId, runId],
  );
  await passTurn(tx, runId);
}
