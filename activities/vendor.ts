/** Owns opening a connection's vendor, and turning its four failures into what Temporal retries or a person reads. */
import { ApplicationFailure } from '@temporalio/common';
import type { Connector } from '../connectors/kit/define.ts';
import { AuthorizationLost, InvalidRequest, Throttled, toVendorError } from '../connectors/kit/errors.ts';
import { createVendorHttp, type VendorHttp } from '../connectors/kit/http.ts';
import { unlimited } from '../connectors/kit/limit.ts';
import { patient } from '../connectors/kit/patient.ts';
import { connectorById } from '../connectors/kit/registry.ts';
import { readTokens, type StoredTokens } from '../store/connection-tokens.ts';
import {
  type Connection,
  connections,
  markAuthorizationLost,
  noteConnectionError,
} from '../store/connections.ts';
import { recordEvents } from '../store/events.ts';
import { raiseFindings } from '../store/exceptions.ts';
import { connectionCredentials, tlsOf } from './credentials.ts';
import type { ActivityDeps } from './deps.ts';
import { sharedLimiterOf } from './shared-limits.ts';

export interface OpenVendor {
  connection: Connection;
  connector: Connector;
  http: VendorHttp;
  /** The same, which never waits where the vendor asks us to slow down. */
  direct: VendorHttp;
  /** How long one request may take; an intent's deadline is later than that. */
  timeoutMs: number;
}

/** Null when the connection is not active: nothing is sent, the caller waits. */
export async function openVendor(
  deps: ActivityDeps,
  workspaceId: string,
  connectionId: string,
): Promise<OpenVendor | null> {
  const opened = await deps.database.inWorkspace(workspaceId, async (tx) => {
    const connection = await connections.find(tx, connectionId);
    if (connection?.status !== 'active') return null;
    return { connection, tokens: await readTokens(tx, deps.secrets, connectionId) };
  });
  if (!opened?.tokens) return null;
  return openConnection(deps, workspaceId, opened.connection, opened.tokens);
}

/** The vendor of a connection in whatever status. `settingsLater`: it is called to learn settings that are missing. */
export function openConnection(
  deps: ActivityDeps,
  workspaceId: string,
  connection: Connection,
  tokens: StoredTokens,
  { settingsLater = false, known = connectorById(connection.connector) } = {},
): OpenVendor {
  const timeoutMs = Math.min(known.timeoutMs, deps.vendor.timeoutMs ?? known.timeoutMs);
  const connector = { ...known, timeoutMs };
  const baseUrlOverride = connection.baseUrlOverride ?? undefined;
  const auth = {
    workspaceId,
    connectionId: connection.id,
    connector,
    settings: connection.settings,
    baseUrlOverride,
  };
  const direct = createVendorHttp({
    connector,
    settings: connection.settings,
    credentials: connectionCredentials(deps, auth, tokens),
    baseUrlOverride,
    limiter: deps.vendor.unlimited
      ? unlimited
      : sharedLimiterOf(deps.database, workspaceId, connection.id, connector.rateLimit),
    allowLoopback: deps.vendor.allowLoopback,
    allowedHosts: deps.vendor.allowedHosts ?? [],
    tls: tlsOf(tokens.secrets),
    settingsLater,
    redacted: Object.values(tokens.secrets),
    onCall: (call) => deps.noteCall?.({ workspaceId, connectionId: connection.id }, call),
    logger: deps.logger,
  });
  const http = patient(direct, (waitMs) =>
    deps.logger.info({ connectionId: connection.id, waitMs }, 'the platform asked us to wait'),
  );
  return { connection, connector, http, direct, timeoutMs };
}

/**
 * What to do about a vendor failure. Throttled and Unavailable are thrown for Temporal to retry; AuthorizationLost pauses the
 * connection and answers null; InvalidRequest answers its sentence: no repeat will mend it.
 */
export async function settleVendorFailure(
  deps: ActivityDeps,
  workspaceId: string,
  connectionId: string,
  problem: unknown,
): Promise<{ kind: 'authorization_lost' } | { kind: 'invalid'; code: string | null; reason: string }> {
  if (problem instanceof ApplicationFailure) throw problem;
  const error = toVendorError(problem);
  if (error instanceof Throttled) {
    throw ApplicationFailure.create({
      message: error.message,
      type: error.kind,
      nextRetryDelay: error.retryAfterMs,
      cause: error,
    });
  }
  if (error instanceof AuthorizationLost) {
    await loseAuthorization(deps, workspaceId, connectionId, error.message);
    return { kind: 'authorization_lost' };
  }
  const at = new Date().toISOString();
  const { kind, message, requestId } = error;
  await deps.database.inWorkspace(workspaceId, (tx) =>
    noteConnectionError(tx, connectionId, { kind, message, requestId, at }),
  );
  if (error instanceof InvalidRequest)
    return { kind: 'invalid', code: error.vendorCode, reason: error.message };
  deps.logger.warn({ err: error.cause ?? error, connectionId }, 'vendor unavailable');
  throw ApplicationFailure.create({ message: error.message, type: error.kind, cause: error });
}

async function loseAuthorization(
  deps: ActivityDeps,
  workspaceId: string,
  connectionId: string,
  reason: string,
): Promise<void> {
  await deps.database.inWorkspace(workspaceId, async (tx) => {
    if (!(await markAuthorizationLost(tx, connectionId, reason))) return;
    const at = new Date().toISOString();
    await noteConnectionError(tx, connectionId, {
      kind: 'AuthorizationLost',
      message: reason,
      requestId: null,
      at,
    });
    await raiseFindings(tx, [
      {
        rule: 'connection.authorization_lost',
        severity: 'E',
        subjectKey: `connection:${connectionId}`,
        fingerprint: at,
        subjectType: 'connection',
        subjectId: connectionId,
        detail: { reason },
        entries: [],
      },
    ]);
    await recordEvents(tx, [
      {
        type: 'connection.authorization_lost',
        subjectType: 'connection',
        subjectId: connectionId,
        actor: 'system',
        permission: 'connections.read',
        payload: { reason },
        before: { status: 'active' },
        after: { status: 'authorization_lost' },
      },
    ]);
  });
}
