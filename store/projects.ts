/** Owns projects: a client's pieces of work, each under at most one contract. */
import { found, invalidField } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { contracts } from './contracts.ts';
import type { WorkspaceTx } from './database.ts';
import { type NewRow, tenantTable, type Values } from './tenant-table.ts';

export const projectStatuses = ['planned', 'active', 'ready_for_billing', 'completed', 'archived'] as const;

export interface Project {
  id: string;
  clientId: string;
  contractId: string | null;
  code: string;
  name: string;
  costCentre: string | null;
  billable: boolean;
  status: (typeof projectStatuses)[number];
  /** The member who runs it and decides on its tickets; null: whoever may approve tickets. */
  managerId: string | null;
  budgetSeconds: number | null;
  budgetAmount: DecimalText | null;
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
  budgetSeconds: 'plain',
  budgetAmount: 'plain',
  createdAt: 'plain',
});

export async function insertProject(tx: WorkspaceTx, values: NewProject): Promise<Project> {
  const project = await projects.insert(tx, values);
  await requireOwnContract(tx, project);
  return project;
}

/** The caller holds the project's lock. */
export async function changeProject(
  tx: WorkspaceTx,
  before: Project,
  change: Values<Project>,
): Promise<Project> {
  const project = found(await projects.update(tx, before.id, change), 'project');
  await requireOwnContract(tx, project);
  return project;
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
