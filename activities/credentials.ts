/**
 * Owns the access token of a connection: from the store, renewed shortly before it ends and after a 401, by one worker at a
 * time across all processes. No database lock is held while the platform is asked: a lease with a deadline stands for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connector, ConnectorSecrets, ConnectorSettings } from '../connectors/kit/define.ts';
import { AuthorizationLost, toVendorError, Unavailable } from '../connectors/kit/errors.ts';
import type { VendorCredentials } from '../connectors/kit/http.ts';
import { type OAuthCalls, openOAuth, type TokenAnswer } from '../connectors/kit/oauth.ts';
import type { TlsFacts } from '../connectors/kit/transport.ts';
import {
  readTokens,
  releaseTokenLease,
  type StoredTokens,
  storeTokens,
  takeTokenLease,
} from '../store/connection-tokens.ts';
import { newId } from '../store/new-id.ts';
import type { ActivityDeps } from './deps.ts';

/** An exchange ends before its lease does: else two would be under way at once. */
const exchangeTimeoutMs = 20_000;
const leaseMs = 30_000;
const pollMs = 100;
/** How long one may wait for another's exchange and for what a dead one may have left. */
const longestWaitMs = 45_000;
/** After a lease that ran out, its holder may be about to store what it got. */
const orphanGraceMs = 3_000;
/** Tokens are renewed so long before they end, a tenth of their life at most. */
const earlyMs = 120_000;

export interface ConnectionAuth {
  workspaceId: string;
  connectionId: string;
  connector: Connector;
  settings: ConnectorSettings;
  baseUrlOverride: string | undefined;
}

/** What requests of this connection carry now. */
interface Held {
  token: string;
  generation: number;
  /** On this process's monotonic clock. */
  renewAt: number;
  endsAt: number;
}

/** `tokens` as they were read when the connection was opened. */
export function connectionCredentials(
  deps: ActivityDeps,
  auth: ConnectionAuth,
  tokens: StoredTokens,
): VendorCredentials {
  let held = toHeld(auth.connector, tokens);
  let stored = tokens;
  let renewing: Promise<string | null> | null = null;

  /** In this process once at a time; others wait for its outcome. Null: what is stored is what was refused. */
  const renew = (rejected: string): Promise<string | null> => {
    if (held.token !== rejected) return Promise.resolve(held.token);
    renewing ??= renewTokens(deps, auth, stored, rejected)
      .then((after) => {
        stored = after;
        held = toHeld(auth.connector, after);
        return held.token === rejected ? null : held.token;
      })
      .finally(() => {
        renewing = null;
      });
    return renewing;
  };

  return {
    accessToken: async () => {
      const now = performance.now();
      if (!isRenewable(auth.connector, stored.secrets)) return held.token;
      if (held.token !== '' && now < held.renewAt) return held.token;
      try {
        return (await renew(held.token)) ?? held.token;
      } catch (problem) {
        // Too early to give up: the token still works, and the platform may sign in again within its time.
        if (held.token !== '' && now < held.endsAt && !(problem instanceof AuthorizationLost))
          return held.token;
        throw problem;
      }
    },
    refresh: () => renew(held.token),
  };
}

/** Mutual TLS: the certificate that a connection shows, and whom it trusts beside the public authorities. */
export function tlsOf({ clientCertificate, clientKey, trustedCertificate }: ConnectorSecrets): TlsFacts {
  return { clientCertificate, clientKey, trustedCertificate };
}

/** The kit's OAuth of a connection. Throws where the connector has none. */
export function oauthOf(deps: ActivityDeps, auth: ConnectionAuth, secrets: ConnectorSecrets): OAuthCalls {
  return openOAuth({
    connector: auth.connector,
    settings: auth.settings,
    clientId: secrets.clientId,
    clientSecret: secrets.clientSecret,
    baseUrlOverride: auth.baseUrlOverride,
    rules: {
      allowLoopback: deps.vendor.allowLoopback,
      allowedHosts: deps.vendor.allowedHosts ?? [],
    },
    tls: tlsOf(secrets),
    timeoutMs: Math.min(exchangeTimeoutMs, deps.vendor.timeoutMs ?? exchangeTimeoutMs),
  });
}

