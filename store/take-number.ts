/** Owns taking the next number of a series for one document, under the series' lock: without a gap, dates never backwards. */
import { laterDay } from '../domain/day.ts';
import { counterStart, formatNumber, type NumberParts, type SeriesReset } from '../domain/numbering.ts';
import type { Day } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';

export interface TakenNumber {
  number: string;
  sequence: number;
  /** `today`, or the series' last date where that is later. */
  issueDate: Day;
}

/**
 * The lock is held until the transaction ends, so it is taken last: everybody who numbers a document of the series waits.
 * A transaction that rolls back gives the number back.
 */
export async function takeNumber(
  tx: WorkspaceTx,
  seriesId: string,
  today: Day,
  codes: Pick<NumberParts, 'clientCode' | 'contractorCode'> = {},
): Promise<TakenNumber> {
  const series = await tx.row<{
    pattern: string;
    prefix: string;
    reset: SeriesReset;
    nextNumber: number;
    counterBase: number;
    counterPeriod: string | null;
    lastIssueDate: Day | null;
  }>(
    `select pattern, prefix, reset, next_number, counter_base, counter_period, last_issue_date
     from series where workspace_id = $1 and id = $2 for no key update`,
    [tx.workspaceId, seriesId],
  );
  if (!series) throw new Error(`series ${seriesId} does not exist`);
  const { pattern, prefix, reset, nextNumber: sequence, lastIssueDate } = series;
  const issueDate = lastIssueDate === null ? today : laterDay(today, lastIssueDate);
  const start = counterStart(series, reset, sequence, issueDate);
  await tx.run(
    `update series set next_number = $3, last_issue_date = $4, counter_base = $5, counter_period = $6
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, seriesId, sequence + 1, issueDate, start.counterBase, start.counterPeriod],
  );
  const parts = { ...codes, prefix, issueDate, sequence: sequence - start.counterBase };
  return { number: formatNumber(pattern, parts), sequence, issueDate };
}
