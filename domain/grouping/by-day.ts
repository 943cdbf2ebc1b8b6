/** Owns grouping by day. */
import type { GroupRule } from './group-rule.ts';

export const byDay: GroupRule = {
  key: (item) => item.workDate,
};
