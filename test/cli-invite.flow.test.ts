/** Owns what `slipway invite` does: lets the first admin in, once, and says what is wrong. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from './support/cli.ts';
import { makeTestDirectory } from './support/directory.ts';
import { callerOf, cookiesOf, password, signIn, tokenOf } from './support/sessions.ts';
import { startApi, type TestApi } from './support/start-api.ts';

const dir = makeTestDirectory('cli-invite');
let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  await api.newWorkspace('Harbour Works');
});
afterAll(() => api.stop());

const invite = (...args: string[]) =>
  runCli(['invite', ...args], {
    DATABASE_URL: api.test.url,
    SLIPWAY_DATA_DIR: dir,
    SLIPWAY_PUBLIC_URL: 'https://hub.example.com',
  });

it('lets the first admin in, by the last link that was made', async () => {
  const first = await invite('--email', 'Boss@Example.com', '--name', 'Bo Boss');
  expect(first.code, first.text).toBe(0);
  expect(first.text).toContain('as admin');
  const second = await invite('--email', 'boss@example.com');
  const [old, link] = [first, second].map(({ text }) => /https:\/\/hub\.example\.com\/\S+/.exec(text)![0]);
  const accept = (from: string) =>
    api.call('POST', '/invitations/accept', { body: { token: tokenOf(from), password } });
  expect((await accept(old!)).status).toBe(404);
  expect((await accept(link!)).status).toBe(200);
  const boss = callerOf(api, cookiesOf(await signIn(api, 'boss@example.com', password)));
  expect((await boss('GET', '/me')).json).toMatchObject({ name: 'Bo Boss', member: { role: 'admin' } });
  const again = await invite('--email', 'boss@example.com');
  expect(again.code).toBe(2);
  expect(again.text).toContain('is a member already');
});

it.each([
  [['--email', 'a@example.com', '--role', 'captain'], '--role is one of'],
  [['--email', 'a@example.com', '--role', 'contractor'], 'is a person whose work is recorded'],
])('says what is wrong with %j', async (args, words) => {
  const answer = await invite(...args);
  expect(answer.code).not.toBe(0);
  expect(answer.text).toContain(words);
});
