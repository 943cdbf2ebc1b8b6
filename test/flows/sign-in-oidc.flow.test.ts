/** Owns signing in through a firm's own directory: who gets in by it, and who does not. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  directoryClient,
  type OidcDirectory,
  type Profile,
  startOidcDirectory,
} from '../support/oidc-directory.ts';
import { callerOf, cookiesOf, newSession, password, tokenOf } from '../support/sessions.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

let directory: OidcDirectory;
let api: TestApi;
let key: string;
let ours: { id: string; key: string };
const settings = (publicUrl: () => string, trustsEmails: boolean) => ({
  secret: 's'.repeat(64),
  publicUrl,
  oidc: { ...directoryClient, issuer: directory.issuer, trustsEmails },
  maxSignInsPerMinute: 1000,
});

beforeAll(async () => {
  directory = await startOidcDirectory();
  api = await startApi({ signIn: settings(() => api.url, false) });
  ours = await api.newWorkspace();
  ({ key } = ours);
});
afterAll(async () => {
  await api.stop();
  await directory.stop();
});

/** The whole way of a browser: to the directory, and back with its code. */
async function signInAs(profile: Profile, hub = api): Promise<Answered> {
  const asked = await hub.call('POST', '/api/auth/sign-in/oauth2', {
    body: { providerId: 'oidc', callbackURL: '/' },
    headers: { Origin: hub.url },
  });
  expect(asked.status, asked.text).toBe(200);
  const back = directory.agree(asked.json.url as string, profile);
  return fetchOnce(hub, back, cookiesOf(asked));
}

/** Without following where the answer leads. */
async function fetchOnce(hub: TestApi, path: string, cookie: string): Promise<Answered> {
  const response = await fetch(hub.url + path, { headers: { Cookie: cookie }, redirect: 'manual' });
  return { status: response.status, headers: response.headers, text: await response.text(), json: null };
}
const isIn = (answer: Answered) =>
  answer.headers.getSetCookie().some((cookie) => /session_token=[^;]+/.test(cookie));
const accountsOf = (email: string) =>
  api.test.database.inSystem((tx) =>
    tx.rows<{ providerId: string; accessToken: string | null; idToken: string | null }>(
      `select a.provider_id, a.access_token, a.id_token from auth_account a join auth_user u on u.id = a.user_id
       where u.email = $1 order by 1`,
      [email],
    ),
  );

/** Takes a new password from the mail that was sent to the address: whoever can is its owner. */
async function proveAddress(email: string, hub = api, firm = ours): Promise<void> {
  const body = { email };
  await hub.call('POST', '/api/auth/request-password-reset', { body, headers: { Origin: hub.url } });
  const mail = await hub.test.database.inWorkspace(firm.id, (tx) =>
    tx.row<{ link: string }>(`select link from mails where address = $1 and kind = 'password_reset'`, [
      email,
    ]),
  );
  const reset = await hub.call('POST', '/api/auth/reset-password', {
    body: { newPassword: password, token: tokenOf(mail!.link) },
    headers: { Origin: hub.url },
  });
  if (reset.status !== 200) throw new Error(reset.text);
}

test('an invited person accepts with the account of the firm, and needs no password', async () => {
  const email = 'mia@firm.example';
  const invited = await api.call('POST', '/members', { key, body: { name: 'Mia', email, role: 'manager' } });
  const answer = await signInAs({
    sub: 'mia-1',
    email: 'Mia@Firm.example',
    name: 'Mia Lund',
    email_verified: true,
  });
  expect(answer.status).toBe(302);
  expect(answer.headers.get('location')).toBe('/');
  const mia = callerOf(api, cookiesOf(answer));
  // Known, and still nowhere a member: the invitation is what lets her in.
  expect((await mia('GET', '/me')).json.code).toBe('auth.no_membership');
  const accepted = await mia('POST', '/invitations/accept', {
    body: { token: tokenOf(invited.json.invitationLink) },
  });
  expect(accepted.status, accepted.text).toBe(200);
  expect((await mia('GET', '/me')).json).toMatchObject({ member: { role: 'manager', status: 'active' } });
  // Nothing of the directory's is kept but who she is there.
  expect(await accountsOf(email)).toEqual([{ providerId: 'oidc', accessToken: null, idToken: null }]);
});

test('whom nobody invited gets no account', async () => {
  const email = 'stranger@firm.example';
  const answer = await signInAs({ sub: 'stranger', email, name: 'Stranger', email_verified: true });
  expect(isIn(answer)).toBe(false);
  const users = await api.test.database.inSystem((tx) =>
    tx.rows('select id from auth_user where email = $1', [email]),
  );
  expect(users).toEqual([]);
});

