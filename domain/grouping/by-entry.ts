/** Owns grouping by entry: each item by itself. */
import type { GroupRule } from './group-rule.ts';

export const byEntry: GroupRule = {
  key: (item) => item.id,
};
