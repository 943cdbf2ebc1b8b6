/** Owns watching latest invoice dates: what a hold, a minimum or a sign-off keeps from an invoice is told a week before it is too late. */
import { addDays, localDay } from '../domain/day.ts';
import {
  isPressing,
  latestInvoiceDate,
  saysLatest,
  type Uninvoiced,
  warnDays,
} from '../domain/latest-invoice-date.ts';
import type { Day } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFixed, raiseFindings } from './exceptions.ts';
import { notify } from './notifications.ts';
import { workspaceNow } from './workspaces.ts';

export const latestDateRule = 'contract.latest_invoice_date';

interface Pressing extends Uninvoiced {
  contractId: string;
  contractName: string;
  latestInvoiceDays: number;
}

/**
 * Raises an exception a contract, tells who issues invoices once per latest date, and closes those whose work went out. Items and
 * entries are walked only of contracts whose seller has such a date.
 */
export async function watchLatestDates(tx: WorkspaceTx, today: Day): Promise<void> {
  const found = (await readPressing(tx, today)).map((row) => ({
    ...row,
    latest: latestInvoiceDate(row.workDate, row.latestInvoiceDays)!,
  }));
  const pressing = found.filter(({ latest }) => isPressing(latest, today));
  await closeOthers(
    tx,
    pressing.map((row) => row.contractId),
  );
  await raiseFindings(
    tx,
    pressing.map((row) => ({
      rule: latestDateRule,
      severity: 'W',
      subjectKey: `contract:${row.contractId}`,
      fingerprint: row.latest,
      subjectType: 'contract',
      subjectId: row.contractId,
      contractId: row.contractId,
      detail: { figure: saysLatest(row, row.latest, today), workDate: row.workDate, latest: row.latest },
      entries: [],
    })),
  );
  await notify(
    tx,
    pressing.map(({ contractId, contractName, workDate, latest, entries, items, drafts }) => ({
      kind: 'contract.latest_invoice_date',
      to: { permission: 'invoices.issue' },
      key: `${latestDateRule}:${contractId}:${latest}`,
      subjectType: 'contract',
      subjectId: contractId,
      params: {
        contract: contractName,
        latest,
        work: saysLatest({ workDate, entries, items, drafts }, latest, today),
      },
    })),
  );
}

/** By contract the earliest work on no invoice, where its latest date is near or has passed. */
function readPressing(tx: WorkspaceTx, today: Day): Promise<Pressing[]> {
  return tx.rows<Pressing>(
    `with watched as materialized (
       select k.id, k.name, s.latest_invoice_days as days, $2::date - s.latest_invoice_days as until, k.go_live_on from sellers s
       join contracts k on k.workspace_id = $1 and k.seller_id = s.id and k.status = 'active'
       where s.workspace_id = $1 and s.latest_invoice_days is not null),
     open as (
       select w.id, b.work_date, 'entries' as what, b.n from watched w
       join projects p on p.workspace_id = $1 and p.contract_id = w.id
       cross join lateral (
         select min(x.work_date) as work_date, count(*) as n from entry_balance x
         where x.workspace_id = $1 and x.project_id = p.id and x.work_date between w.go_live_on and w.until and x.claimed <> x.quantity) b
       union all
       select w.id, b.work_date, 'items', b.n from watched w
       cross join lateral (
         select min(i.work_date) as work_date, count(*) as n from item_balance x
         join billable_items i on i.workspace_id = $1 and i.id = x.item_id
         where x.workspace_id = $1 and x.contract_id = w.id and x.allocated <> x.quantity and not i.included and i.work_date <= w.until) b
       union all
       select w.id, b.work_date, 'drafts', b.n from watched w
       cross join lateral (
         select min(i.service_from) as work_date, count(*) as n from client_invoices i
         where i.workspace_id = $1 and i.contract_id = w.id and i.status in ('draft', 'in_sign_off', 'ready', 'held') and i.service_from <= w.until) b)
     select o.id as contract_id, w.name as contract_name, w.days as latest_invoice_days, min(o.work_date) as work_date,
       coalesce(sum(o.n) filter (where o.what = 'entries'), 0)::int as entries, coalesce(sum(o.n) filter (where o.what = 'items'), 0)::int as items,
       coalesce(sum(o.n) filter (where o.what = 'drafts'), 0)::int as drafts
     from open o join watched w on w.id = o.id where o.n > 0 group by 1, 2, 3 order by 1`,
    [tx.workspaceId, addDays(today, warnDays)],
  );
}

async function closeOthers(tx: WorkspaceTx, contractIds: string[]): Promise<void> {
  const open = await tx.rows<{ subjectKey: string }>(
    `select subject_key from exceptions where workspace_id = $1 and rule = $2 and status = 'open'`,
    [tx.workspaceId, latestDateRule],
  );
  const still = new Set(contractIds.map((id) => `contract:${id}`));
  await closeFixed(
    tx,
    latestDateRule,
    open.map((row) => row.subjectKey).filter((key) => !still.has(key)),
    'the work is invoiced now',
  );
}

/** Work up to this day must be invoiced within days, or it is too late; null: the seller's country sets no date. */
export async function pressingWorkUpTo(tx: WorkspaceTx, sellerId: string): Promise<Day | null> {
  const seller = await tx.row<{ days: number | null; zone: string }>(
    'select latest_invoice_days as days, zone from sellers where workspace_id = $1 and id = $2',
    [tx.workspaceId, sellerId],
  );
  if (seller?.days === null || seller === null) return null;
  return addDays(localDay(await workspaceNow(tx), seller.zone), warnDays - seller.days);
}
