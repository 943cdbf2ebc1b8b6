/** Owns drafting: open items of one contract become draft invoices with lines and allocations, in one transaction. */
import { type ContractTerms, type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import {
  type DraftableItem,
  DraftBuilder,
  type DraftInvoice,
  type Grouping,
} from '../domain/grouping/build-drafts.ts';
import type { GroupingMode } from '../domain/grouping/group-keys.ts';
import { invoiceTotals } from '../domain/invoice.ts';
import { isPressing, latestInvoiceDate } from '../domain/latest-invoice-date.ts';
import { Decimal } from '../domain/money.ts';
import type { DrawableItem } from '../domain/retainer.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { asRows, plainArray, textArray } from './arrays.ts';
import type { ContractForBilling } from './compile.ts';
import { lockContract, readTimeline } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { closeFixed } from './exceptions.ts';
import { latestInvoiceDaysOf } from './latest-invoice-dates.ts';
import { newId } from './new-id.ts';
import { drawRetainers, hasRetainer } from './retainers.ts';
import { addDeltas } from './totals.ts';

export interface DraftedContract {
  invoices: number;
  items: number;
  net: DecimalText;
  seconds: number;
}
interface OpenItem extends DraftableItem {
  open: DecimalText;
  /** Held for a later invoice, or included under a fixed price: stays open. */
  keptBack: boolean;
}
const pageSize = 10_000;

/**
 * Drafts every open item of the contract dated before the cutoff that the scope covers (null: all its projects). Walks the items twice: first to
 * sum the lines, then to allocate, so memory holds lines, not items. Repeating it finds nothing open and makes nothing.
 */
export async function draftContract(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  run: {
    id: string;
    actor: string;
    projectIds: string[] | null;
    cutoffOn: Day;
  },
): Promise<DraftedContract> {
  await lockContract(tx, contract.id);
  const timeline = await readTimeline(tx, contract.id);
  const grouping = contract.grouping as Grouping;
  const builder = new DraftBuilder(
    { invoice: grouping.invoice as GroupingMode, line: grouping.line as GroupingMode },
    contract.rounding,
  );
  const keptBack = hasRetainer(timeline) ? await drawOnRetainers(tx, timeline, run) : new Set<string>();
  const latestInvoiceDays = timeline.some((terms) => terms.minimumInvoiceAmount !== null)
    ? await latestInvoiceDaysOf(tx, contract.sellerId)
    : null;
  let pages = 0;
  let onlyPage: OpenItem[] = [];
  for await (const page of openItems(tx, timeline, run, keptBack)) {
    for (const item of page) builder.add(item);
    pages += 1;
    onlyPage = page;
  }
  const drafts = builder
    .build()
    .map((draft) => ({ ...draft, terms: termsAt(timeline, draft.serviceTo) }))
    .filter((draft) => !isBelowMinimum(draft, run.cutoffOn, latestInvoiceDays));
  if (drafts.length === 0) return { invoices: 0, items: 0, net: '0', seconds: 0 };
  const items = drafts.reduce((sum, draft) => sum + draft.itemCount, 0);
  const lineIds = await writeDrafts(tx, contract, run, drafts);
  const lineOf = (item: OpenItem) => {
    const { invoiceKey, lineKey } = DraftBuilder.keysOf(item, grouping);
    return lineIds.get(`${invoiceKey} ${lineKey}`);
  };
  const share = DraftBuilder.shares(contract.rounding);
  // What fits a page is still at hand; more is read again rather than held.
  for await (const page of pages === 1 ? [onlyPage] : openItems(tx, timeline, run, keptBack)) {
    await allocate(tx, run.id, page, (item) => {
      const target = lineOf(item);
      return target ? { ...target, amount: share(target.lineId, item.amount) } : null;
    });
  }
  const net = drafts.reduce((sum, draft) => sum.plus(draft.net), new Decimal(0));
  const seconds = drafts.reduce((sum, draft) => sum + draft.seconds, 0);
  const pending = drafts
    .flatMap((draft) => draft.lines)
    .reduce((sum, line) => sum.plus(String(line.formula.exactAmount)), new Decimal(0));
  await addDeltas(tx, [
    { metric: 'pending_amount', key: contract.currency, value: pending.negated().toFixed() },
    { metric: 'drafted_net', key: contract.currency, value: net.toFixed() },
  ]);
  await recordEvents(tx, [
    {
      type: 'invoices.drafted',
      subjectType: 'billing_run',
      subjectId: run.id,
      actor: run.actor,
      permission: 'invoices.read',
      payload: {
        contractId: contract.id,
        invoices: drafts.length,
        items,
        net: net.toFixed(),
        currency: contract.currency,
        seconds,
      },
    },
  ]);
  return { invoices: drafts.length, items, net: net.toFixed(), seconds };
}

/** Takes the hours that a retainer covers; answers what stays open beyond one. */
async function drawOnRetainers(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  run: { id: string; projectIds: string[] | null; cutoffOn: Day },
): Promise<Set<string>> {
  const labor: DrawableItem[] = [];
  for await (const page of openItems(tx, timeline, run, new Set()))
    for (const { id, workDate, open, unitPrice, kind } of page)
      if (kind === 'labor' || kind === 'labor_overtime') labor.push({ id, workDate, open, unitPrice });
  return drawRetainers(tx, timeline, labor, run);
}

/** A draft of it; what it is billed by is what holds on its last day of service, which is its tax point. */
type TermedDraft = DraftInvoice & { terms: ContractTerms };

/** Too little for an invoice of its own: it stays open, and is billed with what comes later. What ends is billed in any case. */
function isBelowMinimum(
  { net, terms, serviceFrom }: TermedDraft,
  cutoffOn: Day,
  latestInvoiceDays: number | null,
): boolean {
  if (terms.minimumInvoiceAmount === null || (terms.endsBefore !== null && terms.endsBefore <= cutoffOn))
    return false;
  // A minimum never keeps work beyond its latest invoice date (BILLING §5).
  if (isPressing(latestInvoiceDate(serviceFrom, latestInvoiceDays), cutoffOn)) return false;
  return new Decimal(net).lt(terms.minimumInvoiceAmount);
}

/** Pages over the open items of a contract by id, locking their balances in that order; each item once, in one order. */
async function* openItems(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  { projectIds, cutoffOn }: { projectIds: string[] | null; cutoffOn: Day },
  beyondRetainer: ReadonlySet<string>,
): AsyncGenerator<OpenItem[]> {
  // Compiled before an amendment that covers its day: the next run compiles it anew.
  const isOutdated = ({ contractVersion, workDate }: OpenItem) =>
    contractVersion !== null && contractVersion !== termsAt(timeline, workDate).version;
  let after: string | null = null;
  while (true) {
    const page: OpenItem[] = await tx.rows<OpenItem>(
      `with locked as materialized (
         select item_id, quantity - allocated as open from item_balance
         where workspace_id = $1 and contract_id = $2 and allocated <> quantity and ($3::uuid is null or item_id > $3)
         order by item_id limit $4 for no key update)
       select i.id, i.client_id, i.project_id, i.task_id, i.person_id, i.phase_id, i.position, i.work_date, i.kind, i.unit, l.open,
         l.open as quantity, i.unit_price, i.price_source, i.flagged, i.description, i.held_reason is not null or i.included as kept_back, i.contract_version,
         case when l.open = i.quantity then i.amount else l.open * i.unit_price end as amount,
         case when l.open = i.quantity then i.raw_quantity else round(i.raw_quantity * l.open / i.quantity)::bigint end as raw_quantity
       from locked l
       cross join lateral (select x.* from billable_items x where x.workspace_id = $1 and x.id = l.item_id offset 0) i
       order by i.id`,
      [tx.workspaceId, timeline[0].contractId, after, pageSize],
    );
    const wanted = page.filter(
      (item) =>
        !item.keptBack &&
        !isOutdated(item) &&
        !beyondRetainer.has(item.id) &&
        item.workDate < cutoffOn &&
        (!projectIds || projectIds.includes(item.projectId ?? '')),
    );
    if (wanted.length > 0) yield wanted;
    if (page.length < pageSize) return;
    after = page[page.length - 1]!.id;
  }
}

async function writeDrafts(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  run: { id: string },
  drafts: TermedDraft[],
): Promise<Map<string, { invoiceId: string; lineId: string }>> {
  const taken = await tx.rows<{ groupKey: string }>(
    'select group_key from client_invoices where workspace_id = $1 and run_id = $2',
    [tx.workspaceId, run.id],
  );
  const takenKeys = new Set(taken.map((row) => row.groupKey));
  const invoices = drafts.map((draft) => {
    const totals = invoiceTotals(
      draft.lines.map((line) => ({
        amount: line.amount,
        taxCategory: draft.terms.tax.category,
        taxRate: draft.terms.tax.rate,
      })),
      contract.rounding,
    );
    let key = `${contract.id}/${draft.key}`;
    for (let copy = 2; takenKeys.has(key); copy += 1) key = `${contract.id}/${draft.key}#${copy}`;
    takenKeys.add(key);
    return { id: newId(), key, draft, totals };
  });
  await tx.run(
    `insert into client_invoices (workspace_id, id, seller_id, client_id, contract_id, run_id, group_key, currency, service_from, service_to,
       net, tax, total, quantity_seconds, line_count, item_count, terms)
     select $1, r.id, $2, $3, $4, $5, r.group_key, $6, r.service_from, r.service_to, r.net, r.tax, r.total, r.seconds, r.line_count, r.item_count, r.terms
     from unnest($7::uuid[], $8::text[], $9::date[], $10::date[], $11::numeric[], $12::numeric[], $13::numeric[], $14::bigint[], $15::int[], $16::int[], $17::jsonb[])
       as r(id, group_key, service_from, service_to, net, tax, total, seconds, line_count, item_count, terms)`,
    [
      tx.workspaceId,
      contract.sellerId,
      contract.clientId,
      contract.id,
      run.id,
      contract.currency,
      plainArray(invoices.map((i) => i.id)),
      textArray(invoices.map((i) => i.key)),
      plainArray(invoices.map((i) => i.draft.serviceFrom)),
      plainArray(invoices.map((i) => i.draft.serviceTo)),
      plainArray(invoices.map((i) => i.totals.net)),
      plainArray(invoices.map((i) => i.totals.tax)),
      plainArray(invoices.map((i) => i.totals.total)),
      plainArray(invoices.map((i) => i.draft.seconds)),
      plainArray(invoices.map((i) => i.draft.lines.length)),
      plainArray(invoices.map((i) => i.draft.itemCount)),
      textArray(invoices.map((i) => JSON.stringify(termsOfDraft(contract, i.draft)))),
    ],
  );
  const lines = invoices.flatMap((invoice) =>
    invoice.draft.lines.map((line, index) => ({
      id: newId(),
      invoiceId: invoice.id,
      invoiceKey: invoice.draft.key,
      lineNo: index + 1,
      line,
      tax: invoice.draft.terms.tax,
    })),
  );
  const names = await readProjectNames(
    tx,
    contract.projects.map((p) => p.id),
  );
  for (let from = 0; from < lines.length; from += pageSize)
    await writeLines(tx, lines.slice(from, from + pageSize), names);
  return new Map(
    lines.map(({ id, invoiceId, invoiceKey, line }) => [
      `${invoiceKey} ${line.key}`,
      { invoiceId, lineId: id },
    ]),
  );
}

async function readProjectNames(tx: WorkspaceTx, projectIds: string[]): Promise<Map<string, string>> {
  const rows = await tx.rows<{ id: string; label: string }>(
    `select id, case when code = name then name else code || ' · ' || name end as label from projects where workspace_id = $1 and id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(projectIds)],
  );
  return new Map(rows.map((row) => [row.id, row.label]));
}

/** What a draft is reckoned by, and an issue freezes. */
function termsOfDraft(contract: ContractForBilling, { terms, contractVersions }: TermedDraft) {
  return {
    tax: terms.tax,
    rounding: contract.rounding,
    paymentTermsDays: terms.paymentTermsDays,
    retentionPercentage: terms.retentionPercentage,
    contractVersion: terms.version,
    contractVersions,
  };
}

interface PlacedLine {
  id: string;
  invoiceId: string;
  lineNo: number;
  line: DraftInvoice['lines'][number];
  tax: ContractTerms['tax'];
}

async function writeLines(
  tx: WorkspaceTx,
  lines: PlacedLine[],
  projectNames: Map<string, string>,
): Promise<void> {
  const describe = ({ line }: PlacedLine) => {
    const project = line.projectId ? (projectNames.get(line.projectId) ?? '') : '';
    const span =
      line.serviceFrom === line.serviceTo ? line.serviceFrom : `${line.serviceFrom} to ${line.serviceTo}`;
    return [project, line.description, line.isOvertime ? 'overtime' : null, span].filter(Boolean).join(', ');
  };
  await tx.run(
    `insert into invoice_lines (workspace_id, id, invoice_id, line_no, kind, group_key, description, project_id, quantity, unit, unit_price, amount,
       tax_category, tax_rate, service_from, service_to, item_count, formula)
     select $1, r.id, r.invoice_id, r.line_no, r.kind, r.group_key, r.description, r.project_id, r.quantity, r.unit, r.unit_price, r.amount,
       r.tax_category, r.tax_rate, r.service_from, r.service_to, r.item_count, r.formula
     from unnest($2::text[], $3::numeric[], $4::uuid[], $5::uuid[], $6::int[], $7::text[], $8::text[], $9::text[], $10::uuid[], $11::numeric[], $12::text[],
       $13::numeric[], $14::numeric[], $15::date[], $16::date[], $17::int[], $18::jsonb[])
       as r(tax_category, tax_rate, id, invoice_id, line_no, kind, group_key, description, project_id, quantity, unit, unit_price, amount, service_from, service_to, item_count, formula)`,
    [
      tx.workspaceId,
      textArray(lines.map((l) => l.tax.category)),
      plainArray(lines.map((l) => l.tax.rate)),
      plainArray(lines.map((l) => l.id)),
      plainArray(lines.map((l) => l.invoiceId)),
      plainArray(lines.map((l) => l.lineNo)),
      plainArray(lines.map((l) => l.line.kind)),
      textArray(lines.map((l) => l.line.key)),
      textArray(lines.map(describe)),
      plainArray(lines.map((l) => l.line.projectId)),
      plainArray(lines.map((l) => l.line.quantity)),
      textArray(lines.map((l) => l.line.unit)),
      plainArray(lines.map((l) => l.line.unitPrice)),
      plainArray(lines.map((l) => l.line.amount)),
      plainArray(lines.map((l) => l.line.serviceFrom)),
      plainArray(lines.map((l) => l.line.serviceTo)),
      plainArray(lines.map((l) => l.line.itemCount)),
      textArray(
        lines.map((l) =>
          JSON.stringify({ ...l.line.formula, flaggedItems: l.line.flaggedCount, taxRate: l.tax.rate }),
        ),
      ),
    ],
  );
}

async function allocate(
  tx: WorkspaceTx,
  runId: string,
  open: OpenItem[],
  place: (item: OpenItem) => { invoiceId: string; lineId: string; amount: DecimalText } | null,
): Promise<void> {
  const found = open.map((item) => ({ item, target: place(item) }));
  const items = found.flatMap(({ item, target }) => (target ? [item] : []));
  const placed = found.flatMap(({ target }) => (target ? [target] : []));
  if (items.length === 0) return;
  const { from, params } = asRows(
    {
      item_id: { type: 'uuid', values: items.map((item) => item.id) },
      invoice_id: { type: 'uuid', values: placed.map((p) => p.invoiceId) },
      line_id: { type: 'uuid', values: placed.map((p) => p.lineId) },
      quantity: { type: 'numeric', values: items.map((item) => item.open) },
      amount: { type: 'numeric', values: placed.map((p) => p.amount) },
    },
    3,
  );
  await tx.run(
    `insert into allocations (workspace_id, item_id, kind, invoice_id, target_id, quantity, amount, run_id)
     select $1, r.item_id, 'draft', r.invoice_id, r.line_id, r.quantity, r.amount, $2 from ${from}`,
    [tx.workspaceId, runId, ...params],
  );
}

/** Takes a draft back: its allocations are returned; the invoice stays as discarded, without a number, with its lines to read. */
export async function discardDraft(
  tx: WorkspaceTx,
  invoiceId: string,
  actor: string,
  reason: string,
): Promise<boolean> {
  const invoice = await tx.row<{ id: string; currency: string; net: DecimalText; was: string }>(
    `update client_invoices set status = 'discarded' where workspace_id = $1 and id = $2 and status in ('draft', 'in_sign_off', 'ready', 'held')
     returning id, currency, net, old.status as was`,
    [tx.workspaceId, invoiceId],
  );
  if (!invoice) return false;
  await closeFixed(tx, 'invoice.held', [`invoice:${invoiceId}`], 'the draft was discarded');
  const returned = await tx.row<{ amount: DecimalText }>(
    `with back as (
       select a.item_id, a.target_id, sum(a.quantity) as quantity, sum(a.amount) as amount
       from allocations a where a.workspace_id = $1 and a.invoice_id = $2 group by 1, 2 having sum(a.quantity) <> 0),
     gone as (
       insert into allocations (workspace_id, item_id, kind, invoice_id, target_id, quantity, amount, reason)
       select $1, item_id, 'discard', $2, target_id, -quantity, -amount, $3 from back)
     select coalesce(sum(case when b.quantity = i.quantity then i.amount else b.quantity * i.unit_price end), 0) as amount
     from back b join billable_items i on i.workspace_id = $1 and i.id = b.item_id`,
    [tx.workspaceId, invoiceId, reason],
  );
  await addDeltas(tx, [
    { metric: 'pending_amount', key: invoice.currency, value: returned?.amount ?? '0' },
    { metric: 'drafted_net', key: invoice.currency, value: new Decimal(invoice.net).negated().toFixed() },
  ]);
  await recordEvents(tx, [
    {
      type: 'invoice.discarded',
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      actor,
      permission: 'invoices.read',
      payload: { reason, net: invoice.net },
      before: { status: invoice.was },
      after: { status: 'discarded' },
    },
  ]);
  return true;
}
