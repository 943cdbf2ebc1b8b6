/** Owns that a contract with triggers has a billing policy, and that it looks when the contract changes. */
import { gatherSeconds, triggerKinds } from '../domain/billing-triggers.ts';
import { type ContractClauses, type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { addDays, localDay } from '../domain/day.ts';
import { clockOf } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { dropDue } from './due.ts';
import { enqueueLook, enqueueLooks } from './outbox.ts';
import { pullTriggers } from './trigger-pulls.ts';

/**
 * Keeps the policy of a contract as its versions have it, also those to come. Call it after the contract or its versions
 * changed: one that never had a trigger gets no row, and nobody looks.
 */
export async function keepPolicy(
  tx: WorkspaceTx,
  contractId: string,
  versions: readonly Pick<ContractClauses, 'triggers'>[],
): Promise<void> {
  const kinds = versions.map(({ triggers }) => triggerKinds(triggers));
  const any = (kind: keyof ReturnType<typeof triggerKinds>) => kinds.some((one) => one[kind]);
  const flags = [any('onEntry'), any('onPeriod'), any('onWatch'), any('onProject')];
  const changed = flags.includes(true)
    ? await tx.run(
        `insert into billing_policies (workspace_id, contract_id, on_entry, on_period, on_watch, on_project)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (workspace_id, contract_id) do update set on_entry = excluded.on_entry, on_period = excluded.on_period,
           on_watch = excluded.on_watch, on_project = excluded.on_project`,
        [tx.workspaceId, contractId, ...flags],
      )
    : await tx.run(
        `update billing_policies set on_entry = false, on_period = false, on_watch = false, on_project = false
         where workspace_id = $1 and contract_id = $2`,
        [tx.workspaceId, contractId],
      );
  if (changed === 0) return;
  if (!any('onPeriod')) await dropDue(tx, 'billing_policy', contractId, { kind: 'bill' });
  await enqueueLook(tx, {
    subjectType: 'billing_policy',
    subjectId: contractId,
    lane: 'interactive',
    reason: 'the contract changed',
  });
}

/**
 * Work that was approved while the contract was not active, or did not bill on it, is billed now that it is and does. Call it
 * after `keepPolicy`, where the contract was made active or its clauses were changed.
 */
export async function pullWaitingWork(tx: WorkspaceTx, timeline: ContractTimeline): Promise<void> {
  const [{ contractId, zone }] = timeline;
  const { now } = await clockOf(tx);
  const today = localDay(now, zone);
  if (gatherSeconds(termsAt(timeline, today).triggers) === null) return;
  await pullTriggers(tx, [
    {
      contractId,
      trigger: 'entry',
      pulledBy: 'system:billing-policy',
      reason: 'the contract bills on its work from now on',
      cutoffOn: addDays(today, 1),
    },
  ]);
}

/** A calendar changed: working days on which periods close may be others now. */
export async function wakePeriodPolicies(tx: WorkspaceTx): Promise<void> {
  const rows = await tx.rows<{ contractId: string }>(
    'select contract_id from billing_policies where workspace_id = $1 and on_period',
    [tx.workspaceId],
  );
  await enqueueLooks(
    tx,
    rows.map(({ contractId }) => ({
      subjectType: 'billing_policy',
      subjectId: contractId,
      lane: 'bulk',
      reason: 'a calendar changed',
    })),
  );
}
