/** Owns the list of grouping modes, and how several of them together make one key. */
import { byClient } from './by-client.ts';
import { byDay } from './by-day.ts';
import { byEntry } from './by-entry.ts';
import { byMonth } from './by-month.ts';
import { byOneLine } from './by-one-line.ts';
import { byPerson } from './by-person.ts';
import { byPhase } from './by-phase.ts';
import { byPosition } from './by-position.ts';
import { byProject } from './by-project.ts';
import { byTask } from './by-task.ts';
import { byWeek } from './by-week.ts';
import type { GroupableItem, GroupRule } from './group-rule.ts';

export const groupingModes = [
  'client',
  'project',
  'task',
  'person',
  'phase',
  'position',
  'day',
  'week',
  'month',
  'entry',
  'one_line',
] as const;
export type GroupingMode = (typeof groupingModes)[number];

export const groupRules: Readonly<Record<GroupingMode, GroupRule>> = {
  client: byClient,
  project: byProject,
  task: byTask,
  person: byPerson,
  phase: byPhase,
  position: byPosition,
  day: byDay,
  week: byWeek,
  month: byMonth,
  entry: byEntry,
  one_line: byOneLine,
};

/** One mode, or several that must all agree: `['person', 'month']` is a line for each person and month. */
export type Modes = GroupingMode | GroupingMode[];
/** More than these cut nothing finer. */
export const mostModes = 4;

/** How the items of a contract are split into invoices, and those of an invoice into lines. */
export interface Grouping {
  invoice: Modes;
  line: Modes;
}

export const modesOf = (modes: Modes): readonly GroupingMode[] =>
  typeof modes === 'string' ? [modes] : modes;

/** The key by all the modes. */
export function keyBy(modes: Modes): (item: GroupableItem) => string {
  const [first, ...others] = modesOf(modes).map((mode) => groupRules[mode].key);
  if (others.length === 0) return first!;
  return (item) => [first!, ...others].map((key) => key(item)).join('+');
}
