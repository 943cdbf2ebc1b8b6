/** Owns what a ticket's author does with it: write, edit, submit, withdraw, discard; each one short transaction under its lock. */
import { changed } from '../domain/changed.ts';
import { addDays, localDay } from '../domain/day.ts';
import { Decimal } from '../domain/money.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import { isApproved, moveTicket } from '../domain/ticket.ts';
import {
  checkTicketLines,
  daySeconds,
  dayTooLong,
  laborSeconds,
  type TicketContent,
  type TicketLine,
  ticketContentHash,
  ticketTotals,
  toCents,
} from '../domain/ticket-lines.ts';
import { ticketSettings } from '../domain/ticket-settings.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { asRows, plainArray } from './arrays.ts';
import { bindAttachments, type Uploader } from './attachments.ts';
import type { WorkspaceTx } from './database.ts';
import { requireCompliant } from './documents.ts';
import { closeDue, setDue } from './due.ts';
import { newId } from './new-id.ts';
import { requireOpenPeriods } from './periods.ts';
import { takeNumber } from './take-number.ts';
import {
  deleteTicketEntries,
  isOnIssuedInvoice,
  moveApprovals,
  writeTicketEntries,
} from './ticket-entries.ts';
import { tellApprovers } from './ticket-notices.ts';
import { lockTicket, readTicket, recordTicketEvents, type TicketRow } from './tickets.ts';
import { getWorkspace, zoneOf } from './workspaces.ts';

/** A line as its author writes it: without an id it is new. */
export type WrittenLine = Omit<TicketLine, 'id'> & { id: string | null };
export interface WrittenTicket {
  personId: string;
  projectId: string;
  workDate: Day;
  notes: string;
  correctsTicketId: string | null;
  lines: readonly WrittenLine[];
}

/** Who writes: named by the events, and holder of the receipts. */
export type Author = Uploader;

/** Where the work was: what a ticket's number and entries need to know of its project. */
interface Place {
  clientId: string;
  sellerId: string | null;
  today: Day;
  now: Instant;
}

/** Makes a draft, numbered at once. Refuses with 422 what points at nothing of this workspace or breaks a rule of lines. */
export async function createTicket(
  tx: WorkspaceTx,
  written: WrittenTicket,
  author: Author,
): Promise<TicketRow> {
  const content = withLineIds(written, []);
  checkTicketLines(content.lines, content.correctsTicketId !== null);
  const place = await checkPlace(tx, content);
  await checkCorrected(tx, content);
  const id = newId();
  const seriesId = await ticketSeries(tx, place.sellerId);
  const code = await tx.row<{ code: string | null }>(
    'select code from people where workspace_id = $1 and id = $2',
    [tx.workspaceId, content.personId],
  );
  const { number, sequence } = await takeNumber(tx, seriesId, place.today, {
    contractorCode: code?.code ?? '',
  });
  await tx.run(
    `insert into tickets (workspace_id, id, number, series_id, sequence, person_id, project_id, work_date, notes, corrects_ticket_id, content_hash)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, decode($11, 'hex'))`,
    [
      tx.workspaceId,
      id,
      number,
      seriesId,
      sequence,
      content.personId,
      content.projectId,
      content.workDate,
      content.notes,
      content.correctsTicketId,
      ticketContentHash(content),
    ],
  );
  await writeLines(tx, id, content, author);
  const ticket = (await readTicket(tx, id))!;
  await recordTicketEvents(tx, [ticket], 'ticket.created', author.id, (made) => ({
    payload: { number },
    after: shownInEvents(made),
  }));
  return ticket;
}

/**
 * Changes a draft, a rejected or an approved ticket, which is a draft then; an approval is void because its content changed.
 * Refuses with 409 where it is submitted, on a contractor invoice, or its hours are on an issued invoice.
 */
