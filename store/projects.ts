/** Owns projects: a client's pieces of work, each under at most one contract. */
import { requireWithinPrice } from '../domain/milestone.ts';
import { moveProject, type ProjectStatus } from '../domain/project.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { contracts } from './contracts.ts';
import type { WorkspaceTx } from './database.ts';
import { type NewRow, tenantTable, type Values } from './tenant-table.ts';

export interface Project {
  id: string;
  clientId: string;
  contractId: string | null;
  code: string;
  name: string;
  costCentre: string | null;
  billable: boolean;
  status: ProjectStatus;
  /** The member who runs it and decides on its tickets; null: whoever may approve tickets. */
  managerId: string | null;
  /** The team that works on it. */
  teamId: string | null;
  budgetSeconds: number | null;
  /** In the currency of its contract, without one in that of its client. */
  budgetAmount: DecimalText | null;
  /** What was agreed for the whole of it, net; its milestones never add up to more. */
  price: DecimalText | null;
  createdAt: string;
}
export type NewProject = NewRow<Project, 'clientId' | 'code' | 'name'>;

export const projects = tenantTable<Project>('projects', {
  clientId: 'plain',
  contractId: 'plain',
  code: 'plain',
  name: 'plain',
  costCentre: 'plain',
  billable: 'plain',
  status: 'plain',
  managerId: 'plain',
  teamId: 'plain',
  budgetSeconds: 'plain',
  budgetAmount: 'plain',
  price: 'plain',
  createdAt: 'plain',
});

export async function insertProject(tx: WorkspaceTx, values: NewProject): Promise<Project> {
  const project = await projects.insert(tx, values);
  await requireOwnContract(tx, project);
  await requireManager(tx, project);
  return project;
}

/** The caller holds the project's lock. */
export async function changeProject(
  tx: WorkspaceTx,
  before: Project,
  change: Values<Project>,
): Promise<Project> {
  if (change.status !== undefined) moveProject(before, change.status);
  if (change.status === 'archived' && before.status !== 'archived') await requireNothingOpen(tx, before);
  const project = found(await projects.update(tx, before.id, change), 'project');
  if (project.contractId !== before.contractId) await requireOwnContract(tx, project);
  if (project.managerId !== before.managerId) await requireManager(tx, project);
  if (project.price !== before.price)
    requireWithinPrice(project.price, await readMilestonePrices(tx, project.id), '/price');
  return project;
}

/** The caller holds the project's lock, so that they stay what they are. */
export async function readMilestonePrices(tx: WorkspaceTx, projectId: string): Promise<DecimalText[]> {
  const rows = await tx.rows<{ price: DecimalText }>(
    'select price from milestones where workspace_id = $1 and project_id = $2 and price is not null',
    [tx.workspaceId, projectId],
  );
  return rows.map(({ price }) => price);
}

/** One client's work is never billed under another's contract. */
async function requireOwnContract(tx: WorkspaceTx, project: Project): Promise<void> {
  if (project.contractId === null) return;
  const contract = await contracts.find(tx, project.contractId);
  if (contract?.clientId === project.clientId) return;
  throw invalidField(
    '/contractId',
    'project.contract_of_other_client',
    "The contract is another client's than the project.",
    'Use a contract of the same client.',
  );
}

/** Tickets wait for the manager, and budgets are told to them: a client's member, or one who left, would never answer. */
async function requireManager(tx: WorkspaceTx, { managerId }: Project): Promise<void> {
  if (managerId === null) return;
  const member = await tx.row<{ role: string; status: string }>(
    'select role, status from members where workspace_id = $1 and id = $2',
    [tx.workspaceId, managerId],
  );
  if (member && member.role !== 'client' && member.status !== 'suspended') return;
  throw invalidField(
    '/managerId',
    'project.manager_unfit',
    'The manager of a project is a member of the firm who is not suspended.',
    'Name another member, or none.',
  );
}

const countedAtMost = 1_000;

/** What is archived is out of sight: nothing may be left there that still wants to be billed. */
async function requireNothingOpen(tx: WorkspaceTx, project: Project): Promise<void> {
  const open = await tx.row<{ entries: number; items: number }>(
    `select (select count(*)::int from (
         select from entry_balance where workspace_id = $1 and project_id = $2 and claimed <> quantity limit $3) e) as entries,
       (select count(*)::int from (
         select from item_balance b
         cross join lateral (select from billable_items i
           where i.workspace_id = $1 and i.id = b.item_id and i.project_id = $2 and i.withdrawn_at is null offset 0) i
         where b.workspace_id = $1 and b.allocated <> b.quantity limit $3) n) as items`,
    [tx.workspaceId, project.id, countedAtMost],
  );
  if (!open || (open.entries === 0 && open.items === 0)) return;
  throw new Refusal({
    code: 'project.has_open_work',
    message: `Project ${project.code} has work that is not billed: ${atMost(open.entries)} entries and ${atMost(open.items)} priced items.`,
    whatToDo: 'Bill it or write it off, then archive the project.',
    details: open,
  });
}

const atMost = (count: number) => (count >= countedAtMost ? `${countedAtMost} or more` : String(count));
