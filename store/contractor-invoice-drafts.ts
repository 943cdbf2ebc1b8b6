/** Owns what is done with a contractor invoice before and beside its decision: preview, bundle, edit, submit, withdraw, cancel. */
import { suggestClientCode } from '../domain/client-code.ts';
import {
  type ContractorInvoiceKind,
  fitsCurrency,
  moveContractorInvoice,
} from '../domain/contractor-invoice.ts';
import { contractorSettings } from '../domain/contractor-settings.ts';
import { localDay } from '../domain/day.ts';
import type { Doer } from '../domain/duties.ts';
import { Decimal } from '../domain/money.ts';
import type { SeriesDocumentType } from '../domain/numbering.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { asRows, plainArray } from './arrays.ts';
import { bindAttachments } from './attachments.ts';
import { sqlNow } from './clock.ts';
import { creditCorrections } from './contractor-credits.ts';
import { tellContractor, tellInvoiceApprovers, tellOfDispute } from './contractor-invoice-notices.ts';
import {
  type ContractorInvoice,
  lockContractorInvoice,
  maxBundledTickets,
  type Priced,
  priceTickets,
  readContractorInvoice,
  readInvoicedTickets,
  recordInvoiceEvent,
} from './contractor-invoices.ts';
import type { WorkspaceTx } from './database.ts';
import { closeDue, setDue } from './due.ts';
import { newId } from './new-id.ts';
import { confirmedAccount } from './payee-accounts.ts';
import { queueVoid } from './pushed-documents.ts';
import { agreementInForce } from './self-billing-agreements.ts';
import { type Seller, sellers } from './sellers.ts';
import { takeNumber } from './take-number.ts';
import type { Values } from './tenant-table.ts';
import { type BundleMove, bundleTickets, unbundleTickets } from './tickets.ts';
import { currencyOf, getWorkspace, workspaceNow } from './workspaces.ts';

interface Payee {
  id: string;
  name: string;
  kind: 'contractor' | 'employee';
  currency: string | null;
  code: string | null;
}
async function readPayee(tx: WorkspaceTx, personId: string): Promise<Payee> {
  const payee = await tx.row<Payee>(
    'select id, name, kind, currency, code from people where workspace_id = $1 and id = $2',
    [tx.workspaceId, personId],
  );
  if (!payee)
    throw invalidField('/personId', 'reference.unknown', 'There is no such person in this workspace.');
  if (payee.kind !== 'contractor')
    throw invalidField(
      '/personId',
      'contractor_invoice.not_a_contractor',
      `${payee.name} is an employee, whose tickets end with their approval.`,
    );
  return payee;
}

/** What a contractor is paid in: their own currency, else the workspace's. */
const payeeCurrency = async (tx: WorkspaceTx, payee: Payee) =>
  payee.currency ?? currencyOf(await getWorkspace(tx));

/** The code that their numbers carry, given once. One at a time, so that two get different ones. */
async function contractorCode(tx: WorkspaceTx, payee: Payee): Promise<string> {
  if (payee.code !== null) return payee.code;
  await tx.run(`select pg_advisory_xact_lock(hashtextextended('contractor-codes:' || $1::text, 0))`, [
    tx.workspaceId,
  ]);
  const taken = await tx.rows<{ id: string; code: string }>(
    'select id, code from people where workspace_id = $1 and code is not null',
    [tx.workspaceId],
  );
  const given = taken.find((row) => row.id === payee.id);
  if (given) return given.code;
  const code = suggestClientCode(payee.name, new Set(taken.map((row) => row.code)));
  await tx.run('update people set code = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    payee.id,
    code,
  ]);
  return code;
}

/** Who pays: the one that is named, else the only one there is. */
async function payingSeller(tx: WorkspaceTx, sellerId: string | null): Promise<Seller> {
  const seller = sellerId === null ? null : await sellers.find(tx, sellerId);
  if (seller) return seller;
  const all = sellerId === null ? await sellers.list(tx, { limit: 2, after: null }) : [];
  if (all.length === 1) return all[0]!;
  throw invalidField(
    '/sellerId',
    sellerId === null ? 'contractor_invoice.seller_missing' : 'reference.unknown',
    sellerId === null ? 'Say which seller pays: there is not just one.' : 'There is no such seller.',
  );
}

