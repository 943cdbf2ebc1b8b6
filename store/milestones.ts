/** Owns milestones: what of a project's price falls due when, and that it was reached, once. */
import {
  checkMilestone,
  type MilestoneFacts,
  type MilestoneKind,
  reachesPercentage,
  requireNotReached,
  requireWithinFixedPrice,
  requireWithinPrice,
} from '../domain/milestone.ts';
import { isProjectOpen, projectStatuses } from '../domain/project.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import { lockContract, readTimeline } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { notify } from './notifications.ts';
import { fixedPriceOn, sumsOfPrice } from './price-schedules.ts';
import { pullMilestones, wakeForMilestones } from './project-triggers.ts';
import { projects, readMilestonePrices } from './projects.ts';
import { type NewRow, tenantTable, type Values } from './tenant-table.ts';

export interface Milestone extends MilestoneFacts {
  id: string;
  projectId: string;
  phaseId: string | null;
  /** What of the project's price it bills, net; null: nothing. */
  price: DecimalText | null;
  reachedAt: string | null;
  /** `member:<id>`, `key:<id>`, or `system` where its day or percentage came. */
  reachedBy: string | null;
  reachReason: string | null;
}
export type NewMilestone = NewRow<Milestone, 'projectId' | 'name' | 'kind'>;

const table = tenantTable<Milestone>('milestones', {
  projectId: 'plain',
  phaseId: 'plain',
  name: 'plain',
  kind: 'plain',
  dueOn: 'plain',
  percentage: 'plain',
  price: 'plain',
  reachedAt: 'plain',
  reachedBy: 'plain',
  reachReason: 'plain',
});
export const findMilestone = table.find;
export const listMilestones = table.list;

const mostPerProject = 500;

/** Makes one, under its project's lock: two at once cannot pass the price together. */
export async function insertMilestone(tx: WorkspaceTx, values: NewMilestone): Promise<Milestone> {
  const project = await projects.lock(tx, values.projectId);
  const count = await tx.row<{ count: number }>(
    'select count(*)::int as count from milestones where workspace_id = $1 and project_id = $2',
    [tx.workspaceId, values.projectId],
  );
  if ((count?.count ?? 0) >= mostPerProject)
    throw new Refusal({
      code: 'milestone.too_many',
      message: `A project has at most ${mostPerProject} milestones.`,
      whatToDo: 'Remove those that are not needed.',
    });
  const milestone = await table.insert(tx, values);
  checkMilestone(milestone);
  if (project && milestone.price !== null) await requirePrices(tx, project);
  await wakeForMilestones(tx, values.projectId);
  return milestone;
}

/** Holds the milestone, and its project before it, as whoever looks at the sum does. */
export async function lockMilestone(tx: WorkspaceTx, id: string): Promise<Milestone> {
  const { projectId } = found(await table.find(tx, id), 'milestone');
  await projects.lock(tx, projectId);
  return found(await table.lock(tx, id), 'milestone');
}

/** A milestone that its client accepts, as the client sees it. */
export interface Acceptance {
  id: string;
  projectId: string;
  projectName: string;
  phaseId: string | null;
  name: string;
  kind: MilestoneKind;
  dueOn: Day | null;
  reachedAt: string | null;
  /** By a member of the client; else by somebody of ours, or not yet. */
  acceptedByClient: boolean;
}
const acceptances = `select m.id, m.project_id, p.name as project_name, m.phase_id, m.name, m.kind, m.due_on, m.reached_at,
    exists (select from members x where x.workspace_id = $1 and m.reached_by = 'member:' || x.id and x.role = 'client') as accepted_by_client
  from milestones m join projects p on p.workspace_id = $1 and p.id = m.project_id
  where m.workspace_id = $1 and ($2::uuid is null or p.client_id = $2)`;

/** Of this client, where one is named. Answers other kinds too: whoever asks to accept one is told why not. */
export function findAcceptance(
  tx: WorkspaceTx,
  id: string,
  clientId: string | null,
): Promise<Acceptance | null> {
  return tx.row<Acceptance>(`${acceptances} and m.id = $3`, [tx.workspaceId, clientId, id]);
}

