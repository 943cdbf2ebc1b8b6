/** Owns the way of a connection through the API: sign in, choose, test, map, start, health, and its end at both sides. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createSecretBox } from '../../runtime/secrets.ts';
import { noteConnectionError } from '../../store/connections.ts';
import {
  type SignInVendor,
  signInClient,
  signInConnector,
  startSignInVendor,
} from '../support/sign-in-vendor.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

const connector = signInConnector();
let api: TestApi;
let workspace: { id: string; key: string };
let key: string;
let count = 0;
beforeAll(async () => {
  api = await startApi({
    secrets: createSecretBox(new Map([[1, randomBytes(32)]])),
    connectors: new Map([[connector.id, connector]]),
    allowBaseUrlOverride: true,
  });
  workspace = await api.newWorkspace();
  key = workspace.key;
});
afterAll(() => api.stop());

const send = (method: string, path: string, body?: unknown) =>
  api.call(method, path, { key, ...(body === undefined ? {} : { body }) });
const rows = <T>(sql: string, ...params: unknown[]) =>
  api.test.database.inWorkspace(workspace.id, (tx) => tx.rows<T>(sql, params));
const eventsOf = async (id: string) =>
  (await rows<{ type: string }>('select type from events where subject_id = $1 order by id', id)).map(
    ({ type }) => type.replace('connection.', ''),
  );

async function connect(fields: object = {}, options: Parameters<typeof startSignInVendor>[0] = {}) {
  const vendor = await startSignInVendor(options);
  onTestFinished(() => vendor.stop());
  const answer = await send('POST', '/connections', {
    connector: connector.id,
    name: `Vendor ${++count}`,
    goLiveOn: '2026-01-01',
    secrets: signInClient,
    baseUrlOverride: vendor.sandbox.url,
    ...fields,
  });
  expect(answer.status, answer.text).toBe(201);
  return { vendor, id: answer.json.id as string, made: answer.json as { status: string } };
}

/** Goes to the platform's page, agrees, and comes back with what the platform adds. */
async function consent(vendor: SignInVendor, id: string, more: Record<string, string> = {}) {
  const asked = await send('POST', `/connections/${id}/authorise`);
  expect(asked.status, asked.text).toBe(200);
  const { code, state, query } = vendor.oauth.consent(asked.json.url as string);
  const back = new URLSearchParams({ code, state, ...query, session_state: 'of the platform', ...more });
  return { state, back: () => api.call('GET', `/oauth/callback?${back.toString()}`) };
}
async function connected(options: Parameters<typeof startSignInVendor>[0] = {}) {
  const made = await connect({}, options);
  expect((await (await consent(made.vendor, made.id)).back()).status).toBe(200);
  expect((await send('POST', `/connections/${made.id}/account`, { externalId: 'o-2' })).status).toBe(200);
  return made;
}

