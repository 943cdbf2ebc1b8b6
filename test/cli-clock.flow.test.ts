/** Owns `slipway sandbox` and `slipway clock`: made at a day, shown, set forward and followed there; said no to in words. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listWorkspaces } from '../store/workspaces.ts';
import { runCli, shareBundles } from './support/cli.ts';
import { makeTestDirectory } from './support/directory.ts';
import { secretKey, startTestHub, type TestHub } from './support/hub.ts';

let hub: TestHub;
let env: Record<string, string>;
beforeAll(async () => {
  hub = await startTestHub();
  const home = makeTestDirectory('cli-clock');
  shareBundles(home);
  env = { DATABASE_URL: hub.test.url, SLIPWAY_DATA_DIR: home, SLIPWAY_SECRET_KEY: secretKey };
});
afterAll(() => hub.stop());

it('a sandbox is made at a day, and its clock is shown, set forward, and never back', async () => {
  const made = await runCli(['sandbox', 'Dry', 'run', '--start', '2041-01-01', '--zone', 'Europe/Oslo'], env);
  expect(made.code, made.text).toBe(0);
  // Midnight in Oslo.
  expect(made.text).toContain('where it is 2040-12-31T23:00:00.000Z');
  const [key] = /slk_\w+/.exec(made.text)!;
  const sandbox = (await listWorkspaces(hub.test.database)).find(({ name }) => name === 'Dry run')!;
  expect(sandbox).toMatchObject({ kind: 'sandbox', settings: { zone: 'Europe/Oslo' } });

  const clock = (...args: string[]) => runCli(['clock', '--workspace', sandbox.id, ...args], env, 120_000);
  const shown = await clock();
  expect([shown.code, shown.text]).toEqual([
    0,
    'It is 2040-12-31T23:00:00.000Z in "Dry run", which is a sandbox.\n',
  ]);
  const back = await clock('--to', '2040-12-31');
  expect(back.code).not.toBe(0);
  expect(back.text).toContain('its clock is never set back');
  const odd = await clock('--by', 'a while');
  expect(odd.code).not.toBe(0);
  expect(odd.text).toContain('--by a duration such as P3M');
  const moved = await clock('--by', 'P3D');
  expect(moved.code, moved.text).toBe(0);
  expect(moved.text).toContain('done at 2041-01-03T23:00:00.000Z after 4 jumps');
  const answer = await hub.call('GET', '/workspace/clock', { key });
  expect(answer.json).toMatchObject({ now: '2041-01-03T23:00:00.000Z', move: null });
}, 240_000);

it('a live workspace is shown its time, and refuses to have it set', async () => {
  const clock = (...args: string[]) => runCli(['clock', '--workspace', hub.workspaceId, ...args], env);
  expect((await clock()).text).toContain('which is live, and goes by the real time');
  const refused = await clock('--by', 'P1D');
  expect(refused.code).not.toBe(0);
  expect(refused.text).toContain('This workspace is live');
}, 120_000);