/** By id, which is by creation. */
export function listAcceptances(
  tx: WorkspaceTx,
  wanted: { clientId: string | null; projectId: string | null; after: string | null; limit: number },
): Promise<Acceptance[]> {
  return tx.rows<Acceptance>(
    `${acceptances} and m.kind = 'acceptance' and ($3::uuid is null or m.project_id = $3) and ($4::uuid is null or m.id > $4)
     order by m.id limit $5`,
    [tx.workspaceId, wanted.clientId, wanted.projectId, wanted.after, wanted.limit],
  );
}

/** The caller holds it. */
export async function changeMilestone(
  tx: WorkspaceTx,
  before: Milestone,
  change: Values<Milestone>,
): Promise<Milestone> {
  requireNotReached(before);
  const milestone = found(await table.update(tx, before.id, change), 'milestone');
  checkMilestone(milestone);
  if (milestone.price !== null && milestone.price !== before.price) {
    const project = found(await projects.find(tx, before.projectId), 'project');
    await requirePrices(tx, project);
  }
  await wakeForMilestones(tx, before.projectId);
  return milestone;
}

/** The project's own price, and the fixed price of its contract, whose projects may each be within theirs. */
async function requirePrices(
  tx: WorkspaceTx,
  { id, price, contractId }: { id: string; price: DecimalText | null; contractId: string | null },
): Promise<void> {
  requireWithinPrice(price, await readMilestonePrices(tx, id), '/price');
  if (contractId === null) return;
  // Two projects of one contract at once: the later one sees the earlier one's milestone.
  await lockContract(tx, contractId);
  const agreed = fixedPriceOn(await readTimeline(tx, contractId), '9999-12-31');
  requireWithinFixedPrice(agreed?.price ?? null, (await sumsOfPrice(tx, contractId)).milestones, '/price');
}

/** The caller holds it. */
export async function removeMilestone(tx: WorkspaceTx, milestone: Milestone): Promise<void> {
  requireNotReached(milestone);
  await table.remove(tx, milestone.id);
}

/** By a person's word: an acceptance, or another kind before its time. The caller holds it. */
export async function reachMilestone(
  tx: WorkspaceTx,
  milestone: Milestone,
  by: { actor: string; reason: string | null },
): Promise<Milestone> {
  requireNotReached(milestone);
  const [reached] = await markReached(tx, [milestone.id], by.actor, by.reason);
  return found(reached ?? null, 'milestone');
}

const openStatuses = plainArray(projectStatuses.filter(isProjectOpen));

interface Waiting {
  id: string;
  projectId: string;
  kind: string;
  percentage: DecimalText | null;
  budgetSeconds: number | null;
}
const waitingColumns = `m.id, m.project_id, m.kind, m.percentage, p.budget_seconds from milestones m
     join projects p on p.workspace_id = m.workspace_id and p.id = m.project_id`;

/**
 * Marks what has come by itself: days up to `today`, and percentages of the budget that the hours of `used` (project → seconds)
 * reach. Safe to repeat. Answers how many.
 */
export async function reachByThemselves(
  tx: WorkspaceTx,
  today: Day,
  used: ReadonlyMap<string, number>,
): Promise<number> {
  const waiting = await tx.rows<Waiting>(
    `select ${waitingColumns} and p.status = any($4::text[])
     where m.workspace_id = $1 and m.reached_at is null
       and (m.kind = 'date' and m.due_on <= $2 or m.kind = 'percentage' and m.project_id = any($3::uuid[]))`,
    [tx.workspaceId, today, plainArray([...used.keys()]), openStatuses],
  );
  return markCome(tx, waiting, used);
}

