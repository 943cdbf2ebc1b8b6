/** Owns the figures of one client, and the events that tell its story. */
import type { DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { type EventRow, type ShownEvent, shownColumns, toEvent } from './events.ts';

export interface ClientOverview {
  activeProjects: number;
  /** Currency → net of the settled invoices that money paid (BILLING §10); none of the own company. */
  revenue: Record<string, DecimalText>;
  /** Currency → open balance, disputed parts included. */
  outstanding: Record<string, DecimalText>;
  /** With a number of ours, not void; none to the own company, which is in no history. */
  invoicesIssued: number;
  /** Settled, and by money. */
  invoicesPaid: number;
}

/** Two currencies are never added (BILLING §5). */
export async function readClientOverview(tx: WorkspaceTx, clientId: string): Promise<ClientOverview> {
  const projects = await tx.row<{ active: number }>(
    `select count(*)::int as active from projects where workspace_id = $1 and client_id = $2 and status = 'active'`,
    [tx.workspaceId, clientId],
  );
  const rows = await tx.rows<{
    currency: string;
    issued: number;
    paid: number;
    revenue: DecimalText | null;
    outstanding: DecimalText | null;
  }>(
    `select currency, (count(*) filter (where ours))::int as issued, (count(*) filter (where paid and ours))::int as paid,
       sum(net) filter (where paid and ours) as revenue,
       sum(open) filter (where open <> 0 and not internal) as outstanding
     from (select currency, net, internal, not internal and number_given_by <> 'opening' as ours, status = 'settled' and applied > 0 as paid, total - applied - credited - bad_debt as open
       from client_invoices where workspace_id = $1 and client_id = $2 and number is not null and status <> 'void') i
     group by currency order by currency`,
    [tx.workspaceId, clientId],
  );
  const byCurrency = (amount: (row: (typeof rows)[number]) => DecimalText | null) =>
    Object.fromEntries(
      rows.flatMap((row) => {
        const value = amount(row);
        return value === null ? [] : [[row.currency, value]];
      }),
    );
  return {
    activeProjects: projects?.active ?? 0,
    revenue: byCurrency((row) => row.revenue),
    outstanding: byCurrency((row) => row.outstanding),
    invoicesIssued: rows.reduce((sum, row) => sum + row.issued, 0),
    invoicesPaid: rows.reduce((sum, row) => sum + row.paid, 0),
  };
}

/** What the events of a client are about, beside itself. */
const ownSubjects = ['contacts', 'client_documents', 'projects', 'contracts', 'client_invoices', 'payments'];
/** Also of those that are gone: their first event says whose they were. */
const bornHere = ['contact', 'client_document', 'rate_card'];
const births = bornHere.map((type) => `${type}.created`);

/**
 * Events of the client, its contacts, documents, rates, projects, contracts, invoices and payments, newest first, numbered
 * before `before`, up to limit + 1; only those that one of `permissions` shows.
 */
export async function readClientTimeline(
  tx: WorkspaceTx,
  clientId: string,
  page: { before: number | null; limit: number; permissions: readonly string[] },
): Promise<ShownEvent[]> {
  const present = ownSubjects.map(
    (table) => `select x.id from ${table} x where x.workspace_id = $1 and x.client_id = $2`,
  );
  const rows = await tx.rows<Omit<EventRow, 'origin' | 'personal'>>(
    `with subjects as materialized (
       select $2::uuid as id union ${present.join(' union ')}
       union select x.id from rate_cards x where x.workspace_id = $1 and x.scope_type = 'client' and x.scope_id = $2
       union select x.subject_id from events x where x.workspace_id = $1 and x.seq is not null and x.subject_type = any($3::text[])
         and x.type = any($7::text[]) and coalesce(x.after ->> 'clientId', x.after ->> 'scopeId') = $2::text)
     select ${shownColumns} from events e
     where e.workspace_id = $1 and e.seq is not null and e.subject_id = any(array(select id from subjects))
       and e.permission = any($4::text[]) and ($5::bigint is null or e.seq < $5)
     order by e.seq desc limit $6`,
    [tx.workspaceId, clientId, bornHere, page.permissions, page.before, page.limit + 1, births],
  );
  return rows.map((row) => toEvent(row));
}
