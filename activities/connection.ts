/** Owns the steps of a connection: reading time in, reading payments back, and when it is due to do either again. */
import type { Connector } from '../connectors/kit/define.ts';
import { connectorById } from '../connectors/kit/registry.ts';
import { advancePoll, beginPoll, type Poll, readPolls } from '../store/checkpoints.ts';
import { clockOf } from '../store/clock.ts';
import { connections } from '../store/connections.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { hasSynced } from '../store/drift.ts';
import { closeFixed } from '../store/exceptions.ts';
import { endRunningOperations } from '../store/operations.ts';
import { pushState } from '../store/pushed-documents.ts';
import { takeOverBooks } from '../store/taken-over-books.ts';
import { accountOf } from './account-of.ts';
import type { ActivityDeps } from './deps.ts';
import { look, type SubjectRef } from './look.ts';
import { lookAtDocuments } from './look-at-documents.ts';
import { askForLinks } from './payment-links.ts';
import { readPayments } from './read-payments.ts';
import { readTime } from './read-time.ts';
import { type OpenVendor, openVendor, settleVendorFailure } from './vendor.ts';
import { isWebhookWorkDue } from './webhook-subscriptions.ts';

export type ConnectionStep =
  | { step: 'keep_webhooks' | 'sync_time' | 'read_payments' | 'look_at_documents' | 'push' }
  /** Null: until somebody signals (paused, or its authorisation is lost). */
  | { step: 'wait'; waitMs: number | null }
  | { step: 'done' };

const streams = { sync_time: 'time', read_payments: 'payments', look_at_documents: 'documents' } as const;
type Stream = (typeof streams)[keyof typeof streams];

/** Documents at a platform change rarely: they are looked at when they are said to have changed, and once a day. */
const leastPauseMs = { sync_time: 0, read_payments: 0, look_at_documents: 24 * 3_600_000 } as const;

/** A platform that calls without pause is not read without pause: what it said meanwhile is read together. */
const hintsGatherMs = 5_000;

export function createConnectionActivities(deps: ActivityDeps) {
  const { database } = deps;

  return {
    /** What the connection should do now: whatever was asked for or is due by its poll interval. */
    lookAtConnection: (ref: SubjectRef): Promise<ConnectionStep> =>
      look(deps, 'connection', ref, async (tx) => {
        const connection = await connections.find(tx, ref.subjectId);
        // Looks and readings follow one another: what still counts as running was killed and is not repeated.
        await endRunningOperations(tx, {
          kind: 'sync_time',
          subjectId: ref.subjectId,
          message: 'interrupted',
        });
        if (!connection || connection.status === 'disconnected') return { step: 'done' };
        if (connection.status !== 'active') return { step: 'wait', waitMs: null };
        await closeFixed(
          tx,
          'connection.authorization_lost',
          [`connection:${connection.id}`],
          'authorised again',
        );
        await takeOverBooks(tx, connection, accountOf(connection));
        if (await isWebhookWorkDue(tx, deps, connection)) return { step: 'keep_webhooks' };
        if ((await pushState(tx, connection.id)) === 'open') return { step: 'push' };
        const connector = connectorById(connection.connector);
        const polls = await readPolls(tx, connection.id);
        const clock = await clockOf(tx);
        let waitMs = connection.pollSeconds * 1000;
        for (const step of ['sync_time', 'read_payments', 'look_at_documents'] as const) {
          if (!(await isRead(tx, step, connector, connection.id))) continue;
          const poll = polls.get(streams[step]);
          if (!poll || poll.requested) return { step };
          if (poll.hinted && clock.isSandbox) return { step };
          const everyMs = Math.max(connection.pollSeconds * 1000, leastPauseMs[step]);
          const leftMs = (poll.hinted ? Math.min(everyMs, hintsGatherMs) : everyMs) - poll.agoMs;
          if (leftMs <= 0) return { step };
          waitMs = Math.min(waitMs, leftMs);
        }
        // A clock that is set forward wakes the connection at each of its jumps, where a poll is due by then.
        return { step: 'wait', waitMs: clock.isSandbox ? null : waitMs };
      }),

    /** Reads changed time entries page by page; a page and its checkpoint are stored in one transaction. */
    syncTime: (ref: SubjectRef): Promise<void> =>
      reading(ref, 'time', (vendor, poll) =>
        readTime(deps, {
          workspaceId: ref.workspaceId,
          vendor,
          poll,
          advance: (tx, cursor) => advance(tx, poll, cursor),
        }),
      ),

    /** Reads payments booked at the platform and applies them to our invoices, each once. */
    readPayments: (ref: SubjectRef): Promise<void> =>
      reading(ref, 'payments', async (vendor, poll) => {
        await readPayments(deps, ref.workspaceId, vendor, poll, (tx, cursor) => advance(tx, poll, cursor));
        await askForLinks(deps, ref.workspaceId, vendor, 'unasked');
      }),
    /** Finds what was edited, voided or deleted there of what we booked. */
    lookAtDocuments: (ref: SubjectRef): Promise<void> =>
      reading(ref, 'documents', async (vendor, poll) => {
        await lookAtDocuments(deps, ref.workspaceId, vendor, poll.cursor, (tx, cursor) =>
          advance(tx, poll, cursor),
        );
        await askForLinks(deps, ref.workspaceId, vendor, 'again');
      }),
  };

  /** One reading of a stream: it begins, does `work` with the vendor, and ends as a success or as one of the four failures. */
  async function reading(
    { workspaceId, subjectId }: SubjectRef,
    stream: Stream,
    work: (vendor: OpenVendor, poll: Poll) => Promise<void>,
  ): Promise<void> {
    // Before anything can fail: else a connection that cannot even be opened would be due again at once, for ever.
    const poll = await database.inWorkspace(workspaceId, (tx) => beginPoll(tx, subjectId, stream));
    try {
      const vendor = await openVendor(deps, workspaceId, subjectId);
      if (!vendor) return;
      await work(vendor, poll);
      await database.inWorkspace(workspaceId, (tx) => noteSuccess(tx, subjectId));
    } catch (problem) {
      if (!(problem instanceof Superseded)) await settleVendorFailure(deps, workspaceId, subjectId, problem);
    }
  }
}

/** Another reading of the stream began, or it is to be read anew: this one ends without a word. */
class Superseded extends Error {
  override name = 'Superseded';
}

async function advance(tx: WorkspaceTx, poll: Poll, cursor: string | null): Promise<void> {
  if (!(await advancePoll(tx, poll, cursor)))
    throw new Superseded('another reading of this stream began, or the connection was paused');
}

async function isRead(
  tx: WorkspaceTx,
  step: keyof typeof streams,
  { timeSource, invoiceTarget }: Connector,
  connectionId: string,
): Promise<boolean> {
  if (step === 'sync_time') return timeSource !== undefined;
  if (!invoiceTarget) return false;
  // Who keeps time there too may never book an invoice: its own invoices and their payments are none of ours.
  if (step === 'read_payments' && !timeSource) return true;
  return hasSynced(tx, connectionId);
}

async function noteSuccess(tx: WorkspaceTx, connectionId: string): Promise<void> {
  await tx.run(
    'update connections set last_success_at = now(), last_error = null where workspace_id = $1 and id = $2',
    [tx.workspaceId, connectionId],
  );
}
