/** Owns the grouping modes: what makes two items fall on one invoice or one line. One small function a mode. */
import { isoWeek } from '../day.ts';
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

export const groupingModes = [
  'client',
  'project',
  'task',
  'person',
  'phase',
  'position',
  'day',
  'week',
  'month',
  'entry',
  'one_line',
] as const;
export type GroupingMode = (typeof groupingModes)[number];

export const groupKey: Record<GroupingMode, (item: GroupableItem) => string> = {
  client: (item) => item.clientId,
  project: (item) => item.projectId ?? 'none',
  task: (item) => `${item.projectId ?? 'none'}/${item.taskId ?? 'none'}`,
  person: (item) => item.personId ?? 'none',
  phase: (item) => `${item.projectId ?? 'none'}/${item.phaseId ?? 'none'}`,
  position: (item) => item.position ?? 'none',
  day: (item) => item.workDate,
  week: (item) => isoWeek(item.workDate),
  month: (item) => item.workDate.slice(0, 7),
  entry: (item) => item.id,
  one_line: () => 'all',
};
