/** Owns grouping by position. */
import type { GroupRule } from './group-rule.ts';

export const byPosition: GroupRule = {
  key: (item) => item.position ?? 'none',
  words: (item) => item.position,
};