export async function editTicket(
  tx: WorkspaceTx,
  ticket: TicketRow,
  change: Partial<Pick<WrittenTicket, 'projectId' | 'workDate' | 'notes' | 'lines'>>,
  author: Author,
): Promise<TicketRow> {
  const status = moveTicket('edit', ticket);
  const content = withLineIds({ ...ticket, ...change }, ticket.lines);
  const contentHash = ticketContentHash(content);
  if (isApproved(ticket.status)) {
    if (contentHash === ticket.contentHash) return ticket;
    await requireChangeable(tx, ticket);
    await requireOpenBooks(tx, await checkPlace(tx, ticket), ticket.workDate, author.id);
  }
  checkTicketLines(content.lines, content.correctsTicketId !== null);
  await checkPlace(tx, content);
  if (isApproved(ticket.status)) await voidApproval(tx, ticket, author.id);
  await tx.run(
    `update tickets set status = $3, project_id = $4, work_date = $5, notes = $6, content_hash = decode($7, 'hex'),
       approved_hash = null, approved_by = null, decided_by = null, decided_at = null, decision_reason = null, on_behalf_of = null
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, ticket.id, status, content.projectId, content.workDate, content.notes, contentHash],
  );
  await tx.run('delete from ticket_lines where workspace_id = $1 and ticket_id = $2', [
    tx.workspaceId,
    ticket.id,
  ]);
  await writeLines(tx, ticket.id, content, author);
  const edited = (await readTicket(tx, ticket.id))!;
  await recordTicketEvents(tx, [edited], 'ticket.edited', author.id, (after) => ({
    payload: { number: ticket.number, approvalVoid: isApproved(ticket.status) },
    ...changed(shownInEvents(ticket), shownInEvents(after)),
  }));
  return edited;
}

/** Asks for a decision: the lines become work entries, this content is kept as a revision, and the approvers are awaited. */
export async function submitTicket(tx: WorkspaceTx, ticket: TicketRow, actor: string): Promise<TicketRow> {
  const status = moveTicket('submit', ticket);
  if (ticket.lines.length === 0)
    throw invalidField('/lines', 'ticket.empty', 'The ticket has no lines.', 'Add what was done.');
  checkTicketLines(ticket.lines, ticket.correctsTicketId !== null);
  const place = await checkPlace(tx, ticket);
  await requireOpenBooks(tx, place, ticket.workDate, actor);
  await requireCompliant(tx, ticket.personId, 'tickets');
  await refuseRunningTimer(tx, ticket);
  await checkPersonDay(tx, ticket);
  await checkCorrected(tx, ticket);
  if (ticket.correctsTicketId === null) await requireNotBelowZero(tx, ticket, ticket);
  await writeTicketEntries(tx, ticket, actor);
  const revision = ticket.revision + 1;
  await tx.run(
    `update tickets set status = $3, revision = $4, submitted_by = $5, submitted_at = $6 where workspace_id = $1 and id = $2`,
    [tx.workspaceId, ticket.id, status, revision, actor, place.now],
  );
  await tx.run(
    `insert into ticket_revisions (workspace_id, ticket_id, revision, snapshot, content_hash, submitted_by, submitted_at)
     values ($1, $2, $3, $4, decode($5, 'hex'), $6, $7)`,
    [
      tx.workspaceId,
      ticket.id,
      revision,
      JSON.stringify(contentOf(ticket)),
      ticket.contentHash,
      actor,
      place.now,
    ],
  );
  await awaitDecision(tx, ticket.id, revision, place.now);
  const submitted = (await readTicket(tx, ticket.id))!;
  await recordTicketEvents(tx, [submitted], 'ticket.submitted', actor, (after) => ({
    payload: { number: ticket.number, contentHash: ticket.contentHash },
    ...changed(shownInEvents(ticket), shownInEvents(after)),
  }));
  await tellApprovers(tx, submitted, 'ticket.submitted');
  return submitted;
}

/** Takes a submitted ticket back to change it. */
export async function withdrawTicket(tx: WorkspaceTx, ticket: TicketRow, actor: string): Promise<TicketRow> {
  const status = moveTicket('withdraw', ticket);
  await moveApprovals(tx, [ticket.id], 'unsubmitted');
  await tx.run('update tickets set status = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    ticket.id,
    status,
  ]);
  await tx.run(
    `update ticket_revisions set decision = 'withdrawn', decided_by = $4, decided_at = now()
     where workspace_id = $1 and ticket_id = $2 and revision = $3`,
    [tx.workspaceId, ticket.id, ticket.revision, actor],
  );
  return endedBy(tx, ticket, 'ticket.withdrawn', actor);
}

/** Ends a ticket that is not wanted any more; it and its number are kept. */
export async function discardTicket(tx: WorkspaceTx, ticket: TicketRow, actor: string): Promise<TicketRow> {
  const status = moveTicket('discard', ticket);
  const correction = await correctionOf(tx, ticket.id);
  if (correction)
    throw corrected(
      ticket,
      correction.number,
      `Discard ${correction.number} first: it takes back from this.`,
    );
  await deleteTicketEntries(tx, ticket.id, actor);
  await tx.run('update tickets set status = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    ticket.id,
    status,
  ]);
  return endedBy(tx, ticket, 'ticket.discarded', actor);
}

async function endedBy(tx: WorkspaceTx, ticket: TicketRow, type: string, actor: string): Promise<TicketRow> {
  await closeDue(tx, 'ticket', [ticket.id]);
  const after = (await readTicket(tx, ticket.id))!;
  await recordTicketEvents(tx, [after], type, actor, ({ number, status }) => ({
    payload: { number },
    before: { status: ticket.status },
    after: { status },
  }));
  return after;
}

/** One workflow follows the ticket; its due rows are per submission, so that an earlier one's are not asked for again. */
async function awaitDecision(
  tx: WorkspaceTx,
  ticketId: string,
  revision: number,
  now: Instant,
): Promise<void> {
  const { ticketReminderAfterSeconds, ticketEscalationAfterSeconds } = ticketSettings(
    (await getWorkspace(tx)).settings,
  );
  for (const [kind, seconds] of [
    ['remind', ticketReminderAfterSeconds],
    ['escalate', ticketEscalationAfterSeconds],
  ] as const) {
    await setDue(tx, {
      subjectType: 'ticket',
      subjectId: ticketId,
      kind,
      period: String(revision),
      dueAt: new Date(Date.parse(now) + seconds * 1000).toISOString(),
    });
  }
}

async function requireChangeable(tx: WorkspaceTx, ticket: TicketRow): Promise<void> {
  const whatToDo = `Write a new ticket that corrects ${ticket.number}.`;
  if (await isOnIssuedInvoice(tx, ticket.id))
    throw new Refusal({
      code: 'ticket.on_issued_invoice',
      message: `Hours of ticket ${ticket.number} are on an issued invoice.`,
      whatToDo,
      details: { ticketId: ticket.id },
    });
  const correction = await correctionOf(tx, ticket.id);
  if (correction) throw corrected(ticket, correction.number, whatToDo);
}

/** The first one that is not discarded. */
const correctionOf = (tx: WorkspaceTx, ticketId: string) =>
  tx.row<{ number: string }>(
    `select number from tickets where workspace_id = $1 and corrects_ticket_id = $2 and status <> 'discarded' order by id limit 1`,
    [tx.workspaceId, ticketId],
  );

const corrected = (ticket: TicketRow, by: string, whatToDo: string) =>
  new Refusal({
    code: 'ticket.corrected',
    message: `Ticket ${ticket.number} is corrected by ${by}.`,
    whatToDo,
    details: { ticketId: ticket.id },
  });

async function voidApproval(tx: WorkspaceTx, ticket: TicketRow, actor: string): Promise<void> {
  await moveApprovals(tx, [ticket.id], 'unsubmitted');
  await tx.run(
    `update ticket_revisions set voided_by = $4, voided_at = now(), void_reason = 'the ticket was changed'
     where workspace_id = $1 and ticket_id = $2 and revision = $3`,
    [tx.workspaceId, ticket.id, ticket.revision, actor],
  );
}

const contentOf = ({
  personId,
  projectId,
  workDate,
  correctsTicketId,
  notes,
  lines,
}: TicketContent): TicketContent => ({
  personId,
  projectId,
  workDate,
  correctsTicketId,
  notes,
  lines,
});

/** Without words of people: the log keeps its fields for ever. */
const shownInEvents = (ticket: TicketRow) => ({
  status: ticket.status,
  personId: ticket.personId,
  projectId: ticket.projectId,
  workDate: ticket.workDate,
  revision: ticket.revision,
  contentHash: ticket.contentHash,
  totals: ticketTotals(ticket.lines),
});

/** Lines keep the ids they have; an id that is none of this ticket's lines is refused. */
function withLineIds(written: WrittenTicket, known: readonly TicketLine[]): TicketContent {
  const free = new Set(known.map((line) => line.id));
  const lines = written.lines.map((line, index) => {
    if (line.id === null) return { ...line, id: newId() };
    if (!free.delete(line.id))
      throw invalidField(
        `/lines/${index}/id`,
        'ticket.line_unknown',
        `Line ${index + 1} names a line that this ticket does not have, or names it twice.`,
        'Leave the id out to add a line.',
      );
    return { ...line, id: line.id };
  });
  return { ...contentOf({ ...written, lines }), lines };
}

/** Replaces nothing: the ticket has no lines now. Receipts are bound to their lines, and are the person's own from then on. */
async function writeLines(
  tx: WorkspaceTx,
  ticketId: string,
  { lines, personId }: TicketContent,
  author: Author,
): Promise<void> {
  if (lines.length === 0) return;
  const { from, params } = asRows(
    {
      id: { type: 'uuid', values: lines.map((line) => line.id) },
      line_no: { type: 'int', values: lines.map((_, index) => index + 1) },
      kind: { type: 'text', values: lines.map((line) => line.kind) },
      task_id: { type: 'uuid', values: lines.map((line) => line.taskId) },
      position: { type: 'text', values: lines.map((line) => line.position), text: true },
      overtime: { type: 'boolean', values: lines.map((line) => line.overtime) },
      seconds: { type: 'bigint', values: lines.map((line) => line.seconds) },
      amount_cents: {
        type: 'bigint',
        values: lines.map((line) => (line.amount === null ? null : toCents(line.amount))),
      },
      currency: { type: 'text', values: lines.map((line) => line.currency), text: true },
      category: { type: 'text', values: lines.map((line) => line.category), text: true },
      receipt_id: { type: 'uuid', values: lines.map((line) => line.receiptId) },
      receipt_on: { type: 'date', values: lines.map((line) => line.receiptOn ?? null) },
      input_tax_cents: {
        type: 'bigint',
        values: lines.map(({ inputTax = null }) => (inputTax === null ? null : toCents(inputTax))),
      },
      metres: { type: 'bigint', values: lines.map((line) => line.metres) },
      transport_seconds: { type: 'bigint', values: lines.map((line) => line.transportSeconds) },
      note: { type: 'text', values: lines.map((line) => line.note), text: true },
    },
    3,
  );
  await tx.run(
    `insert into ticket_lines (workspace_id, ticket_id, id, line_no, kind, task_id, position, overtime, seconds, amount_cents, currency,
       category, receipt_id, receipt_on, input_tax_cents, metres, transport_seconds, note)
     select $1, $2, id, line_no, kind, task_id, position, overtime, seconds, amount_cents, currency, category, receipt_id, receipt_on, input_tax_cents, metres,
       transport_seconds, note from ${from}`,
    [tx.workspaceId, ticketId, ...params],
  );
  for (const { id, receiptId } of lines)
    if (receiptId !== null)
      await bindAttachments(tx, [receiptId], { subjectType: 'ticket_line', subjectId: id, personId }, author);
}

/** Whether person, project, date and tasks are ones that work can be put on; throws a 422 that names the field. */
async function checkPlace(tx: WorkspaceTx, ticket: TicketContent): Promise<Place> {
  const workspace = await getWorkspace(tx);
  const now = workspace.clockAt ?? new Date().toISOString();
  const today = localDay(now, zoneOf(workspace));
  const place = await tx.row<{
    personActive: boolean | null;
    projectStatus: string | null;
    clientId: string;
    sellerId: string | null;
    contractId: string | null;
    contractStatus: string | null;
    startsOn: Day | null;
    endsBefore: Day | null;
    goLiveOn: Day | null;
  }>(
    `select p.active as person_active, j.status as project_status, j.client_id, k.seller_id, k.id as contract_id, k.status as contract_status,
       k.starts_on, k.ends_before, k.go_live_on
     from (select $1::uuid as workspace_id) w
     left join people p on p.workspace_id = w.workspace_id and p.id = $2
     left join projects j on j.workspace_id = w.workspace_id and j.id = $3
     left join contracts k on k.workspace_id = w.workspace_id and k.id = j.contract_id`,
    [tx.workspaceId, ticket.personId, ticket.projectId],
  );
  const refuse = (field: string, code: string, message: string, whatToDo: string) =>
    invalidField(`/${field}`, code, message, whatToDo);
  if (!place?.personActive)
    throw refuse(
      'personId',
      'ticket.person_unknown',
      'There is no such active person in this workspace.',
      'Use a person of this workspace.',
    );
  if (place.projectStatus === null)
    throw refuse(
      'projectId',
      'ticket.project_unknown',
      'There is no such project in this workspace.',
      'Use a project of this workspace.',
    );
  if (place.projectStatus !== 'active')
    throw refuse(
      'projectId',
      'ticket.project_not_active',
      `The project is ${place.projectStatus.replaceAll('_', ' ')}.`,
      'Work goes on active projects; ask who runs the project.',
    );
  if (ticket.workDate > addDays(today, 1))
    throw refuse(
      'workDate',
      'ticket.date_in_future',
      `${ticket.workDate} is in the future.`,
      'Hand it in once the work is done.',
    );
  const { ticketMaxAgeDays } = ticketSettings(workspace.settings);
  if (ticket.workDate < addDays(today, -ticketMaxAgeDays))
    throw refuse(
      'workDate',
      'ticket.date_too_old',
      `${ticket.workDate} is more than ${ticketMaxAgeDays} days ago.`,
      'Check the year; an admin may change the setting ticketMaxAgeDays.',
    );
  const { contractId, startsOn, endsBefore, goLiveOn, contractStatus } = place;
  const covered =
    contractId === null ||
    (contractStatus === 'active' &&
      ticket.workDate >= startsOn! &&
      ticket.workDate >= goLiveOn! &&
      (endsBefore === null || ticket.workDate < endsBefore));
  if (!covered)
    throw refuse(
      'workDate',
      'ticket.outside_contract',
      `The project's contract does not cover ${ticket.workDate}.`,
      'Check date and project; the contract may have ended or not begun.',
    );
  await checkTasks(tx, ticket);
  return { clientId: place.clientId, sellerId: place.sellerId, today, now };
}

