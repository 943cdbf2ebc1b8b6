/** Owns what a platform is to be told of its own entries: that they are on an issued invoice, or are not any more. */
import { plainArray, textArray } from './arrays.ts';
import { advancePoll, beginPoll } from './checkpoints.ts';
import type { WorkspaceTx } from './database.ts';

export interface OpenMark {
  externalId: string;
  wanted: boolean;
}

const stream = 'billed';
/** Events of one look; more follow at the next. */
const mostEvents = 500;
const moving = ['invoice.issued', 'invoice.voided', 'invoice.credited'];

/**
 * Notes which of the source's entries went onto an issued invoice, or came off one, since the last time. An entry is wanted as
 * billed while more of its items is on issued invoices than was voided or credited. Answers whether there may be more.
 */
export async function collectBilledMarks(
  tx: WorkspaceTx,
  connectionId: string,
  sourceId: string,
): Promise<boolean> {
  const poll = await beginPoll(tx, connectionId, stream);
  const events = await tx.rows<{ seq: number; invoiceId: string }>(
    `select e.seq, e.subject_id as invoice_id from events e
     where e.workspace_id = $1 and e.subject_type = 'client_invoice' and e.type = any($2::text[]) and e.seq > $3
     order by e.seq limit $4`,
    [tx.workspaceId, plainArray(moving), poll.cursor ?? '0', mostEvents],
  );
  if (events.length === 0) return false;
  await tx.run(
    `with touched as (
       select distinct e.id, e.external_id from allocations a
       join claims c on c.workspace_id = $1 and c.item_id = a.item_id
       join work_entries e on e.workspace_id = $1 and e.id = c.entry_id and e.source_id = $3
       where a.workspace_id = $1 and a.invoice_id = any($4::uuid[])),
     marks as (
       select t.id, t.external_id, exists (
         select from claims c
         join allocations a on a.workspace_id = $1 and a.item_id = c.item_id and a.invoice_id is not null
         join client_invoices i on i.workspace_id = $1 and i.id = a.invoice_id and i.number is not null
         where c.workspace_id = $1 and c.entry_id = t.id
         group by c.item_id having sum(a.quantity) <> 0) as wanted
       from touched t)
     insert into billed_marks (workspace_id, connection_id, entry_id, external_id, wanted)
     select $1, $2, m.id, m.external_id, m.wanted from marks m
     -- What was never told needs no taking back.
     where m.wanted or exists (select from billed_marks b where b.workspace_id = $1 and b.connection_id = $2 and b.entry_id = m.id)
     order by m.id
     on conflict (workspace_id, connection_id, entry_id) do update
       set wanted = excluded.wanted, open = billed_marks.told is distinct from excluded.wanted, refused = null, changed_at = now()
       where billed_marks.wanted <> excluded.wanted`,
    [
      tx.workspaceId,
      connectionId,
      sourceId,
      plainArray([...new Set(events.map((event) => event.invoiceId))]),
    ],
  );
  await advancePoll(tx, poll, String(events.at(-1)!.seq));
  return events.length === mostEvents;
}

export function listOpenMarks(tx: WorkspaceTx, connectionId: string, limit: number): Promise<OpenMark[]> {
  return tx.rows<OpenMark>(
    `select external_id, wanted from billed_marks where workspace_id = $1 and connection_id = $2 and open
     order by wanted, entry_id limit $3`,
    [tx.workspaceId, connectionId, limit],
  );
}

/** What the platform did, and what it refused with its reason; a refusal stays until the wish changes. */
export async function closeMarks(
  tx: WorkspaceTx,
  connectionId: string,
  wanted: boolean,
  { done, refused }: { done: readonly string[]; refused: readonly { externalId: string; reason: string }[] },
): Promise<void> {
  await tx.run(
    `update billed_marks set told = $4, open = wanted <> $4, refused = null, changed_at = now()
     where workspace_id = $1 and connection_id = $2 and external_id = any($3::text[]) and open`,
    [tx.workspaceId, connectionId, textArray(done), wanted],
  );
  if (refused.length === 0) return;
  await tx.run(
    `update billed_marks b set open = false, refused = r.reason, changed_at = now()
     from unnest($3::text[], $4::text[]) as r(external_id, reason)
     where b.workspace_id = $1 and b.connection_id = $2 and b.external_id = r.external_id and b.open and b.wanted = $5`,
    [
      tx.workspaceId,
      connectionId,
      textArray(refused.map((each) => each.externalId)),
      textArray(refused.map((each) => each.reason.slice(0, 500))),
      wanted,
    ],
  );
}

/**
 * Which of these a platform says to have billed because we told it so: by a mark, or by an invoice of ours that stands in its
 * own books with the entry on it.
 */
export async function ownMarks(
  tx: WorkspaceTx,
  connectionId: string,
  externalIds: readonly string[],
): Promise<Set<string>> {
  if (externalIds.length === 0) return new Set();
  const rows = await tx.rows<{ externalId: string }>(
    `select external_id from billed_marks
     where workspace_id = $1 and connection_id = $2 and external_id = any($3::text[]) and (wanted or told)
     union
     select e.external_id from sources k
     join work_entries e on e.workspace_id = $1 and e.source_id = k.id and e.external_id = any($3::text[])
     where k.workspace_id = $1 and k.connection_id = $2 and exists (
       select from claims c
       join allocations a on a.workspace_id = $1 and a.item_id = c.item_id and a.invoice_id is not null
       join sync_records s on s.workspace_id = $1 and s.connection_id = $2 and s.subject_type = 'client_invoice' and s.subject_id = a.invoice_id
       where c.workspace_id = $1 and c.entry_id = e.id
       group by c.item_id having sum(a.quantity) <> 0)`,
    [tx.workspaceId, connectionId, textArray(externalIds)],
  );
  return new Set(rows.map((row) => row.externalId));
}
