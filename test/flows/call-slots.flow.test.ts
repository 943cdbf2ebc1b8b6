/** Owns that all processes of a hub together keep to a platform's limit of calls. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sharedLimiterOf } from '../../activities/shared-limits.ts';
import type { Limiter } from '../../connectors/kit/limit.ts';
import { readCallsInWindow } from '../../store/call-slots.ts';
import { connections } from '../../store/connections.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newWorkspace, sleep } from '../support/loops.ts';

let test: TestDatabase;
let second: Database;
let workspaceId: string;
let count = 0;
beforeAll(async () => {
  test = await createTestDatabase();
  second = openDatabase(test.url, { poolSize: 8, applicationName: 'second hub' });
  workspaceId = await newWorkspace(test.database);
});
afterAll(async () => {
  await second.close();
  await test.drop();
});

const connect = async () => {
  const { id } = await test.database.inWorkspace(workspaceId, (tx) =>
    connections.insert(tx, { connector: 'harvest', name: `Harvest ${++count}`, goLiveOn: '2026-01-01' }),
  );
  return id;
};

/** Calls as fast as the limiter lets it; answers when each call was made. */
async function callUntil(limiter: Limiter, untilMs: number): Promise<number[]> {
  const at: number[] = [];
  while (performance.now() < untilMs) {
    const waitMs = await limiter.take();
    if (waitMs === 0) at.push(performance.now());
    else await sleep(Math.min(waitMs, Math.max(0, untilMs - performance.now())));
  }
  return at;
}

/** The most calls in any window that begins with a call. */
function mostWithin(at: number[], windowMs: number): number {
  const sorted = at.toSorted((a, b) => a - b);
  return Math.max(...sorted.map((from, n) => sorted.findLastIndex((one) => one < from + windowMs) - n + 1));
}

it('two processes never make more calls in any window than one may, and use most of it', async () => {
  const connectionId = await connect();
  const limit = { requests: 40, perSeconds: 1 };
  const limiters = [test.database, second].map((hub) =>
    sharedLimiterOf(hub, workspaceId, connectionId, limit),
  );
  const until = performance.now() + 4_000;
  // Three workers a process.
  const calls = (
    await Promise.all([...limiters, ...limiters, ...limiters].map((limiter) => callUntil(limiter, until)))
  ).flat();
  expect(mostWithin(calls, 1_000)).toBeLessThanOrEqual(40);
  expect(calls.length).toBeGreaterThan(80);
});

it('a 429 that one process met stops the other', async () => {
  const connectionId = await connect();
  const limit = { requests: 100, perSeconds: 1 };
  const [one, other] = [test.database, second].map((hub) =>
    sharedLimiterOf(hub, workspaceId, connectionId, limit),
  );
  expect(await other!.take()).toBe(0);
  await one!.pause(30_000);
  // What was leased before is used within its tenth of a second.
  await sleep(150);
  const waitMs = await other!.take();
  expect(waitMs).toBeGreaterThan(25_000);
  expect(waitMs).toBeLessThanOrEqual(30_000);
});

it('what the platform says is left counts for all, until its window begins anew', async () => {
  const connectionId = await connect();
  const limit = { requests: 1_000, perSeconds: 60 };
  const [one, other] = [test.database, second].map((hub) =>
    sharedLimiterOf(hub, workspaceId, connectionId, limit),
  );
  expect(await one!.take()).toBe(0);
  one!.learn!({ left: 3, resetMs: 3_000 });
  await sleep(1_050);
  const taken = [];
  for (let n = 0; n < 3; n += 1) taken.push(await (n % 2 === 0 ? one! : other!).take());
  expect(taken).toEqual([0, 0, 0]);
  const shown = await test.database.inWorkspace(workspaceId, (tx) => readCallsInWindow(tx, connectionId, 60));
  expect(shown).toMatchObject({ saidLeft: expect.any(Number) as number });
  const waits = [await one!.take(), await other!.take(), await one!.take(), await other!.take()];
  expect(Math.max(...waits)).toBeGreaterThan(0);
  await sleep(Math.max(...waits) + 50);
  expect(await other!.take()).toBe(0);
});

it('calls that follow one another cost a query for several, and what is not used is given back', async () => {
  const connectionId = await connect();
  const limit = { requests: 100, perSeconds: 20 };
  let asked = 0;
  const counting: Database = {
    ...test.database,
    inWorkspace: (id, work) => {
      asked += 1;
      return test.database.inWorkspace(id, work);
    },
  };
  const limiter = sharedLimiterOf(counting, workspaceId, connectionId, limit);
  for (let n = 0; n < 60; n += 1) expect(await limiter.take()).toBe(0);
  expect(asked).toBeLessThan(15);
  await sleep(1_050);
  // The next lease gives back what the last one left: all but 100 calls of the window can still be made.
  let more = 0;
  while ((await limiter.take()) === 0) more += 1;
  expect(more).toBe(40);
});