/** The person's approved tickets that are on no invoice, in the order of their days. */
async function bundleable(tx: WorkspaceTx, personId: string): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select id from tickets where workspace_id = $1 and person_id = $2 and status = 'approved' order by work_date, number limit $3`,
    [tx.workspaceId, personId, maxBundledTickets],
  );
  return rows.map((row) => row.id);
}

/** What an invoice of these tickets would be; null: of all that wait. Has no effect. */
export async function previewContractorInvoice(
  tx: WorkspaceTx,
  wanted: { personId: string; ticketIds: readonly string[] | null; tax: DecimalText },
): Promise<Priced & { currency: string; ticketIds: string[] }> {
  const payee = await readPayee(tx, wanted.personId);
  const currency = await payeeCurrency(tx, payee);
  const all = await bundleable(tx, payee.id);
  const ticketIds =
    wanted.ticketIds === null ? all : await requireOwnTickets(tx, payee.id, wanted.ticketIds, 'approved');
  return { ...(await priceTickets(tx, ticketIds, currency, wanted.tax)), currency, ticketIds };
}

/** Refuses tickets that are not there, or not this person's: to others they do not exist. */
async function requireOwnTickets(
  tx: WorkspaceTx,
  personId: string,
  ids: readonly string[],
  status: 'approved' | null,
): Promise<string[]> {
  const wanted = [...new Set(ids)];
  const rows = await tx.rows<{ id: string; number: string; status: string }>(
    'select id, number, status from tickets where workspace_id = $1 and person_id = $2 and id = any($3::uuid[])',
    [tx.workspaceId, personId, plainArray(wanted)],
  );
  const known = new Map(rows.map((row) => [row.id, row]));
  const missing = wanted.findIndex((id) => !known.has(id));
  if (missing >= 0)
    throw invalidField(
      `/ticketIds/${missing}`,
      'reference.unknown',
      'There is no such ticket of this contractor.',
    );
  const wrong = status === null ? undefined : rows.find((row) => row.status !== status);
  if (wrong)
    throw new Refusal({
      code: 'ticket.wrong_status',
      message: `Ticket ${wrong.number} is ${wrong.status}.`,
      whatToDo: 'Leave out what is not approved, or is on another invoice.',
      details: { ticketId: wrong.id, number: wrong.number, status: wrong.status },
    });
  return wanted;
}

/** What its author says of it, beside its tickets. */
export interface InvoiceFacts {
  note: string | null;
  theirNumber: string | null;
  theirDate: Day | null;
  /** The upload with their own document. */
  attachmentId: string | null;
  tax: DecimalText;
}

/** Bundles approved tickets: they are on no other invoice from here on. Not all of them need to fit yet; submission asks. */
export async function createContractorInvoice(
  tx: WorkspaceTx,
  wanted: InvoiceFacts & {
    personId: string;
    sellerId: string | null;
    kind: ContractorInvoiceKind;
    ticketIds: readonly string[];
  },
  doer: Doer,
): Promise<ContractorInvoice> {
  const payee = await readPayee(tx, wanted.personId);
  const seller = await payingSeller(tx, wanted.sellerId);
  const currency = await payeeCurrency(tx, payee);
  requireFactsFit(wanted, wanted.kind, currency);
  await contractorCode(tx, payee);
  const id = newId();
  await tx.run(
    `insert into contractor_invoices (workspace_id, id, person_id, seller_id, kind, currency, note, their_number, their_date, tax, total, created_by, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, ${sqlNow})`,
    [
      tx.workspaceId,
      id,
      payee.id,
      seller.id,
      wanted.kind,
      currency,
      wanted.note,
      wanted.theirNumber,
      wanted.theirDate,
      wanted.tax,
      doer.id,
    ],
  );
  await holdFile(tx, { id, personId: payee.id }, wanted.attachmentId, doer);
  const invoice = await lockContractorInvoice(tx, id);
  await putTickets(tx, invoice, wanted.ticketIds, doer);
  const made = found(await readContractorInvoice(tx, id), 'contractor_invoice');
  await recordInvoiceEvent(tx, made, 'created', doer.id, {
    after: { ...shownFacts(made), tickets: wanted.ticketIds.length },
  });
  return made;
}

/** The file stays with the invoice from here on; another one may follow it. */
async function holdFile(
  tx: WorkspaceTx,
  invoice: { id: string; personId: string },
  attachmentId: string | null,
  doer: Doer,
): Promise<void> {
  if (attachmentId === null) return;
  await bindAttachments(
    tx,
    [attachmentId],
    { subjectType: 'contractor_invoice', subjectId: invoice.id, personId: invoice.personId },
    doer,
  );
  await tx.run('update contractor_invoices set attachment_id = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    invoice.id,
    attachmentId,
  ]);
}

function requireFactsFit(facts: InvoiceFacts, kind: ContractorInvoiceKind, currency: string): void {
  if (!fitsCurrency(facts.tax, currency))
    throw invalidField('/tax', 'contractor_invoice.too_fine', `${facts.tax} is finer than ${currency} goes.`);
  if (kind === 'own_invoice') return;
  if (facts.theirNumber !== null || facts.theirDate !== null || facts.attachmentId !== null)
    throw invalidField(
      '/theirNumber',
      'contractor_invoice.not_their_own',
      'Only an invoice of their own has a number, a date and a file of their own.',
    );
  if (kind === 'payment_request' && !new Decimal(facts.tax).isZero())
    throw invalidField(
      '/tax',
      'contractor_invoice.no_tax',
      'A payment request carries no tax: make it an invoice of their own, or a self-billed one.',
    );
}

const shownFacts = ({
  kind,
  currency,
  net,
  tax,
  total,
  theirNumber,
  theirDate,
  note,
}: ContractorInvoice) => ({
  kind,
  currency,
  net,
  tax,
  total,
  theirNumber,
  theirDate,
  note,
});

/** Changes a draft, or a rejected one, which is a draft again then. Left out: stays as it is. */
export async function editContractorInvoice(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  change: Values<InvoiceFacts> & { ticketIds?: readonly string[] | undefined },
  doer: Doer,
): Promise<ContractorInvoice> {
  const status = moveContractorInvoice('edit', invoice);
  const facts: InvoiceFacts = {
    note: change.note === undefined ? invoice.note : change.note,
    theirNumber: change.theirNumber === undefined ? invoice.theirNumber : change.theirNumber,
    theirDate: change.theirDate === undefined ? invoice.theirDate : change.theirDate,
    attachmentId: change.attachmentId === undefined ? invoice.attachmentId : change.attachmentId,
    tax: change.tax ?? invoice.tax,
  };
  requireFactsFit(facts, invoice.kind, invoice.currency);
  if (facts.attachmentId !== invoice.attachmentId) await holdFile(tx, invoice, facts.attachmentId, doer);
  await tx.run(
    `update contractor_invoices set status = $3, note = $4, their_number = $5, their_date = $6, tax = $7, total = net + $7
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, invoice.id, status, facts.note, facts.theirNumber, facts.theirDate, facts.tax],
  );
  const kept = change.ticketIds ?? (await readInvoicedTickets(tx, invoice.id)).map((row) => row.ticketId);
  await putTickets(tx, { ...invoice, tax: facts.tax }, kept, doer);
  const after = found(await readContractorInvoice(tx, invoice.id), 'contractor_invoice');
  await recordInvoiceEvent(tx, after, 'edited', doer.id, {
    before: { ...shownFacts(invoice), tickets: invoice.ticketCount },
    after: { ...shownFacts(after), tickets: after.ticketCount },
  });
  return after;
}

