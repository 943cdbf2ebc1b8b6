/** Owns grouping by person. */
import type { GroupRule } from './group-rule.ts';

export const byPerson: GroupRule = {
  key: (item) => item.personId ?? 'none',
  named: { table: 'people', id: (item) => item.personId },
};
