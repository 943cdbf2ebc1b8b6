/** Owns which invoices changed at QuickBooks: edits, voids and deletions in one reading. */
import { z } from 'zod';
import { readInstant } from '../kit/checkpoint.ts';
import type { InvoicePage } from '../kit/define.ts';
import type { VendorHttp } from '../kit/http.ts';
import { earlier } from '../kit/instant.ts';
import { fitting } from '../kit/look-ups.ts';
import { mapRows } from '../kit/rows.ts';
import { changesSince, mostAgeMs, overlapMs } from './changed.ts';
import { fromQuickbooksInvoice } from './from-quickbooks.ts';

/** A first reading looks so far back: what was pushed before it was compared then. */
const firstLookMs = 24 * 3600_000;
const deletedShape = z.object({ Id: z.string(), status: z.literal('Deleted') });

/** `checkpoint`: when QuickBooks last answered, by its clock. Rows come again within five minutes of it. */
export async function* invoicesSince(
  http: VendorHttp,
  checkpoint: string | null,
): AsyncGenerator<InvoicePage> {
  const reached = readInstant(http.connector, checkpoint);
  const now = new Date().toISOString();
  const oldest = earlier(now, mostAgeMs);
  const wanted = reached === null ? earlier(now, firstLookMs) : earlier(reached, overlapMs);
  const since = wanted < oldest ? oldest : wanted;
  for await (const { rows, answeredAt, last } of changesSince(http, 'Invoice', since)) {
    const deleted = fitting(deletedShape, rows).map(({ Id }) => Id);
    // A deleted one has an id only; another that cannot be read is the business of whoever reads it by itself.
    const { mapped } = mapRows(
      rows.filter((row) => !deletedShape.safeParse(row).success),
      fromQuickbooksInvoice,
      () => 'invoice',
    );
    yield { invoices: mapped, deleted, checkpoint: last ? answeredAt : null };
  }
}