/** Makes its tickets these: what comes is bundled, what goes is free again. The caller holds the invoice. */
async function putTickets(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  wantedIds: readonly string[],
  doer: Doer,
): Promise<void> {
  const wanted = new Set(await requireOwnTickets(tx, invoice.personId, wantedIds, null));
  const present = new Set((await readInvoicedTickets(tx, invoice.id)).map((row) => row.ticketId));
  const added = [...wanted].filter((id) => !present.has(id));
  const removed = [...present].filter((id) => !wanted.has(id));
  const move = { actor: doer.id, contractorInvoiceId: invoice.id };
  if (added.length > 0) await bundleTickets(tx, added, move);
  if (removed.length > 0) {
    await takeOff(tx, removed, move);
  }
  await tx.run(
    `insert into contractor_invoice_tickets (workspace_id, contractor_invoice_id, ticket_id, amount)
     select $1, $2, t, 0 from unnest($3::uuid[]) as t`,
    [tx.workspaceId, invoice.id, plainArray(added)],
  );
  await rewriteLines(tx, invoice);
}

/** They are free for another invoice; what corrects a ticket that was paid meanwhile is a credit from here on. */
async function takeOff(tx: WorkspaceTx, ticketIds: readonly string[], move: BundleMove): Promise<void> {
  await tx.run(
    'delete from contractor_invoice_tickets where workspace_id = $1 and contractor_invoice_id = $2 and ticket_id = any($3::uuid[])',
    [tx.workspaceId, move.contractorInvoiceId, plainArray(ticketIds)],
  );
  await unbundleTickets(tx, ticketIds, move);
  await creditCorrections(tx, ticketIds, move.actor);
}

