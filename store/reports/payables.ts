/** Owns what contractors were owed at the end of a day, and what their approved work will cost that nobody has invoiced yet. */
import { contractorInvoiceTotals, toLines, unbillableCosts } from '../../domain/contractor-invoice.ts';
import { readCosts } from '../contractor-invoices.ts';
import type { WorkspaceTx } from '../database.ts';
import {
  days,
  type FinanceReport,
  maxReportRows,
  money,
  type ReportQuery,
  type ReportRow,
  text,
} from './finance-report.ts';
import { ageColumns, ageSums } from './receivables.ts';

// Approved invoices that stood on the day, and as amounts below zero the credits that wait to be netted.
const payablesAsOf = `
  select i.id, i.number, i.person_id, i.seller_id, i.currency, i.due_date, i.total - coalesce(p.amount, 0) as open
  from contractor_invoices i
  left join (select document_id, sum(amount) as amount from payment_applications
    where workspace_id = $1 and kind = 'contractor_invoice' and posting_date <= $2 group by 1) p on p.document_id = i.id
  where i.workspace_id = $1 and i.posting_date <= $2 and (i.status in ('approved', 'partially_paid', 'paid')
    or i.status = 'cancelled' and (i.cancelled_at at time zone $3)::date > $2)
  union all
  select c.id, 'credit ' || t.number, c.person_id, null, c.currency, c.posting_date, coalesce(n.amount, 0) - c.amount
  from contractor_credits c join tickets t on t.workspace_id = $1 and t.id = c.ticket_id
  left join (select document_id, -sum(amount) as amount from payment_applications
    where workspace_id = $1 and kind = 'contractor_credit' and posting_date <= $2 group by 1) n on n.document_id = c.id
  where c.workspace_id = $1 and c.posting_date <= $2`;

export const agedPayables: FinanceReport = {
  name: 'aged-payables',
  title: 'Aged payables',
  span: 'day',
  groupings: ['contractor', 'document'],
  columns: (by) => [
    ...text('contractor'),
    ...(by === 'document' ? [...text('number'), ...days('dueDate')] : []),
    ...text('currency'),
    ...money(...ageColumns, 'open'),
  ],
  read: (tx, { asOf, by, sellerId, zone }) =>
    tx.rows(
      `select h.name as contractor, ${by === 'document' ? 'd.number, d.due_date,' : ''} d.currency, ${ageSums('d.open', 'd.due_date')}, sum(d.open) as open
       from (${payablesAsOf}) d join people h on h.workspace_id = $1 and h.id = d.person_id
       where d.open <> 0 and ($4::uuid is null or d.seller_id = $4 or d.seller_id is null)
       group by h.name, h.id, d.currency ${by === 'document' ? ', d.id, d.number, d.due_date' : ''}
       order by h.name, d.currency ${by === 'document' ? ', d.due_date, d.number' : ''} limit $5`,
      [tx.workspaceId, asOf, zone, sellerId, maxReportRows + 1],
    ),
};

/** Tickets of contractors that were approved by then, and on no approved invoice or credit. */
export const accruedContractorCost: FinanceReport = {
  name: 'accrued-contractor-cost',
  title: 'Accrued contractor cost',
  span: 'day',
  groupings: ['contractor'],
  columns: () => [...text('contractor', 'currency', 'tickets', 'withoutRate'), ...money('cost')],
  read: readAccrued,
};

async function readAccrued(tx: WorkspaceTx, { asOf, zone }: ReportQuery): Promise<ReportRow[]> {
  const tickets = await tx.rows<{ id: string; contractor: string; currency: string }>(
    `select t.id, h.name as contractor, coalesce(h.currency, 'XXX') as currency from tickets t
     join people h on h.workspace_id = $1 and h.id = t.person_id and h.kind = 'contractor'
     where t.workspace_id = $1 and t.status in ('approved', 'bundled', 'paid') and (t.decided_at at time zone $3)::date <= $2
       and not exists (select from contractor_invoice_tickets x
         join contractor_invoices i on i.workspace_id = $1 and i.id = x.contractor_invoice_id
         where x.workspace_id = $1 and x.ticket_id = t.id and i.posting_date <= $2 and i.status in ('approved', 'partially_paid', 'paid'))
       and not exists (select from contractor_credits c where c.workspace_id = $1 and c.ticket_id = t.id and c.posting_date <= $2)
     order by h.name, t.id limit $4`,
    [tx.workspaceId, asOf, zone, maxReportRows + 1],
  );
  const costs = await readCosts(
    tx,
    tickets.map(({ id }) => id),
  );
  const contractorOf = new Map(tickets.map(({ id, contractor }) => [id, contractor]));
  const groups = Map.groupBy(costs, (cost) =>
    JSON.stringify([contractorOf.get(cost.ticketId), cost.currency ?? 'XXX']),
  );
  return [...groups]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([key, group]) => {
      const [contractor, currency] = JSON.parse(key) as [string, string];
      const without = new Set(unbillableCosts(group, currency).map(({ cost }) => cost));
      const priced = group.filter((cost) => !without.has(cost));
      const { net } = contractorInvoiceTotals(toLines(priced, currency), '0', currency);
      return {
        contractor,
        currency,
        tickets: new Set(group.map(({ ticketId }) => ticketId)).size,
        withoutRate: group.length - priced.length,
        cost: net,
      };
    });
}