describe('setting up', () => {
  it('goes from a sign-in over account, test and map to the first sync, and nothing is read before', async () => {
    const { vendor, id, made } = await connect();
    expect(made.status).toBe('setup');
    expect((await send('GET', `/connections/${id}/health`)).json.lacking).toEqual([
      'a sign-in (POST /connections/:connectionId/authorise)',
      'the setting companyId (Company, told by the sign-in)',
      'the setting organisationId (Organisation, chosen after the sign-in)',
    ]);

    const page = await (await consent(vendor, id)).back();
    expect([page.status, page.headers.get('content-type'), page.headers.get('cache-control')]).toEqual([
      200,
      'text/html; charset=utf-8',
      'no-store',
    ]);
    expect(page.text).toContain('is signed in');
    const shown = (await send('GET', `/connections/${id}`)).json;
    expect(shown).toMatchObject({ status: 'setup', settings: { companyId: 'c-7' } });
    expect(shown.secretNames).toEqual(['accessToken', 'clientId', 'clientSecret', 'refreshToken']);

    const accounts = (await send('GET', `/connections/${id}/accounts`)).json.items;
    expect(accounts).toEqual([
      { externalId: 'o-1', name: 'Harbour Works AS' },
      { externalId: 'o-2', name: 'Harbour Works Ltd' },
    ]);
    const unknown = await send('POST', `/connections/${id}/account`, { externalId: 'o-9' });
    expect([unknown.status, unknown.json.code]).toEqual([422, 'connection.account_unknown']);
    const chosen = await send('POST', `/connections/${id}/account`, { externalId: 'o-2' });
    expect(chosen.json.settings).toEqual({ companyId: 'c-7', organisationId: 'o-2' });

    expect((await send('POST', `/connections/${id}/test`)).json).toEqual({
      ok: true,
      account: 'Harbour Works',
      warnings: ['Only a sandbox.'],
      problem: null,
    });
    expect(await rows('select 1 from outbox where subject_id = $1', id)).toEqual([]);
    const started = await send('POST', `/connections/${id}/start`);
    expect([started.status, started.json.status]).toEqual([200, 'active']);
    expect(await rows('select reason from outbox where subject_id = $1', id)).toEqual([
      { reason: 'connected' },
    ]);
    expect((await send('POST', `/connections/${id}/start`)).json.code).toBe('connection.not_in_setup');
    expect((await send('POST', `/connections/${id}/account`, { externalId: 'o-1' })).json.code).toBe(
      'connection.account_fixed',
    );
    expect(await eventsOf(id)).toEqual([
      'created',
      'authorisation_asked',
      'authorised',
      'account_chosen',
      'tested',
      'started',
    ]);
  });

  it('shows the lists of the platform page by page, and finds by text', async () => {
    const { id } = await connected();
    const names: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { json } = await send('GET', `/connections/${id}/look-ups/project?limit=3${at}`);
      names.push(...(json.items as { name: string }[]).map(({ name }) => name));
      cursor = json.nextCursor as string | null;
      pages += 1;
    } while (cursor !== null);
    expect(names).toEqual(['Crane refit', 'Dock 4', 'Hull survey', 'Keel', 'Winch', 'Yard', 'Zinc']);
    expect(pages).toBe(3);
    const found = await send('GET', `/connections/${id}/look-ups/project?search=DOCK`);
    expect(found.json.items).toMatchObject([{ externalId: 'p-2', name: 'Dock 4' }]);
    const none = await send('GET', `/connections/${id}/look-ups/client`);
    expect([none.status, none.json.code]).toEqual([409, 'connection.no_such_list']);
  });

  it('begins at once where everything is given, and waits where somebody wants to look first', async () => {
    const all = {
      settings: { companyId: 'c-7', organisationId: 'o-1' },
      secrets: { ...signInClient, accessToken: 'token of ours' },
    };
    expect((await connect(all)).made.status).toBe('active');
    const waiting = await connect({ ...all, start: false });
    expect(waiting.made.status).toBe('setup');
    const resumed = await send('PATCH', `/connections/${waiting.id}`, { status: 'active' });
    expect(resumed.json.status).toBe('active');
  });

  it('does not start what is not complete, by whatever command', async () => {
    const { id } = await connect();
    for (const [method, path, body] of [
      ['POST', 'start', undefined],
      ['PATCH', '', { status: 'active' }],
    ] as const) {
      const answer = await send(method, `/connections/${id}${path === '' ? '' : `/${path}`}`, body);
      expect([answer.status, answer.json.code]).toEqual([409, 'connection.not_ready']);
      expect(answer.json.detail).toContain('a sign-in');
    }
  });

  it('is tried out before it starts: what would come in is shown, and nothing of it is stored', async () => {
    const { id } = await connected();
    const asked = await send('POST', `/connections/${id}/dry-run`);
    expect([asked.status, asked.json.kind, asked.json.status]).toEqual([202, 'dry_run', 'running']);
    let shown = asked;
    while (shown.json.status === 'running') shown = await send('GET', `/operations/${asked.json.id}`);
    expect(shown.json, shown.text).toMatchObject({ status: 'done', error: null });
    expect(shown.json.result).toMatchObject({
      entries: 2,
      new: 2,
      known: 0,
      unreadable: 1,
      rows: [{ externalId: 'e-1', project: 'Dock 4' }, { externalId: 'e-2' }],
    });
    expect(await rows('select 1 from work_entries')).toEqual([]);
    expect(await rows('select 1 from quarantine')).toEqual([]);
    expect(await eventsOf(id)).toContain('dry_run_asked');
    expect((await send('GET', `/connections/${id}`)).json.status).toBe('setup');
  });

  it('has some days read again once it has started, and no others', async () => {
    const { id } = await connected();
    const days = { from: '2026-02-01', to: '2026-02-28' };
    expect((await send('POST', `/connections/${id}/resync`, days)).json.code).toBe('connection.not_active');
    await send('POST', `/connections/${id}/start`);
    const asked = await send('POST', `/connections/${id}/resync`, days);
    expect([asked.status, asked.json.status, asked.json.result]).toEqual([202, 'queued', days]);
    expect(
      await rows(`select 1 from outbox where subject_id = $1 and reason = 'resync requested'`, id),
    ).toHaveLength(1);
    const wrong = await send('POST', `/connections/${id}/resync`, { from: '2026-02-28', to: '2026-02-01' });
    expect([wrong.status, wrong.json.code]).toEqual([422, 'connection.resync_span']);
  });

  it('says in words why the platform refuses a test', async () => {
    const { vendor, id } = await connected();
    vendor.oauth.end();
    const { status, json } = await send('POST', `/connections/${id}/test`);
    expect([status, json.ok, json.problem.kind]).toEqual([200, false, 'AuthorizationLost']);
    expect(json.problem.message).toBe(
      'Sign-in Vendor no longer accepts the saved sign-in. Connect Sign-in Vendor again.',
    );
    const accounts = await send('GET', `/connections/${id}/accounts`);
    expect([accounts.status, accounts.json.code]).toEqual([409, 'platform.authorization_lost']);
    vendor.sandbox.fault({ kind: 'status', status: 503, times: 1 });
    const down = await send('GET', `/connections/${id}/accounts`);
    expect([down.status, down.json.code]).toEqual([503, 'platform.unavailable']);
  });

  it.each([
    [
      'a secret that nothing reads',
      { secrets: { ...signInClient, password: 'x' } },
      'connection.secret_unknown',
    ],
    ['a setting that nothing reads', { settings: { size: 'xl' } }, 'connection.setting_unknown'],
  ])('refuses %s and names those that are known', async (_, fields, code) => {
    const answer = await send('POST', '/connections', {
      connector: connector.id,
      name: 'Wrong',
      goLiveOn: '2026-01-01',
      ...fields,
    });
    expect([answer.status, answer.json.code]).toEqual([422, code]);
    expect(answer.json.whatToDo).toContain('Known are');
  });
});

