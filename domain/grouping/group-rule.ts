/** Owns the shape of a grouping mode: what makes two items fall together, and what a line that gathers them says. */
import type { Day } from '../work-entry.ts';

export interface GroupableItem {
  id: string;
  clientId: string;
  projectId: string | null;
  taskId: string | null;
  personId: string | null;
  phaseId: string | null;
  position: string | null;
  workDate: Day;
}

/** What has a name to look up. */
export type Named = 'people' | 'tasks' | 'phases';

export interface GroupRule {
  /** Items with one key fall together. */
  key: (item: GroupableItem) => string;
  /** Whose name a line says, beside its project and its days. */
  named?: { table: Named; id: (item: GroupableItem) => string | null };
  /** What it says besides, where that is no name to look up. */
  words?: (item: GroupableItem) => string | null;
}
