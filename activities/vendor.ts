/** Owns opening a connection's vendor, and turning its four failures into what Temporal retries or a person reads. */
import { ApplicationFailure } from '@temporalio/common';
import type { Connector } from '../connectors/kit/define.ts';
import { AuthorizationLost, InvalidRequest, Throttled, toVendorError } from '../connectors/kit/errors.ts';
import { createVendorHttp, type VendorHttp } from '../connectors/kit/http.ts';
import { limiterOf } from '../connectors/kit/limit.ts';
import { patient } from '../connectors/kit/patient.ts';
import { connectorById } from '../connectors/kit/registry.ts';
import { type Connection, connections, readConnectionSecrets } from '../store/connections.ts';
import { recordEvents } from '../store/events.ts';
import { raiseFindings } from '../store/exceptions.ts';
import type { ActivityDeps } from './deps.ts';

export interface OpenVendor {
  connection: Connection;
  connector: Connector;
  http: VendorHttp;
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
    return { connection, secrets: await readConnectionSecrets(tx, deps.secrets, connectionId) };
  });
  if (!opened) return null;
  const { connection, secrets } = opened;
  const known = connectorById(connection.connector);
  const timeoutMs = Math.min(known.timeoutMs, deps.vendor.timeoutMs ?? known.timeoutMs);
  const connector = { ...known, timeoutMs };
  const direct = createVendorHttp({
    connector,
    settings: connection.settings,
    credentials: { accessToken: () => Promise.resolve(secrets.accessToken ?? '') },
    baseUrlOverride: connection.baseUrlOverride ?? undefined,
    limiter: limiterOf(connection.id, connector.rateLimit),
    allowLoopback: deps.vendor.allowLoopback,
    logger: deps.logger,
  });
  const http = patient(direct, (waitMs) =>
    deps.logger.info({ connectionId, waitMs }, 'the platform asked us to wait'),
  );
  return { connection, connector, http, timeoutMs };
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
  await noteConnectionError(deps, workspaceId, connectionId, {
    kind: error.kind,
    message: error.message,
    requestId: error.requestId,
  });
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
    const changed = await tx.run(
      `update connections set status = 'authorization_lost', status_reason = $3, last_error = $4 where workspace_id = $1 and id = $2 and status = 'active'`,
      [
        workspaceId,
        connectionId,
        reason,
        JSON.stringify({ kind: 'AuthorizationLost', message: reason, at: new Date().toISOString() }),
      ],
    );
    if (changed === 0) return;
    await raiseFindings(tx, [
      {
        rule: 'connection.authorization_lost',
        severity: 'E',
        subjectKey: `connection:${connectionId}`,
        fingerprint: new Date().toISOString(),
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

export async function noteConnectionError(
  deps: ActivityDeps,
  workspaceId: string,
  connectionId: string,
  error: { kind: string; message: string; requestId: string | null },
): Promise<void> {
  await deps.database.inWorkspace(workspaceId, (tx) =>
    tx.run('update connections set last_error = $3 where workspace_id = $1 and id = $2', [
      workspaceId,
      connectionId,
      JSON.stringify({ ...error, at: new Date().toISOString() }),
    ]),
  );
}
