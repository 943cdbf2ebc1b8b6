/** Owns the steps of a connection: reading time in, reading payments back, and when it is due to do either again. */
import { Context } from '@temporalio/activity';
import { connectorById } from '../connectors/kit/registry.ts';
import { localDay } from '../domain/day.ts';
import { entryContentHash } from '../domain/entry-content-hash.ts';
import { connections } from '../store/connections.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { closeFixed } from '../store/exceptions.ts';
import {
  addCounts,
  ensureSource,
  type IntakeCounts,
  noCounts,
  openMatcher,
  takeIn,
} from '../store/intake.ts';
import { finishOperation, progressOperation, startOperation } from '../store/operations.ts';
import { takeInRemotePayment } from '../store/payments.ts';
import { findByExternalIds } from '../store/sync.ts';
import { getWorkspace, workspaceNow } from '../store/workspaces.ts';
import type { ActivityDeps } from './deps.ts';
import { look, type SubjectRef } from './look.ts';
import { openVendor, settleVendorFailure } from './vendor.ts';

export type ConnectionStep =
  | { step: 'sync_time' | 'read_payments' }
  /** Null: until somebody signals (paused, or its authorisation is lost). */
  | { step: 'wait'; waitMs: number | null }
  | { step: 'done' };

const streams = { sync_time: 'time', read_payments: 'payments' } as const;
type Stream = (typeof streams)[keyof typeof streams];

export function createConnectionActivities(deps: ActivityDeps) {
  const { database } = deps;

  return {
    /** What the connection should do now: whatever was asked for or is due by its poll interval. */
    lookAtConnection: (ref: SubjectRef): Promise<ConnectionStep> =>
      look(deps, 'connection', ref, async (tx) => {
        const connection = await connections.find(tx, ref.subjectId);
        if (!connection || connection.status === 'disconnected') return { step: 'done' };
        if (connection.status !== 'active') return { step: 'wait', waitMs: null };
        await closeFixed(
          tx,
          'connection.authorization_lost',
          [`connection:${connection.id}`],
          'authorised again',
        );
        const connector = connectorById(connection.connector);
        const polls = await readPolls(tx, connection.id);
        let waitMs = connection.pollSeconds * 1000;
        for (const step of ['sync_time', 'read_payments'] as const) {
          if (step === 'sync_time' ? !connector.timeSource : !connector.invoiceTarget) continue;
          const poll = polls.get(streams[step]);
          if (!poll || poll.requested) return { step };
          const leftMs = connection.pollSeconds * 1000 - poll.agoMs;
          if (leftMs <= 0) return { step };
          waitMs = Math.min(waitMs, leftMs);
        }
        return { step: 'wait', waitMs };
      }),

    /** Reads changed time entries page by page; a page and its checkpoint are stored in one transaction. */
    async syncTime(ref: SubjectRef): Promise<void> {
      const { workspaceId, subjectId } = ref;
      const vendor = await openVendor(deps, workspaceId, subjectId);
      if (!vendor?.connector.timeSource) return;
      const { connection, connector } = vendor;
      const begun = await database.inWorkspace(workspaceId, async (tx) => {
        await beginPoll(tx, subjectId, 'time');
        const sourceId = await ensureSource(tx, {
          kind: 'connection',
          name: connection.name,
          connectionId: subjectId,
        });
        const workspace = await getWorkspace(tx);
        return {
          sourceId,
          matcher: await openMatcher(tx, sourceId),
          cursor: await readCursor(tx, subjectId, 'time'),
          today: localDay(await workspaceNow(tx), String(workspace.settings.zone ?? 'UTC')),
          operation: await startOperation(tx, {
            kind: 'sync_time',
            subjectId,
            total: null,
            startedBy: `connection:${subjectId}`,
          }),
          createMissing: createMissingOf(connection.ownership),
          currency: String(workspace.settings.currency ?? 'USD'),
        };
      });
      let counts: IntakeCounts = noCounts;
      try {
        for await (const page of connector.timeSource!.changedSince(vendor.http, begun.cursor)) {
          heartbeat();
          counts = await database.inWorkspace(workspaceId, async (tx) => {
            const taken = await takeIn(
              tx,
              begun.matcher,
              {
                entries: page.entries.map((entry) => ({ entry, contentHash: entryContentHash(entry) })),
                unreadable: page.unreadable,
              },
              {
                sourceId: begun.sourceId,
                operationId: begun.operation.id,
                actor: `connection:${subjectId}`,
                createMissing: begun.createMissing,
                goLiveOn: connection.goLiveOn,
                today: begun.today,
                currency: begun.currency,
                severities: {},
              },
            );
            if (page.checkpoint !== null) await writeCursor(tx, subjectId, 'time', page.checkpoint);
            const sum = addCounts(counts, taken);
            await progressOperation(tx, begun.operation.id, {
              done: sum.created + sum.changed + sum.unchanged + sum.stateChanged,
              message: 'reading time',
              result: sum,
            });
            return sum;
          });
        }
        await database.inWorkspace(workspaceId, async (tx) => {
          await finishOperation(tx, begun.operation.id, { status: 'done', result: counts });
          await noteSuccess(tx, subjectId);
        });
      } catch (problem) {
        await database.inWorkspace(workspaceId, (tx) =>
          finishOperation(tx, begun.operation.id, {
            status: 'failed',
            result: counts,
            error: { message: messageOf(problem) },
          }),
        );
        await settleVendorFailure(deps, workspaceId, subjectId, problem);
      }
    },

    /** Reads payments booked at the platform and applies them to our invoices, each once. */
    async readPayments(ref: SubjectRef): Promise<void> {
      const { workspaceId, subjectId } = ref;
      const vendor = await openVendor(deps, workspaceId, subjectId);
      if (!vendor?.connector.invoiceTarget) return;
      const cursor = await database.inWorkspace(workspaceId, async (tx) => {
        await beginPoll(tx, subjectId, 'payments');
        return readCursor(tx, subjectId, 'payments');
      });
      try {
        for await (const page of vendor.connector.invoiceTarget.paymentsSince(vendor.http, cursor)) {
          heartbeat();
          await database.inWorkspace(workspaceId, async (tx) => {
            const externalIds = page.payments.flatMap((payment) =>
              payment.applications.map((application) => application.invoiceExternalId),
            );
            const invoices = await findByExternalIds(tx, subjectId, 'client_invoice', externalIds);
            for (const payment of page.payments) {
              const applications = payment.applications.map((application) => ({
                invoiceId: invoices.get(application.invoiceExternalId) ?? null,
                amount: application.amount,
              }));
              await takeInRemotePayment(
                tx,
                subjectId,
                { ...payment, applications },
                `connection:${subjectId}`,
              );
            }
            if (page.checkpoint !== null) await writeCursor(tx, subjectId, 'payments', page.checkpoint);
          });
        }
        await database.inWorkspace(workspaceId, (tx) => noteSuccess(tx, subjectId));
      } catch (problem) {
        await settleVendorFailure(deps, workspaceId, subjectId, problem);
      }
    },
  };
}

