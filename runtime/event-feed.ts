/** Owns telling event readers of this process when there is more to read. */
import { setMaxListeners } from 'node:events';
import type { Poke } from './poke.ts';

export interface EventFeed {
  /** Changes whenever events were numbered. Note it before reading, and give it to `wait`. */
  version(): number;
  /**
   * Resolves when events were numbered (at once if that happened since `seen`), after at most a second, or when
   * `signal` aborts. It never rejects; the reader reads, and finds something or nothing.
   */
  wait(signal: AbortSignal, seen?: number): Promise<void>;
  stop(): void;
}

const pollMs = 1_000;

/** Rides on the poke's one LISTEN connection, however many readers wait. */
export function startEventFeed(poke: Poke): EventFeed {
  let version = 0;
  const waiters = new Set<() => void>();
  const wakeAll = () => {
    version += 1;
    for (const wake of [...waiters]) wake();
  };
  const off = poke.on('numbered', wakeAll);
  return {
    version: () => version,
    wait: (signal, seen = version) => {
      if (signal.aborted || seen !== version) return Promise.resolve();
      // A reader waits on the same signal again and again.
      setMaxListeners(0, signal);
      return new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          waiters.delete(end);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, pollMs);
        waiters.add(end);
        signal.addEventListener('abort', end);
      });
    },
    stop: () => {
      off();
      wakeAll();
    },
  };
}
