/** Owns making lines of a draft anew from the items on them: taken off, put back, or taxed otherwise. */
import {
  type DraftableItem,
  DraftBuilder,
  type DraftLine,
  draftKeys,
  sharesOf,
  toNetLine,
} from '../domain/grouping/build-drafts.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import { type LineTax, plainTax } from '../domain/tax.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { asRows, plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { type DraftHead, retotalDraft } from './edit-draft.ts';
import { addDeltas } from './totals.ts';
import { formulaOf } from './write-drafts.ts';

/** An item on a line, with its share of the line's amount. */
export interface PlacedItem extends DraftableItem {
  lineId: string;
  share: DecimalText;
}
interface OldLine {
  id: string;
  description: string;
  grossAmount: DecimalText | null;
  taxCategory: string;
  taxRate: DecimalText;
  serviceFrom: Day;
  serviceTo: Day;
}

/** A draft of more is discarded and made anew. */
const mostItems = 20_000;

/** The items on these lines, by id. Refuses with 409 more than can be worked on at once. */
export async function readPlaced(
  tx: WorkspaceTx,
  invoiceId: string,
  lineIds: readonly string[],
): Promise<PlacedItem[]> {
  const items = await tx.rows<PlacedItem>(
    `select a.target_id as line_id, a.amount as share, ${itemColumns('a.quantity')}
     from (select item_id, target_id, sum(quantity) as quantity, sum(amount) as amount from allocations
       where workspace_id = $1 and invoice_id = $2 and target_id = any($3::uuid[]) group by 1, 2 having sum(quantity) <> 0) a
     cross join lateral (select x.* from billable_items x where x.workspace_id = $1 and x.id = a.item_id offset 0) i
     order by i.id limit $4`,
    [tx.workspaceId, invoiceId, plainArray(lineIds), mostItems + 1],
  );
  if (items.length <= mostItems) return items;
  throw new Refusal({
    code: 'invoice.too_large_to_edit',
    message: `These lines hold more than ${mostItems.toLocaleString('en')} items.`,
    whatToDo: 'Discard the draft, hold or adjust the items, and run again.',
  });
}

const itemColumns = (
  quantity: string,
) => `i.id, i.client_id, i.project_id, i.task_id, i.person_id, i.phase_id, i.product_id, i.position, i.work_date, i.kind,
  i.unit, ${quantity} as quantity, i.unit_price, i.price_source, i.flagged, i.description, i.contract_version,
  case when ${quantity} = i.quantity then i.amount else ${quantity} * i.unit_price end as amount,
  case when ${quantity} = i.quantity then i.raw_quantity else round(i.raw_quantity * ${quantity} / i.quantity)::bigint end as raw_quantity`;

/** Takes items off their lines: they are open again. The lines are made anew after it (`relineDraft`). */
export async function takeOff(
  tx: WorkspaceTx,
  draft: DraftHead,
  items: readonly PlacedItem[],
  reason: string,
): Promise<void> {
  await allocate(tx, draft.id, 'discard', items, reason, -1);
  const back = items.reduce((sum, item) => sum.plus(item.amount), new Decimal(0));
  await addDeltas(tx, [{ metric: 'pending_amount', key: draft.currency, value: back.toFixed() }]);
}

/**
 * Makes these lines anew from the items that are on them and those that come back to them (`also`: line → items, whatever
 * of them is open). A line that nothing is left on goes, with its discounts. `taxOf` taxes them anew.
 */
export async function relineDraft(
  tx: WorkspaceTx,
  draft: DraftHead,
  lineIds: readonly string[],
  {
    also = new Map(),
    taxOf,
  }: { also?: ReadonlyMap<string, string>; taxOf?: (productId: string | null) => LineTax } = {},
): Promise<void> {
  const { rounding } = draft.terms;
  const placed = await readPlaced(tx, draft.id, lineIds);
  const back = await readOpen(tx, also);
  const byLine = Map.groupBy([...placed, ...back].sort(byId), (item) => item.lineId);
  const old = await tx.rows<OldLine>(
    `select id, description, gross_amount, tax_category, tax_rate, service_from, service_to from invoice_lines
     where workspace_id = $1 and invoice_id = $2 and id = any($3::uuid[]) order by line_no`,
    [tx.workspaceId, draft.id, plainArray(lineIds)],
  );
  const share = sharesOf(rounding);
  const notes: LineTax[] = [];
  const written: { old: OldLine; line: DraftLine; tax: LineTax }[] = [];
  const moved: PlacedItem[] = [];
  const shares = new Map<PlacedItem, DecimalText>();
  for (const each of old) {
    const items = byLine.get(each.id);
    if (!items) continue;
    const tax = taxOf?.(items[0]!.productId) ?? {
      ...plainTax(each.taxCategory, each.taxRate),
      inclusive: each.grossAmount !== null,
    };
    if (taxOf) notes.push(tax);
    const line = lineOf(items, rounding, tax);
    written.push({ old: each, line, tax });
    for (const item of items) {
      const amount = share({ ...line, id: each.id }, item.amount);
      shares.set(item, amount);
      if (back.includes(item) || !new Decimal(amount).eq(item.share)) moved.push(item);
    }
  }
  const shifted = moved.filter((item) => !back.includes(item));
  await allocate(tx, draft.id, 'discard', shifted, 'its line was made anew', -1);
  await allocate(
    tx,
    draft.id,
    'draft',
    moved.map((item) => ({ ...item, share: shares.get(item)! })),
    null,
    1,
  );
  const taken = back.reduce((sum, item) => sum.plus(item.amount), new Decimal(0));
  if (!taken.isZero())
    await addDeltas(tx, [
      { metric: 'pending_amount', key: draft.currency, value: taken.negated().toFixed() },
    ]);
  await writeLines(tx, written);
  const kept = new Set(written.map(({ old }) => old.id));
  await removeLines(
    tx,
    draft.id,
    lineIds.filter((id) => !kept.has(id)),
  );
  await retotalDraft(tx, draft, notes);
  await countSeconds(tx, draft.id);
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** All of these on one line. */
function lineOf(
  items: readonly PlacedItem[],
  rounding: DraftHead['terms']['rounding'],
  tax: LineTax,
): DraftLine {
  const builder = new DraftBuilder(draftKeys({ invoice: 'one_line', line: 'one_line' }), rounding);
  for (const item of items) builder.add(item);
  const line = builder.build()[0]!.lines[0]!;
  return tax.inclusive ? toNetLine(line, tax.rate, rounding) : line;
}

async function readOpen(tx: WorkspaceTx, also: ReadonlyMap<string, string>): Promise<PlacedItem[]> {
  if (also.size === 0) return [];
  return tx.rows<PlacedItem>(
    `select u.line_id, '0' as share, ${itemColumns('b.quantity')}
     from unnest($2::uuid[], $3::uuid[]) as u(item_id, line_id)
     cross join lateral (select x.quantity - x.allocated as quantity from item_balance x where x.workspace_id = $1 and x.item_id = u.item_id offset 0) b
     cross join lateral (select x.* from billable_items x where x.workspace_id = $1 and x.id = u.item_id offset 0) i
     where b.quantity <> 0 order by i.id`,
    [tx.workspaceId, plainArray([...also.keys()]), plainArray([...also.values()])],
  );
}

async function allocate(
  tx: WorkspaceTx,
  invoiceId: string,
  kind: 'draft' | 'discard',
  items: readonly PlacedItem[],
  reason: string | null,
  sign: 1 | -1,
): Promise<void> {
  if (items.length === 0) return;
  const signed = (value: DecimalText) => new Decimal(value).times(sign).toFixed();
  const { from, params } = asRows(
    {
      item_id: { type: 'uuid', values: items.map((item) => item.id) },
      line_id: { type: 'uuid', values: items.map((item) => item.lineId) },
      quantity: { type: 'numeric', values: items.map((item) => signed(item.quantity)) },
      amount: { type: 'numeric', values: items.map((item) => signed(item.share)) },
    },
    5,
  );
  await tx.run(
    `insert into allocations (workspace_id, item_id, kind, invoice_id, target_id, quantity, amount, reason)
     select $1, r.item_id, $3, $2, r.line_id, r.quantity, r.amount, $4 from ${from}`,
    [tx.workspaceId, invoiceId, kind, reason, ...params],
  );
}

async function writeLines(
  tx: WorkspaceTx,
  written: readonly { old: OldLine; line: DraftLine; tax: LineTax }[],
): Promise<void> {
  if (written.length === 0) return;
  await tx.run(
    `update invoice_lines l set kind = r.kind, description = r.description, project_id = r.project_id, quantity = r.quantity, unit = r.unit,
       unit_price = r.unit_price, amount = r.amount, discount = 0, allowance = 0, gross_amount = r.gross_amount, tax_category = r.tax_category, tax_rate = r.tax_rate,
       service_from = r.service_from, service_to = r.service_to, item_count = r.item_count, formula = r.formula
     from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::numeric[], $7::text[], $8::numeric[], $9::numeric[], $10::numeric[], $11::text[],
       $12::numeric[], $13::date[], $14::date[], $15::int[], $16::jsonb[])
       as r(id, kind, description, project_id, quantity, unit, unit_price, amount, gross_amount, tax_category, tax_rate, service_from, service_to, item_count, formula)
     where l.workspace_id = $1 and l.id = r.id`,
    [
      tx.workspaceId,
      plainArray(written.map(({ old }) => old.id)),
      plainArray(written.map(({ line }) => line.kind)),
      textArray(written.map(({ old, line }) => describeAnew(old, line))),
      plainArray(written.map(({ line }) => line.projectId)),
      plainArray(written.map(({ line }) => line.quantity)),
      textArray(written.map(({ line }) => line.unit)),
      plainArray(written.map(({ line }) => line.unitPrice)),
      plainArray(written.map(({ line }) => line.amount)),
      plainArray(written.map(({ line }) => line.grossAmount)),
      textArray(written.map(({ tax }) => tax.category)),
      plainArray(written.map(({ tax }) => tax.rate)),
      plainArray(written.map(({ line }) => line.serviceFrom)),
      plainArray(written.map(({ line }) => line.serviceTo)),
      plainArray(written.map(({ line }) => line.itemCount)),
      textArray(written.map(({ line, tax }) => JSON.stringify(formulaOf(line, tax)))),
    ],
  );
}

const spanOf = ({ serviceFrom, serviceTo }: { serviceFrom: Day; serviceTo: Day }) =>
  serviceFrom === serviceTo ? serviceFrom : `${serviceFrom} to ${serviceTo}`;
/** The words stay, whoever wrote them; days that they end with follow the items. */
const describeAnew = (old: OldLine, line: DraftLine) =>
  old.description.endsWith(spanOf(old))
    ? old.description.slice(0, -spanOf(old).length) + spanOf(line)
    : old.description;

async function removeLines(tx: WorkspaceTx, invoiceId: string, lineIds: readonly string[]): Promise<void> {
  if (lineIds.length === 0) return;
  const params = [tx.workspaceId, invoiceId, plainArray(lineIds)];
  await tx.run(
    'delete from invoice_discounts where workspace_id = $1 and invoice_id = $2 and line_id = any($3::uuid[])',
    params,
  );
  await tx.run(
    'delete from invoice_lines where workspace_id = $1 and invoice_id = $2 and id = any($3::uuid[])',
    params,
  );
}

async function countSeconds(tx: WorkspaceTx, invoiceId: string): Promise<void> {
  await tx.run(
    `update client_invoices n set quantity_seconds = coalesce((
       select sum(round(i.raw_quantity * a.quantity / i.quantity))::bigint
       from (select item_id, sum(quantity) as quantity from allocations where workspace_id = $1 and invoice_id = $2 group by 1 having sum(quantity) <> 0) a
       cross join lateral (select x.kind, x.raw_quantity, x.quantity from billable_items x where x.workspace_id = $1 and x.id = a.item_id offset 0) i
       where i.kind in ('labor', 'labor_overtime')), 0)
     where n.workspace_id = $1 and n.id = $2`,
    [tx.workspaceId, invoiceId],
  );
}