/** Lines, amounts per ticket and totals from the costs of the tickets on it now; answers what keeps costs off it. */
export async function rewriteLines(
  tx: WorkspaceTx,
  invoice: Pick<ContractorInvoice, 'id' | 'currency' | 'tax'>,
): Promise<Priced> {
  const tickets = await readInvoicedTickets(tx, invoice.id);
  const priced = await priceTickets(
    tx,
    tickets.map((ticket) => ticket.ticketId),
    invoice.currency,
    invoice.tax,
  );
  const { lines, totals } = priced;
  await tx.run(
    'delete from contractor_invoice_lines where workspace_id = $1 and contractor_invoice_id = $2',
    [tx.workspaceId, invoice.id],
  );
  if (lines.length > 0) {
    const { from, params } = asRows(
      {
        line_no: { type: 'int', values: lines.map((_, index) => index + 1) },
        ticket_id: { type: 'uuid', values: lines.map((line) => line.ticketId) },
        entry_id: { type: 'uuid', values: lines.map((line) => line.entryId) },
        entry_version: { type: 'int', values: lines.map((line) => line.entryVersion) },
        kind: { type: 'text', values: lines.map((line) => line.kind) },
        work_date: { type: 'date', values: lines.map((line) => line.workDate) },
        description: { type: 'text', values: lines.map((line) => line.description), text: true },
        quantity: { type: 'numeric', values: lines.map((line) => line.quantity) },
        unit: { type: 'text', values: lines.map((line) => line.unit) },
        unit_price: { type: 'numeric', values: lines.map((line) => line.unitPrice) },
        amount: { type: 'numeric', values: lines.map((line) => line.amount) },
        formula: { type: 'jsonb', values: lines.map((line) => JSON.stringify(line.formula)), text: true },
      },
      3,
    );
    await tx.run(
      `insert into contractor_invoice_lines (workspace_id, contractor_invoice_id, line_no, ticket_id, entry_id, entry_version, kind, work_date,
         description, quantity, unit, unit_price, amount, formula)
       select $1, $2, r.line_no, r.ticket_id, r.entry_id, r.entry_version, r.kind, r.work_date, r.description, r.quantity, r.unit, r.unit_price,
         r.amount, r.formula from ${from}`,
      [tx.workspaceId, invoice.id, ...params],
    );
  }
  // The link has no update of its own: what it says of the amount is made anew.
  await tx.run(
    'delete from contractor_invoice_tickets where workspace_id = $1 and contractor_invoice_id = $2',
    [tx.workspaceId, invoice.id],
  );
  await tx.run(
    `insert into contractor_invoice_tickets (workspace_id, contractor_invoice_id, ticket_id, amount)
     select $1, $2, t, coalesce((select sum(l.amount) from contractor_invoice_lines l
       where l.workspace_id = $1 and l.contractor_invoice_id = $2 and l.ticket_id = t), 0) from unnest($3::uuid[]) as t`,
    [tx.workspaceId, invoice.id, plainArray(tickets.map((ticket) => ticket.ticketId))],
  );
  await tx.run(
    // With the decimals of the total beside which it is shown.
    `update contractor_invoices set net = $3, tax = $4, total = $5, applied = round(applied, scale($5::numeric)),
       withheld = round(withheld, scale($5::numeric)) where workspace_id = $1 and id = $2`,
    [tx.workspaceId, invoice.id, totals.net, totals.tax, totals.total],
  );
  return priced;
}

