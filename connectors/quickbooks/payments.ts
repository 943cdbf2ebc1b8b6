/** Owns the reading of payments from QuickBooks: changed ones by query, deleted ones by change data capture. */
import { z } from 'zod';
import type { UnreadableRow } from '../../domain/work-entry.ts';
import type { PaymentPage, RemotePayment } from '../kit/define.ts';
import { InvalidRequest } from '../kit/errors.ts';
import type { VendorHttp } from '../kit/http.ts';
import { toInstant } from '../kit/instant.ts';
import { pageGuard } from '../kit/pages.ts';
import { mapRows } from '../kit/rows.ts';
import { fromDeletedPayment, fromQuickbooksPayment } from './from-quickbooks.ts';
import { ask, minorVersion, mostRows, readAnswer } from './query.ts';

/** Payments that became visible late under an earlier time are seen again within this. */
const overlapMs = 5 * 60_000;
/** CDC answers for 30 days; one is kept in hand for clocks and zones. */
const mostDeletionAgeMs = 29 * 24 * 3600_000;
/** Payments remembered from the overlap; one forgotten is only told twice. */
const mostRemembered = 500;
const beginning = '1970-01-01T00:00:00.000Z';

/** JSON text kept by the caller. Times are the vendor's, never ours. */
const checkpointShape = z.object({
  /** Largest LastUpdatedTime seen. */
  since: z.string().nullable(),
  /** When QuickBooks last answered for deletions. */
  deletedSince: z.string().nullable(),
  /** `Id:SyncToken` of the payments within the overlap before `since`: `>=` returns them again. */
  seen: z.array(z.string()),
});
type Checkpoint = z.infer<typeof checkpointShape>;

/**
 * Moves by time, not by position: a payment that changes meanwhile moves to the end of the list, and counting rows
 * would skip one. Position is used only among more than a page of payments of one and the same second.
 */
export async function* paymentsSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<PaymentPage> {
  const start = readCheckpoint(checkpoint);
  const seen = new Map<string, string>(start.seen.map((key) => [key, start.since ?? beginning]));
  const guard = pageGuard(http.connector);
  let since = start.since === null ? beginning : earlier(start.since, overlapMs);
  let position = 1;
  let newest = start.since;
  let deletedSince = start.deletedSince;
  let answered = beginning;

  for (;;) {
    const { rows, answeredAt } = await ask(
      http,
      'Payment',
      `MetaData.LastUpdatedTime >= '${shortInstant(since)}' ORDERBY MetaData.LastUpdatedTime ASC`,
      position,
    );
    // The first reading needs no deletions: nothing of them was ever stored. They count from its own start.
    deletedSince ??= answeredAt;
    answered = answeredAt;
    if (rows.length > 0) guard.check(rows);
    const fresh = rows.filter((row) => !seen.has(versionOf(row)));
    for (const row of rows) {
      const updatedAt = updatedAtOf(row) ?? since;
      seen.set(versionOf(row), updatedAt);
      if (newest === null || updatedAt > newest) newest = updatedAt;
    }
    const { mapped, unreadable } = mapRows(fresh, fromQuickbooksPayment, (row) => `payment ${idOf(row)}`);
    yield {
      payments: mapped,
      unreadable,
      checkpoint: toCheckpoint({ since: newest, deletedSince, seen }),
    };
    if (rows.length < mostRows) break;
    forgetBefore(seen, newest);
    const reached = updatedAtOf(rows.at(-1));
    if (reached !== null && reached > since) [since, position] = [reached, 1];
    else position += mostRows;
  }
  if (start.deletedSince !== null)
    yield await deletionsSince(http, start.deletedSince, answered, { since: newest, seen });
}

