/** Owns grouping by nothing: everything on one. */
import type { GroupRule } from './group-rule.ts';

export const byOneLine: GroupRule = {
  key: () => 'all',
};