const documentTypeOf: Record<ContractorInvoiceKind, SeriesDocumentType> = {
  payment_request: 'contractor_invoice',
  own_invoice: 'contractor_invoice',
  self_billed: 'self_billed',
};

/** The contractor's own series of self-billed documents where there is one, else the seller's. */
async function seriesFor(tx: WorkspaceTx, invoice: ContractorInvoice): Promise<string> {
  const documentType = documentTypeOf[invoice.kind];
  const row = await tx.row<{ id: string }>(
    `select id from series where workspace_id = $1 and seller_id = $2 and document_type = $3
       and (person_id = $4 or person_id is null and name = 'default') order by person_id is null limit 1`,
    [tx.workspaceId, invoice.sellerId, documentType, invoice.personId],
  );
  if (row) return row.id;
  throw new Refusal({
    code: 'contractor_invoice.no_series',
    message: `The seller has no number series for ${documentType.replaceAll('_', ' ')} documents.`,
    whatToDo: 'Create one, such as {PREFIX}-{CONTRACTOR}-{YYYY}-{SEQ:4}.',
    details: { sellerId: invoice.sellerId, documentType },
  });
}

/** Asks for the decision. The number is given here, once: a later submission after a rejection keeps it. */
export async function submitContractorInvoice(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  doer: Doer,
): Promise<ContractorInvoice> {
  const status = moveContractorInvoice('submit', invoice);
  requireComplete(invoice, await whatIsMissing(tx, invoice));
  const now = await workspaceNow(tx);
  const seller = found(await sellers.find(tx, invoice.sellerId), 'seller');
  const today = localDay(now, seller.zone);
  const agreement =
    invoice.kind === 'self_billed'
      ? await agreementInForce(tx, seller.id, invoice.personId, invoice.issueDate ?? today)
      : null;
  if (invoice.kind === 'self_billed' && agreement === null)
    throw new Refusal({
      code: 'contractor_invoice.no_agreement',
      message: `No accepted self-billing agreement with ${invoice.personName} covers ${today}.`,
      whatToDo: 'Propose one and have the contractor accept it, or make another kind of invoice.',
    });
  const account = await confirmedAccount(tx, invoice.personId);
  const code = await contractorCode(tx, await readPayee(tx, invoice.personId));
  const round = invoice.round + 1;
  await scheduleReminders(tx, invoice.id, round, now);
  // The series last: whoever numbers a document of it waits from here to the commit.
  const numbered =
    invoice.number === null
      ? await seriesFor(tx, invoice).then(async (seriesId) => ({
          seriesId,
          ...(await takeNumber(tx, seriesId, today, { contractorCode: code })),
        }))
      : null;
  const snapshot = {
    seller: { id: seller.id, name: seller.name, address: seller.address, country: seller.country },
    contractor: { id: invoice.personId, name: invoice.personName, code },
    payeeAccount:
      account === null
        ? null
        : { id: account.id, version: account.version, holder: account.holder, masked: account.masked },
    legalText: agreement?.legalText ?? null,
  };
  await tx.run(
    `update contractor_invoices set status = $3, round = $4, submitted_at = $5, submitted_by = $6, agreement_id = $7, payee_account_id = $8,
       snapshot = $9, decided_at = null, decided_by = null, decision_reason = null, accepted_at = null, disputed_at = null, dispute_reason = null,
       series_id = coalesce($10, series_id), number = coalesce($11, number), sequence = coalesce($12, sequence),
       issue_date = coalesce($13, issue_date), tax_point = coalesce($13, tax_point)
     where workspace_id = $1 and id = $2`,
    [
      tx.workspaceId,
      invoice.id,
      status,
      round,
      now,
      doer.id,
      agreement?.id ?? null,
      account?.id ?? null,
      JSON.stringify(snapshot),
      numbered?.seriesId ?? null,
      numbered?.number ?? null,
      numbered?.sequence ?? null,
      numbered?.issueDate ?? null,
    ],
  );
  const after = found(await readContractorInvoice(tx, invoice.id), 'contractor_invoice');
  await recordInvoiceEvent(tx, after, 'submitted', doer.id, {
    before: { status: invoice.status, number: invoice.number, total: invoice.total },
    after: { status, number: after.number, total: after.total },
  });
  await tellInvoiceApprovers(tx, after, 'contractor_invoice.submitted');
  return after;
}

