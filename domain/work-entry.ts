/** Owns the words for one piece of recorded work: what a source hands over, before it is matched to our records. */

/** A local calendar day, `YYYY-MM-DD`. Never a JavaScript Date: a day has no instant (invariant 8). */
export type Day = string;
/** An instant in UTC, ISO 8601 with `Z`. */
export type Instant = string;
/** A decimal number as text, e.g. `"80.00"`. Money and hours are never floats (invariant 3). */
export type DecimalText = string;

export const entryKinds = ['labor', 'expense', 'mileage_distance', 'mileage_time', 'goods'] as const;
export type EntryKind = (typeof entryKinds)[number];

export const approvalStates = ['unsubmitted', 'submitted', 'approved', 'rejected'] as const;
export type ApprovalState = (typeof approvalStates)[number];

/** How a source names a party or a piece of work; at least one of the three is set. */
export interface SourceRef {
  externalId: string | null;
  code: string | null;
  name: string | null;
}
export interface SourcePersonRef extends SourceRef {
  email: string | null;
}

/**
 * One entry as a source states it, in our units, not yet matched to our client, project, task and person.
 * Built by a connector's `toSourceEntry` or by a file mapping; pure data, JSON-safe.
 */
export interface SourceEntry {
  /** Unique and stable within the source: re-reading the same row gives the same id. */
  externalId: string;
  kind: EntryKind;
  workDate: Day;
  /** IANA zone that `workDate` belongs to; null when the source does not say. */
  zone: string | null;
  startedAt: Instant | null;
  endedAt: Instant | null;
  /** Raw units: integer seconds (labor, mileage_time), metres (mileage_distance), cents (expense), counts (goods). */
  quantity: number;
  /** Null: nobody's, such as what a task bills by itself. */
  person: SourcePersonRef | null;
  client: SourceRef | null;
  project: SourceRef | null;
  task: SourceRef | null;
  /** Position on the rate card, when the source knows it. */
  position: string | null;
  billable: boolean;
  /** A running timer still grows and is never billed. */
  running: boolean;
  approval: ApprovalState;
  /** True when the source says that it has invoiced this itself: arrives as settled elsewhere, never billable. */
  billedElsewhere: boolean;
  notes: string | null;
  /** What the source would charge per hour: information, unless the connection's ownership card says it prices. */
  rate: DecimalText | null;
  /** What the work costs per hour, when the source knows it. */
  cost: DecimalText | null;
  currency: string | null;
  /** Of an expense, where the source knows more than what was paid. */
  receipt?: ExpenseReceipt | null;
  sourceUpdatedAt: Instant | null;
  /** Of the source, for the connection's scope filter only. */
  tags?: readonly string[];
  /** Groups or roles of the person, for the connection's scope filter only. */
  groups?: readonly string[];
  /** Ids of the same source that tell of this work better: where one of them is known, this is passed over. */
  coarserThan?: readonly string[];
  /** For the accounting platform's own dimension, where the source knows it. */
  costCentre?: string | null;
}

/** What was paid, its quantity, is net and input tax together. */
export interface ExpenseReceipt {
  /** Whose rate converts it; null: the work date. */
  on: Day | null;
  net: DecimalText;
  /** That we get back from the tax office. */
  inputTax: DecimalText;
}

/** A row that could not be read: kept whole, with the reason, never dropped (invariant 7). */
export interface UnreadableRow {
  /** Where it stood: a line number, a page and index, or a vendor id. */
  position: string;
  /** The raw content, cut to `rawLimitBytes` with `truncated` set when longer. */
  raw: string;
  truncated: boolean;
  /** Stable code, `<field>.<problem>`, e.g. `work_date.missing`, `hours.not_a_number`, `row.too_long`. */
  reason: string;
  /** One sentence for a person: what is wrong and what to do. */
  detail: string;
}