/** Work of a closed month stays what it is; a correction is dated today and names what it corrects (BILLING §3). */
async function requireOpenBooks(tx: WorkspaceTx, place: Place, day: Day, actor: string): Promise<void> {
  if (place.sellerId === null) return;
  await requireOpenPeriods(tx, 'time', [{ sellerId: place.sellerId, day }], actor, place.now);
}

async function checkTasks(tx: WorkspaceTx, ticket: TicketContent): Promise<void> {
  const named = ticket.lines.flatMap((line) => line.taskId ?? []);
  if (named.length === 0) return;
  const tasks = await tx.rows<{ id: string }>(
    `select id from tasks where workspace_id = $1 and project_id = $2 and id = any($3::uuid[]) and status = 'open'`,
    [tx.workspaceId, ticket.projectId, plainArray([...new Set(named)])],
  );
  const open = new Set(tasks.map((task) => task.id));
  const index = ticket.lines.findIndex((line) => line.taskId !== null && !open.has(line.taskId));
  if (index >= 0)
    throw invalidField(
      `/lines/${index}/taskId`,
      'ticket.task_unknown',
      `Line ${index + 1} names a task that is not an open one of the project.`,
      'Use an open task of the project, or none.',
    );
}

/** A running timer still grows: its hours would be handed in twice. */
async function refuseRunningTimer(tx: WorkspaceTx, ticket: TicketContent): Promise<void> {
  const running = await tx.row<{ entryId: string }>(
    `select v.entry_id from entry_versions v
     join work_entries e on e.workspace_id = $1 and e.id = v.entry_id and e.current_version = v.version and e.deleted_at is null
     where v.workspace_id = $1 and v.person_id = $2 and v.work_date = $3 and v.project_id = $4 and v.running order by v.entry_id limit 1`,
    [tx.workspaceId, ticket.personId, ticket.workDate, ticket.projectId],
  );
  const ours = await tx.row<{ timerId: string }>(
    `select t.id as timer_id from timers t join tasks k on k.workspace_id = $1 and k.id = t.task_id
     where t.workspace_id = $1 and t.person_id = $2 and t.stopped_at is null and k.project_id = $3`,
    [tx.workspaceId, ticket.personId, ticket.projectId],
  );
  if (running ?? ours)
    throw new Refusal({
      code: 'ticket.timer_running',
      message: 'A timer of this person is running on the project that day.',
      whatToDo: 'Stop the timer, then submit again.',
      details: { ...running, ...ours },
    });
}

