/** Owns the loop that every subject's workflow is: look, do, wait; it ends only when nobody signalled since its last look. */
import { condition, continueAsNew, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';

export const lookSignal = defineSignal('look');

export interface SubjectInput {
  workspaceId: string;
  subjectId: string;
  /** Milliseconds by name, and `roundsPerRun`; inputs, so that changing one breaks no running history. */
  durations: Record<string, number>;
}

/** What a step answers: look again at once, sleep until a signal (or `waitMs`), or the subject is at its end. */
export type Outcome = 'again' | 'end' | { waitMs: number | null };

/** A history stays well below Temporal's limits even when the server suggests nothing. */
const roundsPerRun = 500;

/**
 * `round` looks once and does what the look said. A signal that arrives during a round is not lost: the flag is cleared
 * before the look, so the next round sees what it was about. The workflow returns, or continues as new, only when clean.
 */
export async function lookLoop(input: SubjectInput, round: () => Promise<Outcome>): Promise<void> {
  let dirty = true;
  setHandler(lookSignal, () => {
    dirty = true;
  });
  const mostRounds = input.durations.roundsPerRun ?? roundsPerRun;
  for (let rounds = 1; ; rounds += 1) {
    dirty = false;
    const outcome = await round();
    if (outcome === 'end') {
      if (dirty) continue;
      return;
    }
    // The next run looks first, so whatever was signalled until here is seen there.
    if (workflowInfo().continueAsNewSuggested || rounds >= mostRounds) {
      await continueAsNew<(next: SubjectInput) => Promise<void>>(input);
    }
    if (outcome === 'again' || dirty) continue;
    if (outcome.waitMs === null) await condition(() => dirty);
    else await condition(() => dirty, Math.max(1, outcome.waitMs));
  }
}
