/** Owns the shape of every background loop: a step repeated until told to stop, with idle and error back-off. */
import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';

/** What a step found: more work at once, nothing to do, or nothing before some milliseconds have passed. */
export type Next = 'again' | 'idle' | { afterMs: number };

export interface Loop {
  /** Runs a step now, or right after the one that is running. */
  wake(): void;
  /** Lets the running step end, then ends the loop. Safe to call twice. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  /** Names the loop in the log. */
  name: string;
  /** One bounded piece of work; it may reject. `signal` says that the loop is to stop. */
  step: (signal: AbortSignal) => Promise<Next>;
  logger: Logger;
  /** The first wait when idle; it doubles up to `maxIdleMs`, the longest that a missed wake-up can cost. */
  idleMs?: number;
  maxIdleMs?: number;
  /** The least time between two steps that did not ask for more: gathers a burst of wake-ups into one step. */
  paceMs?: number;
  /** Between the wake-up that ends a pause and its step: what follows within goes with it, where nobody waits for the first. */
  gatherMs?: number;
  /** The longest wait after an error. */
  maxErrorMs?: number;
}

/** A wait after the n-th failure in a row: from 100 ms, doubling up to `maxMs`, with half of it by chance. */
export function backoffMs(failures: number, maxMs: number): number {
  const full = Math.min(maxMs, 100 * 2 ** Math.min(failures - 1, 20));
  return full / 2 + (Math.random() * full) / 2;
}

/** Starts the loop. An error is logged when it begins and when it ends, not on every attempt. */
export function startLoop(options: LoopOptions): Loop {
  const {
    name,
    step,
    logger,
    idleMs = 100,
    maxIdleMs = 1_000,
    paceMs = 0,
    gatherMs = 0,
    maxErrorMs = 5_000,
  } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  // Steps may hang many calls in flight on this one signal.
  setMaxListeners(0, signal);
  let woken = false;
  let endPause: (() => void) | undefined;

  const pause = async (ms: number, wakeable: boolean) => {
    if (ms <= 0 || signal.aborted || (wakeable && woken)) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        endPause = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
      if (wakeable) endPause = end;
    });
  };

  const run = async () => {
    let idles = 0;
    let failures = 0;
    while (!signal.aborted) {
      woken = false;
      try {
        const next = await step(signal);
        if (failures > 0) logger.info({ loop: name, failures }, `${name} works again`);
        failures = 0;
        if (next === 'again') {
          idles = 0;
          continue;
        }
        await pause(paceMs, false);
        await pause(next === 'idle' ? Math.min(maxIdleMs, idleMs * 2 ** idles) : next.afterMs, true);
        if (woken) await pause(gatherMs, false);
        idles = woken ? 0 : Math.min(idles + 1, 20);
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        if (failures === 1)
          logger.warn({ loop: name, err: error }, `${name} failed, and will be tried again`);
        await pause(backoffMs(failures, maxErrorMs), false);
      }
    }
  };
  const running = run();

  return {
    wake: () => {
      woken = true;
      endPause?.();
    },
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}