describe('coming back from the platform', () => {
  it('works once, for ten minutes, and only with a state that was given out', async () => {
    const { vendor, id } = await connect();
    const first = await consent(vendor, id);
    expect((await first.back()).status).toBe(200);
    const again = await first.back();
    expect([again.status, vendor.calls('/token').length]).toEqual([400, 1]);
    expect(again.text).toContain('used before');

    const late = await consent(vendor, id);
    await rows(
      `update authorisations set expires_at = now() - interval '1 second' where connection_id = $1`,
      id,
    );
    expect((await late.back()).status).toBe(400);

    const earlier = await consent(vendor, id);
    await consent(vendor, id);
    expect((await earlier.back()).status).toBe(400);

    const theirs = await api.newWorkspace('Theirs');
    const forged = [
      '',
      'state=nonsense',
      `state=${workspace.id}.${'x'.repeat(43)}`,
      `state=${late.state.replace(workspace.id, theirs.id)}`,
    ];
    for (const query of forged)
      expect((await api.call('GET', `/oauth/callback?code=c&${query}`)).status).toBe(400);
    expect(vendor.calls('/token')).toHaveLength(1);
  });

  it('keeps of the state no more than its hash, and the verifier sealed', async () => {
    const { vendor, id } = await connect();
    const { state } = await consent(vendor, id);
    const [row] = await rows<Record<string, unknown>>(
      `select encode(state_hash, 'escape') || encode(ciphertext, 'escape') || redirect_url as kept from authorisations where connection_id = $1`,
      id,
    );
    expect(String(row!.kept)).not.toContain(state.split('.')[1]);
    expect(api.log()).not.toContain(state.split('.')[1]);
  });

  it('without consent says so, shows nothing that somebody put into the address, and is told in the audit', async () => {
    const { vendor, id } = await connect();
    const asked = await send('POST', `/connections/${id}/authorise`);
    const { state } = vendor.oauth.consent(asked.json.url as string);
    const back = new URLSearchParams({
      state,
      error: 'access_denied',
      error_description: '<script>x</script>',
    });
    const page = await api.call('GET', `/oauth/callback?${back.toString()}`);
    expect(page.status).toBe(400);
    expect(page.text).not.toContain('script');
    expect(await eventsOf(id)).toContain('authorisation_refused');
  });

  it('takes up again what had lost its authorisation, but not for the books of another company', async () => {
    let companyId = 'c-8';
    const { vendor, id } = await connected({ callbackOf: () => ({ companyId }) });
    await send('POST', `/connections/${id}/start`);
    await rows(`update connections set status = 'authorization_lost' where id = $1`, id);
    companyId = 'c-9';
    const wrong = await (await consent(vendor, id)).back();
    expect([wrong.status, wrong.text.includes('another account')]).toEqual([400, true]);
    expect((await send('GET', `/connections/${id}`)).json).toMatchObject({
      status: 'authorization_lost',
      settings: { companyId: 'c-8' },
    });
    companyId = 'c-8';
    expect((await (await consent(vendor, id)).back()).status).toBe(200);
    const [row] = await rows<{ status: string; asked: boolean }>(
      'select status, sync_requested_at is not null as asked from connections where id = $1',
      id,
    );
    expect(row).toEqual({ status: 'active', asked: true });
  });
});

