/** Owns keeping an embedded server running: one that ends by itself is started again, so many times and no more. */
import type { Logger } from 'pino';
import { startLoop } from './loop.ts';
import { isAlive } from './process-identity.ts';

/** A server as its start answers it: an adopted one is no child of ours, so its process is looked at. */
export interface EmbeddedServer {
  pid: number;
  stop(): Promise<void>;
}
export interface KeepOptions {
  /** As in "PostgreSQL ended by itself". */
  name: string;
  server: EmbeddedServer;
  /** Starts it again at the same address, which everybody has; rejects where it does not come up. */
  restart: () => Promise<EmbeddedServer>;
  logger: Logger;
  /** Told once, when it ended too often; nobody starts it any more. */
  onLost: (error: Error) => void;
}
export interface KeptServer {
  /** Ends the keeping, and then the server that runs by now. */
  stop(): Promise<void>;
}

const checkMs = 250;
/** What ends more often than this has a cause that another start does not mend. */
const maxStarts = 5;
const withinMs = 600_000;

export function keepServer({ name, server, restart, logger, onLost }: KeepOptions): KeptServer {
  let current = server;
  let lost = false;
  let starts: number[] = [];
  const loop = startLoop({
    name: `keep ${name}`,
    logger,
    idleMs: checkMs,
    maxIdleMs: checkMs,
    step: async () => {
      if (lost || isAlive(current.pid)) return 'idle';
      const now = Date.now();
      starts = starts.filter((at) => at > now - withinMs);
      if (starts.length >= maxStarts) {
        lost = true;
        onLost(
          new Error(
            `${name} ended by itself, and was started again ${maxStarts} times within ${withinMs / 60_000} minutes: see its log for why`,
          ),
        );
        return 'idle';
      }
      starts.push(now);
      logger.error({ pid: current.pid }, `${name} ended by itself: starting it again`);
      current = await restart();
      logger.warn({ pid: current.pid, tookMs: Date.now() - now }, `${name} runs again`);
      return 'idle';
    },
  });
  return {
    stop: async () => {
      await loop.stop();
      await current.stop();
    },
  };
}
