/** Owns what a compile makes of entries before it claims any: what the rules hold back, and the price of the rest. */
import { termsAt } from '../domain/contract-terms.ts';
import { isZero } from '../domain/money.ts';
import { roundDays } from '../domain/pricing/round-days.ts';
import { type CompileContext, learnPricesOf } from './compile-context.ts';
import { findInContract, findInPrices } from './contract-checks.ts';
import type { WorkspaceTx } from './database.ts';
import { toEntry, toPricedEntries } from './entries-under-check.ts';
import type { RaisedFinding } from './exceptions.ts';
import type { Candidate } from './open-entries.ts';
import { readHours } from './overtime.ts';
import { type PricedPart, pricePart, toParts, unitOf } from './price-parts.ts';

/** Reads only, so that whoever wants to know what a run would bill asks the same as the run. */
export async function priceCandidates(
  tx: WorkspaceTx,
  context: CompileContext,
  candidates: Candidate[],
): Promise<{ items: PricedPart[]; findings: RaisedFinding[] }> {
  const { contract } = context;
  await learnPricesOf(tx, context, candidates);
  const hours = await readHours(tx, context, candidates);
  const findings = await findInContract(tx, context.checks, candidates.map(toEntry), hours);
  const blocked = new Set(findings.map((finding) => finding.subjectId!));
  const billable = candidates.filter((candidate) => !blocked.has(candidate.entryId));
  const parts = toParts(context, billable, hours, blocked);
  const shown = roundDays(
    parts.map(({ candidate, quantity }) => ({
      kind: candidate.kind,
      workDate: candidate.workDate,
      projectId: candidate.projectId,
      personId: candidate.personId,
      quantity,
      entryId: candidate.entryId,
      taskId: candidate.taskId,
      timeRounding: termsAt(context.timeline, candidate.workDate).timeRounding,
      rawPerUnit: unitOf(context, candidate),
    })),
    contract.rounding,
  );
  const priced: PricedPart[] = [];
  for (const [index, part] of parts.entries()) {
    const item = pricePart(context, part, shown[index]!);
    // Too small to show on a line: claimed it would be lost, so it stays open, to be seen and to be billed with more.
    if (isZero(item.priced.quantity)) continue;
    priced.push(item);
  }
  const ofPrices = await findInPrices(tx, context.checks, toPricedEntries(context, priced));
  const heldBack = new Set(
    ofPrices.filter((finding) => !finding.tellsOnly).map((finding) => finding.subjectId),
  );
  return {
    items: priced.filter((item) => !heldBack.has(item.candidate.entryId)),
    findings: [...findings, ...ofPrices],
  };
}
