/** Owns the words and the order of a draft, and what it is beside its lines. */

import type { Discount } from '../domain/discount.ts';
import type { DocumentAllowance, TaxSubtotal } from '../domain/invoice-snapshot.ts';
import { found, invalidField } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { lockDraft, readDiscounts } from './edit-draft.ts';
import { recordEvents } from './events.ts';

/** What an invoice says beside its lines. */
export interface InvoiceParts {
  notes: string | null;
  rounding: DecimalText;
  discounted: DecimalText;
  taxSubtotals: TaxSubtotal[];
  allowances: DocumentAllowance[];
  discounts: Discount[];
}
export async function readInvoiceParts(tx: WorkspaceTx, invoiceId: string): Promise<InvoiceParts> {
  const row = await tx.row<Omit<InvoiceParts, 'discounts'>>(
    'select notes, rounding, discounted, tax_subtotals, allowances from client_invoices where workspace_id = $1 and id = $2',
    [tx.workspaceId, invoiceId],
  );
  return { ...found(row, 'invoice'), discounts: await readDiscounts(tx, invoiceId) };
}

export interface DraftWords {
  /** Null takes them away. */
  notes?: string | null | undefined;
  lines?: readonly { id: string; description: string }[] | undefined;
  /** All lines, in the order wanted. */
  order?: readonly string[] | undefined;
}

/** Changes words and order; no figure. A sign-off is taken back, since what the client saw reads otherwise now. */
export async function editDraft(
  tx: WorkspaceTx,
  invoiceId: string,
  words: DraftWords,
  actor: string,
): Promise<void> {
  await lockDraft(tx, invoiceId);
  if (words.lines && words.lines.length > 0) await describeLines(tx, invoiceId, words.lines);
  if (words.order) await orderLines(tx, invoiceId, words.order);
  await tx.run(
    `update client_invoices set notes = case when $4 then $3 else notes end,
       status = case when status in ('in_sign_off', 'ready') then 'draft' else status end
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, invoiceId, words.notes ?? null, words.notes !== undefined],
  );
  await recordEvents(tx, [
    {
      type: 'invoice.edited',
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      actor,
      permission: 'invoices.read',
      payload: {
        notes: words.notes !== undefined,
        lines: words.lines?.map((line) => line.id) ?? [],
        ordered: words.order !== undefined,
      },
    },
  ]);
}

async function describeLines(
  tx: WorkspaceTx,
  invoiceId: string,
  lines: readonly { id: string; description: string }[],
): Promise<void> {
  const changed = await tx.run(
    `update invoice_lines l set description = r.description from unnest($3::uuid[], $4::text[]) as r(id, description)
     where l.workspace_id = $1 and l.invoice_id = $2 and l.id = r.id`,
    [
      tx.workspaceId,
      invoiceId,
      plainArray(lines.map((line) => line.id)),
      textArray(lines.map((line) => line.description)),
    ],
  );
  if (changed !== lines.length)
    throw invalidField('/lines', 'line.unknown', 'One of the lines is not of this invoice, or named twice.');
}

async function orderLines(tx: WorkspaceTx, invoiceId: string, order: readonly string[]): Promise<void> {
  const lines = await tx.rows<{ id: string }>(
    'select id from invoice_lines where workspace_id = $1 and invoice_id = $2',
    [tx.workspaceId, invoiceId],
  );
  const known = new Set(lines.map((line) => line.id));
  if (order.length !== known.size || new Set(order).size !== known.size || order.some((id) => !known.has(id)))
    throw invalidField('/order', 'invoice.order_incomplete', 'Name each line of the invoice once.');
  // No two lines have one number, not even on the way: first below zero, where none is.
  for (const sign of [-1, 1])
    await tx.run(
      `update invoice_lines l set line_no = $4 * r.place from unnest($3::uuid[]) with ordinality as r(id, place)
       where l.workspace_id = $1 and l.invoice_id = $2 and l.id = r.id`,
      [tx.workspaceId, invoiceId, plainArray(order), sign],
    );
}
