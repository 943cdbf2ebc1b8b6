/** Owns the tiny workflows that hold workflows/look-loop.ts to its promises; they look at a number that many writers move. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import { lookLoop, type SubjectInput } from '../../workflows/look-loop.ts';

export interface LookActivities {
  /** Reads the subject, slowly; answers whether something was new. */
  lookAt(subjectId: string): Promise<boolean>;
}
const options = { startToCloseTimeout: '20s' } as const;
const local = proxyLocalActivities<LookActivities>(options);
const remote = proxyActivities<LookActivities>(options);

/** Signals reach a workflow in the middle of a remote look, and after a local one: two different races. */
function lookAt({ subjectId, durations }: SubjectInput): Promise<boolean> {
  return (durations.remote === 1 ? remote : local).lookAt(subjectId);
}

/** Waits for signals only: no timer would mend a lost one. */
export async function waiting(input: SubjectInput): Promise<void> {
  await lookLoop(input, async () => ((await lookAt(input)) ? 'again' : { waitMs: null }));
}

/** Ends whenever nothing is new: the next signal starts it again. */
export async function ending(input: SubjectInput): Promise<void> {
  await lookLoop(input, async () => ((await lookAt(input)) ? 'again' : 'end'));
}

/** Uses its rounds up between two looks, so that it continues as new again and again while it is signalled. */
export async function continuing(input: SubjectInput): Promise<void> {
  let round = 0;
  await lookLoop(input, async () => {
    round += 1;
    if (round % (input.durations.roundsPerLook ?? 1) !== 1) return 'again';
    await lookAt(input);
    // Waits every second time, and goes on at once otherwise.
    return round % 2 === 0 ? 'again' : { waitMs: input.durations.waitMs ?? null };
  });
}
