/** Owns phases: the parts of a project in time. */
import type { Day } from '../domain/work-entry.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

/** The work of a completed phase is done, and billed to the last; work of a closed one is not billed as such: see the rules. */
export const phaseStatuses = ['open', 'completed', 'closed'] as const;

export interface Phase {
  id: string;
  projectId: string;
  name: string;
  status: (typeof phaseStatuses)[number];
  startsOn: Day | null;
  /** First day that is no longer of it. */
  endsBefore: Day | null;
}
export type NewPhase = NewRow<Phase, 'projectId' | 'name'>;

export const phases = tenantTable<Phase>('phases', {
  projectId: 'plain',
  name: 'plain',
  status: 'plain',
  startsOn: 'plain',
  endsBefore: 'plain',
});
