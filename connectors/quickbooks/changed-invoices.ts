/** Owns which invoices changed at QuickBooks, by change data capture: edits, voids and deletions in one reading. */
import { z } from 'zod';
import type { InvoicePage } from '../kit/define.ts';
import { InvalidRequest } from '../kit/errors.ts';
import type { VendorHttp } from '../kit/http.ts';
import { toInstant } from '../kit/instant.ts';
import { pageGuard } from '../kit/pages.ts';
import { mapRows } from '../kit/rows.ts';
import { fromQuickbooksInvoice } from './from-quickbooks.ts';
import { minorVersion, mostRows, readAnswer } from './query.ts';

const overlapMs = 5 * 60_000;
/** CDC answers for 30 days; one is kept in hand for clocks and zones. */
const mostAgeMs = 29 * 24 * 3600_000;
/** A first reading looks so far back: what was pushed before it was compared then. */
const firstLookMs = 24 * 3600_000;

const cdcShape = z.object({
  CDCResponse: z.array(
    z.object({ QueryResponse: z.array(z.object({ Invoice: z.array(z.unknown()).optional() })) }),
  ),
  time: z.string().nullish(),
});
const deletedShape = z.object({ Id: z.string(), status: z.literal('Deleted') });
const updatedShape = z.object({ MetaData: z.object({ LastUpdatedTime: z.string() }) });

/** `checkpoint`: when QuickBooks last answered, by its clock. Rows come again within five minutes of it. */
export async function* invoicesSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<InvoicePage> {
  if (checkpoint !== null && toInstant(checkpoint) === null)
    throw new InvalidRequest('The checkpoint of changed invoices is not one of ours.', {
      connector: 'quickbooks',
      vendorCode: 'checkpoint_invalid',
    });
  const guard = pageGuard(http.connector);
  const oldest = new Date(Date.now() - mostAgeMs).toISOString();
  const wanted =
    checkpoint === null ? earlier(new Date().toISOString(), firstLookMs) : earlier(checkpoint, overlapMs);
  let from = wanted < oldest ? oldest : wanted;
  let answered: string | null = null;
  for (;;) {
    const changedSince = from.replace(/\.\d+Z$/, 'Z');
    const response = await http.get('/cdc', {
      query: { entities: 'Invoice', changedSince, minorversion: minorVersion },
    });
    const { body, answeredAt } = readAnswer(cdcShape, response);
    answered ??= answeredAt;
    const rows = body.CDCResponse.flatMap((part) => part.QueryResponse.flatMap((one) => one.Invoice ?? []));
    if (rows.length > 0) guard.check(rows);
    const deleted = rows.flatMap((row) => deletedShape.safeParse(row).data?.Id ?? []);
    // A deleted one has an id only; another that cannot be read is the business of whoever reads it by itself.
    const { mapped } = mapRows(
      rows.filter((row) => !deletedShape.safeParse(row).success),
      fromQuickbooksInvoice,
      () => 'invoice',
    );
    yield { invoices: mapped, deleted, checkpoint: rows.length < mostRows ? answered : null };
    if (rows.length < mostRows) return;
    // An answer holds at most 1,000 objects and there is no second page: ask again from the latest one it told.
    for (const row of rows) {
      const at = toInstant(updatedShape.safeParse(row).data?.MetaData.LastUpdatedTime ?? '');
      if (at !== null && at > from) from = at;
    }
  }
}

const earlier = (instant: string, byMs: number) => new Date(Date.parse(instant) - byMs).toISOString();
