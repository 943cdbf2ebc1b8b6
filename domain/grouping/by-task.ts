/** Owns grouping by task, which is of one project. */
import type { GroupRule } from './group-rule.ts';

export const byTask: GroupRule = {
  key: (item) => `${item.projectId ?? 'none'}/${item.taskId ?? 'none'}`,
  named: { table: 'tasks', id: (item) => item.taskId },
};
