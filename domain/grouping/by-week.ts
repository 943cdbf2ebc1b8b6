/** Owns grouping by ISO week. */
import { isoWeek } from '../day.ts';
import type { GroupRule } from './group-rule.ts';

export const byWeek: GroupRule = {
  key: (item) => isoWeek(item.workDate),
  words: (item) => isoWeek(item.workDate),
};