/** `now`: QuickBooks' clock; asking further back than 30 days is refused there. */
async function deletionsSince(
  http: VendorHttp,
  deletedSince: string,
  now: string,
  state: { since: string | null; seen: Map<string, string> },
): Promise<PaymentPage> {
  const guard = pageGuard(http.connector);
  const payments: RemotePayment[] = [];
  const unreadable: UnreadableRow[] = [];
  const wanted = earlier(deletedSince, overlapMs);
  const limit = earlier(now, mostDeletionAgeMs);
  if (wanted < limit) unreadable.push(gap(wanted, limit));
  let from = wanted < limit ? limit : wanted;
  let answered: string | null = null;
  for (;;) {
    const { rows, answeredAt } = await changedPayments(http, from);
    answered ??= answeredAt;
    if (rows.length > 0) guard.check(rows);
    for (const row of rows) {
      const payment = fromDeletedPayment(row, answeredAt);
      const key = `${payment?.externalId}:deleted`;
      if (payment === null || state.seen.has(key)) continue;
      state.seen.set(key, payment.updatedAt ?? answeredAt);
      payments.push(payment);
    }
    if (rows.length < mostRows) break;
    // An answer holds at most 1,000 objects and there is no second page: ask again from the latest one it told.
    from = rows
      .map(updatedAtOf)
      .reduce<string>((latest, at) => (at !== null && at > latest ? at : latest), from);
  }
  return {
    payments,
    unreadable,
    checkpoint: toCheckpoint({ since: state.since, deletedSince: answered, seen: state.seen }),
  };
}

const cdcShape = z.object({
  CDCResponse: z.array(
    z.object({ QueryResponse: z.array(z.object({ Payment: z.array(z.unknown()).optional() })) }),
  ),
  time: z.string().nullish(),
});

async function changedPayments(
  http: VendorHttp,
  since: string,
): Promise<{ rows: unknown[]; answeredAt: string }> {
  const response = await http.get('/cdc', {
    query: { entities: 'Payment', changedSince: shortInstant(since), minorversion: minorVersion },
  });
  const { body, answeredAt } = readAnswer(cdcShape, response);
  const rows = body.CDCResponse.flatMap((part) =>
    part.QueryResponse.flatMap((answer) => answer.Payment ?? []),
  );
  return { rows, answeredAt };
}

/** Put before a person, since no call can tell what was deleted in it. */
function gap(from: string, to: string): UnreadableRow {
  return {
    position: `deleted payments ${shortInstant(from)} to ${shortInstant(to)}`,
    raw: '',
    truncated: false,
    reason: 'deletions.unknown',
    detail: `QuickBooks tells of deleted payments for 30 days only. Compare the payments deleted from ${from.slice(0, 10)} to ${to.slice(0, 10)} by hand.`,
  };
}

function readCheckpoint(text: string | null): Checkpoint {
  if (text === null) return { since: null, deletedSince: null, seen: [] };
  try {
    const read = checkpointShape.parse(JSON.parse(text));
    for (const time of [read.since, read.deletedSince])
      if (time !== null && toInstant(time) !== time) throw new Error(`${time} is not an instant`);
    return read;
  } catch (problem) {
    throw new InvalidRequest('The place reached in the QuickBooks payments cannot be read.', {
      connector: 'quickbooks',
      vendorCode: 'checkpoint_invalid',
      cause: problem,
    });
  }
}

function toCheckpoint(state: {
  since: string | null;
  deletedSince: string | null;
  seen: Map<string, string>;
}): string {
  const { since, deletedSince } = state;
  const seen = new Map(state.seen);
  forgetBefore(seen, since);
  return JSON.stringify({
    since,
    deletedSince,
    seen: [...seen.keys()].slice(-mostRemembered),
  } satisfies Checkpoint);
}

/** Keeps what the overlap before `newest` can return again. */
function forgetBefore(seen: Map<string, string>, newest: string | null): void {
  if (newest === null) return;
  const oldest = earlier(newest, overlapMs);
  for (const [key, updatedAt] of seen) if (updatedAt < oldest) seen.delete(key);
}

function updatedAtOf(row: unknown): string | null {
  const text = (row as { MetaData?: { LastUpdatedTime?: unknown } } | null)?.MetaData?.LastUpdatedTime;
  return typeof text === 'string' ? toInstant(text) : null;
}

function idOf(row: unknown): string {
  return String((row as { Id?: unknown } | null)?.Id);
}

function versionOf(row: unknown): string {
  return `${idOf(row)}:${String((row as { SyncToken?: unknown } | null)?.SyncToken)}`;
}

function earlier(instant: string, byMs: number): string {
  return new Date(Date.parse(instant) - byMs).toISOString();
}

function shortInstant(instant: string): string {
  return instant.replace('.000Z', 'Z');
}
