/** Owns proving corrections: what voids and credits took back against the lines and ledgers that they took it from. */

/** One comparison of `slipway verify`: rows of (place text, broken boolean); $1 is the workspace. */
export interface Comparison {
  name: string;
  says: string;
  sql: string;
}

export const correctionComparisons: readonly Comparison[] = [
  {
    name: 'credit notes',
    says: 'credit notes, net, tax and total = their lines',
    sql: `select 'credit note ' || coalesce(n.number, n.id::text) || ' says ' || n.net || ' + ' || n.tax || ' = ' || n.total
            || ', its lines ' || coalesce(l.net, 0) || ' + ' || coalesce(l.tax, 0) as place,
          n.net <> coalesce(l.net, 0) or n.tax <> coalesce(l.tax, 0) or n.total <> n.net + n.tax + n.rounding
            or (n.status = 'issued') <> (n.number is not null) as broken
        from credit_notes n
        left join (select credit_note_id, sum(amount) as net, sum(tax) as tax from credit_note_lines where workspace_id = $1 group by 1) l
          on l.credit_note_id = n.id
        where n.workspace_id = $1`,
  },
  {
    name: 'netted credits',
    says: 'credit notes that payers took off, each by what it had put on account, and by no more',
    sql: `select 'credit note ' || coalesce(n.number, n.id::text) || ' took off ' || x.off || ' of ' || n.freed || ' freed, given were ' || x.given as place,
          x.off <> x.given or x.off > n.freed as broken
        from (select document_id, coalesce(sum(amount) filter (where amount > 0), 0) as given, coalesce(-sum(amount) filter (where amount < 0), 0) as off
              from (select document_id, payment_id, sum(amount) as amount from payment_applications
                    where workspace_id = $1 and kind = 'credit_note' group by 1, 2) p group by 1) x
        join credit_notes n on n.workspace_id = $1 and n.id = x.document_id`,
  },
  {
    name: 'credited lines',
    says: 'credited invoice lines, money within the line, hours = what the ledger took off it',
    sql: `select 'line ' || l.line_no || ' of ' || i.number || ' for ' || l.net || ' is credited ' || c.amount || ' and ' || c.quantity
            || ', the ledger says ' || coalesce(a.quantity, 0) as place,
          c.amount not between least(0, l.net) and greatest(0, l.net) or c.quantity <> coalesce(a.quantity, 0) as broken
        from (select x.invoice_line_id, sum(x.amount) as amount, sum(x.quantity) as quantity from credit_note_lines x
              join credit_notes n on n.workspace_id = $1 and n.id = x.credit_note_id and n.status = 'issued'
              where x.workspace_id = $1 group by 1) c
        join (select id, line_no, invoice_id, amount - discount - allowance as net from invoice_lines where workspace_id = $1) l on l.id = c.invoice_line_id
        join client_invoices i on i.workspace_id = $1 and i.id = l.invoice_id
        left join (select target_id, -sum(quantity) as quantity from allocations where workspace_id = $1 and kind = 'credit' group by 1) a
          on a.target_id = l.id`,
  },
  {
    name: 'invoices taken back',
    says: 'void and wholly credited invoices, nothing stands on them, and whatever is credited whole is closed',
    sql: `select i.number || ' is ' || i.status || ', credited ' || i.credited || ' of ' || i.total || ', with ' || coalesce(a.standing, 0) || ' items standing' as place,
          case i.status when 'void' then coalesce(a.standing, 0) <> 0 or i.applied + i.credited + i.bad_debt <> 0
            when 'credited' then coalesce(a.standing, 0) <> 0 or i.credited <> i.total
            else i.total <> 0 and i.credited = i.total and coalesce(a.standing, 0) = 0 end as broken
        from client_invoices i
        left join (select invoice_id, count(*) as standing from (
            select invoice_id, target_id, item_id from allocations where workspace_id = $1 and invoice_id is not null
            group by 1, 2, 3 having sum(quantity) <> 0) x group by 1) a on a.invoice_id = i.id
        where i.workspace_id = $1 and (i.status in ('void', 'credited') or i.credited <> 0)`,
  },
  {
    name: 'held items',
    says: 'items that are held, each with something open that no run takes',
    sql: `select 'item ' || i.id || ' is held (' || i.held_reason || ') with nothing open' as place, b.allocated = b.quantity as broken
        from billable_items i join item_balance b on b.workspace_id = $1 and b.item_id = i.id
        where i.workspace_id = $1 and i.held_reason is not null and i.withdrawn_at is null and b.quantity <> 0`,
  },
  {
    name: 'sign-offs',
    says: 'drafts in sign-off, each with the one question that waits for its answer',
    sql: `select 'draft ' || i.id || ' is ' || i.status || ' with ' || coalesce(s.pending, 0) || ' questions waiting' as place,
          (i.status = 'in_sign_off') <> (coalesce(s.pending, 0) = 1) as broken
        from client_invoices i
        left join (select invoice_id, count(*) as pending from sign_offs where workspace_id = $1 and decision = 'pending' group by 1) s on s.invoice_id = i.id
        where i.workspace_id = $1 and (i.status = 'in_sign_off' or s.pending is not null)`,
  },
  {
    name: 'disputes',
    says: 'open disputes, of invoices that are owed or paid',
    sql: `select 'dispute of ' || coalesce(i.number, i.id::text) || ', which is ' || i.status as place,
          i.number is null or i.status in ('void', 'discarded') as broken
        from disputes d join client_invoices i on i.workspace_id = $1 and i.id = d.invoice_id
        where d.workspace_id = $1 and d.status = 'open'`,
  },
];

/** What credits came to, as the totals keep it: rows of (metric, key, value). */
export const creditedTotals = `select case when i.internal then 'internal_credited_net' else 'credited_net' end, n.currency, sum(n.net)
  from credit_notes n join client_invoices i on i.workspace_id = $1 and i.id = n.invoice_id
  where n.workspace_id = $1 and n.status = 'issued' group by 1, 2`;
