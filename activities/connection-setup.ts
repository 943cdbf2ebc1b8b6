/**
 * Owns what a person asks of a platform while setting up, testing and ending a connection. The API calls it; a failure of the
 * platform is a refusal in words, never an error of ours.
 */

import { once } from 'node:events';
import { allowedAddress, isNamedHost } from '../connectors/kit/address.ts';
import type { Connector, LookUpKind, LookUpRecord, VendorAccount } from '../connectors/kit/define.ts';
import { Throttled, toVendorError, Unavailable, type VendorErrorKind } from '../connectors/kit/errors.ts';
import { type Consent, randomText } from '../connectors/kit/oauth.ts';
import { found, Refusal } from '../domain/refusal.ts';
import { type NewTokens, readTokens, type StoredTokens } from '../store/connection-tokens.ts';
import { type Connection, connections } from '../store/connections.ts';
import { finishOperation } from '../store/operations.ts';
import { oauthOf } from './credentials.ts';
import type { ActivityDeps } from './deps.ts';
import { dryRun } from './dry-run.ts';
import { type OpenVendor, openConnection } from './vendor.ts';
import { unsubscribeAll } from './webhook-subscriptions.ts';

export interface ConnectionRef {
  workspaceId: string;
  connectionId: string;
}
export interface SetupDeps extends ActivityDeps {
  connectors: ReadonlyMap<string, Connector>;
}

/** A person waits. */
const mostTimeoutMs = 15_000;
/** All that is tried at a platform when a connection ends: it ends without, too. */
const endingMs = 30_000;
/** Accounts and records beyond these are for a search at the platform, not for a list to choose from. */
const mostAccounts = 500;
const mostRecords = 20_000;

export type ConnectionSetup = ReturnType<typeof createConnectionSetup>;

