/** Owns how one invoice is shown with its first lines, its tax, its discounts and its notes. */
import { z } from 'zod';
import type { WorkspaceTx } from '../../../store/database.ts';
import { readInvoiceParts } from '../../../store/draft-words.ts';
import { type InvoiceRow, readInvoiceLines } from '../../../store/invoices.ts';
import type { Actor } from '../../kit/auth.ts';
import { id, storedDecimal } from '../../kit/schemas.ts';
import { invoice, invoiceLine, linesFor } from './invoice.ts';

const firstLines = 50;

export const invoiceInFull = invoice
  .extend({
    lines: z.array(invoiceLine).meta({ description: 'The first 50; all of them: …/lines.' }),
    notes: z.string().nullable(),
    rounding: storedDecimal.meta({ description: 'What prices with tax come to beyond net and tax.' }),
    discounted: storedDecimal.meta({ description: 'Σ of what its discounts take of its lines.' }),
    taxSubtotals: z.array(
      z.object({
        category: z.string(),
        rate: storedDecimal,
        net: storedDecimal,
        tax: storedDecimal,
        exemptionReason: z.string().nullable(),
        reverseCharge: z.boolean(),
        legalText: z.string().nullable(),
      }),
    ),
    allowances: z
      .array(
        z.object({
          reason: z.string(),
          amount: storedDecimal,
          percentage: storedDecimal.nullable(),
          base: storedDecimal.nullable(),
          category: z.string(),
          rate: storedDecimal,
        }),
      )
      .meta({ description: 'Discounts on the document, by tax.' }),
    discounts: z
      .array(
        z.object({
          id,
          lineId: id.nullable(),
          percentage: storedDecimal.nullable(),
          fixedAmount: storedDecimal.nullable(),
          reason: z.string(),
        }),
      )
      .meta({ description: 'As they were given.' }),
  })
  .meta({ id: 'InvoiceInFull' });

export async function readInFull(
  tx: WorkspaceTx,
  row: InvoiceRow,
  actor: Actor,
): Promise<z.input<typeof invoiceInFull>> {
  const lines = await readInvoiceLines(tx, row.id, 0, firstLines);
  return { ...row, lines: linesFor(actor, lines), ...(await readInvoiceParts(tx, row.id)) };
}