/** Its lines stand as they were written, since a bundled ticket does not change; what had no line is asked for again. */
async function whatIsMissing(tx: WorkspaceTx, invoice: ContractorInvoice): Promise<Priced['problems']> {
  const tickets = await readInvoicedTickets(tx, invoice.id);
  const { problems } = await priceTickets(
    tx,
    tickets.map((ticket) => ticket.ticketId),
    invoice.currency,
    invoice.tax,
  );
  return problems;
}

function requireComplete(invoice: ContractorInvoice, problems: Priced['problems']): void {
  if (invoice.ticketCount === 0)
    throw new Refusal({
      code: 'contractor_invoice.empty',
      message: 'There is no ticket on it.',
      whatToDo: 'Put approved tickets on it.',
    });
  const [first] = problems;
  if (first)
    throw new Refusal({
      code: 'contractor_invoice.cost_missing',
      message: `Ticket ${first.ticketNumber}: ${first.problem}${problems.length > 1 ? `, and ${problems.length - 1} more` : ''}.`,
      whatToDo: 'Add the cost rate and have the ticket approved again, or take the ticket off.',
      details: { problems: problems.slice(0, 100) },
    });
  if (new Decimal(invoice.total).lt(0))
    throw new Refusal({
      code: 'contractor_invoice.below_zero',
      message: `It comes to ${invoice.total}, less than nothing.`,
      whatToDo:
        'Put further tickets on it, or take the correcting ones off: they become credits once what they correct is paid.',
    });
  if (invoice.kind !== 'own_invoice') return;
  if (invoice.theirNumber === null)
    throw invalidField(
      '/theirNumber',
      'contractor_invoice.their_number_missing',
      'An invoice of their own has its own number.',
    );
  if (invoice.attachmentId === null)
    throw invalidField(
      '/attachmentId',
      'contractor_invoice.file_missing',
      'An invoice of their own comes with its file.',
    );
}

const secondMs = 1_000;

/** One reminder and one escalation a round; how long until then is the workspace's. */
async function scheduleReminders(tx: WorkspaceTx, id: string, round: number, now: Instant): Promise<void> {
  const settings = contractorSettings((await getWorkspace(tx)).settings);
  const after = (seconds: number) => new Date(Date.parse(now) + seconds * secondMs).toISOString();
  const due = { subjectType: 'contractor_invoice' as const, subjectId: id, period: `round ${round}` };
  await setDue(tx, { ...due, kind: 'remind', dueAt: after(settings.contractorInvoiceReminderAfterSeconds) });
  await setDue(tx, {
    ...due,
    kind: 'escalate',
    dueAt: after(settings.contractorInvoiceEscalationAfterSeconds),
  });
}

