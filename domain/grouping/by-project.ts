/** Owns grouping by project. */
import type { GroupRule } from './group-rule.ts';

export const byProject: GroupRule = {
  key: (item) => item.projectId ?? 'none',
};
