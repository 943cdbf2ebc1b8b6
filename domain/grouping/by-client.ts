/** Owns grouping by client. */
import type { GroupRule } from './group-rule.ts';

export const byClient: GroupRule = {
  key: (item) => item.clientId,
};
