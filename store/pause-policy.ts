/** Owns pausing the policy of a contract and going on: what is pulled meanwhile waits, and is billed then. */
import { Refusal } from '../domain/refusal.ts';
import { type BillingPolicy, readPolicy } from './billing-policies.ts';
import { clockOf } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { enqueueLook } from './outbox.ts';

export interface Said {
  actor: string;
  reason: string;
}

/** Refuses with 409 what bills nothing by itself, and what is paused. A run that is under way goes on. */
export async function pausePolicy(tx: WorkspaceTx, contractId: string, said: Said): Promise<void> {
  const policy = await lockPolicy(tx, contractId);
  if (policy.pausedAt !== null)
    throw new Refusal({
      code: 'billing_policy.paused',
      message: `Billing by itself is paused since ${policy.pausedAt}: ${policy.pauseReason}`,
      whatToDo: 'Resume it first to give another reason (POST /contracts/:contractId/billing-policy/resume).',
    });
  const { now } = await clockOf(tx);
  await write(tx, contractId, { at: now, by: said.actor, reason: said.reason });
  await record(tx, contractId, 'paused', said);
}

/** Refuses with 409 what is not paused. Periods that ended meanwhile are billed now, each by itself. */
export async function resumePolicy(tx: WorkspaceTx, contractId: string, said: Said): Promise<void> {
  const policy = await lockPolicy(tx, contractId);
  if (policy.pausedAt === null)
    throw new Refusal({
      code: 'billing_policy.not_paused',
      message: 'Billing by itself is not paused.',
      whatToDo: 'Nothing: it goes on. What it waits for says GET /contracts/:contractId/billing-policy.',
    });
  await write(tx, contractId, { at: null, by: null, reason: null });
  await record(tx, contractId, 'resumed', said);
}

async function lockPolicy(tx: WorkspaceTx, contractId: string): Promise<BillingPolicy> {
  const policy = await readPolicy(tx, contractId, 'for no key update of p');
  if (policy && (policy.onEntry || policy.onPeriod || policy.onWatch || policy.onProject)) return policy;
  throw new Refusal({
    code: 'billing_policy.no_triggers',
    message: 'This contract bills nothing by itself.',
    whatToDo:
      'Give it triggers first: its clause "triggers", by PATCH /contracts/:contractId or an amendment.',
  });
}

async function write(
  tx: WorkspaceTx,
  contractId: string,
  pause: { at: string | null; by: string | null; reason: string | null },
): Promise<void> {
  await tx.run(
    'update billing_policies set paused_at = $3, paused_by = $4, pause_reason = $5 where workspace_id = $1 and contract_id = $2',
    [tx.workspaceId, contractId, pause.at, pause.by, pause.reason],
  );
}

async function record(
  tx: WorkspaceTx,
  contractId: string,
  participle: 'paused' | 'resumed',
  { actor, reason }: Said,
): Promise<void> {
  await recordEvents(tx, [
    {
      type: `billing_policy.${participle}`,
      subjectType: 'contract',
      subjectId: contractId,
      actor,
      permission: 'contracts.read',
      payload: { reason },
    },
  ]);
  await enqueueLook(tx, {
    subjectType: 'billing_policy',
    subjectId: contractId,
    lane: 'interactive',
    reason: participle,
  });
}