export function createConnectionSetup(given: SetupDeps) {
  const timeoutMs = Math.min(given.vendor.timeoutMs ?? mostTimeoutMs, mostTimeoutMs);
  const deps: SetupDeps = { ...given, vendor: { ...given.vendor, timeoutMs } };

  async function read({ workspaceId, connectionId }: ConnectionRef): Promise<{
    connection: Connection;
    connector: Connector;
    tokens: StoredTokens;
  }> {
    const { connection, tokens } = await deps.database.inWorkspace(workspaceId, async (tx) => ({
      connection: found(await connections.find(tx, connectionId), 'connection'),
      tokens: found(await readTokens(tx, deps.secrets, connectionId), 'connection'),
    }));
    const connector = deps.connectors.get(connection.connector);
    if (!connector)
      throw new Refusal({
        code: 'connection.unknown_connector',
        message: `This hub has no connector "${connection.connector}" any more.`,
      });
    return { connection, connector, tokens };
  }

  /** Calls of a connection in any status but disconnected, also before its settings are complete. */
  async function opened(ref: ConnectionRef): Promise<OpenVendor & { tokens: StoredTokens }> {
    const { connection, connector, tokens } = await read(ref);
    requireConnected(connection);
    const vendor = openConnection(deps, ref.workspaceId, connection, tokens, {
      settingsLater: true,
      known: connector,
    });
    return { ...vendor, tokens };
  }

  /** `query`: of the callback, which may tell where tokens are to be had (Zoho's data centre). */
  async function oauthCalls(ref: ConnectionRef, query: Readonly<Record<string, string>> = {}) {
    const { connection, connector, tokens } = await read(ref);
    requireConnected(connection);
    if (!connector.auth.oauth?.grants.includes('authorization_code'))
      throw new Refusal({
        code: 'connection.no_consent',
        message: `${connector.name} is not authorised in a browser.`,
        whatToDo: 'Give its secrets with PATCH /connections/:connectionId.',
      });
    if (!tokens.secrets.clientId)
      throw new Refusal({
        code: 'connection.client_missing',
        message: `The app of this hub at ${connector.name} is not known yet.`,
        whatToDo: `Register an app at ${connector.name}, and give its clientId and clientSecret as secrets of the connection.`,
      });
    const told = connector.auth.oauth.settingsFromCallback?.(query) ?? {};
    const auth = {
      workspaceId: ref.workspaceId,
      connectionId: ref.connectionId,
      connector,
      settings: { ...connection.settings, ...told },
      baseUrlOverride: connection.baseUrlOverride ?? undefined,
    };
    return { connector, tokens, told, calls: oauthOf(deps, auth, tokens.secrets) };
  }

  const running = new Set<Promise<void>>();

  async function tryOut(ref: ConnectionRef, operationId: string): Promise<void> {
    const end = (outcome: Parameters<typeof finishOperation>[2]) =>
      deps.database.inWorkspace(ref.workspaceId, (tx) => finishOperation(tx, operationId, outcome));
    try {
      const result = await dryRun(deps, ref.workspaceId, await opened(ref));
      await end({ status: 'done', result });
    } catch (problem) {
      const error = problem instanceof Refusal ? problem : toVendorError(problem);
      if (error instanceof Unavailable)
        deps.logger.warn({ err: error.cause ?? error, ...ref }, 'a dry run failed');
      await end({ status: 'failed', error: { message: error.message } }).catch((failure: unknown) =>
        deps.logger.warn({ err: failure, ...ref }, 'the end of a dry run could not be noted'),
      );
    }
  }

  return {
    /** Where a person consents, and what the answer is checked against. */
    beginConsent: (ref: ConnectionRef, redirectUrl: string): Promise<{ url: string; proof: Consent }> =>
      inWords(async () => {
        const { calls } = await oauthCalls(ref);
        const state = `${ref.workspaceId}.${randomText()}`;
        const proof = { redirectUrl, state, verifier: randomText(), nonce: randomText() };
        return { url: calls.authorizeUrl(proof), proof };
      }),

    /** Tokens for a code; to be stored before anything is called with them. */
    finishConsent: (
      ref: ConnectionRef,
      code: string,
      query: Readonly<Record<string, string>>,
      proof: Consent,
    ): Promise<NewTokens> =>
      inWords(async () => {
        const { connector, calls, told } = await oauthCalls(ref, query);
        const tokens = await calls.exchangeCode(code, proof);
        const settings = knownOnly(connector, { ...told, ...tokens.settings });
        return { ...tokens, settings, redirectUrl: proof.redirectUrl };
      }),

    /** Whether the credentials work, and for whom. A platform that says no is an answer, too. */
    async test(ref: ConnectionRef): Promise<{
      ok: boolean;
      account: string | null;
      warnings: string[];
      problem: { kind: VendorErrorKind; message: string; requestId: string | null } | null;
    }> {
      try {
        const { connector, http } = await opened(ref);
        const { account, warnings } = await connector.test(http);
        return { ok: true, account, warnings, problem: null };
      } catch (problem) {
        if (problem instanceof Refusal) throw problem;
        const { kind, message, requestId, cause } = toVendorError(problem);
        if (cause !== undefined) deps.logger.warn({ err: cause, ...ref }, 'a test of a connection failed');
        return { ok: false, account: null, warnings: [], problem: { kind, message, requestId } };
      }
    },

    /** What the sign-in reaches; empty where the platform has nothing to choose. */
    accounts: (ref: ConnectionRef): Promise<VendorAccount[]> =>
      inWords(async () => {
        const { connector, http } = await opened(ref);
        const accounts = (await connector.accounts?.(http)) ?? [];
        return accounts
          .slice(0, mostAccounts)
          .map((account) => ({ ...account, settings: knownOnly(connector, account.settings) }));
      }),

    /** Records from the `skip`-th on, up to `limit` and one more where there are. Null: the platform has no such list. */
    lookUp: (
      ref: ConnectionRef,
      kind: LookUpKind,
      { skip, limit, holding }: { skip: number; limit: number; holding: string },
    ): Promise<LookUpRecord[] | null> =>
      inWords(async () => {
        const { connector, http } = await opened(ref);
        const list = connector.lookUps?.[kind];
        if (!list) return null;
        const wanted = skip + limit + 1;
        const matching: LookUpRecord[] = [];
        let read = 0;
        for await (const page of list(http)) {
          read += page.length;
          matching.push(...page.filter((one) => holds(one, holding)));
          if (matching.length >= wanted || read >= mostRecords) break;
        }
        return matching.slice(skip, wanted);
      }),

    /** Ends what the platform has of us: what it calls, and its consent. Never fails for the platform's sake: it says why. */
    async end(ref: ConnectionRef): Promise<{ unsubscribed: number; revoked: boolean; problems: string[] }> {
      const outcome = { unsubscribed: 0, revoked: false, problems: [] as string[] };
      const { connection, connector, tokens } = await read(ref);
      const until = AbortSignal.timeout(endingMs);
      const step = async (work: () => Promise<void>) => {
        try {
          await Promise.race([work(), tooLong(until, connector)]);
        } catch (problem) {
          outcome.problems.push(withoutPromise(toVendorError(problem, connector.name).message));
        }
      };
      await step(async () => {
        if (!connector.webhooks) return;
        const { http } = openConnection(deps, ref.workspaceId, connection, tokens, { known: connector });
        const { ended, failed } = await unsubscribeAll(deps, {
          workspaceId: ref.workspaceId,
          connection,
          http,
        });
        outcome.unsubscribed = ended;
        outcome.problems.push(...failed.map(withoutPromise));
      });
      const last = await read(ref);
      const token = last.tokens.secrets.refreshToken ?? last.tokens.secrets.accessToken;
      await step(async () => {
        if (
          !connector.auth.oauth?.revokeUrl ||
          token === undefined ||
          last.tokens.secrets.clientId === undefined
        )
          return;
        const auth = {
          ...ref,
          connector,
          settings: connection.settings,
          baseUrlOverride: connection.baseUrlOverride ?? undefined,
        };
        outcome.revoked = await oauthOf(deps, auth, last.tokens.secrets).revoke(token);
      });
      return outcome;
    },

    /** Reads the first pages in the background and leaves what would come in as the operation's result; nothing is stored. */
    startDryRun(ref: ConnectionRef, operationId: string): void {
      const run = tryOut(ref, operationId).finally(() => running.delete(run));
      running.add(run);
    },

    /** How many dry runs are under way in this process. */
    dryRunsUnderWay: () => running.size,

    /** Resolves when no dry run is under way. */
    idle: async () => {
      await Promise.allSettled(running);
    },

    /** Whether the operator lets connections name this host instead of the platform's. */
    allowsHost(url: string): boolean {
      const rules = {
        allowLoopback: deps.vendor.allowLoopback,
        allowedHosts: deps.vendor.allowedHosts ?? [],
      };
      try {
        const { hostname } = allowedAddress({ id: 'hub', name: 'hub' }, url, undefined, rules);
        return isNamedHost(hostname, rules);
      } catch {
        return false;
      }
    },
  };
}