test('an address that the directory has not verified makes no account, invited or not', async () => {
  const email = 'unverified@firm.example';
  await api.call('POST', '/members', { key, body: { name: 'U', email, role: 'manager' } });
  expect(isIn(await signInAs({ sub: 'unverified', email, name: 'U', email_verified: false }))).toBe(false);
  expect(await accountsOf(email)).toEqual([]);
});

test('a member with a password signs in by the directory too, but only where it has verified the address', async () => {
  const { email, memberId } = await newSession(api, key, 'admin');
  await proveAddress(email);
  const profile = { sub: `sub of ${email}`, email, name: 'Admin' };
  for (const claim of [{}, { email_verified: false }]) {
    expect(isIn(await signInAs({ ...profile, ...claim }))).toBe(false);
    expect(await accountsOf(email)).toMatchObject([{ providerId: 'credential' }]);
  }
  const answer = await signInAs({ ...profile, email_verified: true });
  expect(isIn(answer)).toBe(true);
  const me = await callerOf(api, cookiesOf(answer))('GET', '/me');
  expect(me.json.member.id).toBe(memberId);
  expect(await accountsOf(email)).toMatchObject([{ providerId: 'credential' }, { providerId: 'oidc' }]);
});

test('a directory that says nothing of verification lets people in where the hub is told to trust it', async () => {
  const hub = await startApi({ signIn: settings(() => hub.url, true) });
  try {
    const firm = await hub.newWorkspace();
    const { email } = await newSession(hub, firm.key, 'manager');
    await proveAddress(email, hub, firm);
    expect(isIn(await signInAs({ sub: 'x', email, name: 'X' }, hub))).toBe(true);
  } finally {
    await hub.stop();
  }
});

test('a code is of use only to the browser that asked for it, and once', async () => {
  const { email } = await newSession(api, key, 'manager');
  await proveAddress(email);
  const asked = await api.call('POST', '/api/auth/sign-in/oauth2', {
    body: { providerId: 'oidc', callbackURL: '/' },
    headers: { Origin: api.url },
  });
  const profile = { sub: 'once', email, name: 'Once', email_verified: true };
  const back = directory.agree(asked.json.url as string, profile);
  expect(isIn(await fetchOnce(api, back, ''))).toBe(false);
  const other = directory.agree(asked.json.url as string, profile);
  expect(isIn(await fetchOnce(api, other.replace(/state=[^&]+/, 'state=forged'), cookiesOf(asked)))).toBe(
    false,
  );
  expect(isIn(await fetchOnce(api, back, cookiesOf(asked)))).toBe(true);
  expect(isIn(await fetchOnce(api, back, cookiesOf(asked)))).toBe(false);
});

test('nobody is led away from the hub after signing in', async () => {
  const asked = await api.call('POST', '/api/auth/sign-in/oauth2', {
    body: { providerId: 'oidc', callbackURL: 'https://evil.example/' },
    headers: { Origin: api.url },
  });
  expect(asked.status).toBe(403);
});

test('whoever invited a person under their address, and took the link for themselves, is not them in the directory', async () => {
  const email = 'victim@firm.example';
  const invited = await api.call('POST', '/members', {
    key,
    body: { name: 'Squatter', email, role: 'manager' },
  });
  const taken = { token: tokenOf(invited.json.invitationLink), password };
  expect((await api.call('POST', '/invitations/accept', { body: taken })).status).toBe(200);
  const profile = { sub: 'the real one', email, name: 'Victim', email_verified: true };
  expect(isIn(await signInAs(profile))).toBe(false);
  // The mail is theirs alone: it ends what the squatter has, and from then on both ways lead to one person.
  await proveAddress(email);
  expect(isIn(await signInAs(profile))).toBe(true);
});

test('whoever accepts by the link that was mailed has the address, and signs in by the directory too', async () => {
  const email = 'mailed@firm.example';
  await api.call('POST', '/members', { key, body: { name: 'Mailed', email, role: 'manager' } });
  const mail = await api.test.database.inWorkspace(ours.id, (tx) =>
    tx.row<{ link: string }>(`select link from mails where address = $1 and kind = 'invitation'`, [email]),
  );
  const [, token, proof] = /#token=([^&]+)&proof=(.+)$/.exec(mail!.link)!;
  const accepted = await api.call('POST', '/invitations/accept', { body: { token, proof, password } });
  expect(accepted.status, accepted.text).toBe(200);
  expect(isIn(await signInAs({ sub: 'mailed', email, name: 'Mailed', email_verified: true }))).toBe(true);
});
