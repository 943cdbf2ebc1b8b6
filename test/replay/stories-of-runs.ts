/** Owns the stories of runs, of policies that ask for them, and of the clock by which they do. */
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { localDay } from '../../domain/day.ts';
import { newId } from '../../store/new-id.ts';
import { until } from '../support/loops.ts';
import { makeMember } from '../support/make-member.ts';
import { openSandbox } from '../support/sandbox.ts';
import { openSelfBillingFirm } from '../support/self-billing-firm.ts';
import { expectStatus } from '../support/tickets.ts';
import { openTestWorkspace, type TestWorkspace } from '../support/workspace.ts';
import { becomesClosed, hub, patienceMs, record, withFirm } from './recorder.ts';

/** Cancelled before a worker had it, and asked to stop at the drafts. */
export async function otherRuns(): Promise<void> {
  await withFirm({}, async (firm) => {
    const ask = (finishAt: string) =>
      firm.at.post<{ id: string }>('/billing-runs', {
        scope: { type: 'workspace', id: firm.at.workspaceId },
        cutoffOn: '2026-04-01',
        reason: 'recording',
        finishAt,
      });
    const cancelled = await ask('issue');
    await firm.at.post(`/billing-runs/${cancelled.id}/cancel`, {});
    await becomesClosed(firm.at.workflow('billing_run', cancelled.id));
    await record('billing-run.cancelled', firm.at.workflow('billing_run', cancelled.id));
    const compiled = await firm.at.post<{ subjectId: string }>('/compilations', {
      scope: { type: 'workspace', id: firm.at.workspaceId },
      cutoffOn: '2026-04-01',
    });
    await firm.at.idle(patienceMs);
    await firm.at.post(`/billing-runs/${compiled.subjectId}/undo-compilation`, {});
    await firm.at.idle(patienceMs);
    await record('billing-run.undone', firm.at.workflow('billing_run', compiled.subjectId));
    const drafted = await ask('draft');
    await firm.at.idle(patienceMs);
    await record('billing-run.drafted', firm.at.workflow('billing_run', drafted.id));
  });
}

/** Holds the database so that an activity of the subject waits, then fails it for good. Answers once it is failed. */
async function failWhileHeld(
  handle: WorkflowHandle,
  hold: (work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await hold(async () => {
    let activityId: string | undefined;
    await until(
      'an activity waits',
      async () => {
        const pending = (await handle.describe().catch(() => null))?.raw.pendingActivities;
        activityId = pending?.find((one) => one.lastStartedTime)?.activityId ?? undefined;
        return activityId !== undefined;
      },
      patienceMs,
    );
    await hub.temporal.activity.fail(
      { workflowId: handle.workflowId, activityId: activityId! },
      ApplicationFailure.nonRetryable('the disk is full'),
    );
  });
}
const holdSteps = (at: TestWorkspace, work: () => Promise<void>) =>
  at.in(async (tx) => {
    await tx.run('lock table run_steps in exclusive mode');
    await work();
  });
const askForRun = async (at: TestWorkspace, key = at.key) => {
  const answer = await at.call('POST', '/billing-runs', {
    key,
    headers: { 'idempotency-key': newId() },
    body: {
      scope: { type: 'workspace', id: at.workspaceId },
      cutoffOn: '2026-04-01',
      reason: 'recording',
      finishAt: 'issue',
    },
  });
  return expectStatus(answer, 202) as { id: string; approval: string | null };
};

/** A run whose step fails for good: here while the database keeps it waiting, so that the failure is certain. */
export async function failedRun(): Promise<void> {
  await withFirm({}, async ({ at }) => {
    let handle: WorkflowHandle | undefined;
    await holdSteps(at, async () => {
      handle = at.workflow('billing_run', (await askForRun(at)).id);
      await failWhileHeld(handle, (work) => work());
    });
    await becomesClosed(handle!);
    await record('billing-run.failed', handle!);
  });
}

/** A run that waits for another person, and again when more work came in meanwhile. */
export async function waitingRun(): Promise<void> {
  await withFirm({}, async (firm) => {
    const { at } = firm;
    const limit = { action: 'run', currency: 'USD', amount: '100.00' };
    expectStatus(await at.call('PUT', '/duty-limits', { body: limit }), 200);
    const [asker, other] = await at.in(async (tx) => [
      await makeMember(tx, 'manager', { name: 'Ada' }),
      await makeMember(tx, 'manager', { name: 'Bo' }),
    ]);
    const { id } = await askForRun(at, asker!.key);
    const handle = at.workflow('billing_run', id);
    const agree = async () =>
      expectStatus(
        await at.call('POST', `/billing-runs/${id}/approve`, {
          key: other!.key,
          headers: { 'idempotency-key': newId() },
          body: {},
        }),
        202,
      );
    const waits = (times: number) =>
      until(
        'it waits for another person',
        async () =>
          (
            await at.in((tx) =>
              tx.rows<{ status: string }>(
                'select status from run_approvals where workspace_id = $1 and run_id = $2',
                [at.workspaceId, id],
              ),
            )
          ).length === times &&
          (await handle.query<{ step: string }>('progress').catch(() => null))?.step === 'wait',
        patienceMs,
      );
    await waits(1);
    firm.work('NPF-102', 3);
    await firm.sync(firm.harvestId);
    await until(
      'the hours are here',
      async () => (await at.get<{ items: unknown[] }>('/entries')).items.length === 2,
    );
    await agree();
    await waits(2);
    await agree();
    await becomesClosed(handle);
    await record('billing-run.asked-again', handle);
  });
}

/** The clock of a sandbox is moved, with nothing to do on the way; once it cannot be. */
export async function movedClock(): Promise<void> {
  const at = await openSandbox({ hub, test: { database: hub.database } }, '2026-01-20T08:00:00.000Z');
  const clock = at.workflow('clock', at.workspaceId);
  await at.moveTo('2026-01-23T08:00:00Z', patienceMs);
  await becomesClosed(clock);
  await record('clock.moved', clock);
  const { id } = await at.ask({ by: 'P5Y' });
  await failWhileHeld(clock, (work) =>
    at.in(async (tx) => {
      await tx.run('select 1 from workspaces where id = $1 for update', [at.workspaceId]);
      await work();
    }),
  );
  await at.ended(id);
  await becomesClosed(clock);
  await record('clock.given-up', clock);
}

/** One approval is billed at once, in place, one gathers; the end of a month is waited for; the policy ends with its contract. */
export async function policy(): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  const triggers = { onApproval: { windowSeconds: 5 }, periodEnd: 'month' };
  const firm = await openSelfBillingFirm(at, { triggers });
  await at.idle(patienceMs);
  const day = localDay(new Date(Date.now() - 2 * 86_400_000), 'Europe/Oslo');
  for (const id of await firm.record([day, day])) {
    await firm.approve([id]);
    await firm.issuedBecome(1);
  }
  await firm.issuedBecome(2);
  await at.idle(patienceMs);
  await at.patch(`/contracts/${firm.contractId}`, { status: 'ended' });
  const handle = at.workflow('billing_policy', firm.contractId);
  await becomesClosed(handle);
  await record('billing-policy.gathered-and-ended', handle);
  await record('billing-policy.billed-in-place', handle);
}
