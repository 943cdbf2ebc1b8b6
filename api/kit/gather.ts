/** Owns writing what many requests bring at the same time in one transaction, while each still waits for its commit. */

export interface Gathering<Item, Outcome> {
  /** One transaction; answers the outcome of each item, in their order. */
  write: (group: string, items: readonly Item[]) => Promise<readonly Outcome[]>;
  mostAtOnce: number;
  /** Beyond so many waiting items of a group, `tooMany` is thrown. */
  mostWaiting: number;
  tooMany: () => Error;
}
interface Waiting<Item, Outcome> {
  item: Item;
  settle: PromiseWithResolvers<Outcome>;
}

/**
 * The first item of a group is written at once; what comes while that commits is written together after it. So a quiet hub
 * adds no wait, and a busy one commits once for hundreds.
 */
export function createGatherer<Item, Outcome>(
  options: Gathering<Item, Outcome>,
): (group: string, item: Item) => Promise<Outcome> {
  const groups = new Map<string, Waiting<Item, Outcome>[]>();

  const run = async (group: string, waiting: Waiting<Item, Outcome>[]) => {
    while (waiting.length > 0) await writeTogether(group, waiting.splice(0, options.mostAtOnce));
    groups.delete(group);
  };

  const writeTogether = async (group: string, taken: readonly Waiting<Item, Outcome>[]): Promise<void> => {
    try {
      const outcomes = await options.write(
        group,
        taken.map(({ item }) => item),
      );
      taken.forEach(({ settle }, index) => {
        settle.resolve(outcomes[index]!);
      });
    } catch (error) {
      // One that cannot be written must not take the others with it.
      if (taken.length > 1) for (const one of taken) await writeTogether(group, [one]);
      else taken[0]?.settle.reject(error);
    }
  };

  return (group, item) => {
    const running = groups.get(group);
    if (running && running.length >= options.mostWaiting) return Promise.reject(options.tooMany());
    const settle = Promise.withResolvers<Outcome>();
    const waiting = running ?? [];
    waiting.push({ item, settle });
    if (!running) {
      groups.set(group, waiting);
      void run(group, waiting);
    }
    return settle.promise;
  };
}
