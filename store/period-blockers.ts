/** Owns what is still unfinished in a period of a seller's books: what its close lists, and refuses until somebody says why. */
import { billableApprovals } from '../domain/approval.ts';
import type { PeriodArea } from '../domain/period.ts';
import type { WorkspaceTx } from './database.ts';
import type { Period } from './periods.ts';

export interface PeriodBlocker {
  /** Stable, e.g. `entries.unbilled`. */
  code: keyof typeof blockers;
  count: number;
  message: string;
  whatToDo: string;
}

/** Each counts in the period of one seller: $1 workspace, $2 seller, $3 first day, $4 first day after, $5 approvals by policy. */
const openOfPeriod = `from entry_balance b
  join projects p on p.workspace_id = $1 and p.id = b.project_id and p.billable
  join contracts k on k.workspace_id = $1 and k.id = p.contract_id and k.seller_id = $2
  cross join lateral (
    select x.current_version from work_entries x where x.workspace_id = $1 and x.id = b.entry_id and x.deleted_at is null offset 0) e
  cross join lateral (
    select x.approval from entry_versions x where x.workspace_id = $1 and x.entry_id = b.entry_id and x.version = b.version offset 0) v
  where b.workspace_id = $1 and b.claimed <> b.quantity and b.work_date >= $3 and b.work_date < $4 and e.current_version = b.version`;
const isApproved = '$5::jsonb -> k.approval_policy ? v.approval';

const blockers = {
  'entries.unapproved': {
    areas: ['time', 'billing'],
    says: 'entries are not approved',
    whatToDo: 'Have them approved or rejected.',
    sql: `select count(*) ${openOfPeriod} and not ${isApproved}`,
  },
  'entries.unbilled': {
    areas: ['billing'],
    says: 'approved entries are not billed',
    whatToDo: 'Bill them, or write them off.',
    sql: `select count(*) ${openOfPeriod} and ${isApproved}`,
  },
  'items.undrafted': {
    areas: ['billing'],
    says: 'priced items are on no document',
    whatToDo: 'Bill them; what is held, release or write off.',
    sql: `select count(*) from contracts k
      join item_balance b on b.workspace_id = $1 and b.contract_id = k.id and b.allocated <> b.quantity
      cross join lateral (
        select 1 from billable_items x where x.workspace_id = $1 and x.id = b.item_id and not x.included and x.work_date >= $3 and x.work_date < $4 offset 0) i
      where k.workspace_id = $1 and k.seller_id = $2`,
  },
  'exceptions.open': {
    areas: ['time', 'billing'],
    says: 'exceptions are open',
    whatToDo: 'Fix, release or write off what they are about.',
    sql: `select count(distinct x.exception_id) from exception_entries x
      join entry_versions v on v.workspace_id = $1 and v.entry_id = x.entry_id and v.version = x.version and v.work_date >= $3 and v.work_date < $4
      join projects p on p.workspace_id = $1 and p.id = v.project_id
      join contracts k on k.workspace_id = $1 and k.id = p.contract_id and k.seller_id = $2
      where x.workspace_id = $1 and x.open`,
  },
  'invoices.unissued': {
    areas: ['billing'],
    says: 'invoices are drafts or held',
    whatToDo: 'Issue or discard them.',
    sql: `select count(*) from client_invoices where workspace_id = $1 and seller_id = $2
      and status in ('draft', 'in_sign_off', 'ready', 'held') and service_to >= $3 and service_to < $4`,
  },
  'contractor_invoices.undecided': {
    areas: ['payables'],
    says: "contractors' invoices wait for a decision",
    whatToDo: 'Approve or reject them.',
    sql: `select count(*) from contractor_invoices where workspace_id = $1 and seller_id = $2 and status = 'submitted'
      and coalesce(issue_date, created_at::date) >= $3 and coalesce(issue_date, created_at::date) < $4`,
  },
  'payments.unapplied': {
    areas: ['payments'],
    says: 'payments have cash that is not applied',
    whatToDo: 'Apply it to what it pays, or refund it.',
    sql: `select count(*) from payments p where p.workspace_id = $1 and coalesce(p.seller_id, $2) = $2 and p.direction = 'incoming'
      and p.status <> 'reversed' and p.value_date >= $3 and p.value_date < $4
      and (select coalesce(sum(a.amount), 0) from payment_applications a
        where a.workspace_id = $1 and a.payment_id = p.id and a.kind = 'on_account') <> 0`,
  },
} satisfies Record<string, { areas: PeriodArea[]; says: string; whatToDo: string; sql: string }>;

/** What stands against closing the period, by day of work, of service or of value; nothing of it is locked. */
export async function listBlockers(tx: WorkspaceTx, period: Period): Promise<PeriodBlocker[]> {
  const found: PeriodBlocker[] = [];
  for (const [code, { areas, says, whatToDo, sql }] of Object.entries(blockers)) {
    if (!(areas as PeriodArea[]).includes(period.area)) continue;
    const params = [tx.workspaceId, period.sellerId, period.startsOn, period.endsBefore];
    const row = await tx.row<{ count: number }>(
      sql,
      sql.includes('$5') ? [...params, JSON.stringify(billableApprovals)] : params,
    );
    const { count } = row!;
    if (count > 0)
      found.push({ code: code as PeriodBlocker['code'], count, message: `${count} ${says}.`, whatToDo });
  }
  return found;
}
