/** Owns compiling: open, approved entries of a contract become priced billable items and claims, in one transaction a chunk. */
import { sumOf } from '../domain/money.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import type { CompileContext } from './compile-context.ts';
import { lockContract } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFutureDates, raiseFindings } from './exceptions.ts';
import { compileMilestones } from './milestone-items.ts';
import { type CompileCursor, later, lockPage, readCandidates, wholeDays } from './open-entries.ts';
import { priceCandidates } from './price-candidates.ts';
import { compileRetainerFees, hasRetainerFee } from './retainer-fees.ts';
import { writeItems } from './write-items.ts';

export interface CompiledChunk {
  items: number;
  amount: DecimalText;
  seconds: number;
  exceptions: number;
  /** Null when the contract has no more candidates. */
  cursor: CompileCursor | null;
}

/**
 * Compiles at most `limit` entries after the cursor. Candidates are read under the ordered lock of their balances, so two
 * compiles at once claim each entry once; the second simply finds nothing left.
 */
export async function compileChunk(
  tx: WorkspaceTx,
  context: CompileContext,
  cursor: CompileCursor | null,
  limit: number,
): Promise<CompiledChunk> {
  const { contract } = context;
  // Hours split by what was billed of the week, and caps fill up: another compile of it is waited for.
  if (context.overtime !== null || context.checks.hasLimits || hasRetainerFee(context.timeline))
    await lockContract(tx, contract.id);
  if (cursor === null) {
    await closeFutureDates(tx, contract.zone);
    await compileMilestones(tx, contract, context.timeline, context);
    await compileRetainerFees(tx, contract, context.timeline, context);
  }
  const locked = await lockPage(tx, context, cursor, limit);
  const page = locked.length === limit ? wholeDays(locked) : locked;
  const next = locked.length === limit ? page.reduce(later) : null;
  const candidates = page.length === 0 ? [] : await readCandidates(tx, context, page);
  const { items, findings } = await priceCandidates(tx, context, candidates);
  const exceptions = await raiseFindings(tx, findings);
  await writeItems(tx, context, items);
  const amount = sumOf(items.map((item) => item.priced.amount)).toFixed();
  const seconds = items.reduce(
    (sum, { candidate, quantity }) => sum + (candidate.kind === 'labor' ? quantity : 0),
    0,
  );
  return { items: items.length, amount, seconds, exceptions, cursor: next };
}
