-- Owns working on exceptions: by contract, by owner, written off; and what is usual for a contract's items.

-- Of which contract a finding is: so that a run looks again at its own only, and a queue can be narrowed.
alter table exceptions
  add column contract_id uuid,
  add column assigned_at timestamptz,
  add column write_off_id uuid,
  add foreign key (workspace_id, contract_id) references contracts,
  add foreign key (workspace_id, write_off_id) references time_write_offs,
  add constraint exceptions_owner_check check ((owner_id is null) = (assigned_at is null)),
  add constraint exceptions_written_off_check check ((status = 'written_off') = (write_off_id is not null));
create index on exceptions (workspace_id, contract_id, id) where status = 'open' and contract_id is not null;
create index on exceptions (workspace_id, owner_id, id) where status = 'open' and owner_id is not null;

-- Work that will not be billed: its items are claimed and allocated to the write-off, and count for no cap or budget.
-- Items are hot: no foreign key.
alter table billable_items add column write_off_id uuid;
-- Caps by day are summed over a stretch of days: items come in roughly by date, so a few pages hold one, and an insert pays next to nothing.
create index billable_items_by_day on billable_items using brin (work_date) with (pages_per_range = 32);

-- What an item of a contract and kind comes to on average (store/item-history.ts), from what is there.
insert into totals (workspace_id, metric, key, value)
select workspace_id, m.metric, contract_id || ':' || case kind when 'labor_overtime' then 'labor' else kind end,
  case m.metric when 'item_count' then count(*) else sum(amount) end
from billable_items cross join (values ('item_count'), ('item_amount')) as m(metric)
where withdrawn_at is null and amount <> 0 and entry_id is not null group by 1, 2, 3
on conflict do nothing;
