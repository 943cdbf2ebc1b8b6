/** Owns members who sign in, for tests: invited, accepted and signed in over the API, as people are. */
import type { Role } from '../../domain/permissions.ts';
import type { Answered, CallOptions, TestApi } from './start-api.ts';

export interface TestSession {
  memberId: string;
  email: string;
  cookie: string;
  /** A call from a page of ours, with the cookie. */
  call: (method: string, path: string, options?: CallOptions) => Promise<Answered>;
}
export const password = 'correct horse battery staple';

let people = 0;

/** A new member of the workspace who has signed in. `admin` is a key that may invite. */
export async function newSession(
  api: TestApi,
  admin: string,
  role: Role,
  owner: { personId?: string; clientId?: string } = {},
): Promise<TestSession> {
  const email = `${role}.${++people}@example.com`;
  const invited = await api.call('POST', '/members', {
    key: admin,
    body: { name: `Test ${role}`, email, role, ...owner },
  });
  if (invited.status !== 201) throw new Error(`invite: ${invited.status} ${invited.text}`);
  const { id, invitationLink } = invited.json as { id: string; invitationLink: string };
  const accepted = await api.call('POST', '/invitations/accept', {
    body: { token: tokenOf(invitationLink), password },
  });
  if (accepted.status !== 200) throw new Error(`accept: ${accepted.status} ${accepted.text}`);
  const cookie = cookiesOf(await signIn(api, email, password));
  return { memberId: id, email, cookie, call: callerOf(api, cookie) };
}

/** A call as the browser makes it from a page of ours, with these cookies. */
export const callerOf =
  (api: TestApi, cookie: string): TestSession['call'] =>
  (method, path, options = {}) =>
    api.call(method, path, { ...options, headers: { Cookie: cookie, Origin: api.url, ...options.headers } });

export const signIn = (api: TestApi, email: string, secret: string): Promise<Answered> =>
  api.call('POST', '/api/auth/sign-in/email', {
    body: { email, password: secret },
    headers: { Origin: api.url },
  });

export const tokenOf = (link: string): string => link.split('#token=')[1] ?? '';

/** What the browser keeps of an answer, as it sends it back. */
export function cookiesOf(answer: Answered): string {
  const kept = answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0]!)
    .filter((cookie) => !cookie.endsWith('='));
  return kept.join('; ');
}
