/** Owns what the life of projects pulls: one that is ready for billing or completed, a completed phase, a milestone that was reached. */
import type { BillingTriggers } from '../domain/billing-triggers.ts';
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { addDays, localDay } from '../domain/day.ts';
import { isProjectOpen, type ProjectStatus } from '../domain/project.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { clockOf } from './clock.ts';
import { contractsInScope } from './contract-scope.ts';
import { lockContract, readTimelines } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { enqueueLook } from './outbox.ts';
import { stateCompletion } from './price-schedules.ts';
import { releaseComplete } from './retentions.ts';
import { dropPulls, openPulls, type Pull, pullTriggers } from './trigger-pulls.ts';

interface MovedProject {
  id: string;
  code: string;
  contractId: string | null;
  status: ProjectStatus;
}

/**
 * A project that became ready for billing is billed; of a completed one what is left, whatever the minimum, and what was held
 * back of complete work is due. Set back before its run began, it is not billed. The caller holds the project.
 */
export async function pullProject(
  tx: WorkspaceTx,
  before: MovedProject,
  { id, code, contractId, status }: MovedProject,
  actor: string,
): Promise<void> {
  if (status === before.status || contractId === null) return;
  const place = await placeOf(tx, id);
  if (!place?.triggers.projectReady) return;
  if (status === 'active') return dropWaiting(tx, contractId, id);
  if (status !== 'ready_for_billing' && status !== 'completed') return;
  if (status === 'completed') {
    await stateRest(tx, place);
    await releaseHeldBack(tx, place, actor, `Project ${code} was completed.`);
  }
  const words = status === 'completed' ? 'was completed' : 'is ready for billing';
  await pullTriggers(tx, [pullOf(place, actor, `Project ${code} ${words}.`)]);
}

/** What is left of a completed phase is billed with the work of its project, and what was held back of complete work is due. */
export async function pullPhase(
  tx: WorkspaceTx,
  before: { status: string },
  after: { name: string; status: string; projectId: string },
  actor: string,
): Promise<void> {
  if (after.status !== 'completed' || before.status === 'completed') return;
  const place = await placeOf(tx, after.projectId);
  if (!place?.triggers.projectReady) return;
  const reason = `Phase ${after.name} of ${place.code} was completed.`;
  await releaseHeldBack(tx, place, actor, reason);
  await pullTriggers(tx, [{ ...pullOf(place, actor, reason), period: `phase ${after.name}` }]);
}

/** Each milestone is reached once, and so pulled once, by whoever or whatever reached it. */
export async function pullMilestones(
  tx: WorkspaceTx,
  reached: readonly { id: string; projectId: string; name: string }[],
  actor: string,
): Promise<void> {
  if (reached.length === 0) return;
  const places = await placesOf(
    tx,
    reached.map(({ projectId }) => projectId),
  );
  const pulledBy = actor === 'system' ? 'system:milestone' : actor;
  await pullTriggers(
    tx,
    reached.flatMap(({ id, projectId, name }): Pull[] => {
      const place = places.get(projectId);
      if (!place?.triggers.milestones) return [];
      const reason = `Milestone ${name} of ${place.code} was reached.`;
      return [
        {
          ...pullOf(place, pulledBy, reason),
          period: `milestone ${id}`,
          urgent: pulledBy !== 'system:milestone',
        },
      ];
    }),
  );
}

/** A milestone was made or changed: the policy of its contract may have another day to wait for. */
export async function wakeForMilestones(tx: WorkspaceTx, projectId: string): Promise<void> {
  const place = await placeOf(tx, projectId);
  if (!place?.triggers.milestones) return;
  await enqueueLook(tx, {
    subjectType: 'billing_policy',
    subjectId: place.contractId,
    lane: 'bulk',
    reason: 'a milestone changed',
  });
}

/** A project whose contract bills by itself. */
interface Place {
  projectId: string;
  code: string;
  contractId: string;
  /** In the contract's zone. */
  today: Day;
  cutoffOn: Day;
  triggers: BillingTriggers;
  timeline: ContractTimeline;
}

const placeOf = async (tx: WorkspaceTx, projectId: string): Promise<Place | null> =>
  (await placesOf(tx, [projectId])).get(projectId) ?? null;

