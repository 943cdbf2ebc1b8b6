/** Owns the journal: every posting as debits and credits, balanced document by document and currency by currency. */
import { accountNumber } from '../../domain/ledger-accounts.ts';
import { getWorkspace } from '../workspaces.ts';
import { days, type FinanceReport, maxReportRows, money, type ReportRow, text } from './finance-report.ts';

// A posting: day, document, account, currency, and the amount, debit above zero. $1 is the workspace, $2 and $3 the first
// and last day, $4 the zone.

/** What an invoice is made of, on its posting date; a void counters all of it on its own day. */
const invoices = `
  select s.day, 'invoice' as document_type, i.id as document_id, i.number, i.seller_id, i.client_id, null::uuid as person_id, x.account, i.currency, s.sign * x.amount as amount
  from client_invoices i
  cross join lateral (
    select i.posting_date as day, 1 as sign where i.posting_date between $2 and $3
    union all select i.voided_on, -1 where i.voided_on between $2 and $3) s
  cross join lateral (values ('receivable', i.total),
    (case when i.number_given_by = 'opening' then 'opening_balances' when i.internal then 'internal_revenue' else 'revenue' end, -i.net),
    ('tax_payable', -i.tax), ('rounding', i.net + i.tax - i.total)) as x(account, amount)
  where i.workspace_id = $1 and i.number is not null`;

const creditNotes = `
  select n.posting_date, 'credit_note', n.id, n.number, i.seller_id, i.client_id, null::uuid, x.account, n.currency, x.amount
  from credit_notes n join client_invoices i on i.workspace_id = $1 and i.id = n.invoice_id
  cross join lateral (values ('receivable', -n.total), (case when i.internal then 'internal_revenue' else 'revenue' end, n.net),
    ('tax_payable', n.tax), ('rounding', n.total - n.net - n.tax)) as x(account, amount)
  where n.workspace_id = $1 and n.status = 'issued' and n.posting_date between $2 and $3`;

const badDebts = `
  select b.posting_date, 'bad_debt', b.id, i.number, i.seller_id, i.client_id, null::uuid, x.account, i.currency, x.amount
  from bad_debts b join client_invoices i on i.workspace_id = $1 and i.id = b.invoice_id
  cross join lateral (values ('receivable', -b.amount), ('bad_debt', b.amount)) as x(account, amount)
  where b.workspace_id = $1 and b.posting_date between $2 and $3`;

const lateFees = `
  select s.day, 'late_fee', f.id, f.number, f.seller_id, f.client_id, null::uuid, x.account, f.currency, s.sign * x.amount
  from late_fees f
  cross join lateral (
    select f.posting_date as day, 1 as sign where f.posting_date between $2 and $3
    union all select f.waived_on, -1 where f.waived_on between $2 and $3) s
  cross join lateral (values ('receivable', f.amount), ('late_fee_income', -f.amount)) as x(account, amount)
  where f.workspace_id = $1 and f.number is not null`;

/** Each application against cash; one in another currency goes through the clearing account, so that both sides balance. */
const payments = `
  select a.posting_date, case when p.person_id is null then 'payment' else 'contractor_payment' end, p.id, p.reference, p.seller_id, p.client_id, p.person_id,
    x.account, x.currency, x.amount
  from payment_applications a
  join payments p on p.workspace_id = $1 and p.id = a.payment_id
  cross join lateral (select case p.direction when 'incoming' then 1 else -1 end as sign,
    case a.kind when 'invoice' then 'receivable' when 'late_fee' then 'receivable' when 'bank_fee' then 'bank_fees'
      when 'tax_withheld' then case when p.person_id is null then 'tax_withheld_by_clients' else 'withholding_payable' end
      when 'early_payment_discount' then 'discounts_given' when 'exchange_difference' then 'exchange_difference' when 'refund' then 'refunds_clearing'
      when 'contractor_invoice' then 'payable' when 'contractor_credit' then 'contractor_credits'
      when 'on_account' then case when p.person_id is null then 'client_credits' else 'contractor_advances' end
      else 'client_credits' end as account) k
  cross join lateral (values ('cash', p.currency, k.sign * a.amount),
    (case when a.document_currency is null then k.account else 'currency_clearing' end, p.currency, -k.sign * a.amount),
    ('currency_clearing', a.document_currency, k.sign * a.document_amount),
    (k.account, a.document_currency, -k.sign * a.document_amount),
    ('exchange_difference', case when a.kind <> 'exchange_difference' then a.functional_currency end, -a.exchange_difference),
    ('currency_clearing', case when a.kind <> 'exchange_difference' then a.functional_currency end, a.exchange_difference)) as x(account, currency, amount)
  where a.workspace_id = $1 and a.posting_date between $2 and $3 and x.currency is not null and x.amount is not null`;

