/** Owns reading contractor invoices with their tickets and lines, and the costs that lines are made of. */
import {
  type ContractorInvoiceKind,
  type ContractorInvoiceLine,
  type ContractorInvoiceStatus,
  type Cost,
  contractorInvoiceTotals,
  toLines,
  unbillableCosts,
} from '../domain/contractor-invoice.ts';
import { found } from '../domain/refusal.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { enqueueLook } from './outbox.ts';
import { readTicketCosts } from './tickets.ts';

export interface ContractorInvoice {
  id: string;
  number: string | null;
  kind: ContractorInvoiceKind;
  status: ContractorInvoiceStatus;
  personId: string;
  personName: string;
  sellerId: string;
  currency: string;
  /** Of their own invoice. */
  theirNumber: string | null;
  theirDate: Day | null;
  attachmentId: string | null;
  note: string | null;
  issueDate: Day | null;
  dueDate: Day | null;
  postingDate: Day | null;
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
  /** Paid, withheld and netted. */
  applied: DecimalText;
  withheld: DecimalText;
  payeeAccountId: string | null;
  agreementId: string | null;
  ticketCount: number;
  round: number;
  createdBy: string | null;
  submittedBy: string | null;
  submittedAt: Instant | null;
  decidedBy: string | null;
  decidedAt: Instant | null;
  decisionReason: string | null;
  approvedBy: string | null;
  approvedAt: Instant | null;
  paidAt: Instant | null;
  cancelledBy: string | null;
  cancelReason: string | null;
  /** By the contractor, of a self-billed one. */
  acceptedAt: Instant | null;
  disputedAt: Instant | null;
  disputeReason: string | null;
  createdAt: Instant;
}

const columns = `i.id, i.number, i.kind, i.status, i.person_id, p.name as person_name, i.seller_id, i.currency, i.their_number, i.their_date,
  i.attachment_id, i.note, i.issue_date, i.due_date, i.posting_date, i.net, i.tax, i.total, i.applied, i.withheld, i.payee_account_id,
  i.agreement_id, i.round, i.created_by, i.submitted_by, i.submitted_at, i.decided_by, i.decided_at, i.decision_reason, i.approved_by, i.approved_at,
  i.paid_at, i.cancelled_by, i.cancel_reason, i.accepted_at, i.disputed_at, i.dispute_reason, i.created_at,
  (select count(*)::int from contractor_invoice_tickets x where x.workspace_id = i.workspace_id and x.contractor_invoice_id = i.id) as ticket_count`;
const tables =
  'contractor_invoices i join people p on p.workspace_id = i.workspace_id and p.id = i.person_id';

