/** Owns the reading of payments from FreshBooks, whose deletions show nowhere but in the payment itself. */
import { z } from 'zod';
import { addDays, isDay } from '../../domain/day.ts';
import { readPlace } from '../kit/checkpoint.ts';
import type { PaymentPage, RemotePayment } from '../kit/define.ts';
import { unlessRefused } from '../kit/failures.ts';
import { dayField, idText, maybeId, maybeText, rowAs } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { instantOf, minutesOfClock } from '../kit/local-time.ts';
import { deletedPayment } from '../kit/payments.ts';
import { mapRows, moneyField } from '../kit/rows.ts';
import { readable } from '../kit/vendor-words.ts';
import { accountRows, notFound, ofAccount, resultOf, vendor } from './calls.ts';

/** Payments that changed within this are listed at every poll, and those of them that are gone are asked for. */
const watchedDays = 60;
const mostWatched = 2_000;
/** An id that is missing from the list is asked for by itself; so many a poll. */
const mostAsked = 50;
/** Accounting's times carry no zone and are these (README 6). */
const booksZone = 'America/New_York';

const shape = z.object({
  id: idText,
  invoiceid: maybeId,
  amount: z.object({ amount: moneyField, code: maybeText }),
  date: z.string(),
  type: maybeText,
  note: maybeText,
  updated: maybeText,
  vis_state: z.number().nullish(),
});

/** `row`: a payment. A deleted one has amount 0.00 and no applications. Throws UnreadableField. */
export function fromPayment(row: unknown): RemotePayment {
  const payment = rowAs('FreshBooks', shape, row);
  const deleted = payment.vis_state === 1;
  const { amount, code } = payment.amount;
  return {
    externalId: payment.id,
    valueDate: dayField('FreshBooks', 'date', payment.date),
    currency: code ?? null,
    amount: deleted ? '0.00' : amount,
    applications: deleted || !payment.invoiceid ? [] : [{ invoiceExternalId: payment.invoiceid, amount }],
    reference: payment.note || payment.type || null,
    deleted,
    updatedAt: instantOfBooks(payment.updated ?? ''),
  };
}

/** `2026-03-20 12:18:29` on a clock in New York. */
function instantOfBooks(text: string): string | null {
  const [, day = '', clock = '', seconds = '0'] =
    /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}):(\d{2})/.exec(text) ?? [];
  const minutes = minutesOfClock(clock);
  if (!isDay(day) || minutes === null) return null;
  return new Date(Date.parse(instantOf(day, minutes, booksZone)) + Number(seconds) * 1000).toISOString();
}

/** What was told of each payment, by id: the time of its last change. */
const checkpointShape = z.object({ told: z.record(z.string(), z.string()) });

/**
 * Lists know days only and leave deleted payments out, so all that changed in 60 days is listed, what was told before is left
 * out, and what is missing is asked for by id. A payment deleted later shows in its invoice's balance.
 */
export async function* paymentsSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<PaymentPage> {
  const place = readPlace(vendor, checkpoint, checkpointShape, { told: {} });
  const told = new Map(Object.entries(place.told));
  const missing = new Set(told.keys());
  // By FreshBooks' own clock: from the latest change it told.
  const latest = [...told.values()].sort().at(-1)?.slice(0, 10) ?? '';
  const since = isDay(latest) ? addDays(latest, -watchedDays) : undefined;
  for await (const rows of accountRows(http, '/payments/payments', 'payments', {
    'search[updated_min]': since,
  })) {
    const fresh = rows.filter((row) => {
      const { id, updated } = facts(row);
      missing.delete(id);
      return told.get(id) !== updated;
    });
    const { mapped, unreadable } = mapRows(fresh, fromPayment, (row) => `payment ${facts(row).id}`);
    for (const row of fresh) told.set(facts(row).id, facts(row).updated);
    yield { payments: mapped, unreadable, checkpoint: null };
  }
  const payments: RemotePayment[] = [];
  for (const id of [...missing].slice(0, mostAsked)) {
    const updated = told.get(id) ?? '';
    told.delete(id);
    // Changed too long ago to be listed: it is not gone, it is only old.
    if (updated < (since ?? '')) continue;
    const gone = await readGone(http, id, updated);
    if (gone !== null) payments.push(gone);
  }
  yield { payments, unreadable: [], checkpoint: toCheckpoint(told) };
}

/** The payment as deleted; null where it is there all the same, on a page that moved meanwhile. */
async function readGone(http: VendorHttp, id: string, updated: string): Promise<RemotePayment | null> {
  const path = ofAccount(http, `/payments/payments/${encodeURIComponent(id)}`);
  const response = await unlessRefused(notFound, () => http.get(path, { allow404: true }));
  if (response === null) return deletedPayment(id, updated.slice(0, 10), null);
  const { payment: row } = resultOf(z.object({ payment: z.unknown() }), response);
  const payment = readable(vendor, () => fromPayment(row));
  return payment.deleted ? payment : null;
}

function facts(row: unknown): { id: string; updated: string } {
  const { id, updated } = (row ?? {}) as { id?: unknown; updated?: unknown };
  return { id: String(id), updated: typeof updated === 'string' ? updated : '' };
}

/** The newest: one forgotten is only told twice. */
function toCheckpoint(told: ReadonlyMap<string, string>): string {
  const newest = [...told].sort(([, one], [, other]) => (one < other ? 1 : -1)).slice(0, mostWatched);
  return JSON.stringify({ told: Object.fromEntries(newest) } satisfies z.infer<typeof checkpointShape>);
}
