/** Owns how the two passes of rules see what is compiled: candidates before their price, parts with it. */
import { canBeOvertime } from '../domain/overtime/split-overtime.ts';
import type { ContractEntry, PricedEntry } from '../domain/validation/rule.ts';
import type { CompileContext } from './compile-context.ts';
import type { Candidate } from './open-entries.ts';
import type { PricedPart } from './price-parts.ts';

/** As the contract pass looks at it. */
export function toEntry(candidate: Candidate): ContractEntry {
  const { position, personPosition, open } = candidate;
  return { ...candidate, position: position ?? personPosition, quantity: open, running: false };
}

/** As the priced pass looks at them. */
export function toPricedEntries(context: CompileContext, parts: readonly PricedPart[]): PricedEntry[] {
  const splits = overtimeSplits(context, parts);
  return parts.map(({ candidate, quantity, priced, included, isOvertime }) => ({
    ...toEntry(candidate),
    costRate: priced.costPrice,
    receiptOn: candidate.receipt?.on ?? null,
    sourceRate: isOvertime || candidate.ownPrice !== null ? null : candidate.rate,
    quantity,
    priced,
    included,
    overtimeSplit: isSplit(candidate) ? (splits?.get(dayOf(candidate)) ?? null) : null,
  }));
}

/** Labor of a ticket that is billed whole. */
const isSplit = ({ ticketOvertimeSeconds, corrects }: Candidate) =>
  ticketOvertimeSeconds !== null && !corrects;
const dayOf = ({ personId, workDate }: Candidate) => `${personId}|${workDate}`;

/**
 * By person and day the overtime of tickets beside the contract's, of the same hours: which of its lines is the overtime is not
 * for a ticket to say. Null where the contract splits nothing.
 */
function overtimeSplits(
  { overtime }: CompileContext,
  parts: readonly PricedPart[],
): Map<string, { ticketSeconds: number; contractSeconds: number }> | null {
  if (overtime === null) return null;
  const splits = new Map<string, { ticketSeconds: number; contractSeconds: number }>();
  const counted = new Set<string>();
  for (const { candidate, quantity, isOvertime } of parts) {
    const { entryId, ticketOvertimeSeconds, workDate } = candidate;
    if (!isSplit(candidate) || !canBeOvertime(overtime.clauseOn(workDate))) continue;
    const key = dayOf(candidate);
    const split = splits.get(key) ?? { ticketSeconds: 0, contractSeconds: 0 };
    // Its own split is of the whole entry, which may be here in two parts.
    if (!counted.has(entryId)) split.ticketSeconds += ticketOvertimeSeconds!;
    counted.add(entryId);
    if (isOvertime) split.contractSeconds += quantity;
    splits.set(key, split);
  }
  return splits;
}