/** `ownPersonId`: only if it is that person's; what is somebody else's does not exist. */
export function readContractorInvoice(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<ContractorInvoice | null> {
  return tx.row<ContractorInvoice>(
    `select ${columns} from ${tables} where i.workspace_id = $1 and i.id = $2 and ($3::uuid is null or i.person_id = $3)`,
    [tx.workspaceId, id, ownPersonId],
  );
}

/** Like readContractorInvoice, and holds it until the transaction ends. It is locked before its tickets. Refuses with 404. */
export async function lockContractorInvoice(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<ContractorInvoice> {
  // Locked first, read after: the statement that waited would show what was before.
  await tx.run('select 1 from contractor_invoices where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    id,
  ]);
  return found(await readContractorInvoice(tx, id, ownPersonId), 'contractor_invoice');
}

/** Holds them, in the order of their ids; ids that are none are left out. */
export async function lockContractorInvoices(
  tx: WorkspaceTx,
  ids: readonly string[],
): Promise<ContractorInvoice[]> {
  await tx.run(
    'select 1 from contractor_invoices where workspace_id = $1 and id = any($2::uuid[]) order by id for no key update',
    [tx.workspaceId, plainArray(ids)],
  );
  return tx.rows<ContractorInvoice>(
    `select ${columns} from ${tables} where i.workspace_id = $1 and i.id = any($2::uuid[]) order by i.id`,
    [tx.workspaceId, plainArray(ids)],
  );
}

export interface ContractorInvoiceFilter {
  status?: ContractorInvoiceStatus | undefined;
  personId?: string | undefined;
  sellerId?: string | undefined;
}
/** Newest first, after `after` (an id). */
export function listContractorInvoices(
  tx: WorkspaceTx,
  { status, personId, sellerId }: ContractorInvoiceFilter,
  page: { after: string | null; limit: number },
): Promise<ContractorInvoice[]> {
  return tx.rows<ContractorInvoice>(
    // The page first: tickets are counted for its rows only.
    `select ${columns} from ${tables} where i.workspace_id = $1 and i.id = any(array(
       select x.id from contractor_invoices x
       where x.workspace_id = $1 and ($2::text is null or x.status = $2) and ($3::uuid is null or x.person_id = $3)
         and ($4::uuid is null or x.seller_id = $4) and ($5::uuid is null or x.id < $5)
       order by x.id desc limit $6)) order by i.id desc`,
    [tx.workspaceId, status ?? null, personId ?? null, sellerId ?? null, page.after, page.limit],
  );
}

export interface InvoicedTicket {
  ticketId: string;
  number: string;
  status: string;
  workDate: Day;
  projectName: string;
  decidedBy: string | null;
  amount: DecimalText;
}
/** By day and number. */
export function readInvoicedTickets(tx: WorkspaceTx, invoiceId: string): Promise<InvoicedTicket[]> {
  return tx.rows<InvoicedTicket>(
    `select x.ticket_id, t.number, t.status, t.work_date, j.name as project_name, t.decided_by, x.amount
     from contractor_invoice_tickets x
     join tickets t on t.workspace_id = x.workspace_id and t.id = x.ticket_id
     join projects j on j.workspace_id = t.workspace_id and j.id = t.project_id
     where x.workspace_id = $1 and x.contractor_invoice_id = $2 order by t.work_date, t.number`,
    [tx.workspaceId, invoiceId],
  );
}

/** In their order. */
export function readContractorInvoiceLines(
  tx: WorkspaceTx,
  invoiceId: string,
): Promise<(ContractorInvoiceLine & { lineNo: number })[]> {
  return tx.rows(
    `select line_no, ticket_id, entry_id, entry_version, kind, work_date, description, quantity, unit, unit_price, amount, formula
     from contractor_invoice_lines where workspace_id = $1 and contractor_invoice_id = $2 order by line_no limit $3`,
    [tx.workspaceId, invoiceId, maxLines],
  );
}

/** Tickets of at most 100 lines each, of which mileage makes two. */
export const maxBundledTickets = 500;
const maxLines = 100_000;

/** The costs of approved tickets, by day, ticket and line. */
export async function readCosts(tx: WorkspaceTx, ticketIds: readonly string[]): Promise<Cost[]> {
  const tickets = await tx.rows<{ id: string; number: string; workDate: Day; projectName: string }>(
    `select t.id, t.number, t.work_date, j.name as project_name from tickets t
     join projects j on j.workspace_id = t.workspace_id and j.id = t.project_id
     where t.workspace_id = $1 and t.id = any($2::uuid[]) order by t.work_date, t.number`,
    [tx.workspaceId, plainArray(ticketIds)],
  );
  const costs = await readTicketCosts(tx, ticketIds);
  const versions = await tx.rows<{ id: string; version: number }>(
    'select id, current_version as version from work_entries where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(costs.map((cost) => cost.entryId))],
  );
  const versionOf = new Map(versions.map((row) => [row.id, row.version]));
  const byTicket = Map.groupBy(costs, (cost) => cost.ticketId);
  return tickets.flatMap((ticket) =>
    (byTicket.get(ticket.id) ?? []).map((cost) => ({
      ticketId: ticket.id,
      ticketNumber: ticket.number,
      entryId: cost.entryId,
      entryVersion: versionOf.get(cost.entryId)!,
      kind: cost.kind,
      overtime: cost.overtime,
      workDate: ticket.workDate,
      projectName: ticket.projectName,
      position: cost.position,
      note: cost.notes,
      quantity: cost.quantity,
      costRate: cost.costRate,
      currency: cost.currency,
    })),
  );
}

/** What tickets come to, and what keeps some of their costs off an invoice. */
export interface Priced {
  lines: ContractorInvoiceLine[];
  totals: { net: DecimalText; tax: DecimalText; total: DecimalText };
  problems: { ticketId: string; ticketNumber: string; problem: string }[];
}
export async function priceTickets(
  tx: WorkspaceTx,
  ticketIds: readonly string[],
  currency: string,
  tax: DecimalText,
): Promise<Priced> {
  const costs = await readCosts(tx, ticketIds);
  const unbillable = unbillableCosts(costs, currency);
  const off = new Set(unbillable.map(({ cost }) => cost));
  const lines = toLines(
    costs.filter((cost) => !off.has(cost)),
    currency,
  );
  return {
    lines,
    totals: contractorInvoiceTotals(lines, tax, currency),
    problems: unbillable.map(({ cost, problem }) => ({
      ticketId: cost.ticketId,
      ticketNumber: cost.ticketNumber,
      problem: `${cost.kind.replaceAll('_', ' ')}: ${problem}`,
    })),
  };
}

/** An event of the invoice; once it was submitted also a look for its workflow, since a draft waits for nobody. */
export async function recordInvoiceEvent(
  tx: WorkspaceTx,
  invoice: Pick<ContractorInvoice, 'id' | 'number' | 'round'>,
  participle: string,
  actor: string,
  change: { before?: Record<string, unknown>; after?: Record<string, unknown>; reason?: string } = {},
): Promise<void> {
  const { before, after, reason } = change;
  await recordEvents(tx, [
    {
      type: `contractor_invoice.${participle}`,
      subjectType: 'contractor_invoice',
      subjectId: invoice.id,
      actor,
      permission: 'contractor_invoices.read',
      payload: { number: invoice.number, ...(reason === undefined ? {} : { reason }) },
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    },
  ]);
  if (invoice.round === 0 || participle === 'edited') return;
  await enqueueLook(tx, {
    subjectType: 'contractor_invoice',
    subjectId: invoice.id,
    lane: 'interactive',
    reason: participle,
  });
}