/** The same for some projects only, whose hours are read where a percentage waits for them. */
export async function reachOfProjects(
  tx: WorkspaceTx,
  projectIds: readonly string[],
  today: Day,
  readWorked: (projectIds: readonly string[]) => Promise<ReadonlyMap<string, number>>,
): Promise<number> {
  const waiting = await tx.rows<Waiting>(
    `select ${waitingColumns} and p.status = any($4::text[])
     where m.workspace_id = $1 and m.project_id = any($2::uuid[]) and m.reached_at is null
       and (m.kind = 'date' and m.due_on <= $3 or m.kind = 'percentage' and p.budget_seconds is not null)`,
    [tx.workspaceId, plainArray(projectIds), today, openStatuses],
  );
  const measured = waiting.filter(({ kind }) => kind === 'percentage').map(({ projectId }) => projectId);
  return markCome(tx, waiting, measured.length === 0 ? new Map() : await readWorked([...new Set(measured)]));
}

/** The day of the next milestone by date of these projects that was not reached; null: there is none. */
export async function nextMilestoneDay(tx: WorkspaceTx, projectIds: readonly string[]): Promise<Day | null> {
  const row = await tx.row<{ day: Day | null }>(
    `select min(m.due_on) as day from milestones m
     join projects p on p.workspace_id = m.workspace_id and p.id = m.project_id and p.status = any($3::text[])
     where m.workspace_id = $1 and m.project_id = any($2::uuid[]) and m.reached_at is null and m.kind = 'date'`,
    [tx.workspaceId, plainArray(projectIds), openStatuses],
  );
  return row!.day;
}

async function markCome(
  tx: WorkspaceTx,
  waiting: readonly Waiting[],
  used: ReadonlyMap<string, number>,
): Promise<number> {
  const come = waiting.filter(
    ({ kind, projectId, percentage, budgetSeconds }) =>
      kind === 'date' || reachesPercentage(percentage ?? '100', used.get(projectId) ?? 0, budgetSeconds),
  );
  return (
    await markReached(
      tx,
      come.map(({ id }) => id),
      'system',
      null,
    )
  ).length;
}

/** Those that nobody had marked before, at the workspace's own time, with the event and the word to whoever runs the project. */
async function markReached(
  tx: WorkspaceTx,
  ids: readonly string[],
  actor: string,
  reason: string | null,
): Promise<Milestone[]> {
  if (ids.length === 0) return [];
  const rows = await tx.rows<Milestone>(
    `update milestones set reached_at = ${sqlNow}, reached_by = $3, reach_reason = $4
     where workspace_id = $1 and id = any($2::uuid[]) and reached_at is null
     returning id, project_id, phase_id, name, kind, due_on, percentage, price, reached_at, reached_by, reach_reason`,
    [tx.workspaceId, plainArray(ids), actor, reason],
  );
  await recordEvents(
    tx,
    rows.map(({ id, projectId, name, price, reachedAt }) => ({
      type: 'milestone.reached',
      subjectType: 'milestone',
      subjectId: id,
      actor,
      permission: 'contracts.read' as const,
      payload: { projectId, name, price, reason },
      before: { reachedAt: null },
      after: { reachedAt },
    })),
  );
  await tellReached(tx, rows);
  await pullMilestones(tx, rows, actor);
  return rows;
}

async function tellReached(tx: WorkspaceTx, milestones: readonly Milestone[]): Promise<void> {
  const rows = await tx.rows<{ id: string; name: string; managerId: string | null }>(
    `select p.id, p.name, m.id as manager_id from projects p
     left join members m on m.workspace_id = p.workspace_id and m.id = p.manager_id and m.status = 'active'
     where p.workspace_id = $1 and p.id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(milestones.map(({ projectId }) => projectId))],
  );
  const projectOf = new Map(rows.map((row) => [row.id, row]));
  await notify(
    tx,
    milestones.map(({ id, projectId, name }) => {
      const project = projectOf.get(projectId);
      const managerId = project?.managerId ?? null;
      return {
        kind: 'milestone.reached',
        to: managerId === null ? { permission: 'projects.update' } : { memberIds: [managerId] },
        key: `milestone.reached:${id}`,
        subjectType: 'project',
        subjectId: projectId,
        params: { milestone: name, project: project?.name ?? '' },
      };
    }),
  );
}
