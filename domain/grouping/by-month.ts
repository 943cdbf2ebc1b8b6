/** Owns grouping by month. */
import type { GroupRule } from './group-rule.ts';

export const byMonth: GroupRule = {
  key: (item) => item.workDate.slice(0, 7),
  words: (item) => item.workDate.slice(0, 7),
};