function heartbeat(): void {
  Context.current().heartbeat();
}

function messageOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}

/** Which unknown names a connection may create by itself: its ownership card says so, nobody else. */
function createMissingOf(ownership: Record<string, unknown>): ('client' | 'project' | 'task' | 'person')[] {
  const listed = Array.isArray(ownership.createMissing) ? ownership.createMissing : [];
  return (['client', 'project', 'task', 'person'] as const).filter((kind) => listed.includes(kind));
}

async function readPolls(
  tx: WorkspaceTx,
  connectionId: string,
): Promise<Map<string, { agoMs: number; requested: boolean }>> {
  const rows = await tx.rows<{ stream: string; agoMs: number; requested: boolean }>(
    `select k.stream, (extract(epoch from clock_timestamp() - k.updated_at) * 1000)::bigint as ago_ms,
       coalesce(c.sync_requested_at > k.updated_at, false) as requested
     from checkpoints k join connections c on c.workspace_id = $1 and c.id = k.connection_id
     where k.workspace_id = $1 and k.connection_id = $2`,
    [tx.workspaceId, connectionId],
  );
  return new Map(rows.map((row) => [row.stream, row]));
}

/** Notes that a poll began: requests made before this moment are answered by it. */
async function beginPoll(tx: WorkspaceTx, connectionId: string, stream: Stream): Promise<void> {
  await tx.run(
    `insert into checkpoints (workspace_id, connection_id, stream, updated_at) values ($1, $2, $3, clock_timestamp())
     on conflict (workspace_id, connection_id, stream) do update set updated_at = clock_timestamp()`,
    [tx.workspaceId, connectionId, stream],
  );
}

async function readCursor(tx: WorkspaceTx, connectionId: string, stream: Stream): Promise<string | null> {
  const row = await tx.row<{ cursor: string | null }>(
    'select cursor from checkpoints where workspace_id = $1 and connection_id = $2 and stream = $3',
    [tx.workspaceId, connectionId, stream],
  );
  return row?.cursor ?? null;
}

async function writeCursor(
  tx: WorkspaceTx,
  connectionId: string,
  stream: Stream,
  cursor: string,
): Promise<void> {
  await tx.run(
    'update checkpoints set cursor = $4 where workspace_id = $1 and connection_id = $2 and stream = $3',
    [tx.workspaceId, connectionId, stream, cursor],
  );
}

async function noteSuccess(tx: WorkspaceTx, connectionId: string): Promise<void> {
  await tx.run(
    'update connections set last_success_at = now(), last_error = null where workspace_id = $1 and id = $2',
    [tx.workspaceId, connectionId],
  );
}
