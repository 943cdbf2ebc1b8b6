/** Owns tasks: what the work of a project is recorded against. */
import type { DecimalText } from '../domain/work-entry.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export const taskStatuses = ['draft', 'open', 'done'] as const;

export interface Task {
  id: string;
  projectId: string;
  name: string;
  status: (typeof taskStatuses)[number];
  billable: boolean;
  unit: string | null;
  unitPrice: DecimalText | null;
}
export type NewTask = NewRow<Task, 'projectId' | 'name'>;

export const tasks = tenantTable<Task>('tasks', {
  projectId: 'plain',
  name: 'plain',
  status: 'plain',
  billable: 'plain',
  unit: 'plain',
  unitPrice: 'plain',
});