describe('the health of a connection', () => {
  it('says what a person in finance wants to know', async () => {
    const { id } = await connected();
    await send('POST', `/connections/${id}/start`);
    await send('GET', `/connections/${id}/accounts`);
    await rows(`update connections set last_success_at = now() - interval '3 minutes' where id = $1`, id);
    await rows(
      `insert into checkpoints (workspace_id, connection_id, stream, updated_at) values ($1, $2, 'time', now() - interval '1 minute')`,
      workspace.id,
      id,
    );
    const failure = { kind: 'Unavailable', message: 'Vendor has a problem.', requestId: 'r-1' };
    for (const at of ['2026-11-21T08:00:00Z', '2026-11-21T08:05:00Z'])
      await api.test.database.inWorkspace(workspace.id, (tx) =>
        noteConnectionError(tx, id, { ...failure, at }),
      );
    const { status, json } = await send('GET', `/connections/${id}/health`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      status: 'active',
      health: 'failing',
      summary: 'Last read 3 minutes ago. The last attempt failed: Vendor has a problem.',
      whatToDo: 'It is tried again by itself; look again later.',
      openExceptions: 0,
      quarantined: 0,
      calls: { limit: 1_000, perSeconds: 1 },
      errors: [{ ...failure, at: '2026-11-21T08:05:00Z', since: '2026-11-21T08:00:00Z', times: 2 }],
    });
    expect(json.lagSeconds).toBeGreaterThanOrEqual(180);
    const [reading] = json.readings as { readAt: string; nextAt: string }[];
    expect(Date.parse(reading!.nextAt) - Date.parse(reading!.readAt)).toBe(300_000);
  });

  it('counts what the platform said is left of its calls', async () => {
    const { id } = await connected();
    await send('GET', `/connections/${id}/accounts`);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await send('GET', `/connections/${id}/accounts`);
    const { json } = await send('GET', `/connections/${id}/health`);
    expect(json.calls.left).toBeLessThanOrEqual(77);
    expect(json.calls.left).toBeGreaterThan(60);
  });
});