async function placesOf(tx: WorkspaceTx, projectIds: readonly string[]): Promise<Map<string, Place>> {
  const rows = await tx.rows<{ projectId: string; code: string; contractId: string }>(
    `select p.id as project_id, p.code, p.contract_id from projects p
     join billing_policies b on b.workspace_id = $1 and b.contract_id = p.contract_id and b.on_project
     where p.workspace_id = $1 and p.id = any($2::uuid[])`,
    [tx.workspaceId, plainArray([...new Set(projectIds)])],
  );
  if (rows.length === 0) return new Map();
  const { now } = await clockOf(tx);
  const timelines = await readTimelines(tx, [...new Set(rows.map(({ contractId }) => contractId))]);
  return new Map(
    rows.map((row) => {
      const timeline = timelines.get(row.contractId)!;
      const today = localDay(now, timeline[0].zone);
      const { triggers } = termsAt(timeline, today);
      return [row.projectId, { ...row, today, cutoffOn: addDays(today, 1), triggers, timeline }];
    }),
  );
}

const pullOf = ({ contractId, projectId, cutoffOn }: Place, pulledBy: string, reason: string): Pull => ({
  contractId,
  projectId,
  cutoffOn,
  pulledBy,
  reason,
  trigger: 'ready_for_billing',
  urgent: true,
});

/** What its own status pulled; a milestone or a phase stays what it is. */
async function dropWaiting(tx: WorkspaceTx, contractId: string, projectId: string): Promise<void> {
  const waiting = await openPulls(tx, contractId, 'for update');
  const own = waiting.filter(
    (pull) => pull.trigger === 'ready_for_billing' && pull.projectId === projectId && pull.period === null,
  );
  await dropPulls(
    tx,
    own.map(({ id }) => id),
    'the project was set back before it was billed',
  );
}

/** With its last project a fixed price is complete, and its rest is billed; an open milestone bills its part first. */
async function stateRest(tx: WorkspaceTx, { contractId, projectId, today, timeline }: Place): Promise<void> {
  if (termsAt(timeline, today).billingModel.type !== 'fixed_price') return;
  const [contract] = await contractsInScope(tx, { type: 'contract', id: contractId });
  const ids = contract?.projects.map(({ id }) => id) ?? [];
  if (!contract || (await hasOpenProject(tx, ids))) return;
  await lockContract(tx, contractId);
  try {
    await stateCompletion(tx, contract, timeline, { percentage: '100', on: today, projectId });
  } catch (problem) {
    // Refused before anything was written.
    if (!(problem instanceof Refusal && problem.code === 'contract.open_milestones')) throw problem;
  }
}

/** Work is still expected on one of them. */
export async function hasOpenProject(tx: WorkspaceTx, projectIds: readonly string[]): Promise<boolean> {
  const rows = await tx.rows<{ status: ProjectStatus }>(
    'select distinct status from projects where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(projectIds)],
  );
  return rows.some(({ status }) => isProjectOpen(status));
}

/** Nothing is held back of a final invoice: its work was complete before it was issued. */
export async function releaseFinal(
  tx: WorkspaceTx,
  contractIds: readonly string[],
  actor: string,
): Promise<void> {
  if (contractIds.length === 0) return;
  const rows = await tx.rows<{ contractId: string }>(
    'select contract_id from billing_policies where workspace_id = $1 and contract_id = any($2::uuid[]) and on_project order by 1',
    [tx.workspaceId, plainArray([...new Set(contractIds)])],
  );
  if (rows.length === 0) return;
  const { now } = await clockOf(tx);
  for (const [contractId, timeline] of await readTimelines(
    tx,
    rows.map((row) => row.contractId),
  )) {
    const today = localDay(now, timeline[0].zone);
    if (!termsAt(timeline, today).triggers.projectReady) continue;
    await releaseHeldBack(tx, { contractId, today }, actor, 'The work was complete before it was invoiced.');
  }
}

async function releaseHeldBack(
  tx: WorkspaceTx,
  { contractId, today }: Pick<Place, 'contractId' | 'today'>,
  actor: string,
  reason: string,
): Promise<void> {
  const retentions = await releaseComplete(tx, contractId, today);
  if (retentions.length === 0) return;
  await recordEvents(tx, [
    {
      type: 'contract.retentions_released',
      subjectType: 'contract',
      subjectId: contractId,
      actor,
      permission: 'contracts.read',
      payload: { reason, retentions },
    },
  ]);
}
