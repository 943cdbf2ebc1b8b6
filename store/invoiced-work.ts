/** Owns what the lines of an issued invoice are made of: entries with who did them, and the codes of their projects. */
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

export interface InvoicedWork {
  lineId: string;
  itemId: string;
  /** As drafted: what was credited since does not change what the invoice says. */
  quantity: DecimalText;
  amount: DecimalText;
  unitPrice: DecimalText;
  unit: string;
  description: string;
  workDate: Day;
  projectId: string | null;
  /** Null of a fee or a milestone. */
  entry: {
    id: string;
    kind: string;
    /** Raw: seconds of labor. */
    quantity: number;
    startedAt: Instant | null;
    /** Of its source, where that is a connection. */
    connectionId: string | null;
    externalId: string;
  } | null;
  person: { id: string; name: string; email: string | null } | null;
}
/** In the order of their days. */
export function readInvoicedWork(tx: WorkspaceTx, invoiceId: string, limit: number): Promise<InvoicedWork[]> {
  return tx.rows<InvoicedWork>(
    `select a.line_id, a.item_id, a.quantity, a.amount, b.unit_price, b.unit, b.description, b.work_date, b.project_id,
       case when e.id is not null then jsonb_build_object('id', e.id, 'kind', v.kind, 'quantity', v.quantity, 'startedAt', v.started_at,
         'connectionId', s.connection_id, 'externalId', e.external_id) end as entry,
       case when p.id is not null then jsonb_build_object('id', p.id, 'name', p.name, 'email', p.email) end as person
     from (select target_id as line_id, item_id, sum(quantity) as quantity, sum(amount) as amount from allocations
           where workspace_id = $1 and invoice_id = $2 and kind in ('draft', 'discard') group by 1, 2 having sum(quantity) <> 0) a
     join billable_items b on b.workspace_id = $1 and b.id = a.item_id
     left join work_entries e on e.workspace_id = $1 and e.id = b.entry_id
     left join entry_versions v on v.workspace_id = $1 and v.entry_id = b.entry_id and v.version = b.entry_version
     left join sources s on s.workspace_id = $1 and s.id = e.source_id
     left join people p on p.workspace_id = $1 and p.id = b.person_id
     order by b.work_date, a.item_id limit $3`,
    [tx.workspaceId, invoiceId, limit],
  );
}

/** Code and cost centre by project. */
export async function readProjectCodes(
  tx: WorkspaceTx,
  projectIds: readonly string[],
): Promise<Map<string, { code: string; costCentre: string | null }>> {
  const rows = await tx.rows<{ id: string; code: string; costCentre: string | null }>(
    'select id, code, cost_centre from projects where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray([...new Set(projectIds)])],
  );
  return new Map(rows.map(({ id, code, costCentre }) => [id, { code, costCentre }]));
}

/** Platform's ids of many of our records of one kind. */
export async function readExternalIds(
  tx: WorkspaceTx,
  connectionId: string,
  subjectType: 'entry' | 'person',
  subjectIds: readonly string[],
): Promise<Map<string, string>> {
  const rows = await tx.rows<{ subjectId: string; externalId: string }>(
    `select subject_id, external_id from sync_records
     where workspace_id = $1 and connection_id = $2 and subject_type = $3 and subject_id = any($4::uuid[]) and external_id is not null`,
    [tx.workspaceId, connectionId, subjectType, plainArray(subjectIds)],
  );
  return new Map(rows.map((row) => [row.subjectId, row.externalId]));
}
