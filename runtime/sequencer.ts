/** Owns giving committed events their numbers: one process of an installation does it, the others stand by. */
import type { Logger } from 'pino';
import type { Database } from '../store/database.ts';
import { numberEvents } from '../store/events.ts';
import { endConnection } from './end-connection.ts';
import { type Next, startLoop } from './loop.ts';
import type { Poke } from './poke.ts';

export interface Sequencer {
  /** True while this process is the one that numbers. */
  active(): boolean;
  stop(): Promise<void>;
}

// Any fixed number: the session that holds it numbers.
const sequencerLock = 4_711_002;
const batchSize = 2_000;
const standByMs = 500;
const gatherMs = 30;

/**
 * Starts numbering, or standing by until the one that numbers is gone. The lock only keeps two from working in each
 * other's way; that an event is numbered once and in order rests on the locked heads (see numberEvents), also when the
 * connection that held the lock died unnoticed.
 */
export function startSequencer(options: { database: Database; poke: Poke; logger: Logger }): Sequencer {
  const { database, poke, logger } = options;
  const turn = createTurn(database);

  const step = async (): Promise<Next> => {
    if (!(await turn.held())) return { afterMs: standByMs };
    const numbered = await database.inSystem((tx) => numberEvents(tx, batchSize), 'kept');
    if (numbered > 0) poke.tell('numbered');
    return numbered === batchSize ? 'again' : 'idle';
  };
  // Work under way pokes for each commit, and waits for the same processor: a few milliseconds gather them into one batch.
  const loop = startLoop({ name: 'sequencer', step, logger, gatherMs });
  const off = poke.on('events', () => {
    // Who stands by asks for the lock at its own pace, not at every commit.
    if (turn.active()) loop.wake();
  });
  return {
    active: turn.active,
    stop: async () => {
      off();
      await loop.stop();
      await turn.end();
    },
  };
}

// The server ends the session of a process that hangs or whose machine is gone, and so frees the lock.
const deadAfterMs = 15_000;
const heartbeatMs = 3_000;

/** Holds the session lock on a connection of its own; when that is lost, so is the turn. */
function createTurn(database: Database) {
  let client: ReturnType<Database['listenClient']> | undefined;
  let active = false;
  let heardAt = 0;

  const connect = async () => {
    const fresh = database.listenClient();
    const lost = () => {
      if (client !== fresh) return;
      client = undefined;
      active = false;
    };
    fresh.on('error', lost);
    fresh.on('end', lost);
    await fresh.connect();
    await fresh.query(`set idle_session_timeout = ${deadAfterMs}`);
    client = fresh;
    return fresh;
  };
  return {
    active: () => active,
    /** Asks for the turn, or makes sure of it from time to time. */
    held: async () => {
      if (active && performance.now() - heardAt < heartbeatMs) return true;
      const connection = client ?? (await connect());
      // A session may take the same lock again, but would then have to free it twice.
      const answer = await connection.query<{ held: boolean }>(
        active ? 'select true as held' : `select pg_try_advisory_lock(${sequencerLock}) as held`,
      );
      heardAt = performance.now();
      // The connection may have been lost while it answered.
      active = client === connection && answer.rows[0]?.held === true;
      return active;
    },
    /** Gives the turn to whoever stands by. */
    end: async () => {
      if (client) await endConnection(client);
    },
  };
}
