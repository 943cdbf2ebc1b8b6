import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { openPair } from '../support/pair.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ vendorTimeoutMs: 10_000 });
});
afterAll(() => hub.stop());

test('a platform that is only read for time is never asked for its own invoices and payments', async () => {
  const pair = await openPair(await hub.newWorkspace(), 'harvest', 'quickbooks');
  onTestFinished(() => pair.close());
  pair.source.time!.add({ day: pair.day(5), seconds: 3_600 });
  pair.source.later(60);
  await pair.sync(pair.sourceId);
  await pair.entriesBecome(1);
  expect(await pair.bill()).toMatchObject({ status: 'done' });
  await pair.invoicesBecome('synced', ([only]) => only?.sync?.status === 'synced');
  // What was asked for is done: a second reading of time follows all that the first one led to.
  pair.source.sandbox.requests.length = 0;
  await pair.sync(pair.sourceId);
  const paths = () => pair.source.sandbox.requests.map(({ path }) => path);
  await expect.poll(paths, { timeout: 30_000 }).toContain('/v2/time_entries');
  await pair.sync(pair.sourceId);
  await expect
    .poll(() => paths().filter((path) => path === '/v2/time_entries').length, { timeout: 30_000 })
    .toBeGreaterThan(1);
  expect(paths().filter((path) => path.includes('invoice'))).toEqual([]);
});