describe('the end of a connection', () => {
  it('ends the consent at the platform, destroys the secrets here and says so in the audit', async () => {
    const { vendor, id } = await connected();
    const answer = await send('POST', `/connections/${id}/disconnect`);
    expect(answer.json).toMatchObject({
      connection: { status: 'disconnected', secretNames: [] },
      revoked: true,
      problems: [],
    });
    expect(vendor.oauth.ended()).toBe(true);
    expect(await rows('select 1 from connection_secrets where connection_id = $1', id)).toEqual([]);
    expect(await rows('select 1 from authorisations where connection_id = $1', id)).toEqual([]);
    const [event] = await rows<{ payload: object }>(
      `select payload from events where subject_id = $1 and type = 'connection.secrets_destroyed'`,
      id,
    );
    expect(event!.payload).toEqual({
      names: ['accessToken', 'clientId', 'clientSecret', 'refreshToken'],
      unsubscribed: 0,
      revoked: true,
      problems: [],
    });
    for (const [method, path] of [
      ['POST', 'authorise'],
      ['POST', 'test'],
      ['GET', 'accounts'],
      ['POST', 'disconnect'],
    ]) {
      const later = await send(method!, `/connections/${id}/${path}`);
      expect([later.status, later.json.code]).toEqual([409, 'connection.disconnected']);
    }
  });

  it('is not stopped by a platform that is down, which is said', async () => {
    const { vendor, id } = await connected();
    await vendor.stop();
    const answer = await send('POST', `/connections/${id}/disconnect`);
    expect([answer.status, answer.json.revoked, answer.json.connection.status]).toEqual([
      200,
      false,
      'disconnected',
    ]);
    expect(answer.json.problems).toEqual(['Sign-in Vendor could not be reached.']);
    expect(await rows('select 1 from connection_secrets where connection_id = $1', id)).toEqual([]);
  });
});

describe('another host for a connection', () => {
  const body = (baseUrlOverride: string) => ({
    connector: connector.id,
    name: `Elsewhere ${++count}`,
    goLiveOn: '2026-01-01',
    baseUrlOverride,
  });

  it('takes a permission of its own, for all secrets go there', async () => {
    const clerk = await api.newKey(workspace.id, [
      'connections.create',
      'connections.update',
      'connections.read',
    ]);
    const own = body('http://127.0.0.1:4010');
    const refused = await api.call('POST', '/connections', { key: clerk, body: own });
    expect([refused.status, refused.json.detail]).toEqual([
      403,
      expect.stringContaining('connections.override') as string,
    ]);
    const { baseUrlOverride: _, ...without } = own;
    const made = await api.call('POST', '/connections', { key: clerk, body: without });
    expect(made.status).toBe(201);
    const changed = await api.call('PATCH', `/connections/${made.json.id}`, {
      key: clerk,
      body: { baseUrlOverride: 'http://127.0.0.1:4010' },
    });
    expect(changed.status).toBe(403);
  });
});

it('shows no token, secret, code or state in answers, events or the log', async () => {
  const { vendor, id } = await connected();
  await send('POST', `/connections/${id}/test`);
  vendor.oauth.expire();
  await send('GET', `/connections/${id}/accounts`);
  const refreshToken = vendor.oauth.currentRefreshToken();
  const sent = vendor.calls('/token').map(({ text }) => new URLSearchParams(text));
  const secrets = [
    signInClient.clientSecret,
    refreshToken,
    ...sent.flatMap((form) =>
      ['code', 'code_verifier', 'refresh_token'].flatMap((name) => form.getAll(name)),
    ),
    ...vendor.calls('/organisations').map(({ headers }) => headers.authorization!.replace('Bearer ', '')),
  ];
  expect(secrets.length).toBeGreaterThan(6);
  const shown = [
    (await send('GET', `/connections/${id}`)).text,
    (await send('GET', `/connections/${id}/health`)).text,
    JSON.stringify(await rows('select * from events where subject_id = $1', id)),
    JSON.stringify(
      await rows(`select settings, last_error, recent_errors from connections where id = $1`, id),
    ),
    api.log(),
  ];
  for (const place of shown) for (const secret of secrets) expect(place).not.toContain(secret);
});