/** Over all tickets of the person and day that were handed in. Two at once follow one another. */
async function checkPersonDay(tx: WorkspaceTx, ticket: TicketRow): Promise<void> {
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 5))', [
    `${ticket.personId}:${ticket.workDate}`,
  ]);
  const row = await tx.row<{ seconds: number }>(
    `select coalesce(sum(l.seconds), 0)::bigint as seconds from tickets t
     join ticket_lines l on l.workspace_id = t.workspace_id and l.ticket_id = t.id and l.kind = 'labor'
     where t.workspace_id = $1 and t.person_id = $2 and t.work_date = $3 and t.id <> $4
       and t.status in ('submitted', 'approved', 'bundled', 'paid')`,
    [tx.workspaceId, ticket.personId, ticket.workDate, ticket.id],
  );
  const seconds = (row?.seconds ?? 0) + laborSeconds(ticket.lines);
  if (seconds > daySeconds) throw dayTooLong(seconds);
}

/** A correction is of an approved ticket of the same person and project, and all of them take back at most what it holds. */
async function checkCorrected(tx: WorkspaceTx, ticket: TicketContent & { id?: string }): Promise<void> {
  if (ticket.correctsTicketId === null) return;
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 6))', [ticket.correctsTicketId]);
  const original = await readTicket(tx, ticket.correctsTicketId);
  const usable =
    original !== null &&
    isApproved(original.status) &&
    original.correctsTicketId === null &&
    original.personId === ticket.personId &&
    original.projectId === ticket.projectId;
  if (!usable)
    throw invalidField(
      '/correctsTicketId',
      'ticket.not_correctable',
      'A correction is of an approved ticket of the same person and project that is no correction itself.',
      'Edit a ticket that is not approved; correct the original again rather than a correction.',
    );
  await requireNotBelowZero(tx, original, { ...ticket, lines: [...original.lines, ...ticket.lines] });
}

