/** Owns what clients owed at the end of a day, document by document, from the ledgers alone: true in the past too. */
import { days, type FinanceReport, maxReportRows, money, text } from './finance-report.ts';

/**
 * Numbered invoices and late fees that stood on the day, with what was posted on them until then. `$1` is the workspace, `$2`
 * the day. Columns: document_type, id, number, seller_id, client_id, currency, issue_date, posting_date, due_date, total, applied, credited, bad_debt,
 * open, retained (of the open: held back until the work is complete), internal.
 */
export const receivablesAsOf = `
  select d.*, d.total - d.applied - d.credited - d.bad_debt as open,
    least(greatest(d.total - d.applied - d.credited - d.bad_debt, 0), d.held_back) as retained
  from (
    select 'invoice' as document_type, i.id, i.number, i.seller_id, i.client_id, i.currency, i.issue_date, i.posting_date, i.due_date, i.total,
      coalesce(p.amount, 0) as applied, coalesce(c.amount, 0) as credited, coalesce(b.amount, 0) as bad_debt, coalesce(r.amount, 0) as held_back, i.internal
    from client_invoices i
    left join (select document_id, sum(coalesce(document_amount, amount)) as amount from payment_applications
      where workspace_id = $1 and kind = 'invoice' and posting_date <= $2 group by 1) p on p.document_id = i.id
    left join (select invoice_id, sum(total) as amount from credit_notes
      where workspace_id = $1 and status = 'issued' and posting_date <= $2 group by 1) c on c.invoice_id = i.id
    left join (select invoice_id, sum(amount) as amount from bad_debts where workspace_id = $1 and posting_date <= $2 group by 1) b on b.invoice_id = i.id
    left join (select invoice_id, sum(amount) as amount from retentions
      where workspace_id = $1 and (release_on is null or release_on > $2) group by 1) r on r.invoice_id = i.id
    where i.workspace_id = $1 and i.number is not null and i.posting_date <= $2 and (i.voided_on is null or i.voided_on > $2)
    union all
    select 'late_fee', f.id, f.number, f.seller_id, f.client_id, f.currency, f.issue_date, f.posting_date, f.due_date, f.amount, coalesce(p.amount, 0), 0, 0, 0, false
    from late_fees f
    left join (select document_id, sum(coalesce(document_amount, amount)) as amount from payment_applications
      where workspace_id = $1 and kind = 'late_fee' and posting_date <= $2 group by 1) p on p.document_id = f.id
    where f.workspace_id = $1 and f.number is not null and f.posting_date <= $2
      and (f.waived_on is null or f.waived_on > $2)) d`;

/** What is open by how long it is overdue; `$2` is the day. */
export const ageColumns = ['notDue', 'days1To30', 'days31To60', 'days61To90', 'over90'] as const;
export const ageSums = (amount: string, dueDate: string) =>
  [
    `sum(${amount}) filter (where ${dueDate} >= $2::date) as not_due`,
    ...[
      ['days1_to30', 1, 30],
      ['days31_to60', 31, 60],
      ['days61_to90', 61, 90],
    ].map(
      ([name, from, to]) =>
        `sum(${amount}) filter (where $2::date - ${dueDate} between ${from} and ${to}) as "${name}"`,
    ),
    `sum(${amount}) filter (where $2::date - ${dueDate} > 90) as "over90"`,
  ].join(', ');

/** Own company left out; credit on account is a report of its own, and in no column here. */
export const agedReceivables: FinanceReport = {
  name: 'aged-receivables',
  title: 'Aged receivables',
  span: 'day',
  groupings: ['client', 'document'],
  columns: (by) => [
    ...text('client', 'clientCode'),
    ...(by === 'document' ? [...text('number'), ...days('issueDate', 'dueDate')] : []),
    ...text('currency'),
    ...money(...ageColumns, 'retained', 'open'),
  ],
  read: (tx, { asOf, by, clientId, sellerId }) =>
    tx.rows(
      `with d as materialized (${receivablesAsOf})
       select c.name as client, c.code as client_code, ${by === 'document' ? 'd.number, d.issue_date, d.due_date,' : ''} d.currency,
         ${ageSums('d.open - d.retained', 'd.due_date')}, sum(d.retained) as retained, sum(d.open) as open
       from d join clients c on c.workspace_id = $1 and c.id = d.client_id
       where d.open <> 0 and not d.internal and ($3::uuid is null or d.client_id = $3) and ($4::uuid is null or d.seller_id = $4)
       group by c.name, c.code, d.currency ${by === 'document' ? ', d.id, d.number, d.issue_date, d.due_date' : ''}
       order by c.name, d.currency ${by === 'document' ? ', d.due_date, d.number' : ''} limit $5`,
      [tx.workspaceId, asOf, clientId, sellerId, maxReportRows + 1],
    ),
};
