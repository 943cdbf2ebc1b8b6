/** Owns marking many entries as billed where a vendor takes one at a time, or all of them or none. */
import type { BilledMarks } from './define.ts';
import { InvalidRequest } from './errors.ts';

type Outcome = Awaited<ReturnType<BilledMarks['mark']>>;

/** `mark` answers why not, or null once it is done. */
export async function markEach(
  externalIds: readonly string[],
  mark: (externalId: string) => Promise<string | null>,
): Promise<Outcome> {
  const outcome: Outcome = { done: [], refused: [] };
  for (const externalId of externalIds) {
    const reason = await mark(externalId);
    if (reason === null) outcome.done.push(externalId);
    else outcome.refused.push({ externalId, reason });
  }
  return outcome;
}

/** Where one that is refused stops all: half by half those are found. `mark` throws InvalidRequest for a refusal. */
export async function markByHalves(
  externalIds: readonly string[],
  mark: (externalIds: readonly string[]) => Promise<unknown>,
): Promise<Outcome> {
  try {
    await mark(externalIds);
    return { done: [...externalIds], refused: [] };
  } catch (problem) {
    if (!(problem instanceof InvalidRequest)) throw problem;
    if (externalIds.length === 1)
      return { done: [], refused: [{ externalId: externalIds[0]!, reason: problem.message }] };
    const middle = Math.ceil(externalIds.length / 2);
    const one = await markByHalves(externalIds.slice(0, middle), mark);
    const other = await markByHalves(externalIds.slice(middle), mark);
    return { done: [...one.done, ...other.done], refused: [...one.refused, ...other.refused] };
  }
}
