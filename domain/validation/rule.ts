/** Owns the shape of a validation rule; the rules themselves are one file each, listed in `entry-rules.ts`. */
import type { Day, EntryKind } from '../work-entry.ts';

/** E blocks the entry; W blocks it until a person releases it with a reason. */
export type Severity = 'E' | 'W';

/** What the entry pass looks at: the version under check and what surrounds it. */
export interface EntryUnderCheck {
  kind: EntryKind;
  workDate: Day;
  quantity: number;
  running: boolean;
}
export interface EntryContext {
  /** Today in the workspace's (or contract's) zone; work dated later is in the future. */
  today: Day;
}
export interface ContractContext {
  startsOn: Day;
  endsBefore: Day | null;
  goLiveOn: Day;
  projectBillable: boolean;
}

export interface Rule<Subject, Context> {
  code: string;
  severity: Severity;
  /** One sentence for a person, saying what to do. */
  whatToDo: string;
  /** Null: nothing wrong. Otherwise the numbers that show it. Pure. */
  check(subject: Subject, context: Context): Record<string, string | number> | null;
}
