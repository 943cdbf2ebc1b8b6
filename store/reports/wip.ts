/** Owns the roll-forward of work in progress: what was there, what came and what went, item by item from the ledgers. */
import { type FinanceReport, maxReportRows, money, text } from './finance-report.ts';

/**
 * Every movement of the value of priced work, at the price of its item, with its day. `$1` the workspace, `$2` the zone.
 * Earned: compiled, less un-compiled. Adjusted: write-ups and write-downs, and prices that came later. Billed: on numbered
 * invoices, by posting date; what voids and credits give back is negative on its own day. Drawn: taken by a retainer.
 */
const movements = `
  select i.id as item_id, (i.created_at at time zone $2)::date as day, 'earned' as movement,
    i.quantity * i.unit_price - coalesce(a.difference, 0) as amount
  from billable_items i
  left join (select item_id, sum(quantity_after * unit_price_after - quantity_before * unit_price_before) as difference
    from item_adjustments where workspace_id = $1 group by 1) a on a.item_id = i.id
  where i.workspace_id = $1
  union all
  select id, (withdrawn_at at time zone $2)::date, 'earned', -quantity * unit_price from billable_items
  where workspace_id = $1 and withdrawn_at is not null
  union all
  select item_id, (created_at at time zone $2)::date, 'adjusted', quantity_after * unit_price_after - quantity_before * unit_price_before
  from item_adjustments where workspace_id = $1
  union all
  select a.item_id, case when a.kind in ('draft', 'discard') then n.posting_date else (a.created_at at time zone $2)::date end, 'billed',
    a.quantity * i.unit_price
  from allocations a
  join client_invoices n on n.workspace_id = $1 and n.id = a.invoice_id and n.number is not null
  join billable_items i on i.workspace_id = $1 and i.id = a.item_id
  where a.workspace_id = $1 and a.kind in ('draft', 'discard', 'void', 'credit')
  union all
  select a.item_id, (a.created_at at time zone $2)::date, case when a.kind in ('write_off', 'write_off_reversal') then 'written_off' else 'drawn' end,
    a.quantity * i.unit_price
  from allocations a join billable_items i on i.workspace_id = $1 and i.id = a.item_id
  where a.workspace_id = $1 and a.kind in ('write_off', 'write_off_reversal', 'retainer', 'retainer_reversal')`;

/** Opening + earned + adjusted − billed − drawn − written off = closing, exactly. Own company left out. */
export const wipRollForward: FinanceReport = {
  name: 'wip',
  title: 'Work in progress, roll-forward',
  span: 'period',
  groupings: ['client', 'project'],
  columns: (by) => [
    ...text('client'),
    ...(by === 'project' ? text('project') : []),
    ...text('currency'),
    ...money('opening', 'earned', 'adjusted', 'billed', 'drawn', 'writtenOff', 'closing'),
  ],
  read: (tx, { asOf, startsOn, by, clientId, zone }) => {
    const within = (movement: string) =>
      `coalesce(sum(m.amount) filter (where m.movement = '${movement}' and m.day >= $3), 0)`;
    const signed = `case when m.movement in ('earned', 'adjusted') then m.amount else -m.amount end`;
    return tx.rows(
      `select c.name as client, ${by === 'project' ? 'p.code as project,' : ''} i.currency,
         coalesce(sum(${signed}) filter (where m.day < $3), 0) as opening, ${within('earned')} as earned, ${within('adjusted')} as adjusted,
         ${within('billed')} as billed, ${within('drawn')} as drawn, ${within('written_off')} as written_off, sum(${signed}) as closing
       from (${movements}) m
       join billable_items i on i.workspace_id = $1 and i.id = m.item_id
       join clients c on c.workspace_id = $1 and c.id = i.client_id and not c.internal
       ${by === 'project' ? 'left join projects p on p.workspace_id = $1 and p.id = i.project_id' : ''}
       where m.day <= $4 and ($5::uuid is null or i.client_id = $5)
       group by c.name, c.id, i.currency ${by === 'project' ? ', p.code' : ''}
       having bool_or(m.amount <> 0) order by c.name, i.currency ${by === 'project' ? ', p.code' : ''} limit $6`,
      [tx.workspaceId, zone, startsOn, asOf, clientId, maxReportRows + 1],
    );
  },
};