function requireConnected({ status }: Connection): void {
  if (status !== 'disconnected') return;
  throw new Refusal({
    code: 'connection.disconnected',
    message: 'This connection was disconnected for good.',
    whatToDo: 'Create a new one.',
  });
}

/** Nobody tries again once a connection has ended. */
const withoutPromise = (message: string) => message.replace(/ It is tried again( by itself)?\.$/, '');

/** Rejects when time is up. */
async function tooLong(until: AbortSignal, { id, name }: Connector): Promise<never> {
  if (!until.aborted) await once(until, 'abort');
  throw new Unavailable(`${name} took too long to answer.`, { connector: id, vendorCode: 'timeout' });
}

/** Only what the connector has: a platform's answer writes no settings of its own invention. */
function knownOnly(connector: Connector, settings: Readonly<Record<string, string>>): Record<string, string> {
  const known = { ...connector.settings, ...connector.optionalSettings };
  return Object.fromEntries(Object.entries(settings).filter(([name]) => name in known));
}

function holds({ name, code, email, externalId }: LookUpRecord, text: string): boolean {
  const wanted = text.toLowerCase();
  return [name, code, email, externalId].some((field) => field?.toLowerCase().includes(wanted));
}

const codes: Record<VendorErrorKind, { code: string; status: number }> = {
  AuthorizationLost: { code: 'platform.authorization_lost', status: 409 },
  InvalidRequest: { code: 'platform.refused', status: 409 },
  Throttled: { code: 'platform.busy', status: 503 },
  Unavailable: { code: 'platform.unavailable', status: 503 },
};

async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (problem) {
    if (problem instanceof Refusal) throw problem;
    const error = toVendorError(problem);
    // What is none of the four was not foreseen: it belongs into the log, not to the platform.
    if (error !== problem) throw problem;
    const details = { vendorCode: error.vendorCode, requestId: error.requestId };
    const retry =
      error instanceof Throttled ? { retryAfterSeconds: Math.ceil(error.retryAfterMs / 1000) } : {};
    throw new Refusal({ ...codes[error.kind], message: error.message, details, ...retry });
  }
}