function toHeld(connector: Connector, { secrets, generation, expiresInMs, lifeMs }: StoredTokens): Held {
  const now = performance.now();
  const token = (connector.auth.tokenOf ?? (({ accessToken }) => accessToken ?? ''))(secrets);
  if (expiresInMs === null)
    return { token, generation, renewAt: Number.POSITIVE_INFINITY, endsAt: Number.POSITIVE_INFINITY };
  const early = Math.min(earlyMs, (lifeMs ?? 0) / 10);
  return { token, generation, renewAt: now + expiresInMs - early, endsAt: now + expiresInMs };
}

function isRenewable(
  { auth: { oauth } }: Connector,
  { refreshToken, clientId, clientSecret }: ConnectorSecrets,
): boolean {
  if (!oauth) return false;
  return (
    Boolean(refreshToken) ||
    (oauth.grants.includes('client_credentials') && Boolean(clientId && clientSecret))
  );
}

/**
 * Lease → take what others stored meanwhile, else exchange → store → give the lease back. Answers what is stored in the end;
 * throws AuthorizationLost only when that is unchanged by anybody.
 */
async function renewTokens(
  deps: ActivityDeps,
  auth: ConnectionAuth,
  known: StoredTokens,
  rejected: string,
): Promise<StoredTokens> {
  const { workspaceId, connectionId, connector } = auth;
  const holder = newId();
  const giveUpAt = performance.now() + longestWaitMs;
  const reread = () =>
    deps.database.inWorkspace(workspaceId, async (tx) => {
      const tokens = await readTokens(tx, deps.secrets, connectionId);
      if (!tokens) throw new AuthorizationLost('This connection is gone.', { connector: connector.id });
      return tokens;
    });
  for (;;) {
    const now = await reread();
    // Somebody renewed or replaced them: what is stored is tried before anything is asked for.
    if (toHeld(connector, now).token !== rejected && now.generation > known.generation) return now;
    if (!isRenewable(connector, now.secrets)) return now;
    const lease = await deps.database.inWorkspace(workspaceId, (tx) =>
      takeTokenLease(tx, connectionId, { holder, seen: now.generation, leaseMs }),
    );
    if (lease.outcome === 'taken')
      return exchange(deps, auth, now, { holder, orphaned: lease.orphaned, reread });
    if (lease.outcome === 'busy') {
      if (performance.now() > giveUpAt)
        throw new Unavailable(
          `Another worker is signing in to ${connector.name} and does not come back. It is tried again by itself.`,
          { connector: connector.id, vendorCode: 'sign_in_busy' },
        );
      await sleep(Math.min(lease.waitMs, pollMs) + Math.random() * pollMs);
    }
  }
}

async function exchange(
  deps: ActivityDeps,
  auth: ConnectionAuth,
  now: StoredTokens,
  { holder, orphaned, reread }: { holder: string; orphaned: boolean; reread: () => Promise<StoredTokens> },
): Promise<StoredTokens> {
  const { workspaceId, connectionId } = auth;
  const inWorkspace = deps.database.inWorkspace.bind(deps.database, workspaceId);
  let answer: TokenAnswer;
  try {
    answer = await ask(oauthOf(deps, auth, now.secrets), now);
  } catch (problem) {
    const error = toVendorError(problem, auth.connector.name);
    if (error instanceof AuthorizationLost) {
      const newer = await newerTokens(now, reread, orphaned ? orphanGraceMs : 0);
      if (newer) return newer;
    }
    await inWorkspace((tx) => releaseTokenLease(tx, connectionId, holder));
    throw error;
  }
  // Nobody, not even this process, uses the access token before the refresh token that came with it is safe.
  await inWorkspace((tx) => storeTokens(tx, deps.secrets, connectionId, answer, now.generation));
  deps.logger.info({ connectionId, connector: auth.connector.id }, 'the sign-in of a connection was renewed');
  return reread();
}

function ask(oauth: OAuthCalls, { secrets, redirectUrl }: StoredTokens): Promise<TokenAnswer> {
  return secrets.refreshToken ? oauth.refresh(secrets.refreshToken, redirectUrl) : oauth.clientCredentials();
}

/** Tokens that somebody stored since `seen`, also those that come within `waitMs`; null: there are none. */
async function newerTokens(
  seen: StoredTokens,
  reread: () => Promise<StoredTokens>,
  waitMs: number,
): Promise<StoredTokens | null> {
  const until = performance.now() + waitMs;
  for (;;) {
    const now = await reread();
    if (now.generation > seen.generation && now.secrets.refreshToken !== seen.secrets.refreshToken)
      return now;
    if (performance.now() >= until) return null;
    await sleep(pollMs);
  }
}