/** `lines` and the other corrections that were handed in: together they may take back all of the original, and no more. */
async function requireNotBelowZero(
  tx: WorkspaceTx,
  original: Pick<TicketRow, 'id' | 'number'>,
  { id: except, lines: held }: Pick<TicketContent, 'lines'> & { id?: string },
): Promise<void> {
  const others = await tx.rows<{ id: string }>(
    `select id from tickets where workspace_id = $1 and corrects_ticket_id = $2 and id is distinct from $3 and status not in ('discarded', 'rejected', 'draft')`,
    [tx.workspaceId, original.id, except ?? null],
  );
  const lines = [...held];
  for (const { id } of others) lines.push(...found(await readTicket(tx, id), 'ticket').lines);
  const { regularSeconds, overtimeSeconds, metres, transportSeconds, expenses } = ticketTotals(lines);
  const left = [regularSeconds, overtimeSeconds, metres, transportSeconds, ...Object.values(expenses)];
  if (left.some((value) => new Decimal(value).lt(0)))
    throw invalidField(
      '/lines',
      'ticket.corrected_below_zero',
      `With its corrections ticket ${original.number} would hold less than nothing.`,
      'Take back at most what the ticket holds.',
    );
}

const defaultPattern = 'T-{YYYY}-{SEQ:4}';

