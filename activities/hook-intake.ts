/** Owns entries that somebody sends to a connection: stored as they came and taken in, in one transaction, before the answer. */
import type { Connector, WebhookRequest } from '../connectors/kit/define.ts';
import { InvalidRequest } from '../connectors/kit/errors.ts';
import { found, Refusal } from '../domain/refusal.ts';
import { connections } from '../store/connections.ts';
import type { Database } from '../store/database.ts';
import { finishOperation, startOperation } from '../store/operations.ts';
import { keepDelivery, noteIntake } from '../store/webhook-deliveries.ts';
import { noReadingCounts, openIntake, type ReadingCounts, takePage } from './take-time.ts';

export interface HookDelivery {
  workspaceId: string;
  connectionId: string;
  /** By which a delivery that comes again is known. */
  key: string;
  request: WebhookRequest;
  /** What of its headers is kept. */
  headers: Record<string, string>;
}
/** Null: it was taken in before. */
export type HookIntake = (
  delivery: HookDelivery,
) => Promise<{ operationId: string; counts: ReadingCounts } | null>;

export function createHookIntake({
  database,
  connectors,
}: {
  database: Database;
  connectors: ReadonlyMap<string, Connector>;
}): HookIntake {
  return async ({ workspaceId, connectionId, key, request, headers }) => {
    const connection = await database.inWorkspace(workspaceId, async (tx) =>
      found(await connections.find(tx, connectionId), 'connection'),
    );
    if (connection.status !== 'active')
      throw new Refusal({
        code: 'connection.not_active',
        message: `This connection is ${connection.status.replaceAll('_', ' ')} and takes nothing.`,
        whatToDo: 'Resume it, and send this again.',
      });
    const page = await readBody(connectors.get(connection.connector), request, connection.settings);
    return database.inWorkspace(workspaceId, async (tx) => {
      // First, and in the same transaction: two that bring the same at the same time are one.
      if (!(await keepDelivery(tx, { connectionId, key, body: request.rawBody, headers }))) return null;
      const operation = await startOperation(tx, {
        kind: 'take_hook',
        subjectId: connectionId,
        total: null,
        startedBy: `connection:${connectionId}`,
      });
      const intake = await openIntake(tx, connection);
      const keys = page.isWhole ? new Set(page.entries.map(({ externalId }) => externalId)) : null;
      const counts = await takePage(tx, intake, page, {
        operationId: operation.id,
        counts: noReadingCounts,
        ...(keys ? { isInFile: (key) => keys.has(key) } : {}),
      });
      await finishOperation(tx, operation.id, { status: 'done', result: counts });
      await noteIntake(tx, connectionId);
      return { operationId: operation.id, counts };
    });
  };
}

async function readBody(
  connector: Connector | undefined,
  request: WebhookRequest,
  settings: Readonly<Record<string, string>>,
) {
  if (!connector?.entryReader)
    throw new Refusal({
      code: 'connection.not_found',
      status: 404,
      message: 'There is no such connection that takes entries.',
    });
  try {
    return await connector.entryReader.read(request, settings);
  } catch (problem) {
    if (!(problem instanceof InvalidRequest)) throw problem;
    throw new Refusal({
      code: 'hook.unreadable',
      status: 422,
      message: problem.message,
      whatToDo: 'Correct what is sent, or the settings of the connection; nothing was taken in.',
    });
  }
}
