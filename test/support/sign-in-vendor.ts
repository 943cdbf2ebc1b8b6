/** Owns a vendor with OAuth on a loopback port and a connector for it: for tests of signing in, whoever the vendor is. */
import { type Connector, defineConnector, type OAuth2 } from '../../connectors/kit/define.ts';
import { type Sandbox, startSandbox, type VendorCall } from '../../connectors/kit/sandbox.ts';
import {
  createSandboxOAuth,
  type SandboxOAuth,
  type SandboxOAuthOptions,
} from '../../connectors/kit/sandbox-oauth.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
import { named, sourceEntry } from './source-entry.ts';

export const signInClient = { clientId: 'client-of-ours', clientSecret: 'client-secret-of-ours' };

export interface SignInVendor {
  oauth: SandboxOAuth;
  sandbox: Sandbox;
  /** Calls of this path, oldest first. */
  calls(path: string): VendorCall[];
  later(ms: number): void;
  stop(): Promise<void>;
}

/** Two organisations, three projects a page; every call needs a token that lives. */
export async function startSignInVendor(options: Partial<SandboxOAuthOptions> = {}): Promise<SignInVendor> {
  let nowMs = Date.now();
  const oauth = createSandboxOAuth({
    ...signInClient,
    clientAuth: 'basic',
    lifeMs: 3_600_000,
    rotates: true,
    needsPkce: true,
    nowMs: () => nowMs,
    callbackOf: () => ({ companyId: 'c-7' }),
    ...options,
  });
  const seen: VendorCall[] = [];
  const sandbox = await startSandbox({
    answer(call) {
      seen.push(call);
      if (call.path === '/token') return oauth.token(call);
      if (call.path === '/revoke') return oauth.revoke(call);
      const token = (call.headers.authorization ?? '').replace('Bearer ', '');
      if (!oauth.accepts(token)) return { status: 401, body: { message: 'token is not valid' } };
      const headers = { 'x-calls-left': '77', 'x-calls-reset': '30' };
      switch (call.path) {
        case '/me':
          return { status: 200, body: { name: 'Harbour Works' }, headers };
        case '/organisations':
          return {
            status: 200,
            body: [
              { id: 'o-1', name: 'Harbour Works AS' },
              { id: 'o-2', name: 'Harbour Works Ltd' },
            ],
            headers,
          };
        case '/projects': {
          const page = Number(call.query.get('page') ?? '1');
          const names = ['Crane refit', 'Dock 4', 'Hull survey', 'Keel', 'Winch', 'Yard', 'Zinc'];
          const rows = names.slice((page - 1) * 3, page * 3).map((name, n) => ({
            id: `p-${(page - 1) * 3 + n + 1}`,
            name,
          }));
          return { status: 200, body: rows, headers };
        }
        default:
          return { status: 404, body: { message: 'no such thing' } };
      }
    },
    errorBody: (_, message) => ({ error: 'server_error', error_description: message }),
    rateLimits: [],
    sendsRetryAfter: true,
  });
  return {
    oauth,
    sandbox,
    calls: (path) => seen.filter((call) => call.path === path),
    later: (ms) => {
      nowMs += ms;
    },
    stop: () => sandbox.close(),
  };
}

const entryOf = (externalId: string): SourceEntry =>
  sourceEntry(externalId, {
    workDate: '2026-02-03',
    zone: 'Europe/Oslo',
    person: { ...named('Ola Vik'), email: null },
    client: named('Harbour Lines'),
    project: named('Dock 4'),
  });

/** Its connector: an account to choose, projects to map, a company that the callback names. */
export const signInConnector = (oauth: Partial<OAuth2> = {}): Connector =>
  defineConnector({
    id: 'sign-in-vendor',
    name: 'Sign-in Vendor',
    auth: {
      type: 'bearer',
      oauth: {
        grants: ['authorization_code', 'refresh_token'],
        authorizeUrl: () => 'https://login.vendor.example/consent',
        tokenUrl: () => 'https://login.vendor.example/token',
        revokeUrl: () => 'https://login.vendor.example/revoke',
        scopes: ['time:read'],
        clientAuth: 'basic',
        rotates: true,
        settingsFromCallback: ({ companyId }): Record<string, string> => (companyId ? { companyId } : {}),
        ...oauth,
      },
    },
    baseUrl: () => 'https://api.vendor.example',
    rateLimit: { requests: 1_000, perSeconds: 1 },
    quotaOf: (headers) =>
      headers['x-calls-left'] === undefined
        ? null
        : { left: Number(headers['x-calls-left']), resetMs: Number(headers['x-calls-reset']) * 1000 },
    timeoutMs: 5_000,
    throttleMs: 1_000,
    requestIdHeader: 'x-request-id',
    settings: {
      companyId: 'Company, told by the sign-in',
      organisationId: 'Organisation, chosen after the sign-in',
    },
    optionalSettings: { colour: 'Any' },
    test: async (http) => {
      const { body } = await http.get('/me');
      return { account: (body as { name: string }).name, warnings: ['Only a sandbox.'] };
    },
    accounts: async (http) => {
      const { body } = await http.get('/organisations');
      return (body as { id: string; name: string }[]).map(({ id, name }) => ({
        externalId: id,
        name,
        settings: { organisationId: id },
      }));
    },
    lookUps: {
      async *project(http) {
        for (let page = 1; ; page += 1) {
          const { body } = await http.get('/projects', { query: { page } });
          const rows = body as { id: string; name: string }[];
          if (rows.length === 0) return;
          yield rows.map(({ id, name }) => ({
            externalId: id,
            name,
            code: null,
            email: null,
            active: true,
            parentExternalId: null,
          }));
        }
      },
    },
    timeSource: {
      rescan: { days: 30, everyMinutes: 60 },
      tellsDeletions: false,
      tellsApproval: true,
      async *window(http) {
        await http.get('/me');
        yield {
          entries: [entryOf('e-1'), entryOf('e-2')],
          unreadable: [
            {
              position: 'e-3',
              raw: '{}',
              truncated: false,
              reason: 'hours.missing',
              detail: 'It has no hours.',
            },
          ],
          checkpoint: null,
        };
      },
      readEntry: () => Promise.resolve(null),
    },
  });
