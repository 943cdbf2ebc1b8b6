/** Owns proving the journal: each document's debits are its credits, and the receivables in it are what clients owe. */
import { postings } from './reports/journal.ts';
import type { Comparison } from './verify-corrections.ts';

// Of all days, and days of UTC: a sum does not ask for the zone.
const everything = `(${postings.replaceAll('$2', `'0001-01-01'::date`).replaceAll('$3', `'9999-12-31'::date`).replaceAll('$4', `'UTC'`)})
  j(day, document_type, document_id, number, seller_id, client_id, person_id, account, currency, amount)`;

export const journalComparisons: readonly Comparison[] = [
  {
    name: 'journal',
    says: 'postings of a document on a day, debits = credits in each currency',
    sql: `select document_type || ' ' || coalesce(number, document_id::text) || ' on ' || day || ' is off by ' || sum(amount) || ' ' || currency as place,
          sum(amount) <> 0 as broken
        from ${everything} group by day, document_type, document_id, number, currency`,
  },
  {
    name: 'receivables in the journal',
    says: 'currencies, the receivable account = what is open of invoices and late fees',
    sql: `with posted as (select currency, sum(amount) as amount from ${everything} where account = 'receivable' group by 1),
        owed as (
          select currency, sum(open) as amount from (
            select currency, total - applied - credited - bad_debt as open from client_invoices
            where workspace_id = $1 and number is not null and status <> 'void'
            union all select currency, amount - applied from late_fees where workspace_id = $1 and status in ('issued', 'settled')) o group by 1)
        select currency || ' ' || coalesce(p.amount, 0) || ' in the journal, ' || coalesce(o.amount, 0) || ' open' as place,
          coalesce(p.amount, 0) <> coalesce(o.amount, 0) as broken
        from posted p full join owed o using (currency)`,
  },
];