/** Back to its author, before anybody decided. */
export async function withdrawContractorInvoice(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  doer: Doer,
): Promise<ContractorInvoice> {
  const status = moveContractorInvoice('withdraw', invoice);
  await tx.run('update contractor_invoices set status = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    invoice.id,
    status,
  ]);
  await closeDue(tx, 'contractor_invoice', [invoice.id]);
  const after = found(await readContractorInvoice(tx, invoice.id), 'contractor_invoice');
  await recordInvoiceEvent(tx, after, 'withdrawn', doer.id, {
    before: { status: invoice.status },
    after: { status },
  });
  return after;
}

/** Ends it before any payment; its tickets are free again. Its number, where it has one, stays explained by it. */
export async function cancelContractorInvoice(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  reason: string,
  doer: Doer,
): Promise<ContractorInvoice> {
  const status = moveContractorInvoice('cancel', invoice);
  const opening = await tx.row(
    `select 1 from contractor_invoices where workspace_id = $1 and id = $2 and number_given_by = 'opening'`,
    [tx.workspaceId, invoice.id],
  );
  if (opening)
    throw new Refusal({
      code: 'contractor_invoice.opening',
      message: `Invoice ${invoice.number} was brought in as an opening balance.`,
      whatToDo: 'Counter the batch that brought it.',
    });
  const tickets = (await readInvoicedTickets(tx, invoice.id)).map((row) => row.ticketId);
  await takeOff(tx, tickets, { actor: doer.id, contractorInvoiceId: invoice.id });
  await tx.run(
    `update contractor_invoices set status = $3, cancelled_at = $4, cancelled_by = $5, cancel_reason = $6 where workspace_id = $1 and id = $2`,
    [tx.workspaceId, invoice.id, status, await workspaceNow(tx), doer.id, reason],
  );
  await closeDue(tx, 'contractor_invoice', [invoice.id]);
  const after = found(await readContractorInvoice(tx, invoice.id), 'contractor_invoice');
  await queueVoid(tx, 'contractor_invoice', invoice.id);
  await recordInvoiceEvent(tx, after, 'cancelled', doer.id, {
    before: { status: invoice.status },
    after: { status },
    reason,
  });
  await tellContractor(tx, after, 'contractor_invoice.cancelled', doer, reason);
  return after;
}

/** The contractor says of a self-billed one that it is right, or why it is not. A disputed one is not approved or paid. */
export async function answerSelfBilled(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  disputeReason: string | null,
  doer: Doer,
): Promise<ContractorInvoice> {
  const isOpen = invoice.status === 'submitted' || invoice.status === 'approved';
  if (invoice.kind !== 'self_billed' || !isOpen)
    throw new Refusal({
      code: 'contractor_invoice.not_answerable',
      message:
        invoice.kind === 'self_billed'
          ? `It is ${invoice.status.replaceAll('_', ' ')}.`
          : 'Only what was written for the contractor is accepted or disputed by them.',
      whatToDo: 'Nothing.',
    });
  if (disputeReason === null && invoice.disputedAt !== null && doer.personId !== invoice.personId)
    throw new Refusal({
      code: 'contractor_invoice.dispute_is_theirs',
      status: 403,
      message: `${invoice.personName} disputes it, and nobody else takes that back.`,
      whatToDo: 'Reject it and write it anew, or have them accept it.',
    });
  const now = await workspaceNow(tx);
  await tx.run(
    `update contractor_invoices set accepted_at = $3, disputed_at = $4, dispute_reason = $5 where workspace_id = $1 and id = $2`,
    [
      tx.workspaceId,
      invoice.id,
      disputeReason === null ? now : null,
      disputeReason === null ? null : now,
      disputeReason,
    ],
  );
  const after = found(await readContractorInvoice(tx, invoice.id), 'contractor_invoice');
  await recordInvoiceEvent(
    tx,
    after,
    disputeReason === null ? 'accepted' : 'disputed',
    doer.id,
    disputeReason === null ? {} : { reason: disputeReason },
  );
  if (disputeReason !== null) await tellOfDispute(tx, after, doer);
  return after;
}
