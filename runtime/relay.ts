/** Owns carrying outbox rows to Temporal: at most one unanswered look per subject, interactive beside bulk. */
import type { Logger } from 'pino';
import type { Database } from '../store/database.ts';
import {
  type ClaimedSubject,
  claimSubjects,
  isOutboxEmpty,
  type Lane,
  lanes,
  releaseSubjects,
} from '../store/outbox.ts';
import { type SearchValues, withSearchValues } from '../store/search-values.ts';
import { backoffMs, type Next, startLoop } from './loop.ts';
import type { Poke } from './poke.ts';
import { type SignalLook, TemporalUnavailable } from './temporal-signals.ts';
import { createTokenBucket } from './token-bucket.ts';

export interface LaneLimits {
  /** Calls to Temporal at the same time. */
  concurrency: number;
  /** Signals a second, over time and at once. */
  perSecond: number;
  burst: number;
}

/** Temporal does about 50 one-activity workflows a second on 2 cores: bulk takes less than half of that. */
export const defaultLanes: Record<Lane, LaneLimits> = {
  interactive: { concurrency: 16, perSecond: Number.POSITIVE_INFINITY, burst: 16 },
  bulk: { concurrency: 4, perSecond: 20, burst: 20 },
};

export interface RelayOptions {
  database: Database;
  signalLook: SignalLook;
  poke: Poke;
  logger: Logger;
  lanes?: Partial<Record<Lane, LaneLimits>>;
  resignalAfterMs?: number;
}

const answeredMs = 30;
/** Bulk may wait for so long, and goes together. */
const bulkGatherMs = 50;

type SearchableSubject = ClaimedSubject & { search: SearchValues };

export interface Relay {
  /** No row waits in the outbox and no call is under way. */
  idle(): Promise<boolean>;
  stop(): Promise<void>;
}

/**
 * Starts one loop per lane, so that bulk never stands before interactive. Any number of processes may run a relay. A
 * row stays until the look that it caused deletes it; a crash anywhere only means a second look.
 */
export function startRelay(options: RelayOptions): Relay {
  const outage = watchOutage(options.logger, () => wakeAll());
  const running = lanes.map((lane) => startLane(lane, options, outage));
  const wakeAll = () => {
    for (const lane of running) lane.wake();
  };
  // Hardly ever does a row wait behind the answered ones, and then nobody has waited for it for long: one claim for several answers.
  let soon: NodeJS.Timeout | undefined;
  const wakeSoon = () => {
    soon ??= setTimeout(() => {
      soon = undefined;
      wakeAll();
    }, answeredMs);
  };
  const offs = [options.poke.on('outbox', wakeAll), options.poke.on('answered', wakeSoon)];
  return {
    idle: async () =>
      running.every((lane) => lane.inFlight() === 0) && (await options.database.inSystem(isOutboxEmpty)),
    stop: async () => {
      for (const off of offs) off();
      clearTimeout(soon);
      await Promise.all(running.map((lane) => lane.stop()));
    },
  };
}

// In-flight calls get this long to end by themselves before they are cut off.
const stopGraceMs = 1_000;

function startLane(lane: Lane, options: RelayOptions, outage: Outage) {
  const { database, signalLook, logger, resignalAfterMs = 5_000 } = options;
  const limits = options.lanes?.[lane] ?? defaultLanes[lane];
  const bucket = createTokenBucket(limits);
  const cutOff = new AbortController();
  const inFlight = new Set<Promise<void>>();

  let crowded = false;
  // While Temporal does not answer, each attempt is made with other subjects: where only some fail (one shard of a
  // cluster), they must not stand before the rest.
  let afterId = '0';

  const step = async (): Promise<Next> => {
    if (outage.waitMs() > 0) return { afterMs: outage.waitMs() };
    if (!outage.suspected()) afterId = '0';
    const free = limits.concurrency - inFlight.size;
    // Claims for several at once; the end of a call wakes this loop.
    crowded = free < limits.concurrency / 2;
    if (crowded) return { afterMs: 1_000 };
    const allowed = bucket.take(free);
    if (allowed === 0) return { afterMs: bucket.waitMs() };
    let claimed: SearchableSubject[] = [];
    try {
      claimed = await database.inSystem(async (tx) =>
        withSearchValues(tx, await claimSubjects(tx, { lane, limit: allowed, resignalAfterMs, afterId })),
      );
    } finally {
      bucket.giveBack(allowed - claimed.length);
    }
    for (const subject of claimed) launch(subject);
    if (outage.suspected()) afterId = claimed.at(-1)?.ids.at(-1) ?? '0';
    return claimed.length === allowed ? 'again' : 'idle';
  };

  const launch = (subject: SearchableSubject) => {
    const call = send(subject).finally(() => {
      inFlight.delete(call);
      if (crowded) loop.wake();
    });
    inFlight.add(call);
  };

  const send = async (subject: SearchableSubject) => {
    try {
      await signalLook(subject, cutOff.signal);
      outage.over();
    } catch (error) {
      if (error instanceof TemporalUnavailable || cutOff.signal.aborted) {
        if (!cutOff.signal.aborted) outage.noticed(error);
        // Never signalled, so nobody waits for it. Where this fails too, it is signalled again after its wait.
        await database.inSystem((tx) => releaseSubjects(tx, subject.ids)).catch(() => undefined);
        return;
      }
      // This subject's own trouble: it stays marked and comes again after its wait, the others go on.
      outage.over();
      const { ids: _, ...named } = subject;
      logger.warn({ ...named, err: error }, 'a look could not be signalled, and will be tried again');
    }
  };

  const loop = startLoop({
    name: `relay ${lane}`,
    step,
    logger,
    idleMs: 250,
    paceMs: 2,
    gatherMs: lane === 'bulk' ? bulkGatherMs : 0,
  });
  return {
    wake: () => loop.wake(),
    inFlight: () => inFlight.size,
    stop: async () => {
      await loop.stop();
      const timer = setTimeout(() => cutOff.abort(), stopGraceMs);
      await Promise.all(inFlight);
      clearTimeout(timer);
    },
  };
}

interface Outage {
  noticed(error: unknown): void;
  over(): void;
  /** Milliseconds in which nobody should call. */
  waitMs(): number;
  /** Nothing got through since the last failure. */
  suspected(): boolean;
}

const maxOutageWaitMs = 5_000;
// Where some calls get through and some do not, the state changes all the time.
const sayEveryMs = 30_000;

/** Remembers whether Temporal answers, for all lanes; logs each change once. */
function watchOutage(logger: Logger, onOver: () => void): Outage {
  let failures = 0;
  let retryAt = 0;
  let said = false;
  let saidAt = Number.NEGATIVE_INFINITY;
  const waitMs = () => Math.max(0, retryAt - performance.now());
  return {
    waitMs,
    suspected: () => failures > 0,
    noticed: (error) => {
      // Calls that were under way together fail together: that is one failure.
      if (waitMs() > 0) return;
      failures += 1;
      retryAt = performance.now() + backoffMs(failures, maxOutageWaitMs);
      if (said || performance.now() - saidAt < sayEveryMs) return;
      said = true;
      saidAt = performance.now();
      logger.warn({ err: error }, 'Temporal does not answer: looks wait in the outbox');
    },
    over: () => {
      if (failures === 0) return;
      if (said) logger.info({ failures }, 'Temporal answers again: waiting looks are sent');
      said = false;
      failures = 0;
      retryAt = 0;
      onOver();
    },
  };
}
