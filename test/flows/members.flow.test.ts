/** Owns members, invitations and roles over the API: who comes in, who manages whom, and what a role may do. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerOf, cookiesOf, newSession, password, signIn, tokenOf } from '../support/sessions.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let firm: { id: string; key: string };
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const fresh = async () => {
  firm = await api.newWorkspace('Harbour Works');
  return firm;
};
const invite = (key: string, body: Record<string, unknown>) => api.call('POST', '/members', { key, body });
const accept = (link: string, body: Record<string, unknown> = { password }) =>
  api.call('POST', '/invitations/accept', { body: { token: tokenOf(link), ...body } });

test('an invited manager chooses a password, signs in, and is who the events say', async () => {
  const { id: workspaceId, key } = await fresh();
  const invited = await invite(key, { name: 'Mia Lund', email: 'Mia.Lund@Example.com', role: 'manager' });
  expect(invited.status).toBe(201);
  expect(invited.json).toMatchObject({ email: 'mia.lund@example.com', status: 'invited' });
  expect(invited.json.invitationLink).toMatch(new RegExp(`^${api.url}/accept-invitation#token=[\\w-]{43}$`));

  const shown = await api.call('POST', '/invitations/show', {
    body: { token: tokenOf(invited.json.invitationLink) },
  });
  expect(shown.json).toMatchObject({
    workspaceName: 'Harbour Works',
    name: 'Mia Lund',
    role: 'manager',
    hasAccount: false,
  });
  expect((await accept(invited.json.invitationLink)).json).toMatchObject({ workspaceId });

  const mia = callerOf(api, cookiesOf(await signIn(api, 'mia.lund@example.com', password)));
  const me = (await mia('GET', '/me')).json;
  expect(me).toMatchObject({
    name: 'Mia Lund',
    by: 'session',
    workspace: { id: workspaceId },
    member: { id: invited.json.id, status: 'active', role: 'manager' },
  });
  expect(me.permissions).toContain('tickets.approve');
  expect(me.permissions).not.toContain('api_keys.create');
  const created = await mia('POST', '/tasks', { body: { projectId: await newProject(key), name: 'Weld' } });
  expect(created.status).toBe(201);
  await api.sequence();
  const events = (await api.call('GET', '/events', { key })).json.items as { type: string; actor: string }[];
  expect(events.find(({ type }) => type === 'task.created')?.actor).toBe(`member:${invited.json.id}`);
  expect(events.find(({ type }) => type === 'member.joined')?.actor).toBe(`member:${invited.json.id}`);
});

async function newProject(key: string): Promise<string> {
  const post = async (path: string, body: unknown) => (await api.call('POST', path, { key, body })).json.id;
  const clientId = await post('/clients', {
    name: 'Northern Ferries',
    email: 'ap@nfe.example',
    code: 'NFE',
    currency: 'GBP',
  });
  return post('/projects', { clientId, code: 'P1', name: 'P1' });
}

test('an invitation lets one person in once', async () => {
  const { key } = await fresh();
  const { invitationLink } = (await invite(key, { name: 'A', email: 'once@example.com', role: 'admin' }))
    .json;
  const both = await Promise.all([accept(invitationLink), accept(invitationLink)]);
  expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
  const third = await accept(invitationLink);
  expect(third.status).toBe(404);
  expect(third.json.code).toBe('invitation.not_open');
});

test('a link ends when another is sent, when its time is over, and when the member is suspended', async () => {
  const { id: workspaceId, key } = await fresh();
  const first = (await invite(key, { name: 'A', email: 'ended@example.com', role: 'manager' })).json;
  const path = `/members/${first.id}`;
  const second = (await api.call('POST', `${path}/resend-invitation`, { key })).json;
  expect((await accept(first.invitationLink)).status).toBe(404);

  await api.test.database.inWorkspace(workspaceId, (tx) =>
    tx.run('update invitations set expires_at = now() where workspace_id = $1', [workspaceId]),
  );
  expect((await accept(second.invitationLink)).status).toBe(404);

  const third = (await api.call('POST', `${path}/resend-invitation`, { key })).json;
  expect((await api.call('POST', `${path}/suspend`, { key, body: { reason: 'A mistake' } })).status).toBe(
    200,
  );
  expect((await accept(third.invitationLink)).status).toBe(404);
  // Nobody who never came in becomes active by being reactivated.
  expect((await api.call('POST', `${path}/reactivate`, { key })).json.status).toBe('invited');
  expect((await accept(third.invitationLink)).status).toBe(404);
});

test('the link is kept neither in a repeated answer, nor in the log, nor in the database', async () => {
  const { id: workspaceId, key } = await fresh();
  const ask = () =>
    api.call('POST', '/members', {
      key,
      body: { name: 'A', email: 'kept@example.com', role: 'manager' },
      headers: { 'Idempotency-Key': 'invite-1' },
    });
  const first = await ask();
  const again = await ask();
  expect(again.json).toMatchObject({ id: first.json.id, invitationLink: null });
  const token = tokenOf(first.json.invitationLink);
  await accept(first.json.invitationLink);
  expect(api.log()).not.toContain(token);
  const rows = await api.test.database.inWorkspace(workspaceId, (tx) =>
    tx.rows('select *, (select jsonb_agg(e) from events e) as events from invitations'),
  );
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain(token);
});

test('whoever has an account accepts with their session, and a token is no way to guess its password', async () => {
  const one = await fresh();
  const session = await newSession(api, one.key, 'manager');
  const other = await api.newWorkspace('Other Works');
  const { invitationLink } = (
    await invite(other.key, { name: 'Same', email: session.email, role: 'manager' })
  ).json;
  const guess = await accept(invitationLink, { password });
  expect(guess.json.code).toBe('invitation.sign_in_first');
  const stranger = await newSession(api, one.key, 'manager');
  const body = { token: tokenOf(invitationLink) };
  expect((await stranger.call('POST', '/invitations/accept', { body })).json.code).toBe(
    'invitation.sign_in_first',
  );
  expect((await session.call('POST', '/invitations/accept', { body })).status).toBe(200);

  // Now of two workspaces: the request names one.
  const unsaid = await session.call('GET', '/me');
  expect(unsaid.json.code).toBe('auth.workspace_required');
  expect(unsaid.json.details.workspaces.map(({ name }: { name: string }) => name)).toEqual([
    'Harbour Works',
    'Other Works',
  ]);
  const said = await session.call('GET', '/me', { headers: { 'X-Slipway-Workspace': other.id } });
  expect(said.json.workspace.id).toBe(other.id);
  expect(said.json.workspaces).toHaveLength(2);
});

test('a suspended member is refused at once, by session and by key, and let in again', async () => {
  const { id: workspaceId, key } = await fresh();
  const manager = await newSession(api, key, 'manager');
  const ownKey = await memberKey(workspaceId, manager.memberId);
  const asks = async () => [
    (await manager.call('GET', '/clients')).status,
    (await api.call('GET', '/clients', { key: ownKey })).status,
  ];
  expect(await asks()).toEqual([200, 200]);
  const path = `/members/${manager.memberId}`;
  await api.call('POST', `${path}/suspend`, { key, body: { reason: 'Left the firm' } });
  expect(await asks()).toEqual([403, 401]);
  const twice = await api.call('POST', `${path}/suspend`, { key, body: { reason: 'Again' } });
  expect(twice.json.code).toBe('member.wrong_status');
  await api.call('POST', `${path}/reactivate`, { key });
  expect(await asks()).toEqual([200, 200]);
});

async function memberKey(workspaceId: string, memberId: string): Promise<string> {
  const { createApiKey } = await import('../../store/api-keys.ts');
  const made = await api.test.database.inWorkspace(workspaceId, (tx) =>
    createApiKey(tx, { name: 'own key', scopes: ['*'], memberId }),
  );
  return made.key;
}

test('a key never does more than the member whom it counts as, also after their role changed', async () => {
  const { id: workspaceId, key } = await fresh();
  await newSession(api, key, 'admin');
  const admin = await newSession(api, key, 'admin');
  const ownKey = await memberKey(workspaceId, admin.memberId);
  expect((await api.call('GET', '/api-keys', { key: ownKey })).status).toBe(200);
  const change = { key, body: { role: 'manager' } };
  expect((await api.call('PATCH', `/members/${admin.memberId}`, change)).status).toBe(200);
  expect((await api.call('GET', '/api-keys', { key: ownKey })).status).toBe(403);
  expect((await api.call('GET', '/clients', { key: ownKey })).status).toBe(200);
});

test('the last admin can be neither suspended nor made something else, also by two at once', async () => {
  const { key } = await fresh();
  const one = await newSession(api, key, 'admin');
  const two = await newSession(api, key, 'admin');
  const suspend = (by: typeof one, whom: typeof one) =>
    by.call('POST', `/members/${whom.memberId}/suspend`, { body: { reason: 'A quarrel' } });
  const outcomes = await Promise.all([suspend(one, two), suspend(two, one)]);
  const active = (await api.call('GET', '/members?role=admin&status=active', { key })).json.items;
  expect(active).toHaveLength(1);
  expect(outcomes.map(({ status }) => status)).toContain(200);
  const last = active[0].id as string;
  const refused = await api.call('POST', `/members/${last}/suspend`, { key, body: { reason: 'x' } });
  expect(refused.json.code).toBe('member.last_admin');
  const demoted = await api.call('PATCH', `/members/${last}`, { key, body: { role: 'manager' } });
  expect(demoted.json.code).toBe('member.last_admin');
});

test('a role belongs to a person or a client as it must', async () => {
  const { key } = await fresh();
  const code = async (body: Record<string, unknown>) =>
    (await invite(key, { name: 'X', email: 'fit@example.com', ...body })).json.code;
  const person = (await api.call('POST', '/people', { key, body: { name: 'Ola', kind: 'contractor' } })).json
    .id;
  expect(await code({ role: 'contractor' })).toBe('member.person_missing');
  expect(await code({ role: 'client' })).toBe('member.client_missing');
  const clientId = await api
    .call('POST', '/clients', {
      key,
      body: { name: 'C', email: 'ap@c.example', code: 'CCC', currency: 'EUR' },
    })
    .then(({ json }) => json.id as string);
  expect(await code({ role: 'client', clientId, personId: person })).toBe('member.person_of_client');
  expect(await code({ role: 'manager', clientId })).toBe('member.client_of_other_role');
  expect(await code({ role: 'contractor', personId: clientId })).toBe('reference.unknown');
  expect(
    (await invite(key, { name: 'X', email: 'fit@example.com', role: 'contractor', personId: person })).status,
  ).toBe(201);
  // One person has one member, so that "own" means one thing; one address has one, however it is written.
  expect(await code({ role: 'employee', email: 'second@example.com', personId: person })).toBe(
    'members.duplicate',
  );
  expect(await code({ role: 'manager', email: 'FIT@example.com' })).toBe('members.duplicate');
});

test('an admin adjusts what managers may do, and it holds from the next request on', async () => {
  const { key } = await fresh();
  const manager = await newSession(api, key, 'manager');
  const put = (role: string, scopes: string[] | null) =>
    api.call('PUT', `/roles/${role}`, { key, body: { scopes } });
  expect((await manager.call('GET', '/clients')).status).toBe(200);
  expect((await put('manager', ['members.read:own', 'contracts.read'])).json).toMatchObject({
    isDefault: false,
  });
  expect((await manager.call('GET', '/clients')).status).toBe(403);
  expect((await manager.call('GET', '/contracts')).status).toBe(200);
  expect((await manager.call('GET', '/members')).status).toBe(403);
  expect((await manager.call('GET', '/me')).json.ownPermissions).toEqual(['members.read']);
  expect((await put('manager', null)).json).toMatchObject({ isDefault: true });
  expect((await manager.call('GET', '/clients')).status).toBe(200);
});

test('no bundle holds what does not exist, and admins keep what lets them give it back', async () => {
  const { key } = await fresh();
  const put = (role: string, scopes: string[]) =>
    api.call('PUT', `/roles/${role}`, { key, body: { scopes } });
  expect((await put('manager', ['tickets.teleport'])).status).toBe(422);
  expect((await put('captain', ['tickets.read'])).status).toBe(404);
  const locked = await put('admin', ['members.read', 'members.create', 'members.update', 'roles.read']);
  expect(locked.json.code).toBe('role.admin_needs');
  expect(locked.json.details.missing).toEqual(['roles.update']);
  expect((await put('admin', ['members.*', 'roles.*', 'clients.read'])).status).toBe(200);
});

test('nobody hands out more than they have: a manager with members.create makes no admin', async () => {
  const { key } = await fresh();
  const { roleScopes } = await import('../../domain/permissions.ts');
  const scopes = [...roleScopes.manager, 'members.create', 'members.update', 'roles.update'];
  expect((await api.call('PUT', '/roles/manager', { key, body: { scopes } })).status).toBe(200);
  const admin = await newSession(api, key, 'admin');
  await newSession(api, key, 'admin');
  const manager = await newSession(api, key, 'manager');
  const tries = [
    manager.call('POST', '/members', { body: { name: 'Me', email: 'me2@example.com', role: 'admin' } }),
    manager.call('PATCH', `/members/${manager.memberId}`, { body: { role: 'admin' } }),
    manager.call('POST', `/members/${admin.memberId}/suspend`, { body: { reason: 'x' } }),
    manager.call('PUT', '/roles/manager', { body: { scopes: ['*'] } }),
    manager.call('PUT', '/roles/admin', { body: { scopes: ['members.*', 'roles.*'] } }),
  ];
  for (const answer of await Promise.all(tries)) {
    expect(answer.status, answer.text).toBe(403);
    expect(answer.json.code).toBe('member.role_exceeds_own');
  }
  const mate = await manager.call('POST', '/members', {
    body: { name: 'Mate', email: 'mate@example.com', role: 'manager' },
  });
  expect(mate.status).toBe(201);
});

test('a team goes when nobody is in it any more', async () => {
  const { key } = await fresh();
  const post = async (path: string, body: unknown) =>
    (await api.call('POST', path, { key, body })).json.id as string;
  const teamId = await post('/teams', { name: 'Hull' });
  const personId = await post('/people', { name: 'Ola' });
  const membershipId = await post('/memberships', { teamId, personId });
  expect((await api.call('POST', '/memberships', { key, body: { teamId, personId } })).json.code).toBe(
    'memberships.duplicate',
  );
  expect((await api.call('DELETE', `/teams/${teamId}`, { key })).status).toBe(409);
  expect((await api.call('GET', `/memberships?teamId=${teamId}`, { key })).json.items).toHaveLength(1);
  expect((await api.call('DELETE', `/memberships/${membershipId}`, { key })).status).toBe(204);
  expect((await api.call('DELETE', `/teams/${teamId}`, { key })).status).toBe(204);
  expect((await api.call('GET', `/teams/${teamId}`, { key })).status).toBe(404);
});
