/** Owns telling Temporal that an activity's process lives, so that a killed one is noticed within seconds. */
import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';

const beatMs = 1_000;

/**
 * Every activity beats while it runs, so none has to think of it: without, the next process would wait for the whole
 * start-to-close time of what a killed one left behind. How long an activity may take is bounded by that time alone.
 */
export function beatWhileRunning(context: Context): ActivityInterceptors {
  return {
    inbound: {
      execute: async (input, next) => {
        if (context.info.isLocal) return next(input);
        const beating = setInterval(() => context.heartbeat(), beatMs);
        try {
          return await next(input);
        } finally {
          clearInterval(beating);
        }
      },
    },
  };
}
