/** Owns grouping by phase, which is of one project. */
import type { GroupRule } from './group-rule.ts';

export const byPhase: GroupRule = {
  key: (item) => `${item.projectId ?? 'none'}/${item.phaseId ?? 'none'}`,
  named: { table: 'phases', id: (item) => item.phaseId },
};
