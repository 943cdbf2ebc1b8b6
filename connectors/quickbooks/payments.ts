/** Owns the reading of payments from QuickBooks: changed ones by query, deleted ones by change data capture. */
import { z } from 'zod';
import type { Instant, UnreadableRow } from '../../domain/work-entry.ts';
import { readPlace } from '../kit/checkpoint.ts';
import type { PaymentPage, RemotePayment } from '../kit/define.ts';
import type { VendorHttp } from '../kit/http.ts';
import { earlier, toInstant, wholeSeconds } from '../kit/instant.ts';
import { forgetBefore, inOrderOfChange, type OrderedList } from '../kit/ordered-changes.ts';
import { mapRows } from '../kit/rows.ts';
import { changesSince, mostAgeMs, overlapMs, updatedAtOf } from './changed.ts';
import { fromDeletedPayment, fromQuickbooksPayment } from './from-quickbooks.ts';
import { ask, mostRows } from './query.ts';

/** Payments remembered from the overlap; one forgotten is only told twice. */
const mostRemembered = 500;

const instant = z.string().refine((text) => toInstant(text) === text);
/** JSON text kept by the caller. Times are the vendor's, never ours. */
const checkpointShape = z.object({
  /** Largest LastUpdatedTime seen. */
  since: instant.nullable(),
  /** When QuickBooks last answered for deletions. */
  deletedSince: instant.nullable(),
  /** `Id:SyncToken` of the payments within the overlap before `since`: `>=` returns them again. */
  seen: z.array(z.string()),
});
type Checkpoint = z.infer<typeof checkpointShape>;

export async function* paymentsSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<PaymentPage> {
  const beginsAt: Checkpoint = { since: null, deletedSince: null, seen: [] };
  const start = readPlace(http.connector, checkpoint, checkpointShape, beginsAt);
  const seen = new Map<string, Instant>(start.seen.map((key) => [key, start.since ?? '']));
  let { since, deletedSince } = start;
  let answered: Instant = '';
  const list: OrderedList = {
    async read(from, page) {
      const changed = `MetaData.LastUpdatedTime >= '${wholeSeconds(from)}' ORDERBY MetaData.LastUpdatedTime ASC`;
      const { rows, answeredAt } = await ask(http, 'Payment', changed, 1 + (page - 1) * mostRows);
      // The first reading needs no deletions: nothing of them was ever stored. They count from its own start.
      deletedSince ??= answeredAt;
      answered = answeredAt;
      return { rows, more: rows.length >= mostRows };
    },
    updatedAtOf,
    versionOf,
    overlapMs,
  };
  for await (const { rows, newest } of inOrderOfChange(http.connector, list, since, seen)) {
    since = newest;
    const { mapped, unreadable } = mapRows(rows, fromQuickbooksPayment, (row) => `payment ${idOf(row)}`);
    yield { payments: mapped, unreadable, checkpoint: toCheckpoint({ since, deletedSince, seen }) };
  }
  if (start.deletedSince !== null)
    yield await deletionsSince(http, start.deletedSince, answered, { since, seen });
}

/** `now`: QuickBooks' clock; asking further back than 30 days is refused there. */
async function deletionsSince(
  http: VendorHttp,
  deletedSince: string,
  now: string,
  state: { since: string | null; seen: Map<string, string> },
): Promise<PaymentPage> {
  const payments: RemotePayment[] = [];
  const unreadable: UnreadableRow[] = [];
  const wanted = earlier(deletedSince, overlapMs);
  const limit = earlier(now, mostAgeMs);
  if (wanted < limit) unreadable.push(gap(wanted, limit));
  let answered: string | null = null;
  for await (const changes of changesSince(http, 'Payment', wanted < limit ? limit : wanted)) {
    answered = changes.answeredAt;
    for (const row of changes.rows) {
      const payment = fromDeletedPayment(row, answered);
      const key = `${payment?.externalId}:deleted`;
      if (payment === null || state.seen.has(key)) continue;
      state.seen.set(key, payment.updatedAt ?? answered);
      payments.push(payment);
    }
  }
  return {
    payments,
    unreadable,
    checkpoint: toCheckpoint({ since: state.since, deletedSince: answered, seen: state.seen }),
  };
}

/** Put before a person, since no call can tell what was deleted in it. */
function gap(from: string, to: string): UnreadableRow {
  return {
    position: `deleted payments ${wholeSeconds(from)} to ${wholeSeconds(to)}`,
    raw: '',
    truncated: false,
    reason: 'deletions.unknown',
    detail: `QuickBooks tells of deleted payments for 30 days only. Compare the payments deleted from ${from.slice(0, 10)} to ${to.slice(0, 10)} by hand.`,
  };
}

function toCheckpoint(state: {
  since: string | null;
  deletedSince: string | null;
  seen: Map<string, string>;
}): string {
  const { since, deletedSince } = state;
  const seen = new Map(state.seen);
  if (since !== null) forgetBefore(seen, earlier(since, overlapMs));
  return JSON.stringify({
    since,
    deletedSince,
    seen: [...seen.keys()].slice(-mostRemembered),
  } satisfies Checkpoint);
}

function idOf(row: unknown): string {
  return String((row as { Id?: unknown } | null)?.Id);
}

function versionOf(row: unknown): string {
  return `${idOf(row)}:${String((row as { SyncToken?: unknown } | null)?.SyncToken)}`;
}
