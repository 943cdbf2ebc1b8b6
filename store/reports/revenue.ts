/** Owns revenue: net of issued invoices less credits and voids, each on its own posting date; and the tax on it by rate. */
import { type FinanceReport, maxReportRows, money, text } from './finance-report.ts';
import { receivablesAsOf } from './receivables.ts';

/**
 * Net and tax of every document line by line, on the day that it was posted; a void takes them back on its own day. Invoices
 * of before go-live and those to the own company are no revenue. `$1` is the workspace.
 */
const postedLines = `
  select i.id as invoice_id, i.client_id, i.seller_id, i.currency, l.project_id, i.posting_date as day, l.amount - l.discount - l.allowance as net
  from client_invoices i join invoice_lines l on l.workspace_id = $1 and l.invoice_id = i.id
  where i.workspace_id = $1 and i.number is not null and not i.internal and i.number_given_by <> 'opening'
  union all
  select i.id, i.client_id, i.seller_id, i.currency, l.project_id, i.voided_on, -(l.amount - l.discount - l.allowance)
  from client_invoices i join invoice_lines l on l.workspace_id = $1 and l.invoice_id = i.id
  where i.workspace_id = $1 and i.voided_on is not null and not i.internal and i.number_given_by <> 'opening'
  union all
  select i.id, i.client_id, i.seller_id, n.currency, l.project_id, n.posting_date, -c.amount
  from credit_notes n
  join client_invoices i on i.workspace_id = $1 and i.id = n.invoice_id and not i.internal and i.number_given_by <> 'opening'
  join credit_note_lines c on c.workspace_id = $1 and c.credit_note_id = n.id
  left join invoice_lines l on l.workspace_id = $1 and l.id = c.invoice_line_id
  where n.workspace_id = $1 and n.status = 'issued'`;

/** As the ledgers say it of the day, not as the invoice says it now. */
const statusAsOf = `case when r.id is null then 'void'
  when r.open = 0 and r.bad_debt > 0 then 'uncollectible' when r.open = 0 and r.applied = 0 and r.credited > 0 then 'credited'
  when r.open = 0 then 'settled' when r.applied > 0 then 'partially_paid' when r.due_date < $2 then 'overdue' else 'issued' end`;

const groups: Record<string, { column: string; sql: string; join: string }> = {
  month: { column: 'month', sql: `to_char(v.day, 'YYYY-MM')`, join: '' },
  client: {
    column: 'client',
    sql: 'c.name',
    join: 'join clients c on c.workspace_id = $1 and c.id = v.client_id',
  },
  project: {
    column: 'project',
    sql: 'p.code',
    join: 'left join projects p on p.workspace_id = $1 and p.id = v.project_id',
  },
  status: {
    column: 'status',
    sql: statusAsOf,
    join: `left join (${receivablesAsOf}) r on r.document_type = 'invoice' and r.id = v.invoice_id`,
  },
};

export const revenue: FinanceReport = {
  name: 'revenue',
  title: 'Revenue',
  span: 'period',
  groupings: Object.keys(groups),
  columns: (by) => [
    ...text(groups[by]!.column, 'currency', 'invoices'),
    ...money('invoiced', 'credited', 'revenue'),
  ],
  read: (tx, { asOf, startsOn, by, clientId, sellerId }) => {
    const { column, sql, join } = groups[by]!;
    return tx.rows(
      `select ${sql} as ${column}, v.currency, count(distinct v.invoice_id)::int as invoices, coalesce(sum(v.net) filter (where v.net > 0), 0) as invoiced,
         coalesce(-sum(v.net) filter (where v.net < 0), 0) as credited, sum(v.net) as revenue
       from (${postedLines}) v ${join}
       where v.day between $3 and $2::date and ($4::uuid is null or v.client_id = $4) and ($5::uuid is null or v.seller_id = $5)
       group by 1, 2 order by 1, 2 limit $6`,
      [tx.workspaceId, asOf, startsOn, clientId, sellerId, maxReportRows + 1],
    );
  },
};

/**
 * By the month of the tax point, among what was posted in the period: a document of last month's tax point that is posted this
 * month shows here, and last month's report stays as it was. Tax is as each document rounded it, once a category and rate.
 */
export const taxByRate: FinanceReport = {
  name: 'tax',
  title: 'Tax by rate',
  span: 'period',
  groupings: ['seller'],
  columns: () => [
    ...text('seller', 'taxMonth', 'category', 'rate', 'currency', 'documents'),
    ...money('net', 'tax'),
  ],
  read: (tx, { asOf, startsOn, clientId, sellerId }) =>
    tx.rows(
      `with posted as (
         select i.id, i.seller_id, i.client_id, i.currency, i.tax_point, s.sign, i.tax_subtotals, i.snapshot -> 'taxSubtotals' as kept
         from client_invoices i
         cross join lateral (
           select 1 as sign where i.posting_date between $3 and $2::date
           union all select -1 where i.voided_on between $3 and $2::date) s
         where i.workspace_id = $1 and i.number is not null and not i.internal and i.number_given_by <> 'opening'),
       taxed as (
         select p.id, p.seller_id, p.client_id, p.currency, p.tax_point, t.category, t.rate, p.sign * t.net as net, p.sign * t.tax as tax
         from posted p cross join lateral jsonb_to_recordset(
           case when jsonb_array_length(p.tax_subtotals) > 0 then p.tax_subtotals else coalesce(p.kept, '[]') end)
           as t(category text, rate numeric, net numeric, tax numeric)
         union all
         select n.id, n.seller_id, n.client_id, n.currency, n.tax_point, c.tax_category, c.tax_rate, -c.amount, -c.tax
         from credit_notes n join credit_note_lines c on c.workspace_id = $1 and c.credit_note_id = n.id
         join client_invoices i on i.workspace_id = $1 and i.id = n.invoice_id and not i.internal and i.number_given_by <> 'opening'
         where n.workspace_id = $1 and n.status = 'issued' and n.posting_date between $3 and $2::date)
       select s.name as seller, to_char(x.tax_point, 'YYYY-MM') as tax_month, x.category, trim_scale(x.rate)::text as rate, x.currency,
         count(distinct x.id)::int as documents, sum(x.net) as net, sum(x.tax) as tax
       from taxed x join sellers s on s.workspace_id = $1 and s.id = x.seller_id
       where ($4::uuid is null or x.client_id = $4) and ($5::uuid is null or x.seller_id = $5)
       group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5 limit $6`,
      [tx.workspaceId, asOf, startsOn, clientId, sellerId, maxReportRows + 1],
    ),
};
