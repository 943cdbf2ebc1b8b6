/** Owns holding a draft for an edit and adding it up again: lines, discounts, tax, totals. */
import { applyDiscounts, type Discount } from '../domain/discount.ts';
import type { InvoiceStatus } from '../domain/invoice.ts';
import { Decimal, type Rounding } from '../domain/money.ts';
import { found, Refusal } from '../domain/refusal.ts';
import { type TaxNote, taxTotals } from '../domain/tax.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { asRows } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { addDeltas } from './totals.ts';

export interface DraftHead {
  id: string;
  status: InvoiceStatus;
  clientId: string;
  sellerId: string;
  contractId: string;
  currency: string;
  net: DecimalText;
  notes: string | null;
  taxSubtotals: TaxNote[];
  terms: { rounding: Rounding; tax: { category: string; rate: DecimalText }; taxPoint?: Day };
}

/** Without a number, and not waiting for one. */
const editable: readonly InvoiceStatus[] = ['draft', 'in_sign_off', 'ready', 'held'];

/** Holds the draft to the commit. Refuses with 404 what is not there, with 409 what has a number or was discarded. */
export async function lockDraft(tx: WorkspaceTx, invoiceId: string): Promise<DraftHead> {
  const row = found(
    await tx.row<DraftHead & { number: string | null; numberAskedAt: string | null }>(
      `select id, status, client_id, seller_id, contract_id, currency, net, notes, tax_subtotals, terms, number, number_asked_at
       from client_invoices where workspace_id = $1 and id = $2 for no key update`,
      [tx.workspaceId, invoiceId],
    ),
    'invoice',
  );
  if (editable.includes(row.status) && row.numberAskedAt === null) return row;
  throw new Refusal({
    code: 'invoice.not_editable',
    message:
      row.number === null
        ? `An invoice that is ${row.status.replaceAll('_', ' ')} or waits for its number is not edited.`
        : `This invoice is issued as ${row.number} and stays as it is.`,
    whatToDo: row.number === null ? 'Read it again.' : 'Credit it instead.',
  });
}

interface Line {
  id: string;
  amount: DecimalText;
  discount: DecimalText;
  allowance: DecimalText;
  grossAmount: DecimalText | null;
  taxCategory: string;
  taxRate: DecimalText;
}

/**
 * Works out discounts, tax and totals from the lines as they are, and takes a sign-off back: what the client agreed to is
 * not what it is now. `notes` say what a document must of taxes that it did not have before.
 */
export async function retotalDraft(
  tx: WorkspaceTx,
  draft: DraftHead,
  notes: readonly TaxNote[] = [],
): Promise<void> {
  const lines = await tx.rows<Line>(
    `select id, amount, discount, allowance, gross_amount, tax_category, tax_rate from invoice_lines
     where workspace_id = $1 and invoice_id = $2 order by line_no`,
    [tx.workspaceId, draft.id],
  );
  const { rounding } = draft.terms;
  const applied = applyDiscounts(lines, await readDiscounts(tx, draft.id), rounding);
  const taken = lines.map((line) => ({ ...line, ...applied.lines.get(line.id)! }));
  await writeTaken(
    tx,
    taken.filter((line, index) => !isSameTaken(line, lines[index]!)),
  );
  const totals = taxTotals(taken, rounding, [...draft.taxSubtotals, ...notes]);
  await tx.run(
    `update client_invoices i set net = $3, tax = $4, rounding = $5, total = $6, tax_subtotals = $7, allowances = $8, discounted = $9,
       status = case when i.status in ('in_sign_off', 'ready') then 'draft' else i.status end,
       line_count = l.lines, item_count = l.items, service_from = l.service_from, service_to = l.service_to
     from (select count(*)::int as lines, coalesce(sum(item_count), 0)::int as items, min(service_from) as service_from, max(service_to) as service_to
       from invoice_lines where workspace_id = $1 and invoice_id = $2) l
     where i.workspace_id = $1 and i.id = $2`,
    [
      tx.workspaceId,
      draft.id,
      totals.net,
      totals.tax,
      totals.rounding,
      totals.total,
      JSON.stringify(totals.subtotals),
      JSON.stringify(applied.allowances),
      applied.discounted,
    ],
  );
  const change = new Decimal(totals.net).minus(draft.net);
  if (!change.isZero())
    await addDeltas(tx, [{ metric: 'drafted_net', key: draft.currency, value: change.toFixed() }]);
}

const isSameTaken = (a: Line, b: Line) =>
  new Decimal(a.discount).eq(b.discount) && new Decimal(a.allowance).eq(b.allowance);

async function writeTaken(tx: WorkspaceTx, lines: readonly Line[]): Promise<void> {
  if (lines.length === 0) return;
  const { from, params } = asRows(
    {
      id: { type: 'uuid', values: lines.map((line) => line.id) },
      discount: { type: 'numeric', values: lines.map((line) => line.discount) },
      allowance: { type: 'numeric', values: lines.map((line) => line.allowance) },
    },
    2,
  );
  await tx.run(
    `update invoice_lines l set discount = r.discount, allowance = r.allowance from ${from} where l.workspace_id = $1 and l.id = r.id`,
    [tx.workspaceId, ...params],
  );
}

/** In the order in which they were given. */
export function readDiscounts(tx: WorkspaceTx, invoiceId: string): Promise<Discount[]> {
  return tx.rows<Discount>(
    `select id, line_id, percentage, fixed_amount, reason from invoice_discounts
     where workspace_id = $1 and invoice_id = $2 order by created_at, id`,
    [tx.workspaceId, invoiceId],
  );
}