/** The seller's series for tickets, else any; made on the way where there is none, since a ticket needs no set-up. */
async function ticketSeries(tx: WorkspaceTx, sellerId: string | null): Promise<string> {
  const find = () =>
    tx.row<{ id: string }>(
      `select id from series where workspace_id = $1 and document_type = 'ticket'
       order by seller_id is distinct from $2::uuid, id limit 1`,
      [tx.workspaceId, sellerId],
    );
  const known = await find();
  if (known) return known.id;
  await tx.run(
    `insert into series (workspace_id, seller_id, document_type, pattern, reset)
     select $1, s.id, 'ticket', $3, 'yearly' from sellers s where s.workspace_id = $1 order by s.id is distinct from $2::uuid, s.id limit 1
     on conflict do nothing`,
    [tx.workspaceId, sellerId, defaultPattern],
  );
  const made = await find();
  if (made) return made.id;
  throw new Refusal({
    code: 'ticket.no_series',
    message: 'There is no seller whose series could number the ticket.',
    whatToDo: 'An admin makes a seller first.',
  });
}

/** For commands on one ticket: held until the transaction ends, or refused like what does not exist. */
export async function takeTicket(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null,
): Promise<TicketRow> {
  return found(await lockTicket(tx, id, ownPersonId), 'ticket');
}
