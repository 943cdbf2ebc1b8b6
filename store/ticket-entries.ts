/** Owns the work entries behind tickets: written at submission, approved with their cost rate, taken back, all under their locks. */
import { Matcher } from '../domain/match.ts';
import { type TicketContent, ticketEntries } from '../domain/ticket-lines.ts';
import type { ApprovalState, Day, DecimalText, EntryKind } from '../domain/work-entry.ts';
import { asRows, plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { markDeletedAtSource } from './deleted-entries.ts';
import { raiseFindings } from './exceptions.ts';
import { takeInOwn } from './recorded-work.ts';

const ticketSource = { kind: 'ticket', name: 'Tickets', connectionId: null } as const;

/**
 * A submitted ticket's lines become entries, `submitted`; an edited line becomes a new version of its entry; the entries of
 * lines that are gone are deleted, as their source no longer has them. The caller holds the ticket.
 */
export async function writeTicketEntries(
  tx: WorkspaceTx,
  ticket: TicketContent & { id: string; clientId: string },
  actor: string,
): Promise<void> {
  const entries = ticketEntries(ticket, 'submitted');
  const sourceId = await takeInOwn(tx, ticketSource, { matcher: matcherById(ticket), entries }, actor);
  await tx.run(
    `insert into ticket_entries (workspace_id, ticket_id, line_id, entry_id)
     select $1, $2, r.line_id, e.id from unnest($4::uuid[], $5::text[]) as r(line_id, external_id)
     join work_entries e on e.workspace_id = $1 and e.source_id = $3 and e.external_id = r.external_id
     on conflict do nothing`,
    [
      tx.workspaceId,
      ticket.id,
      sourceId,
      plainArray(entries.map(({ lineId }) => lineId)),
      plainArray(entries.map(({ entry }) => entry.externalId)),
    ],
  );
  await writeSplits(tx, ticket.id);
  const gone = await tx.rows<{ externalId: string }>(
    `select e.external_id from ticket_entries x
     join work_entries e on e.workspace_id = $1 and e.id = x.entry_id and e.deleted_at is null
     where x.workspace_id = $1 and x.ticket_id = $2 and e.external_id <> all($3::text[])`,
    [tx.workspaceId, ticket.id, plainArray(entries.map(({ entry }) => entry.externalId))],
  );
  if (gone.length > 0)
    await markDeletedAtSource(
      tx,
      sourceId,
      gone.map((row) => row.externalId),
      actor,
    );
}

/** The ticket's own split into regular hours and overtime counts for cost; what an expense cost is its gross. */
function writeSplits(tx: WorkspaceTx, ticketId: string): Promise<number> {
  return tx.run(
    `update entry_versions v set
       regular_seconds = case when v.kind = 'labor' then case when l.overtime then 0 else v.quantity end end,
       overtime_seconds = case when v.kind = 'labor' then case when l.overtime then v.quantity else 0 end end,
       receipt_on = case when v.kind = 'expense' then coalesce(v.receipt_on, v.work_date) end
     from ticket_entries x
     join ticket_lines l on l.workspace_id = x.workspace_id and l.id = x.line_id
     join work_entries e on e.workspace_id = x.workspace_id and e.id = x.entry_id
     where x.workspace_id = $1 and x.ticket_id = $2 and v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version`,
    [tx.workspaceId, ticketId],
  );
}

/** A ticket names its parties by our own ids, so they match themselves and a workspace's mapping rules do not touch them. */
function matcherById(ticket: TicketContent & { clientId: string }): Matcher {
  const { clientId, projectId, personId } = ticket;
  const taskIds = [...new Set(ticket.lines.flatMap((line) => line.taskId ?? []))];
  const self = (targetKind: 'client' | 'project' | 'task' | 'person', targetId: string) =>
    ({ targetKind, matchBy: 'external_id', matchValue: targetId, targetId }) as const;
  const row = { code: null, email: null };
  return new Matcher(
    [
      self('client', clientId),
      self('project', projectId),
      self('person', personId),
      ...taskIds.map((taskId) => self('task', taskId)),
    ],
    [
      { ...row, kind: 'project', id: projectId, parentId: clientId, name: projectId },
      ...taskIds.map((taskId) => ({
        ...row,
        kind: 'task' as const,
        id: taskId,
        parentId: projectId,
        name: taskId,
      })),
    ],
  );
}

/** A discarded ticket's entries offer nothing any more. */
export async function deleteTicketEntries(tx: WorkspaceTx, ticketId: string, actor: string): Promise<void> {
  const rows = await tx.rows<{ externalId: string; sourceId: string }>(
    `select e.external_id, e.source_id from ticket_entries x
     join work_entries e on e.workspace_id = $1 and e.id = x.entry_id and e.deleted_at is null
     where x.workspace_id = $1 and x.ticket_id = $2`,
    [tx.workspaceId, ticketId],
  );
  if (rows.length === 0) return;
  await markDeletedAtSource(
    tx,
    rows[0]!.sourceId,
    rows.map((row) => row.externalId),
    actor,
  );
}

interface LockedEntry {
  ticketId: string;
  entryId: string;
  version: number;
  kind: EntryKind;
  personId: string;
  workDate: Day;
  position: string | null;
  overtime: boolean;
  quantity: number;
  approval: ApprovalState;
  currency: string | null;
  totalClaimed: number;
}

/** Locked first, read after, as everything that bills, edits or approves an entry does (invariant 5). */
async function lockTicketEntries(tx: WorkspaceTx, ticketIds: readonly string[]): Promise<LockedEntry[]> {
  const ids = plainArray(ticketIds);
  await tx.run(
    `select 1 from (
       select e.id, e.current_version from ticket_entries x
       join work_entries e on e.workspace_id = $1 and e.id = x.entry_id and e.deleted_at is null
       where x.workspace_id = $1 and x.ticket_id = any($2::uuid[]) order by e.id) e
     cross join lateral (
       select 1 from entry_balance b
       where b.workspace_id = $1 and b.entry_id = e.id and b.version = e.current_version for no key update) l`,
    [tx.workspaceId, ids],
  );
  return tx.rows<LockedEntry>(
    `select x.ticket_id, v.entry_id, v.version, v.kind, v.person_id, v.work_date, coalesce(v.position, p.position) as position,
       coalesce(v.overtime_seconds, 0) <> 0 as overtime, v.quantity, v.approval, v.currency,
       (select coalesce(sum(c.claimed), 0) from entry_balance c where c.workspace_id = $1 and c.entry_id = v.entry_id)::bigint as total_claimed
     from ticket_entries x
     join work_entries e on e.workspace_id = $1 and e.id = x.entry_id and e.deleted_at is null
     join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
     left join people p on p.workspace_id = $1 and p.id = v.person_id
     where x.workspace_id = $1 and x.ticket_id = any($2::uuid[]) order by v.entry_id`,
    [tx.workspaceId, ids],
  );
}

/**
 * Takes the approval of the tickets' entries back: nothing of them is billed any more; what a run has claimed already asks
 * a person, and the release gate holds a draft that it is on. The caller holds the tickets.
 */
export async function moveApprovals(
  tx: WorkspaceTx,
  ticketIds: readonly string[],
  approval: 'unsubmitted' | 'rejected',
): Promise<void> {
  const entries = await lockTicketEntries(tx, ticketIds);
  if (entries.length === 0) return;
  await tx.run(
    `update entry_versions v set approval = $4, approved_hash = null from unnest($2::uuid[], $3::int[]) as r(entry_id, version)
     where v.workspace_id = $1 and v.entry_id = r.entry_id and v.version = r.version`,
    [
      tx.workspaceId,
      plainArray(entries.map((entry) => entry.entryId)),
      plainArray(entries.map((entry) => entry.version)),
      approval,
    ],
  );
  await raiseFindings(
    tx,
    entries
      .filter((entry) => entry.totalClaimed !== 0)
      .map((entry) => ({
        rule: 'entry.changed_after_claim',
        severity: 'W' as const,
        subjectKey: `entry:${entry.entryId}`,
        fingerprint: `${entry.version}:${approval}`,
        subjectType: 'entry' as const,
        subjectId: entry.entryId,
        detail: { was: entry.approval, is: approval, claimed: entry.totalClaimed },
        entries: [{ entryId: entry.entryId, version: entry.version }],
      })),
  );
}

/** True when hours of the ticket are on an issued invoice: it can only be corrected by another. Ask under the entries' locks. */
export async function isOnIssuedInvoice(tx: WorkspaceTx, ticketId: string): Promise<boolean> {
  await lockTicketEntries(tx, [ticketId]);
  const row = await tx.row<{ issued: boolean }>(
    `select exists (
       select from ticket_entries x join claims c on c.workspace_id = $1 and c.entry_id = x.entry_id
       cross join lateral (
         select from allocations a join client_invoices n on n.workspace_id = $1 and n.id = a.invoice_id and n.number is not null
         where a.workspace_id = $1 and a.item_id = c.item_id group by a.invoice_id having sum(a.quantity) <> 0) held
       where x.workspace_id = $1 and x.ticket_id = $2) as issued`,
    [tx.workspaceId, ticketId],
  );
  return row?.issued ?? false;
}

/** An entry about to be approved, with what its person's work costs; null: no cost rate covers it. */
export interface CostedEntry {
  ticketId: string;
  entryId: string;
  version: number;
  kind: EntryKind;
  quantity: number;
  costRate: DecimalText | null;
  currency: string | null;
}

/** Locks the tickets' entries and finds the cost rate of each; an expense costs what it cost. */
export async function costTicketEntries(
  tx: WorkspaceTx,
  ticketIds: readonly string[],
): Promise<CostedEntry[]> {
  const entries = await lockTicketEntries(tx, ticketIds);
  if (entries.length === 0) return [];
  const { from, params } = asRows(
    {
      entry_id: { type: 'uuid', values: entries.map((entry) => entry.entryId) },
      person_id: { type: 'uuid', values: entries.map((entry) => entry.personId) },
      kind: { type: 'text', values: entries.map((entry) => entry.kind) },
      position: { type: 'text', values: entries.map((entry) => entry.position), text: true },
      overtime: { type: 'boolean', values: entries.map((entry) => entry.overtime) },
      work_date: { type: 'date', values: entries.map((entry) => entry.workDate) },
    },
    2,
  );
  const found = await tx.rows<{ entryId: string; rate: DecimalText; currency: string }>(
    // The position's own row before '*', then the latest first day, then the row that was added last.
    `select r.entry_id, c.rate, c.currency from ${from}
     cross join lateral (
       select case when r.overtime then coalesce(k.overtime_rate, k.regular_rate) else k.regular_rate end as rate, k.currency
       from cost_rates k
       where k.workspace_id = $1 and k.person_id = r.person_id and k.kind = r.kind
         and (k.position = '*' or lower(k.position) = lower(trim(r.position)))
         and k.valid_from <= r.work_date and (k.valid_to is null or r.work_date < k.valid_to)
       order by k.position = '*', k.valid_from desc, k.id desc limit 1) c`,
    [tx.workspaceId, ...params],
  );
  const rates = new Map(found.map((row) => [row.entryId, row]));
  return entries.map(({ ticketId, entryId, version, kind, quantity, currency }) => {
    const rate = rates.get(entryId);
    return kind === 'expense'
      ? { ticketId, entryId, version, kind, quantity, costRate: '1', currency }
      : {
          ticketId,
          entryId,
          version,
          kind,
          quantity,
          costRate: rate?.rate ?? null,
          currency: rate?.currency ?? null,
        };
  });
}

/**
 * Approves entries that `costTicketEntries` answered in this transaction and stores their cost rates. The content hash stays
 * what it is: a cost is our own knowledge, not the ticket's content.
 */
export async function approveEntries(tx: WorkspaceTx, entries: readonly CostedEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const { from, params } = asRows(
    {
      entry_id: { type: 'uuid', values: entries.map((entry) => entry.entryId) },
      version: { type: 'int', values: entries.map((entry) => entry.version) },
      cost_rate: { type: 'numeric', values: entries.map((entry) => entry.costRate) },
      currency: { type: 'text', values: entries.map((entry) => entry.currency) },
    },
    2,
  );
  await tx.run(
    `update entry_versions v set approval = 'approved', approved_hash = v.content_hash, cost_rate = r.cost_rate, currency = r.currency
     from ${from} where v.workspace_id = $1 and v.entry_id = r.entry_id and v.version = r.version`,
    [tx.workspaceId, ...params],
  );
}
