import { expect, test } from 'vitest';
import { backoffMs, type Next, startLoop } from '../runtime/loop.ts';
import { createTokenBucket } from '../runtime/token-bucket.ts';
import { keepLog, sleep, until } from './support/loops.ts';

const slow = { idleMs: 60_000, maxIdleMs: 60_000 };

test('an idle loop runs at once when woken, also when woken during its step', async () => {
  const { logger } = keepLog();
  let steps = 0;
  let release: () => void = () => undefined;
  const loop = startLoop({
    name: 'test',
    logger,
    ...slow,
    step: async () => {
      steps += 1;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return 'idle';
    },
  });
  expect(steps).toBe(1);
  loop.wake();
  release();
  await until('the wake-up of the running step is answered', () => steps === 2);
  release();
  await sleep(30);
  expect(steps).toBe(2);
  loop.wake();
  await until('the wake-up of the idle loop is answered', () => steps === 3);
  release();
  await loop.stop();
});

test('a burst of wake-ups is one step', async () => {
  let steps = 0;
  const loop = startLoop({
    name: 'test',
    logger: keepLog().logger,
    ...slow,
    paceMs: 30,
    step: async () => {
      steps += 1;
      return 'idle';
    },
  });
  await sleep(60);
  for (let n = 0; n < 100; n += 1) loop.wake();
  loop.wake();
  await sleep(10);
  for (let n = 0; n < 100; n += 1) loop.wake();
  await until('the second burst is answered', () => steps === 3);
  await sleep(60);
  expect(steps).toBe(3);
  await loop.stop();
});

test('more work is done at once, and a wait that was asked for is kept', async () => {
  const answers: Next[] = ['again', 'again', { afterMs: 80 }, 'idle'];
  const at: number[] = [];
  const loop = startLoop({
    name: 'test',
    logger: keepLog().logger,
    ...slow,
    step: async () => {
      at.push(performance.now());
      return answers[at.length - 1] ?? 'idle';
    },
  });
  await until('four steps ran', () => at.length === 4);
  expect(at[2]! - at[0]!).toBeLessThan(50);
  expect(at[3]! - at[2]!).toBeGreaterThanOrEqual(75);
  await loop.stop();
});

test('errors are tried again ever later, wake-ups or not, and logged when they begin and when they end', async () => {
  const log = keepLog();
  let steps = 0;
  const loop = startLoop({
    name: 'test',
    logger: log.logger,
    ...slow,
    step: async () => {
      steps += 1;
      if (steps <= 3) throw new Error('down');
      return 'idle';
    },
  });
  const storm = setInterval(() => loop.wake(), 1);
  await sleep(40);
  expect(steps).toBe(1);
  await until('it works again', () => steps > 3);
  clearInterval(storm);
  expect(log.lines.map((line) => line.msg)).toEqual([
    'test failed, and will be tried again',
    'test works again',
  ]);
  await loop.stop();
});

test('stop waits for the running step, cuts every wait short, and nothing runs after it', async () => {
  let ended = 0;
  const loop = startLoop({
    name: 'test',
    logger: keepLog().logger,
    ...slow,
    step: async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await sleep(20);
      ended += 1;
      return 'again';
    },
  });
  await sleep(5);
  await Promise.all([loop.stop(), loop.stop()]);
  expect(ended).toBe(1);
  const failing = startLoop({
    name: 'test',
    logger: keepLog().logger,
    maxErrorMs: 60_000,
    step: () => Promise.reject(new Error('down')),
  });
  await sleep(20);
  const from = performance.now();
  await failing.stop();
  expect(performance.now() - from).toBeLessThan(50);
});

test('the wait after errors grows to its bound, half of it by chance', () => {
  for (const [failures, full] of [
    [1, 100],
    [2, 200],
    [6, 3_200],
    [7, 5_000],
    [5_000, 5_000],
  ] as const) {
    for (let n = 0; n < 50; n += 1) {
      const ms = backoffMs(failures, 5_000);
      expect(ms).toBeGreaterThanOrEqual(full / 2);
      expect(ms).toBeLessThanOrEqual(full);
    }
  }
});

test('a token bucket gives its burst, then its rate, and takes back what was not used', () => {
  let now = 0;
  const bucket = createTokenBucket({ perSecond: 10, burst: 5 }, () => now);
  expect(bucket.take(8)).toBe(5);
  expect(bucket.take(1)).toBe(0);
  expect(bucket.waitMs()).toBe(100);
  now = 250;
  expect(bucket.take(9)).toBe(2);
  bucket.giveBack(1);
  expect(bucket.waitMs()).toBe(0);
  expect(bucket.take(9)).toBe(1);
  now = 60_000;
  expect(bucket.take(9)).toBe(5);
});
