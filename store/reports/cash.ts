/** Owns what cash the books hold beside documents: clients' money on account, retainers, and what conversions gained or lost. */
import { days, type FinanceReport, maxReportRows, money, text } from './finance-report.ts';

export const unappliedCash: FinanceReport = {
  name: 'unapplied-cash',
  title: 'Unapplied cash',
  span: 'day',
  groupings: ['payment', 'client'],
  columns: (by) => [
    ...text('client'),
    ...(by === 'payment' ? [...text('paymentId', 'reference'), ...days('valueDate')] : []),
    ...text('currency'),
    ...money('onAccount'),
  ],
  read: (tx, { asOf, by, clientId, sellerId }) =>
    tx.rows(
      `select c.name as client, ${by === 'payment' ? 'p.id as payment_id, p.reference, p.value_date,' : ''} p.currency, sum(a.amount) as on_account
       from payment_applications a
       join payments p on p.workspace_id = $1 and p.id = a.payment_id and p.person_id is null
       left join clients c on c.workspace_id = $1 and c.id = p.client_id
       where a.workspace_id = $1 and a.kind = 'on_account' and a.posting_date <= $2 and ($3::uuid is null or p.client_id = $3)
         and ($4::uuid is null or p.seller_id = $4)
       group by c.name, p.currency ${by === 'payment' ? ', p.id, p.reference, p.value_date' : ''} having sum(a.amount) <> 0
       order by c.name, p.currency ${by === 'payment' ? ', p.value_date, p.id' : ''} limit $5`,
      [tx.workspaceId, asOf, clientId, sellerId, maxReportRows + 1],
    ),
};

/** What clients have prepaid and not used: money by its currency; hours are shown, and in no sum. */
export const deferredRevenue: FinanceReport = {
  name: 'deferred-revenue',
  title: 'Deferred revenue and retainers',
  span: 'day',
  groupings: ['retainer'],
  columns: () => [
    ...text('client', 'contract', 'measure', 'currency'),
    ...days('startsOn', 'expiresOn'),
    { key: 'hours', kind: 'quantity' },
    ...money('amount'),
  ],
  read: (tx, { asOf, clientId, sellerId, zone }) =>
    tx.rows(
      `select c.name as client, k.name as contract, r.measure, coalesce(r.currency, k.currency) as currency, r.starts_on, r.expires_on,
         case when r.measure = 'hours' then sum(e.quantity) end as hours, case when r.measure = 'money' then sum(e.quantity) else 0 end as amount
       from retainers r
       join retainer_entries e on e.workspace_id = $1 and e.retainer_id = r.id and (e.created_at at time zone $5)::date <= $2
       join contracts k on k.workspace_id = $1 and k.id = r.contract_id
       join clients c on c.workspace_id = $1 and c.id = k.client_id and not c.internal
       where r.workspace_id = $1 and ($3::uuid is null or k.client_id = $3) and ($4::uuid is null or k.seller_id = $4)
       group by c.name, k.name, r.id, r.measure, r.currency, k.currency, r.starts_on, r.expires_on having sum(e.quantity) <> 0
       order by c.name, k.name, r.starts_on limit $6`,
      [tx.workspaceId, asOf, clientId, sellerId, zone, maxReportRows + 1],
    ),
};

/** In the books' currency: above zero is a gain. */
export const exchangeDifferences: FinanceReport = {
  name: 'exchange-differences',
  title: 'Exchange differences',
  span: 'period',
  groupings: ['application', 'month'],
  columns: (by) => [
    ...(by === 'month'
      ? text('month')
      : [...days('day'), ...text('client', 'paymentId', 'number', 'paymentCurrency', 'documentCurrency')]),
    ...text('currency'),
    ...money('gain', 'loss', 'difference'),
  ],
  read: (tx, { asOf, startsOn, by, clientId, sellerId }) => {
    const shown =
      by === 'month'
        ? `to_char(a.posting_date, 'YYYY-MM') as month`
        : `a.posting_date as day, c.name as client, p.id as payment_id, coalesce(i.number, f.number) as number, p.currency as payment_currency,
           coalesce(a.document_currency, p.currency) as document_currency`;
    return tx.rows(
      `select ${shown}, a.functional_currency as currency, sum(greatest(a.exchange_difference, 0)) as gain,
         sum(greatest(-a.exchange_difference, 0)) as loss, sum(a.exchange_difference) as difference
       from payment_applications a
       join payments p on p.workspace_id = $1 and p.id = a.payment_id
       left join clients c on c.workspace_id = $1 and c.id = p.client_id
       left join client_invoices i on i.workspace_id = $1 and i.id = a.document_id
       left join late_fees f on f.workspace_id = $1 and f.id = a.document_id
       where a.workspace_id = $1 and a.exchange_difference <> 0 and a.posting_date between $3 and $2
         and ($4::uuid is null or p.client_id = $4) and ($5::uuid is null or p.seller_id = $5)
       group by ${by === 'month' ? '1, 2' : 'a.id, a.posting_date, c.name, p.id, i.number, f.number, p.currency, a.document_currency, a.functional_currency'}
       order by ${by === 'month' ? '1, 2' : 'a.posting_date, a.id'} limit $6`,
      [tx.workspaceId, asOf, startsOn, clientId, sellerId, maxReportRows + 1],
    );
  },
};