const contractorInvoices = `
  select s.day, 'contractor_invoice', i.id, i.number, i.seller_id, null::uuid, i.person_id, x.account, i.currency, s.sign * x.amount
  from contractor_invoices i
  cross join lateral (
    select i.posting_date as day, 1 as sign where i.posting_date between $2 and $3
    union all select (i.cancelled_at at time zone $4)::date, -1
      where i.status = 'cancelled' and (i.cancelled_at at time zone $4)::date between $2 and $3) s
  cross join lateral (values ('payable', -i.total), (case when i.number_given_by = 'opening' then 'opening_balances' else 'contractor_cost' end, i.net),
    ('input_tax', i.tax)) as x(account, amount)
  where i.workspace_id = $1 and i.posting_date is not null`;

const contractorCredits = `
  select c.posting_date, 'contractor_credit', c.id, t.number, null::uuid, null::uuid, c.person_id, x.account, c.currency, x.amount
  from contractor_credits c join tickets t on t.workspace_id = $1 and t.id = c.ticket_id
  cross join lateral (values ('contractor_credits', c.amount), ('contractor_cost', -c.amount)) as x(account, amount)
  where c.workspace_id = $1 and c.posting_date between $2 and $3`;

// One statement: (day, document_type, document_id, number, seller_id, client_id, person_id, account, currency, amount).
export const postings = [
  invoices,
  creditNotes,
  badDebts,
  lateFees,
  payments,
  contractorInvoices,
  contractorCredits,
].join(' union all ');

/** By document, or summed by account. The firm's own account numbers come from the setting `ledgerAccounts`. */
export const journal: FinanceReport = {
  name: 'journal',
  title: 'Journal',
  span: 'period',
  groupings: ['document', 'account'],
  columns: (by) => [
    ...(by === 'document' ? [...days('day'), ...text('documentType', 'documentId', 'number', 'party')] : []),
    ...text('account', 'accountNumber', 'currency'),
    ...money('debit', 'credit'),
  ],
  read: async (tx, { asOf, startsOn, by, zone, clientId, sellerId }) => {
    const { settings } = await getWorkspace(tx);
    const document = 'j.day, j.document_type, j.document_id, j.number, coalesce(c.name, h.name) as party,';
    const rows = await tx.rows<ReportRow>(
      `select ${by === 'document' ? document : ''} j.account, j.currency, greatest(sum(j.amount), 0) as debit, greatest(-sum(j.amount), 0) as credit
       from (${postings}) j(day, document_type, document_id, number, seller_id, client_id, person_id, account, currency, amount)
       left join clients c on c.workspace_id = $1 and c.id = j.client_id
       left join people h on h.workspace_id = $1 and h.id = j.person_id
       where ($5::uuid is null or j.client_id = $5) and ($6::uuid is null or j.seller_id = $6)
       group by ${by === 'document' ? 'j.day, j.document_type, j.document_id, j.number, c.name, h.name,' : ''} j.account, j.currency
       having sum(j.amount) <> 0
       order by ${by === 'document' ? 'j.day, j.document_type, j.number, j.document_id,' : ''} j.currency, sum(j.amount) < 0, j.account limit $7`,
      [tx.workspaceId, startsOn, asOf, zone, clientId, sellerId, maxReportRows + 1],
    );
    return rows.map((row) => ({ ...row, accountNumber: accountNumber(settings, String(row.account)) }));
  },
};
