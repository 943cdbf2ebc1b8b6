/** Owns projects: a client's pieces of work, each under at most one contract. */
import type { DecimalText } from '../domain/work-entry.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

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
  budgetSeconds: 'plain',
  budgetAmount: 'plain',
  createdAt: 'plain',
});
